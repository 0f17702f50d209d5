//! What is told of transfers, and what becomes of it on the screen.
//!
//! Owns which changes of a transfer are a line in the conversation, and how it reads: how it was
//! offered and how it ended, and that a disk is full. That it moves, waits or is cut is shown by the
//! lists alone.

use super::super::conversation::{Sign, Who};
use super::super::transfers::{Stage, Transfer};
use super::super::wording;
use super::{App, Effect, Face};
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Preflight};
use couplet::units;

/// How many of the things that were left out are told with their reasons.
const MOST_REASONS: usize = 4;
/// The longest text that is shown, in bytes.
const MOST_TEXT: usize = 1024 * 1024;

impl App {
    pub(super) fn hear_transfer(
        &mut self,
        id: TransferId,
        info: TransferInfo,
        effects: &mut Vec<Effect>,
    ) {
        let before = self.transfers.update(id, info, self.now.moment);
        let Some(transfer) = self.transfers.get(id) else { return };
        let is_offered = transfer.info.state == TransferState::Offered;
        // A peer that comes back is offered again what it was offered, which is no news to the user.
        let is_repeated = is_offered
            && transfer.told_in.is_some()
            && transfer.info.direction == Direction::Outgoing;
        let is_news =
            before.is_none_or(|before| before.state != transfer.info.state) && !is_repeated;
        let line = if is_news { self.transfer_line(transfer) } else { None };
        let full = self.full_line(transfer);
        let is_offer = transfer.stage() == Stage::Answer;
        let why = line.as_ref().map(|(_, text)| text.clone());
        let mut left_out = Vec::new();
        if let TransferState::Verified { left_out: reasons, left_out_count, .. } =
            &transfer.info.state
            && is_news
        {
            left_out = left_out_lines(reasons, *left_out_count);
        }
        if let Some((sign, text)) = line {
            let entry = self.tell(sign, text);
            if let Some(transfer) = self.transfers.get_mut(id).filter(|_| is_offered) {
                transfer.told_in = Some(entry);
            }
        }
        for text in left_out {
            self.tell(Sign::Trouble, text);
        }
        if let Some(text) = full {
            self.tell(Sign::Trouble, text);
            if let Some(transfer) = self.transfers.get_mut(id) {
                transfer.full_was_told = true;
            }
        }
        let is_over = self.transfers.get(id).is_some_and(|transfer| {
            matches!(
                transfer.info.state,
                TransferState::Verified { .. } | TransferState::Failed { .. }
            )
        });
        if let (true, Some(why)) = (is_news && (is_offer || is_over), why) {
            self.call(|_| why, effects);
        }
    }

    /// What the disk says of an offer completes the line that told of it.
    pub(super) fn hear_preflight(&mut self, id: TransferId, preflight: Preflight) {
        let Some(transfer) = self.transfers.get_mut(id) else { return };
        transfer.preflight = Some(preflight);
        let Some(transfer) = self.transfers.get(id) else { return };
        let line = self.transfer_line(transfer).filter(|_| transfer.stage() == Stage::Answer);
        if let (Some(entry), Some((_, text))) = (transfer.told_in, line) {
            self.conversation.amend(entry, text);
        }
    }

    /// A text has come that was offered as one: the peer's words, with a line above them that tells
    /// them from what was said.
    pub(super) fn hear_text(&mut self, id: TransferId, text: &str, effects: &mut Vec<Effect>) {
        let peer = self.standing.peer_label();
        let size = units::bytes(text.len() as u64);
        self.tell(Sign::Incoming, format!("the text that {peer} sent ({size}, transfer {id}):"));
        let attended = self.attends();
        let text = text::message(text, MOST_TEXT);
        self.conversation.push_words(self.now.wall, Who::Peer(peer), text, None, attended);
        self.call_for_words(effects);
    }

