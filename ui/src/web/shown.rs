//! What a page is told of the face's state.
//!
//! Owns the choice of what is told and its words; they are the terminal's wherever it has some. All
//! pure.

mod shelf;
mod transfers;

pub(super) use shelf::shelf;
pub(super) use transfers::transfers;

use super::wire;
use crate::meeting::Meeting;
use crate::terminal::app::{App, Overlay};
use crate::terminal::clock::WallTime;
use crate::terminal::conversation::{Entry, Sign, Who};
use couplet::message::Role;
use couplet::session::{Link, Mark, Peer, Seal, Verdict};
use couplet::transfer::tree::Hash;
use jiff::tz::TimeZone;
use std::time::Duration;

/// What the status line says.
pub(super) fn line(app: &App) -> wire::Line {
    let standing = &app.standing;
    let now = app.now.moment;
    let retry = standing.retry(now);
    wire::Line {
        link: match standing.link {
            Some(Link::Online) => "online",
            None | Some(Link::Connecting { .. }) if standing.seat.is_none() => "connecting",
            None | Some(Link::Connecting { .. } | Link::Lost { .. }) => "lost",
        },
        attempt: retry.map(|(attempt, _)| attempt),
        retry_in: retry.map(|(_, wait)| seconds(wait)),
        round_trip: standing.round_trip.map(millis),
        room: standing.room.as_ref().map(ToString::to_string),
        seat: standing.seat.map(couplet::message::Seat::number),
        code: app.code().map(|code| code.to_string()),
        typed: matches!(app.setting.meeting, Meeting::Code(_)),
        turn: standing.role.map(|role| match role {
            Role::Emi => "emi",
            Role::Rec => "rec",
        }),
        peer: wire::Peer {
            is: match standing.peer {
                None | Some(Peer::Waiting) => "nobody",
                Some(Peer::Present) => "present",
                Some(Peer::Silent { .. }) => "silent",
                Some(Peer::Gone) => "gone",
            },
            name: standing.peer_name.as_deref().map(ToOwned::to_owned),
            writes: standing.peer_writes,
            kept_for: standing.kept_for(now).map(seconds),
        },
        seal: seal(standing.seal),
        compares: app.overlay == Some(Overlay::Verify),
        guide: app.guide(),
        limit: app.limit(),
    }
}

fn seal(seal: Option<Seal>) -> wire::Seal {
    let bare = |is| wire::Seal { is, ..wire::Seal::default() };
    match seal {
        None | Some(Seal::Nobody) => bare("nobody"),
        Some(Seal::Agreeing) => bare("agreeing"),
        Some(Seal::Failed) => bare("failed"),
        Some(Seal::Plain) => bare("plain"),
        Some(Seal::Sealed { words, by_code, verdict }) => wire::Seal {
            is: "sealed",
            words: words.to_vec(),
            by_code,
            verdict: verdict.map(|verdict| match verdict {
                Verdict::Same => "same",
                Verdict::Different => "different",
            }),
        },
    }
}

/// One entry of the conversation.
pub(super) fn entry(n: usize, entry: &Entry, zone: &TimeZone) -> wire::Entry {
    let (who, name) = match &entry.who {
        Who::Me => ("me", None),
        Who::Peer(name) => ("peer", Some(name.to_string())),
        Who::System(sign) => (signed(*sign), None),
    };
    let mark = entry.mark.map(|mark| match mark {
        Mark::Sent => "sent",
        Mark::Taken => "taken",
        Mark::Shown => "shown",
    });
    wire::Entry { n, at: since_1970(entry.time, zone), who, name, text: entry.text.clone(), mark }
}

const fn signed(sign: Sign) -> &'static str {
    match sign {
        Sign::Info => "info",
        Sign::Trouble => "trouble",
        Sign::Incoming => "incoming",
        Sign::Outgoing => "outgoing",
        Sign::Good => "good",
        Sign::Step(_) => "step",
    }
}

/// What waits for the turn.
pub(super) fn held(app: &App) -> Vec<wire::Held> {
    app.held.iter().map(|held| wire::Held { id: held.draft.0, text: held.text.clone() }).collect()
}

/// Milliseconds since 1970, of what the clock on the wall showed.
fn since_1970(time: WallTime, zone: &TimeZone) -> i64 {
    let local = time.date.at(time.hour, time.minute, time.second, 0);
    zone.to_timestamp(local).map_or(0, jiff::Timestamp::as_millisecond)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// In milliseconds, of whole seconds: a countdown isn't told more often than it shows another number.
fn seconds(span: Duration) -> u64 {
    couplet::units::countdown(span).saturating_mul(1000)
}

fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to memory doesn't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
