//! Reports as JSON, an object a line.
//!
//! Owns the version and the writing; the fields are those of [`Report`], and docs/JSON.md tells
//! programs of them.

use super::pace::Steady;
use super::{Report, Reporter};
use couplet::time::Moment;
use serde::Serialize;
use std::io::Write;

/// The version of the form. It rises when a field or an event goes or means something else; new
/// ones may come at any time.
pub(super) const VERSION: u32 = 1;

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    #[serde(flatten)]
    report: &'a Report,
}

/// Writes each report as a line of JSON.
#[derive(Debug)]
pub(super) struct Json<W> {
    out: W,
    pace: Steady,
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, pace: Steady::default() }
    }

    fn write(&mut self, report: &Report) {
        // A reader that is gone hears nothing more; what is under way goes on all the same.
        let _ = writeln!(self.out, "{}", line(report));
        let _ = self.out.flush();
    }
}

impl<W: Write> Reporter for Json<W> {
    fn tell(&mut self, report: &Report, now: Moment) {
        if let Report::Progress(figures) = report {
            if let Some(figures) = self.pace.take(*figures, now) {
                self.write(&Report::Progress(figures));
            }
            return;
        }
        if let Some(figures) = self.pace.held_back() {
            self.write(&Report::Progress(figures));
        }
        self.write(report);
    }

    /// Programs aren't asked.
    fn ask(&mut self, _question: &str) {}
}

/// A report as a line.
pub(super) fn line(report: &Report) -> String {
    // Strings, numbers and lists only: there is nothing in a report that JSON couldn't say.
    serde_json::to_string(&Line { v: VERSION, report }).unwrap_or_default()
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
