//! The situations of the composer besides writing.

use super::super::app::{Effect, Input};
use super::super::picker::{Entry, Found, Kind, Seen};
use super::super::stage::{GIB, MIB, Stage};
use super::conversation_emi;

pub(in crate::terminal) const SCENES: &[super::Scene] = &[
    ("searching", searching),
    ("searching_in_vain", searching_in_vain),
    ("asking_about_a_paste", asking_about_a_paste),
    ("first_of_two_keys", first_of_two_keys),
    ("picking", picking),
    ("picking_several", picking_several),
    ("picking_filtered", picking_filtered),
    ("picking_nothing", picking_nothing),
];

fn writing_again() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U");
    for text in ["did you see the logs?", "/who", "the logs, please: 日本 👩‍👩‍👧‍👦"]
    {
        stage.write(text).keys("Enter");
    }
    stage.write("half a dra");
    stage
}

fn searching() -> Stage {
    let mut stage = writing_again();
    stage.keys("Ctrl-R").write("logs").keys("Ctrl-R");
    stage
}

fn searching_in_vain() -> Stage {
    let mut stage = writing_again();
    stage.keys("Ctrl-R").write("logs from yesterday 日本 and more");
    stage
}

fn asking_about_a_paste() -> Stage {
    let mut stage = writing_again();
    stage.give(Input::Paste("a line of a log that goes on and on\r".repeat(300)));
    stage
}

fn first_of_two_keys() -> Stage {
    let mut stage = writing_again();
    stage.keys("Ctrl-X");
    stage
}

fn picking() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U").write("/send").keys("Enter");
    let file = |name: &str, kind| Entry { file: name.into(), label: name.to_owned(), kind };
    let mut entries = vec![
        file("project with a name that is quite long, even for a directory", Kind::Directory),
        file("写真", Kind::Directory),
        file(".hidden", Kind::File(9)),
        file("family 👩‍👩‍👧‍👦.png", Kind::File(5 * MIB)),
        file(
            "logs-2026-11-22-of-the-relay-and-its-two-clients-in-one-archive.tar.zst",
            Kind::File(3 * GIB),
        ),
        file("notes.txt", Kind::File(2_048)),
        file("שלום.txt", Kind::File(77)),
        file("socket", Kind::Other),
    ];
    entries.extend((0..20).map(|n| file(&format!("photo {n:02}.jpg"), Kind::File(n * MIB / 3))));
    let path = "/home/ann/documents/of the year/2026".into();
    answer(&mut stage, Seen::Entries { path, entries, cut: false });
    stage
}

fn picking_several() -> Stage {
    let mut stage = picking();
    stage.keys("Tab Tab Tab");
    let line =
        |n: usize| format!("line {n} of the notes, 日本語 and more, which goes on for a while yet");
    answer(&mut stage, Seen::Preview(vec!["a directory of 3 entries: a, b, c".to_owned()]));
    stage.keys("Down");
    answer(&mut stage, Seen::Preview(vec!["an older one".to_owned()]));
    answer(&mut stage, Seen::Preview((1..9).map(line).collect()));
    stage
}

fn picking_filtered() -> Stage {
    let mut stage = picking();
    stage.write("photo 1");
    stage
}

fn picking_nothing() -> Stage {
    let mut stage = picking();
    stage.write("no such thing");
    stage
}

/// Answers what was asked last.
fn answer(stage: &mut Stage, seen: Seen) {
    let Some(Effect::Look(look)) = stage.effects.last().cloned() else { panic!("nothing asked") };
    stage.give(Input::Found(Found { look, seen }));
}
