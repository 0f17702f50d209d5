//! Reports on a terminal: lines, and below them one bar while something moves.
//!
//! Owns the bar; the words are [`super::wording`]'s.

use super::wording::{Wording, shown_text};
use super::{Figures, Report, Reporter};
use couplet::text;
use couplet::time::Moment;
use couplet::units;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _, Write as _};

/// The longest name beside the bar, in columns.
const MAX_NAME: usize = 20;

/// How often the bar is drawn at most, in times a second.
const DRAWN_PER_SECOND: u8 = 10;

/// Writes lines to standard error, and draws a bar there.
#[derive(Debug)]
pub(super) struct Bar {
    shown: Option<ProgressBar>,
    figures: Figures,
    wording: Wording,
}

impl Bar {
    pub(super) fn new(wording: Wording) -> Self {
        Self { shown: None, figures: Figures::default(), wording }
    }

    fn draw(&mut self) {
        let Some(bar) = &self.shown else { return };
        let figures = &self.figures;
        if let Some(size) = figures.size {
            bar.set_length(size);
            bar.set_position(figures.done.min(size));
            let percent = units::percent(figures.done, size);
            let name = text::line(self.wording.name(), MAX_NAME);
            bar.set_prefix(format!("{name} {percent:>3} %"));
        } else {
            bar.set_prefix(text::line(self.wording.name(), MAX_NAME));
        }
        bar.set_message(self.wording.state(figures));
    }

    fn show(&mut self, held: u64) {
        self.figures = Figures { done: held, size: self.wording.size(), ..Figures::default() };
        let size = self.figures.size;
        self.shown.get_or_insert_with(|| {
            let template =
                if size.is_some() { "{prefix} [{wide_bar}] {msg}" } else { "{prefix}  {wide_msg}" };
            // The templates are right, as a test says; the default one would do, too.
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> ");
            let target = ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND);
            ProgressBar::with_draw_target(size, target).with_style(style)
        });
        self.draw();
    }

    fn hide(&mut self) {
        if let Some(bar) = self.shown.take() {
            bar.finish_and_clear();
        }
    }

    fn write_text(&mut self, text: &str) {
        self.hide();
        let mut out = io::stdout();
        let text = shown_text(text, out.is_terminal());
        // Standard output that is gone can't be told anything; the status says how it went.
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    fn write(&self, line: &str) {
        let write = || {
            // A terminal that is gone can't be told anything.
            let _ = writeln!(io::stderr(), "{line}");
        };
        match &self.shown {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Reporter for Bar {
    fn tell(&mut self, report: &Report, _now: Moment) {
        if let Report::Progress(figures) = report {
            self.figures = *figures;
            return self.draw();
        }
        if let Report::Text { text } = report {
            return self.write_text(text);
        }
        let hides = matches!(
            report,
            Report::Verified { .. } | Report::Offered { .. } | Report::Ended { .. }
        );
        if hides {
            self.hide();
        }
        if let Some(line) = self.wording.line(report) {
            self.write(&line);
        }
        if let Report::Started { held } | Report::Resumed { held } = report {
            self.show(*held);
        } else {
            self.draw();
        }
    }

    fn ask(&mut self, question: &str) {
        self.hide();
        let mut err = io::stderr();
        let _ = write!(err, "{question} ");
        let _ = err.flush();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.hide();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_right() {
        for template in ["{prefix} [{wide_bar}] {msg}", "{prefix}  {wide_msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
