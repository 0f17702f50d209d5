//! Reports in words.
//!
//! Owns the sentences, and what must be remembered of earlier reports to say them.

use super::{Figures, Report, Side};
use crate::naming::{extent, items, thing};
use couplet::text;
use couplet::transfer::book::Hold;
use couplet::transfer::offer::Form;
use couplet::units;
use std::fmt::Write as _;
use std::time::Duration;

/// The longest name in a line, in columns.
const MAX_NAME: usize = 60;

/// Says reports, and remembers what they are about.
#[derive(Debug)]
pub(super) struct Wording {
    /// The directory that what is received goes into.
    place: Option<String>,
    /// Whether the user is asked about an offer, which tells of it.
    asks: bool,
    /// By whom it was offered.
    by: Side,
    name: String,
    /// Whether it is a text, which is shown and put nowhere.
    is_text: bool,
    size: Option<u64>,
    /// Why it stands still, if it does.
    standing: Option<&'static str>,
    /// What was told last of each, so that it isn't told twice in a row.
    last: Option<String>,
}

/// A received text: as it is, or harmless and with an end to its last line for a terminal.
pub(super) fn shown_text(text: &str, terminal: bool) -> String {
    if !terminal {
        return text.to_owned();
    }
    let mut clean = text::message(text, usize::MAX);
    if !clean.ends_with('\n') {
        clean.push('\n');
    }
    clean
}

impl Wording {
    pub(super) const fn new(place: Option<String>, asks: bool) -> Self {
        Self {
            place,
            asks,
            by: Side::You,
            name: String::new(),
            is_text: false,
            size: None,
            standing: None,
            last: None,
        }
    }

    /// The name of what moves.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its size, if that is known.
    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// The line or lines that say this; nothing if it needs no words, or has just been said.
    pub(super) fn line(&mut self, report: &Report) -> Option<String> {
        let line = self.said(report)?;
        if matches!(report, Report::Progress(_)) {
            return Some(line);
        }
        (self.last.as_ref() != Some(&line)).then(|| {
            self.last = Some(line.clone());
            line
        })
    }

    fn said(&mut self, report: &Report) -> Option<String> {
        Some(match report {
            Report::Waiting { code: Some(code), command } => {
                let other = command.as_ref().map(|c| format!("\nthe other side types: {c}"));
                format!("code: {code}{}", other.unwrap_or_default())
            }
            Report::Waiting { code: None, .. } => "waiting for your peer".to_owned(),
            Report::Retrying { reason, for_s } => {
                let limit = units::wait(Duration::from_secs(*for_s));
                format!("{reason}; trying again for up to {limit}")
            }
            Report::Met { words: [one, two, three] } => {
                format!("your peer is there; the line is sealed ({one} {two} {three})")
            }
            Report::Offered { by, peer, name, form, size, entries } => {
                self.by = *by;
                self.name = thing(name, *form);
                self.is_text = *form == Form::Text;
                self.size = *size;
                self.standing = None;
                let extent = extent(*form, *size, *entries);
                match by {
                    Side::You => {
                        format!("offered {} ({extent}); waiting for the answer", self.name)
                    }
                    Side::Peer if self.asks => return None,
                    Side::Peer => {
                        let peer = peer.as_deref().unwrap_or("your peer");
                        format!("{peer} offers {} ({extent})", self.name)
                    }
                }
            }
            Report::Started { held } => {
                self.standing = None;
                let verb = match self.by {
                    Side::You => "sending",
                    Side::Peer => "receiving",
                };
                match self.share(*held) {
                    Some(share) => format!("{verb} {}, resuming at {share}", self.name),
                    None => format!("{verb} {}", self.name),
                }
            }
            Report::Resumed { held } => {
                self.standing = None;
                let share = self.share(*held).unwrap_or_else(|| units::bytes(*held));
                format!("going on at {share}")
            }
            Report::Progress(figures) => self.figures(figures),
            Report::Paused { by, reason } => {
                let said = paused(*by, *reason);
                self.standing = Some(said);
                if *reason == Hold::DiskFull {
                    format!("{said}; it goes on when there is room")
                } else {
                    said.to_owned()
                }
            }
            Report::Continued => {
                self.standing = None;
                "going on".to_owned()
            }
            Report::Interrupted => {
                self.standing = Some("reconnecting");
                "interrupted; it goes on as soon as both are connected".to_owned()
            }
            Report::Reconnecting { attempt: 1, .. } => {
                "the connection to the relay is lost; reconnecting".to_owned()
            }
            // More and more seldom, as it may go on for days.
            Report::Reconnecting { attempt, retry_in_ms }
                if *attempt >= 4 && attempt.is_power_of_two() =>
            {
                let wait = retry_in_ms.div_ceil(1000);
                format!("still no connection to the relay; try {attempt} comes in {wait} s")
            }
            // The last report says how it ended.
            Report::Reconnecting { .. }
            | Report::Preflight { .. }
            | Report::Declined { .. }
            | Report::Cancelled { .. }
            | Report::Failed { .. }
            | Report::Text { .. } => return None,
            Report::Reconnected => "connected to the relay again".to_owned(),
            Report::Silent { kept_for_s } => {
                format!("your peer is away; its seat is kept for {kept_for_s} s")
            }
            Report::Returned => "your peer is back".to_owned(),
            Report::Left => {
                "your peer is gone; waiting for whoever comes with the same code".to_owned()
            }
            Report::Verified { saved_as, left_out_count, left_out } => {
                self.verified(saved_as, *left_out_count, left_out)
            }
            Report::Notice { text } | Report::Trouble { text } => text.clone(),
            Report::Ended { reason, .. } => format!("couplet: {}", reason.as_ref()?),
        })
    }

