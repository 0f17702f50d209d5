//! The situations of the composer besides writing.

use super::super::app::Input;
use super::super::stage::Stage;
use super::conversation_emi;

pub(in crate::terminal) const SCENES: &[super::Scene] = &[
    ("searching", searching),
    ("searching_in_vain", searching_in_vain),
    ("asking_about_a_paste", asking_about_a_paste),
    ("first_of_two_keys", first_of_two_keys),
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
