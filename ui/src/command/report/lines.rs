//! Reports as plain lines, for where no terminal is, and for those who want to hear only of errors.
//!
//! Owns which of them are told and where they go: words to standard error, received texts to
//! standard output.

use super::pace::Sparing;
use super::wording::{Wording, shown_text};
use super::{Report, Reporter};
use couplet::time::Moment;
use std::io::Write;

/// Writes lines now and then.
#[derive(Debug)]
pub(super) struct Lines<E, O> {
    err: E,
    out: O,
    /// Whether received texts go to a terminal, which a peer mustn't draw on.
    out_is_terminal: bool,
    quiet: bool,
    wording: Wording,
    pace: Sparing,
}

impl<E: Write, O: Write> Lines<E, O> {
    pub(super) fn new(
        err: E,
        out: O,
        out_is_terminal: bool,
        quiet: bool,
        wording: Wording,
    ) -> Self {
        Self { err, out, out_is_terminal, quiet, wording, pace: Sparing::default() }
    }
}

impl<E: Write, O: Write> Reporter for Lines<E, O> {
    fn tell(&mut self, report: &Report, now: Moment) {
        if let Report::Text { text } = report {
            // Standard output that is gone can't be told anything; the status says how it went.
            let _ = self.out.write_all(shown_text(text, self.out_is_terminal).as_bytes());
            let _ = self.out.flush();
            return;
        }
        let line = self.wording.line(report);
        // Nobody could come to a code that isn't told.
        let must_be_told =
            matches!(report, Report::Waiting { code: Some(_), .. } | Report::Ended { .. });
        let due = if let Report::Progress(figures) = report {
            self.pace.takes(figures, now) && !self.quiet
        } else {
            must_be_told || !self.quiet
        };
        if let Some(line) = line.filter(|_| due) {
            // A terminal that is gone can't be told anything.
            let _ = writeln!(self.err, "{line}");
        }
    }

    fn ask(&mut self, question: &str) {
        let _ = write!(self.err, "{question} ");
        let _ = self.err.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::report::{Figures, Side};
    use couplet::transfer::offer::Form;
    use std::time::Duration;

    fn all_of_it() -> Vec<Report> {
        let figures = |done| {
            Report::Progress(Figures {
                done,
                size: Some(432_013_312),
                rate: Some(9 << 20),
                remaining_s: Some(6),
                ..Figures::default()
            })
        };
        vec![
            Report::Waiting {
                code: Some("7-otter-lamp".to_owned()),
                command: Some("couplet receive 7-otter-lamp".to_owned()),
            },
            Report::Met { words: ["otter", "lamp", "reef"] },
            Report::Offered {
                by: Side::You,
                peer: None,
                name: "site".to_owned(),
                form: Form::Folder,
                size: Some(432_013_312),
                entries: 200,
            },
            Report::Started { held: 408_000_000 },
            figures(407_000_000),
            figures(420_000_000),
            Report::Verified {
                saved_as: "site (2)".to_owned(),
                left_out_count: 1,
                left_out: vec!["site/sock is no file".to_owned()],
            },
            Report::Ended { status: 16, reason: Some("1 item was left out".to_owned()) },
        ]
    }

    fn told(reports: &[Report], quiet: bool, terminal: bool) -> (String, String) {
        let (mut err, mut out) = (Vec::new(), Vec::new());
        let mut lines = Lines::new(&mut err, &mut out, terminal, quiet, Wording::new(None, false));
        for (at, report) in reports.iter().enumerate() {
            let now = Moment::from_start(Duration::from_secs(20 * at as u64));
            lines.tell(report, now);
        }
        (String::from_utf8(err).expect("text"), String::from_utf8(out).expect("text"))
    }

    #[test]
    fn a_transfer_in_lines() {
        let (err, out) = told(&all_of_it(), false, false);
        assert_eq!(
            err,
            "code: 7-otter-lamp\n\
             the other side types: couplet receive 7-otter-lamp\n\
             your peer is there; the line is sealed (otter lamp reef)\n\
             offered site/ (412 MiB, 200 items); waiting for the answer\n\
             sending site/, resuming at 94 %\n\
             97 %  401/412 MiB  9.0 MiB/s  0:06\n\
             left out: site/sock is no file\n\
             verified: your peer has site/ as site (2), but for 1 item that was left out\n\
             couplet: 1 item was left out\n"
        );
        assert_eq!(out, "");
    }

    #[test]
    fn quiet_is_quiet() {
        let (err, _) = told(&all_of_it(), true, false);
        assert_eq!(
            err,
            "code: 7-otter-lamp\n\
             the other side types: couplet receive 7-otter-lamp\n\
             couplet: 1 item was left out\n"
        );
        let quiet = [
            Report::Waiting { code: None, command: None },
            Report::Met { words: ["otter", "lamp", "reef"] },
            Report::Ended { status: 0, reason: None },
        ];
        assert_eq!(told(&quiet, true, false), (String::new(), String::new()));
    }

    #[test]
    fn a_text_goes_out_as_it_is_but_not_to_a_terminal() {
        let text = [Report::Text { text: "a\x1b[31mb\r\n\x07c".to_owned() }];
        assert_eq!(told(&text, true, false), (String::new(), "a\x1b[31mb\r\n\x07c".to_owned()));
        assert_eq!(told(&text, false, true), (String::new(), "ab\nc\n".to_owned()));
    }
}
