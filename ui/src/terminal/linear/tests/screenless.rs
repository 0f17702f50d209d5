//! What can't be done without a screen is said to be so.

use super::*;
use couplet::transfer::offer::Preflight;

#[test]
fn commands_for_the_screen_are_refused_in_one_sentence() {
    let mut play = Play::met();
    play.words("hi").told();
    for line in ["/mouse on", "/mouse", "/preview", "/preview 1", "/select"] {
        let told = play.line(line).told();
        let name = line.split(' ').next().expect("a name");
        let says = format!("* {name} is for the screen, and line by line there is none\n");
        assert_eq!(told, says, "{line}");
    }
    let told = play.line("/copy").told();
    assert!(told.starts_with("* line by line there is no clipboard; /save FILE"), "{told}");
    assert!(play.deeds.is_empty() && play.lines.app.overlay.is_none(), "{:?}", play.deeds);
    // None of this stands in the way of words, nor is it found in them.
    play.line("//mouse on").line("mouse /copy");
    assert_eq!(play.asked(), [say("/mouse on"), say("mouse /copy")]);
}

#[test]
fn details_of_an_offer_name_the_command_and_no_key() {
    let mut play = Play::met();
    play.transfer(Direction::Incoming, TransferState::Offered);
    let preflight = Preflight { part: true, held: 10 * MIB, ..Preflight::default() };
    play.give(Input::Engine(Event::Preflight { id: TransferId(1), preflight })).told();
    let told = play.line("/details 1").told();
    assert!(told.contains("* disk: 25 % is here: /accept 1 resumes\n"), "{told}");
}

#[test]
fn a_line_typed_before_the_password_was_asked_for_is_not_one() {
    let mut play = Play::met();
    play.line("/shelf ann");
    play.give(Input::Shelf(crate::engine::shelf::Event::Visit(Visited::LoginWanted)));
    assert_eq!(play.lines.wants(), Wants::Secret);
    play.told();
    play.deeds.clear();
    assert!(play.lines.enter(Entered::TooSoon, play.now).is_empty());
    assert!(play.told().contains("before the password was asked for isn't taken"));
    assert_eq!(play.lines.wants(), Wants::Secret);
    play.line("the secret of ann");
    assert!(matches!(
        play.deeds.as_slice(),
        [Deed::Shelf(crate::engine::shelf::Command::LogIn { password, .. })]
            if password.0 == "the secret of ann"
    ));
}

#[test]
fn what_is_found_is_counted() {
    let mut play = Play::met();
    play.words("one build").words("another build").told();
    let told = play.line("/find build").told();
    assert!(told.starts_with("* 2 entries found:\n"), "{told}");
}
