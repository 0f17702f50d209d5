//! Holds docs/JSON.md to the program: its events are these, with these fields, and each example is
//! what is printed. What an event is named is asked from the type by a match without a wildcard, so a
//! new one doesn't compile here until it has a name, and then fails until it is documented.

use super::*;
use crate::command::report::{Figures, Side};
use crate::config::exit;
use couplet::transfer::book::Hold;
use couplet::transfer::offer::Form;
use couplet::transfer::wire::Fault;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const DOCUMENT: &str = include_str!("../../../../docs/JSON.md");

fn name(report: &Report) -> &'static str {
    match report {
        Report::Waiting { .. } => "waiting",
        Report::Retrying { .. } => "retrying",
        Report::Met { .. } => "met",
        Report::Offered { .. } => "offered",
        Report::Preflight { .. } => "preflight",
        Report::Started { .. } => "started",
        Report::Progress(_) => "progress",
        Report::Paused { .. } => "paused",
        Report::Continued => "continued",
        Report::Interrupted => "interrupted",
        Report::Resumed { .. } => "resumed",
        Report::Reconnecting { .. } => "reconnecting",
        Report::Reconnected => "reconnected",
        Report::Silent { .. } => "silent",
        Report::Returned => "returned",
        Report::Left => "left",
        Report::Text { .. } => "text",
        Report::Verified { .. } => "verified",
        Report::Declined { .. } => "declined",
        Report::Cancelled { .. } => "cancelled",
        Report::Failed { .. } => "failed",
        Report::Notice { .. } => "notice",
        Report::Trouble { .. } => "trouble",
        Report::Ended { .. } => "ended",
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// The reports of the examples, in the document's order.
fn examples() -> Vec<Report> {
    vec![
        Report::Waiting {
            code: Some(text("7-otter-lamp")),
            command: Some(text("couplet receive 7-otter-lamp")),
        },
        Report::Waiting { code: None, command: None },
        Report::Retrying { reason: text("the relay was ended"), for_s: 60 },
        Report::Retrying {
            reason: text("both seats are taken, one of them kept for whoever was cut off"),
            for_s: 598,
        },
        Report::Met { words: ["otter", "lamp", "reef"] },
        Report::Offered {
            by: Side::Peer,
            peer: Some(text("bob")),
            name: text("site"),
            form: Form::Folder,
            size: Some(432_013_312),
            entries: 200,
        },
        Report::Offered {
            by: Side::You,
            peer: None,
            name: text("stdin"),
            form: Form::Stream,
            size: None,
            entries: 1,
        },
        Report::Preflight {
            held: 406_092_513,
            changed: None,
            exists: false,
            free: Some(8 << 30),
            trouble: None,
        },
        Report::Preflight {
            held: 0,
            changed: Some(4096),
            exists: true,
            free: Some(10),
            trouble: Some(text("the disk is too full")),
        },
        Report::Started { held: 406_092_513 },
        Report::Progress(Figures {
            done: 420_000_000,
            size: Some(432_013_312),
            moved: 13_907_487,
            entries: 193,
            rate: Some(9 << 20),
            remaining_s: Some(2),
            stalled_s: None,
        }),
        Report::Progress(Figures {
            done: 1 << 20,
            moved: 1 << 20,
            stalled_s: Some(8),
            ..Figures::default()
        }),
        Report::Paused { by: Side::Peer, reason: Hold::DiskFull },
        Report::Continued,
        Report::Interrupted,
        Report::Resumed { held: 420_000_000 },
        Report::Reconnecting { attempt: 1, retry_in_ms: 250 },
        Report::Reconnected,
        Report::Silent { kept_for_s: 30 },
        Report::Returned,
        Report::Left,
        Report::Text { text: text("hello") },
        Report::Verified {
            saved_as: text("site (2)"),
            left_out_count: 1,
            left_out: vec![text("site/socket is no file")],
        },
        Report::Declined { by: Side::Peer },
        Report::Cancelled { by: Side::Peer },
        Report::Failed {
            code: Some(Fault::SourceChanged),
            reason: text("big.iso was changed while it was sent"),
        },
        Report::Notice { text: text("the relay will be ended in 5 minutes") },
        Report::Trouble { text: text("somebody came with another code") },
        Report::Ended { status: 10, reason: Some(text("your peer declined it")) },
        Report::Ended { status: 0, reason: None },
    ]
}

/// What is written under each event's heading.
fn sections() -> BTreeMap<&'static str, &'static str> {
    let events = DOCUMENT.split("\n## ").find(|part| part.starts_with("Events\n"));
    events
        .expect("the chapter of events")
        .split("\n### `")
        .skip(1)
        .map(|section| section.split_once("`\n").expect("a heading"))
        .collect()
}

#[test]
fn each_example_is_what_is_printed() {
    let documented: Vec<_> =
        DOCUMENT.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect();
    let printed: Vec<_> = examples().iter().map(line).collect();
    assert_eq!(documented, printed);
}

#[test]
fn each_event_has_its_section_and_each_field_its_row() {
    let sections = sections();
    let mut fields: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for report in examples() {
        let event = name(&report);
        let value: serde_json::Value = serde_json::from_str(&line(&report)).expect("JSON");
        assert_eq!(value["event"], event);
        assert_eq!(value["v"], VERSION);
        let keys = value.as_object().expect("an object").keys().cloned();
        fields.entry(event).or_default().extend(keys.filter(|key| key != "v" && key != "event"));
    }
    assert_eq!(sections.keys().collect::<Vec<_>>(), fields.keys().collect::<Vec<_>>());
    for (event, section) in sections {
        let rows: BTreeSet<_> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(field, _)| field.to_owned())
            .collect();
        assert_eq!(rows, fields[event], "{event}");
    }
}

#[test]
fn each_exit_status_is_documented() {
    let (_, chapter) =
        DOCUMENT.split_once("| status | meaning |\n| --- | --- |\n").expect("a table");
    let rows: Vec<_> = chapter.lines().take_while(|line| line.starts_with('|')).collect();
    let listed: Vec<_> =
        exit::ALL.iter().map(|(status, meaning)| format!("| {status} | {meaning} |")).collect();
    assert_eq!(rows, listed);
}

#[test]
fn a_line_for_each_and_the_last_figures_before_anything_else() {
    let mut out = Vec::new();
    let mut json = Json::new(&mut out);
    let figures = |done| Report::Progress(Figures { done, ..Figures::default() });
    for (report, millis) in [
        (Report::Started { held: 0 }, 0),
        (figures(1), 100),
        (figures(2), 200),
        (figures(3), 300),
        (Report::Text { text: text("two\nlines \u{1b}[31m") }, 400),
    ] {
        json.tell(&report, Moment::from_start(Duration::from_millis(millis)));
    }
    let out = String::from_utf8(out).expect("text");
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            r#"{"v":1,"event":"started","held":0}"#,
            r#"{"v":1,"event":"progress","done":1,"moved":0,"entries":0}"#,
            r#"{"v":1,"event":"progress","done":3,"moved":0,"entries":0}"#,
            r#"{"v":1,"event":"text","text":"two\nlines \u001b[31m"}"#,
        ]
    );
}
