//! What `couplet shelf` tells, as lines for people or JSON for programs.
//!
//! Owns the list as a table, the sentences, and the bar.

use super::report::Report;
use couplet::text;
use couplet::units;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write};

/// The columns of a hash that isn't shown whole.
const SHORT_HASH: usize = 16;

/// The longest name beside the bar, in columns.
const MAX_NAME: usize = 24;

/// How it is told.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Wish {
    /// As JSON.
    pub(super) json: bool,
    /// Only errors.
    pub(super) quiet: bool,
    /// Whole hashes.
    pub(super) long: bool,
    /// Whether standard output is for what is fetched.
    pub(super) data_on_stdout: bool,
    /// Whether files go to the shelf.
    pub(super) puts: bool,
    /// Whether only some names are asked for.
    pub(super) searches: bool,
}

/// Tells it.
#[derive(Debug)]
pub(super) struct Teller {
    wish: Wish,
    bar: Option<ProgressBar>,
    /// The lines of the list so far.
    table: Vec<[String; 4]>,
    waited: bool,
    /// Why the relay was gone when that was told last.
    gone: Option<String>,
}

impl Teller {
    pub(super) const fn new(wish: Wish) -> Self {
        Self { wish, bar: None, table: Vec::new(), waited: false, gone: None }
    }

