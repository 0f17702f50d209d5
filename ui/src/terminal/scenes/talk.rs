//! Situations of the conversation itself: several days, the search, an answer.

use super::super::stage::Stage;
use super::{Scene, conversation_emi, your_turn_empty};
use crate::config::Timestamps;
use couplet::session::Mark;
use jiff::ToSpan;

pub(crate) const SCENES: &[Scene] = &[
    ("several_days", several_days),
    ("finding", finding),
    ("finding_nothing", finding_nothing),
    ("replying", replying),
    ("selecting", selecting),
    ("selecting_several", selecting_several),
    ("code", code),
    ("with_seconds", with_seconds),
    ("without_times", without_times),
    ("right_to_left", right_to_left),
];

fn several_days() -> Stage {
    let mut stage = your_turn_empty();
    stage.now.wall.date -= 2.days();
    stage.words(1, "see you on Sunday");
    stage.said(1, "gladly", Mark::Shown);
    stage.now.wall.date += 2.days();
    stage.words(2, "good morning");
    stage
}

fn finding() -> Stage {
    let mut stage = conversation_emi();
    stage.words(20, "the Build is fine, Björn");
    stage.words(21, "and the next build, too: 日本語 build");
    stage.draw(80, 24);
    stage.keys("Ctrl-F").write("build").keys("Up");
    stage
}

fn selecting() -> Stage {
    let mut stage = conversation_emi();
    stage.draw(80, 24);
    stage.keys("Alt-S Up");
    stage
}

fn selecting_several() -> Stage {
    let mut stage = super::transfers_moving();
    stage.words(20, "one\ntwo").words(21, "three");
    stage.draw(80, 24);
    stage.write("/select").keys("Enter Shift-Up");
    stage
}

fn finding_nothing() -> Stage {
    let mut stage = conversation_emi();
    stage.draw(80, 24);
    stage.keys("Ctrl-F").write("a text that is longer than the room there is for it");
    stage
}

fn replying() -> Stage {
    let mut stage = your_turn_empty();
    stage.words(1, "shall we go to the lake, or is it too cold for that?\nI could drive.");
    stage.said(
        1,
        "> shall we go to the lake, or is it too cold for that?\n> I could drive.\nyes, gladly",
        Mark::Shown,
    );
    stage.write("/reply").keys("Enter");
    stage.write("at nine?");
    stage
}

fn with_seconds() -> Stage {
    let mut stage = conversation_emi();
    stage.app.setting.timestamps = Timestamps::Seconds;
    stage
}

fn without_times() -> Stage {
    let mut stage = conversation_emi();
    stage.app.setting.timestamps = Timestamps::Off;
    stage
}

fn code() -> Stage {
    let mut stage = your_turn_empty();
    stage.words(1, "try this:\n```sh\nfor file in *.txt; do\n    sha256sum   \"$file\"    # and nothing else is broken between words\ndone\n```\nthat is all");
    stage.said(1, "> try this:\nit works", Mark::Shown);
    stage
}

pub(in super::super) fn right_to_left() -> Stage {
    let mut stage = your_turn_empty();
    stage.words(1, "שלום עולם, 12 קבצים");
    stage.words(2, "مرحبا بالعالم، هذه رسالة طويلة حتى تنكسر إلى سطرين أو أكثر");
    stage.said(1, "> שלום עולם\nand back (123)", Mark::Shown);
    stage
}
