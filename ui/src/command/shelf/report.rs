//! What `couplet shelf` tells.
//!
//! Owns the vocabulary, which is also the JSON that scripts read (docs/JSON.md); how it looks is
//! [`super::teller`]'s.

use crate::engine::shelf::ShelfFigures;
use couplet::shelf::list::Shelved;
use couplet::transfer::entry::Stamp;
use jiff::Timestamp;
use serde::Serialize;

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
        /// Whether some of it has come, and is gone on from at the next attempt.
        kept: bool,
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

fn timestamp(Stamp(secs, nanos): Stamp) -> Timestamp {
    let nanos = i32::try_from(nanos.min(999_999_999)).unwrap_or(0);
    Timestamp::new(secs, nanos).unwrap_or_default()
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
            Report::NotDone { name: text(), kept: true },
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
