//! What `couplet shelf` tells, as lines for people or JSON for programs.
//!
//! Owns the vocabulary (docs/JSON.md holds it down), the list as a table, and the bar.

use crate::engine::shelf::ShelfFigures;
use couplet::shelf::list::Shelved;
use couplet::text;
use couplet::transfer::entry::Stamp;
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

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Report {
    /// A file on the shelf.
    File {
        /// Its name.
        name: String,
        /// Its bytes.
        size: u64,
        /// When it was changed, as RFC 3339 in UTC.
        changed: String,
        /// Its BLAKE3 hash, if the relay knows it.
        #[serde(skip_serializing_if = "Option::is_none")]
        blake3: Option<String>,
    },
    /// These were all.
    Listed {
        /// How many.
        files: usize,
        /// Their bytes.
        bytes: u64,
        /// What is on the shelf and can't be told of.
        left_out: u64,
    },
    /// Others are served first.
    Waiting {
        /// What waits.
        name: String,
        /// How many are before it.
        before: u32,
    },
    /// Bytes begin to move, or go on.
    Started {
        /// Of what.
        name: String,
        /// How many were there already.
        held: u64,
        /// How many there are in all.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// How far it is.
    Progress {
        /// What.
        name: String,
        /// Bytes across.
        done: u64,
        /// Bytes in all.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// Bytes a second.
        #[serde(skip_serializing_if = "Option::is_none")]
        rate: Option<u64>,
        /// Seconds to the end.
        #[serde(skip_serializing_if = "Option::is_none")]
        remaining_s: Option<u64>,
    },
    /// It is another file now than when it was cut, and begins anew.
    Changed {
        /// What.
        name: String,
    },
    /// Something in a folder was left out.
    LeftOut {
        /// Of what.
        name: String,
        /// Why.
        text: String,
    },
    /// It is across, checked, and in its place.
    Verified {
        /// What.
        name: String,
        /// The name that it has there.
        saved_as: String,
        /// What was left out of it.
        left_out: u64,
    },
    /// It is removed from the shelf.
    Deleted {
        /// What.
        name: String,
    },
    /// It isn't done.
    Failed {
        /// What.
        name: String,
        /// Why, for programs.
        code: String,
        /// Why and what to do, for people.
        text: String,
    },
    /// What there is, where a name is missing.
    There {
        /// Names.
        names: Vec<String>,
        /// How many more there are.
        more: u64,
    },
    /// There was no way to do it.
    NotDone {
        /// What.
        name: String,
    },
    /// The relay is gone and tried again.
    Reconnecting {
        /// Why.
        reason: String,
        /// In how many seconds.
        wait_s: f64,
    },
    /// Something for the user.
    Notice {
        /// What.
        text: String,
    },
    /// It is over.
    Ended {
        /// The exit status.
        status: u8,
        /// Why it couldn't go on, if so.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

impl Report {
    /// A file of the list.
    pub(super) fn file(file: &Shelved) -> Self {
        Self::File {
            name: file.name.to_string(),
            size: file.size,
            changed: timestamp(file.mtime).to_string(),
            blake3: file.hash.map(|hash| blake3_hex(&hash)),
        }
    }

    /// How far something is.
    pub(super) fn progress(name: String, figures: &ShelfFigures) -> Self {
        let ShelfFigures { done, size, rate, remaining, .. } = *figures;
        let remaining_s = remaining.map(|remaining| remaining.as_secs());
        Self::Progress { name, done, size, rate, remaining_s }
    }
}

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
                    let before = units::count(*before as usize, "other");
                    self.say(&format!("waiting until the relay has served {before}"));
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
            Report::NotDone { name } => {
                self.clear();
                if !name.is_empty() {
                    let name = text::line(name, 120);
                    let moved = if self.wish.puts { "laid down" } else { "fetched" };
                    self.complain(&format!(
                        "{name} isn't {moved}; what has come of it is kept, and it goes on from there \
                         when you try again"
                    ));
                }
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
        let mut sum = if files == 0 {
            "nothing is on the shelf that matches".to_owned()
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
        if held > 0 {
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

fn timestamp(Stamp(secs, nanos): Stamp) -> Timestamp {
    let nanos = i32::try_from(nanos.min(999_999_999)).unwrap_or(0);
    Timestamp::new(secs, nanos).unwrap_or_default()
}

/// A time as this machine's user reads it.
fn local(changed: &str) -> String {
    changed
        .parse::<Timestamp>()
        .map(|at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

fn blake3_hex(hash: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string doesn't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_right() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn the_page_for_scripts_names_every_event_and_its_fields() {
        let page = include_str!("../../../../docs/JSON.md");
        let (_, section) = page.split_once("\n## The shelf\n").expect("a section");
        let (section, _) = section.split_once("\n## ").expect("its end");
        let text = || "x".to_owned();
        let all = [
            Report::File { name: text(), size: 1, changed: text(), blake3: Some(text()) },
            Report::Listed { files: 1, bytes: 1, left_out: 1 },
            Report::Waiting { name: text(), before: 1 },
            Report::Started { name: text(), held: 1, size: Some(1) },
            Report::Progress {
                name: text(),
                done: 1,
                size: Some(1),
                rate: Some(1),
                remaining_s: Some(1),
            },
            Report::Changed { name: text() },
            Report::LeftOut { name: text(), text: text() },
            Report::Verified { name: text(), saved_as: text(), left_out: 1 },
            Report::Deleted { name: text() },
            Report::Failed { name: text(), code: text(), text: text() },
            Report::There { names: vec![text()], more: 1 },
            Report::NotDone { name: text() },
            Report::Reconnecting { reason: text(), wait_s: 1.0 },
            Report::Notice { text: text() },
            Report::Ended { status: 1, reason: Some(text()) },
        ];
        let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), all.len());
        for (row, report) in rows.iter().zip(&all) {
            let json = serde_json::to_value(report).expect("JSON");
            let event = json["event"].as_str().expect("an event");
            assert!(row.starts_with(&format!("| `{event}` |")), "{row}: {event}");
            let fields = row.rsplit('|').nth(1).expect("a cell");
            for field in json.as_object().expect("an object").keys().filter(|key| *key != "event") {
                assert!(fields.contains(&format!("`{field}`")), "{event}: no {field} in {row}");
            }
        }
    }

    #[test]
    fn times_are_told_in_utc_to_programs() {
        assert_eq!(
            timestamp(Stamp(1_700_000_000, 5)).to_string(),
            "2023-11-14T22:13:20.000000005Z"
        );
        assert_eq!(timestamp(Stamp(i64::MIN, 0)), Timestamp::default());
        assert_eq!(blake3_hex(&[0xab; 32]), "ab".repeat(32));
    }
}