    /// Tells one thing.
    pub(super) fn tell(&mut self, report: &Report) {
        if self.wish.json {
            let out: &mut dyn Write =
                if self.wish.data_on_stdout { &mut io::stderr() } else { &mut io::stdout() };
            return write_json(report, out);
        }
        match report {
            Report::File { name, size, changed, blake3 } => {
                let hash = blake3.as_deref().map_or("…", |hash| {
                    if self.wish.long { hash } else { &hash[..SHORT_HASH.min(hash.len())] }
                });
                let name = text::line(name, usize::MAX);
                self.table.push([units::bytes(*size), local(changed), hash.to_owned(), name]);
            }
            Report::Listed { files, bytes, left_out } => self.listed(*files, *bytes, *left_out),
            Report::Waiting { before, .. } => {
                if !std::mem::replace(&mut self.waited, true) {
                    let before = match before {
                        0 => "you are next".to_owned(),
                        before => format!("{before} before you"),
                    };
                    self.say(&format!("all the shelf's workers are busy with others; {before}"));
                }
            }
            Report::Started { name, held, size } => self.started(name, *held, *size),
            Report::Progress { done, rate, remaining_s, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                    let rate = rate.map(units::rate).unwrap_or_default();
                    let left = remaining_s.map(std::time::Duration::from_secs);
                    bar.set_message(format!("{rate} {}", units::remaining(left)));
                }
            }
            Report::Changed { name } => {
                self.say(&format!("{name} was changed on the shelf meanwhile; it begins anew"));
            }
            Report::LeftOut { text, .. } => self.complain(&text::line(text, 300)),
            Report::Verified { name, saved_as, .. } => {
                self.clear();
                let name = text::line(name, 120);
                let saved_as = text::line(saved_as, 120);
                let verb = if self.wish.puts { "laid down" } else { "fetched" };
                let under = if saved_as.is_empty() || name.ends_with(&*saved_as) {
                    String::new()
                } else {
                    format!(" as {saved_as}")
                };
                self.say(&format!("{name} {verb}{under}, verified"));
            }
            Report::Deleted { name } => self.say(&format!("{name} removed")),
            Report::Failed { name, text, .. } => {
                self.clear();
                let (name, text) = (text::line(name, 120), text::line(text, 300));
                let names_it = text.contains(&*name);
                self.complain(&if names_it { text } else { format!("{name}: {text}") });
            }
            Report::There { names, more } => {
                let shown: Vec<_> =
                    names.iter().take(20).map(|name| text::line(name, 60)).collect();
                let more = *more + (names.len() - shown.len()) as u64;
                let there = shown.join(", ");
                self.complain(&match (shown.is_empty(), more) {
                    (true, _) => "the shelf is empty".to_owned(),
                    (false, 0) => format!("the shelf has {there}"),
                    (false, _) => format!("the shelf has {there} and {more} more"),
                });
            }
            Report::NotDone { name, kept } => {
                self.clear();
                let name = text::line(name, 120);
                let moved = if self.wish.puts { "laid down" } else { "fetched" };
                let kept = if *kept {
                    "; what has come of it is kept, and it goes on from there when you try again"
                } else {
                    ""
                };
                self.complain(&format!("{name} isn't {moved}{kept}"));
            }
            Report::Reconnecting { reason, .. } => {
                self.clear();
                // Each try fails in the same way.
                if self.gone.as_ref() != Some(reason) {
                    self.say(&format!("{}; trying again", text::line(reason, 300)));
                    self.gone = Some(reason.clone());
                }
            }
            Report::Notice { text } => self.say(&text::line(text, usize::MAX)),
            Report::Ended { reason: Some(reason), .. } => {
                self.clear();
                self.complain(reason);
            }
            Report::Ended { reason: None, .. } => self.clear(),
        }
    }

    fn listed(&mut self, files: usize, bytes: u64, left_out: u64) {
        let table = std::mem::take(&mut self.table);
        let width =
            |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [size, changed, hash] = [width(0), width(1), width(2)];
        let mut out = io::stdout().lock();
        for row in &table {
            let line =
                format!("{:>size$}  {:<changed$}  {:<hash$}  {}", row[0], row[1], row[2], row[3]);
            // Standard output that is gone can't be told anything.
            let _ = writeln!(out, "{line}");
        }
        drop(out);
        let mut sum = if files == 0 && self.wish.searches {
            "nothing is on the shelf that matches".to_owned()
        } else if files == 0 {
            "the shelf is empty".to_owned()
        } else {
            format!("{}, {}", units::count(files, "file"), units::bytes(bytes))
        };
        if left_out > 0 {
            let more = format!("; {left_out} more can't be had from here: links, or unsafe names");
            sum.push_str(&more);
        }
        if table.iter().any(|row| row[2] == "…") {
            sum.push_str("; hashes marked … are being found out: list again in a while");
        }
        self.say(&sum);
    }

    fn started(&mut self, name: &str, held: u64, size: Option<u64>) {
        self.waited = false;
        self.gone = None;
        let name = text::line(name, MAX_NAME);
        if held > 0 && size == Some(held) {
            self.say(&format!("{name} is here whole already; it is checked"));
        } else if held > 0 {
            let of = size.map(|size| format!(" of {}", units::bytes(size))).unwrap_or_default();
            self.say(&format!("{name} goes on from {}{of}", units::bytes(held)));
        }
        if self.wish.quiet || !io::stderr().is_terminal() {
            return;
        }
        // The template is right, as a test says; the default one would do, too.
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(size, target).with_style(style).with_prefix(name);
        bar.set_position(held);
        self.bar = Some(bar);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        if !self.wish.quiet {
            self.write(line);
        }
    }

    fn complain(&self, line: &str) {
        self.write(&format!("couplet: {line}"));
    }

    fn write(&self, line: &str) {
        let write = || {
            // A terminal that is gone can't be told anything.
            let _ = writeln!(io::stderr(), "{line}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The bar.
const TEMPLATE: &str = "{prefix} {percent:>3} % [{wide_bar}] {msg}";

fn write_json(report: &Report, out: &mut dyn Write) {
    #[derive(Serialize)]
    struct Versioned<'a> {
        v: u8,
        #[serde(flatten)]
        report: &'a Report,
    }
    if let Ok(line) = serde_json::to_string(&Versioned { v: 1, report }) {
        // Whoever reads it may be gone.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// A time as this machine's user reads it.
fn local(changed: &str) -> String {
    changed
        .parse::<Timestamp>()
        .map(|at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_right() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