    fn verified(&self, saved_as: &str, left_out_count: u64, left_out: &[String]) -> String {
        let mut lines: Vec<_> = left_out.iter().map(|text| format!("left out: {text}")).collect();
        let saved_as = text::line(saved_as, MAX_NAME);
        let renamed = !saved_as.is_empty() && saved_as != self.name.trim_end_matches('/');
        let name = &self.name;
        let place = self.place.as_ref().filter(|_| !self.is_text);
        let renamed = renamed && !self.is_text;
        let mut line = match (self.by, place, renamed) {
            (Side::You, _, true) => format!("verified: your peer has {name} as {saved_as}"),
            (Side::You, _, false) => format!("verified: your peer has {name}"),
            (Side::Peer, Some(place), true) => format!("verified: {name} is {place}/{saved_as}"),
            (Side::Peer, Some(place), false) => format!("verified: {name} is in {place}/"),
            (Side::Peer, None, _) => format!("verified: {name}"),
        };
        if left_out_count > 0 {
            let verb = if left_out_count == 1 { "was" } else { "were" };
            // Writing to a string doesn't fail.
            let _ = write!(line, ", but for {} that {verb} left out", items(left_out_count));
        }
        lines.push(line);
        lines.join("\n")
    }

    /// The figures in a line: `54 %  65.1/120 MiB  9.8 MiB/s  0:06`.
    pub(super) fn figures(&self, figures: &Figures) -> String {
        let share = figures.size.map(|size| format!("{} %  ", units::percent(figures.done, size)));
        format!("{}{}", share.unwrap_or_default(), self.state(figures))
    }

    /// The same without the share, for beside a bar.
    pub(super) fn state(&self, figures: &Figures) -> String {
        let part = match figures.size {
            Some(size) => units::part_of(figures.done, size),
            None => units::bytes(figures.done),
        };
        let state = if let Some(standing) = self.standing {
            standing.to_owned()
        } else if figures.size.is_some_and(|size| figures.done >= size) {
            "checking".to_owned()
        } else if let Some(stalled) = figures.stalled_s {
            format!("stalled {stalled} s")
        } else {
            let rate = figures.rate.map_or_else(|| "-- MiB/s".to_owned(), units::rate);
            match figures.size {
                Some(_) => {
                    let left = units::remaining(figures.remaining_s.map(Duration::from_secs));
                    format!("{rate}  {left}")
                }
                None => rate,
            }
        };
        let entries = match figures.entries {
            0 | 1 => String::new(),
            entries => format!("  {}", items(entries)),
        };
        format!("{part}  {state}{entries}")
    }