    /// How a transfer's state reads in the conversation, if it is told there.
    fn transfer_line(&self, transfer: &Transfer) -> Option<(Sign, String)> {
        let (id, info) = (transfer.id, &transfer.info);
        let incoming = info.direction == Direction::Incoming;
        let way = if incoming { Sign::Incoming } else { Sign::Outgoing };
        let peer = self.standing.peer_label();
        let (thing, extent) = (wording::thing(&info.offer), wording::extent(&info.offer));
        let kept = kept(transfer);
        Some(match &info.state {
            TransferState::Offered if incoming => {
                let rest = match (self.setting.face, transfer.outlook(self.setting.on_collision)) {
                    (Face::Terminal, Some(outlook)) => {
                        outlook.in_conversation(&format!("/accept {id}"))
                    }
                    (Face::Terminal, None) => format!(": /accept {id}"),
                    // What comes of accepting it stands at the transfer, beside the button.
                    (Face::Page, _) => String::new(),
                };
                (way, format!("{peer} offers {thing} ({extent}){rest}"))
            }
            TransferState::Offered => (way, format!("you offer {thing} ({extent})")),
            TransferState::Queued | TransferState::Moving | TransferState::Interrupted => {
                return None;
            }
            TransferState::Verified { saved_as, left_out_count, .. } => {
                let left_out = match left_out_count {
                    0 => String::new(),
                    count => format!("; {} left out", units::grouped(*count)),
                };
                let place = self.place(info, saved_as, &peer)?;
                (Sign::Good, format!("{thing} verified, {place}{left_out}"))
            }
            TransferState::Declined if incoming => (way, format!("you declined {thing}")),
            TransferState::Declined => (way, format!("{peer} declined {thing}")),
            TransferState::Cancelled { by_peer: true } => {
                (way, format!("{peer} cancelled {thing}{kept}"))
            }
            TransferState::Cancelled { by_peer: false } => {
                (way, format!("you cancelled {thing}{kept}"))
            }
            TransferState::Failed { reason, .. } => {
                let reason = text::line(reason, MAX_REASON_COLUMNS);
                let named = reason.strip_prefix(&thing).is_some_and(|rest| rest.starts_with(' '));
                let text = if named { reason } else { format!("{thing}: {reason}") };
                (Sign::Trouble, text)
            }
            TransferState::Withdrawn => {
                let why = "your peer left, or was started anew";
                (way, format!("{thing} is withdrawn: {why}{kept}"))
            }
        })
    }

    /// Where it is now. A text that has come is in the conversation, so nothing more is said of it.
    fn place(&self, info: &TransferInfo, saved_as: &str, peer: &str) -> Option<String> {
        let incoming = info.direction == Direction::Incoming;
        // What had no name of its own has one there.
        let renamed = saved_as != info.name().as_str() || info.offer.form == Form::Stream;
        let saved_as = text::line(saved_as, MAX_REASON_COLUMNS);
        Some(match (incoming, info.offer.form) {
            (true, Form::Text) => return None,
            (true, _) if renamed => format!("saved as {saved_as} in {}", self.downloads()),
            (true, _) => format!("saved in {}", self.downloads()),
            (false, form) if renamed && form != Form::Text => {
                format!("{peer} has it as {saved_as}")
            }
            (false, _) => format!("{peer} has it"),
        })
    }

    /// What is said when a disk is full, once for each transfer.
    fn full_line(&self, transfer: &Transfer) -> Option<String> {
        if transfer.full_was_told || transfer.stage() != Stage::Held {
            return None;
        }
        let thing = wording::thing(&transfer.info.offer);
        if transfer.info.held_here == Some(Hold::DiskFull) {
            return Some(format!(
                "the disk is full, so {thing} waits; make room in {} and it goes on by itself",
                self.downloads()
            ));
        }
        (transfer.info.held_there == Some(Hold::DiskFull)).then(|| {
            let peer = self.standing.peer_in_words();
            format!("{peer}'s disk is full, so {thing} waits until there is room")
        })
    }

    /// The downloads directory as short as it can be said.
    pub(crate) fn downloads(&self) -> String {
        let shown = self.setting.downloads.to_string_lossy();
        format!("{}/", text::line(shown.trim_end_matches('/'), 200))
    }
}

/// What becomes of the part that has come of what won't come whole.
fn kept(transfer: &Transfer) -> &'static str {
    let info = &transfer.info;
    let is_on_disk = !matches!(info.offer.form, Form::Stream | Form::Text);
    if info.direction == Direction::Outgoing || !is_on_disk || transfer.done() == 0 {
        ""
    } else if transfer.dropped && matches!(info.state, TransferState::Cancelled { by_peer: false })
    {
        "; what had come of it is thrown away"
    } else {
        "; what has come is kept, and resumes when it is offered again"
    }
}

/// What was left out and why: a line for each of the first few, then a count.
fn left_out_lines(reasons: &[String], count: u64) -> Vec<String> {
    let told = reasons.iter().take(MOST_REASONS);
    let mut lines: Vec<String> = told
        .map(|reason| format!("left out: {}", text::line(reason, MAX_REASON_COLUMNS)))
        .collect();
    let more = count.saturating_sub(lines.len() as u64);
    if more > 0 && !lines.is_empty() {
        lines.push(format!("and {} more left out", units::grouped(more)));
    }
    lines
}
