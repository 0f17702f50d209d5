//! What the end waits for, and for how long.

use super::super::super::scenes;
use super::super::super::stage::Stage;
use super::super::Input;
use super::*;
use couplet::session::Event as Told;

/// A face that is writing a transcript.
fn saving() -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.write("/save said.txt").keys("Enter");
    stage.effects.clear();
    stage
}

fn saved(lines: Result<usize, &str>) -> Input {
    Input::Saved(Saved { path: "said.txt".into(), lines: lines.map_err(str::to_owned) })
}

#[test]
fn a_transcript_is_written_before_the_end() {
    let mut stage = saving();
    stage.hear(Told::Ended(Ending::RelayExit));
    assert_eq!(stage.effects, []);
    assert!(stage.app.is_over());
    assert_eq!(stage.app.notice.as_deref(), Some("writing the transcript"));
    stage.give(saved(Ok(1)));
    assert_eq!(stage.effects.last(), Some(&Effect::Quit(Ending::RelayExit)));
    assert!(stage.app.unwritten().is_empty());
}

#[test]
fn each_of_several_is_waited_for_by_itself() {
    let mut stage = saving();
    stage.write("/save said.txt").keys("Enter");
    stage.give(saved(Ok(1))).hear(Told::Ended(Ending::Fin));
    assert!(!stage.effects.contains(&Effect::Quit(Ending::Fin)));
    stage.give(saved(Err("there is something of that name already")));
    assert!(stage.effects.contains(&Effect::Quit(Ending::Fin)));
    assert_eq!(
        stage.app.unwritten(),
        ["said.txt isn't written: there is something of that name already"]
    );
}

#[test]
fn what_fails_while_the_user_is_there_is_told_there_and_then() {
    let mut stage = saving();
    stage.give(saved(Err("no"))).hear(Told::Ended(Ending::Fin));
    assert!(stage.effects.contains(&Effect::Quit(Ending::Fin)));
    assert!(stage.app.unwritten().is_empty());
}

#[test]
fn a_disk_that_never_answers_is_left_behind_and_that_is_told() {
    let mut stage = saving();
    stage.hear(Told::Ended(Ending::RelayExit)).wait(Duration::from_millis(4_900));
    assert!(!stage.effects.contains(&Effect::Quit(Ending::RelayExit)));
    stage.wait(Duration::from_millis(100));
    assert!(stage.effects.contains(&Effect::Quit(Ending::RelayExit)));
    let [line] = &stage.app.unwritten()[..] else { panic!("one line") };
    assert!(line.starts_with("said.txt isn't written: it took too long"), "{line}");
}

#[test]
fn an_engine_that_doesnt_answer_is_not_the_end_of_a_transcript() {
    let mut stage = saving();
    stage.write("fin").keys("Enter").wait(LEAVE_LIMIT);
    assert!(!stage.effects.contains(&Effect::Quit(Ending::Fin)));
    stage.give(saved(Ok(1)));
    assert!(stage.effects.contains(&Effect::Quit(Ending::Fin)));
}

#[test]
fn whoever_insists_goes_without_it() {
    let mut stage = saving();
    stage.hear(Told::Ended(Ending::RelayExit)).give(Input::Interrupt);
    assert!(stage.effects.contains(&Effect::Quit(Ending::RelayExit)));
    assert_eq!(stage.app.unwritten().len(), 1);
}

#[test]
fn a_terminal_that_goes_away_is_no_reason_to_lose_it() {
    let mut stage = saving();
    stage.app.setting.keeps = true;
    stage.give(Input::Hangup);
    assert_eq!(stage.effects, []);
    assert_eq!(stage.app.notice, None, "nobody can be told");
    // It comes by a signal and by the end of the keys.
    stage.give(Input::Hangup);
    assert_eq!(stage.effects, []);
    assert!(stage.app.is_closed());
    stage.give(saved(Ok(1)));
    assert_eq!(stage.effects.last(), Some(&Effect::Quit(Ending::Fin)));
    // What is over can't be gone back to.
    let mut stage = saving();
    stage.app.setting.keeps = true;
    stage.hear(Told::Ended(Ending::Fin)).give(Input::Hangup);
    assert!(!stage.app.is_closed());
}