    /// So much of all, if that is known and more than nothing.
    fn share(&self, held: u64) -> Option<String> {
        let size = self.size.filter(|size| *size > 0 && held > 0)?;
        Some(format!("{} %", units::percent(held, size)))
    }
}

const fn paused(by: Side, reason: Hold) -> &'static str {
    match (by, reason) {
        (Side::You, Hold::Paused | Hold::Unknown) => "paused",
        (Side::Peer, Hold::Paused | Hold::Unknown) => "paused by your peer",
        (Side::You, Hold::DiskFull) => "paused: the disk is full",
        (Side::Peer, Hold::DiskFull) => "paused: your peer's disk is full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(form: Form, size: Option<u64>) -> Wording {
        let mut wording = Wording::new(Some("downloads".to_owned()), false);
        let report = Report::Offered {
            by: Side::Peer,
            peer: Some("bob".to_owned()),
            name: "photo.png".to_owned(),
            form,
            size,
            entries: 1,
        };
        wording.line(&report);
        wording
    }

    #[test]
    fn figures_say_what_they_know_and_why_nothing_moves() {
        let mut wording = offered(Form::File, Some(100 << 20));
        let mut figures = Figures { done: 50 << 20, size: Some(100 << 20), ..Figures::default() };
        assert_eq!(wording.figures(&figures), "50 %  50.0/100 MiB  -- MiB/s  --:--");
        figures.stalled_s = Some(5);
        assert_eq!(wording.figures(&figures), "50 %  50.0/100 MiB  stalled 5 s");
        wording.line(&Report::Interrupted);
        assert_eq!(wording.state(&figures), "50.0/100 MiB  reconnecting");
        wording.line(&Report::Resumed { held: 50 << 20 });
        wording.line(&Report::Paused { by: Side::Peer, reason: Hold::Paused });
        assert_eq!(wording.state(&figures), "50.0/100 MiB  paused by your peer");
        let full = Report::Paused { by: Side::You, reason: Hold::DiskFull };
        let said = "paused: the disk is full; it goes on when there is room";
        assert_eq!(wording.line(&full).as_deref(), Some(said));
        assert_eq!(wording.state(&figures), "50.0/100 MiB  paused: the disk is full");
        wording.line(&Report::Continued);
        let all = Figures { done: 100 << 20, size: Some(100 << 20), ..Figures::default() };
        assert_eq!(wording.figures(&all), "100 %  100/100 MiB  checking");
        let stream = Figures { done: 5 << 20, rate: Some(1 << 20), ..Figures::default() };
        assert_eq!(offered(Form::Stream, None).figures(&stream), "5.0 MiB  1.0 MiB/s");
        let tree = Figures { entries: 7, ..all };
        assert_eq!(wording.state(&tree), "100/100 MiB  checking  7 items");
    }

    #[test]
    fn where_it_is_in_the_end() {
        let mut wording = offered(Form::File, Some(9));
        let verified = |saved_as: &str| Report::Verified {
            saved_as: saved_as.to_owned(),
            left_out_count: 0,
            left_out: Vec::new(),
        };
        let said = wording.line(&verified("photo.png"));
        assert_eq!(said.as_deref(), Some("verified: photo.png is in downloads/"));
        let said = wording.line(&verified("photo (2).png"));
        assert_eq!(said.as_deref(), Some("verified: photo.png is downloads/photo (2).png"));
    }

    #[test]
    fn nothing_is_said_twice_in_a_row() {
        let mut wording = offered(Form::File, Some(9));
        assert!(wording.line(&Report::Interrupted).is_some());
        assert_eq!(wording.line(&Report::Interrupted), None);
        assert_eq!(wording.line(&Report::Reconnecting { attempt: 2, retry_in_ms: 9 }), None);
        let later = wording.line(&Report::Reconnecting { attempt: 8, retry_in_ms: 12_300 });
        assert!(later.is_some_and(|line| line.ends_with("try 8 comes in 13 s")));
    }
}
