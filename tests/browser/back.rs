//! Going back to a conversation whose program was killed, or ended with its terminal.

use super::scene::{Person, Place, met, same};
use crate::support::contents;
use crate::support::relay::Relay;
use crate::support::web::eventually;
use rustix::process::Signal;
use serde_json::json;

const MOVED: &str = "const e = find(args[0]); return seen(e) && e.value >= args[1]";

/// It has the seat again, and what it had written.
fn is_back(person: &Person) {
    person.sees("log", "you are back in your conversation");
    person.sees("seal", "sealed");
}

#[test]
fn who_was_killed_goes_back_to_what_was_held_written_and_on_its_way() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let film = place.file("film.mkv", &contents(24 << 20, 3));
    // Slow enough to be caught in the middle of it on any machine.
    ann.choose("limit", "1048576");
    ann.upload("pick-files", &[&film]);
    let id = bob.accepts("film.mkv");
    ann.enter("say", "your turn");
    bob.sees("turn", "YOUR TURN");
    ann.enter("say", "held by ann");
    ann.sees("held", "held by ann");
    ann.write("say", "half a thou");
    bob.sees("typing", "ann is typing");
    bob.waits("a fifth of it", MOVED, &json!([format!("progress-{id}"), 20]));
    ann.web.signal(Signal::KILL);
    // The page says what to do, as far as it can know.
    ann.sees("banner", "web --last");

    let again = place.page("ann", &relay, &["--last"]);
    is_back(&again);
    again.sees("held", "held by ann");
    again.waits("the draft", "return find('say').value === args[0]", &json!(["half a thou"]));
    bob.enter("say", "and yours");
    again.sees("log", "and yours");
    bob.sees("log", "held by ann");
    again.choose("limit", "");
    again.sees_of("film.mkv", "verified ✓");
    bob.sees_of("film.mkv", "verified ✓");
    assert!(same(&film, &bob.received("film.mkv")));
    // What the first program had of it goes with the line.
    again.click("menu-open");
    again.click("leave");
    again.click("ask-yes");
    again.sees("ended", "you left");
    eventually("an empty spool", || again.spooled().is_empty());
    again.is_sound();
    bob.is_sound();
}

#[test]
fn who_ends_with_the_terminal_is_told_how_to_go_back_unless_nothing_is_kept() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    ann.enter("say", "your turn");
    bob.sees("turn", "YOUR TURN");
    ann.enter("say", "held by ann");
    ann.sees("held", "held by ann");
    ann.web.signal(Signal::HUP);
    ann.sees("ended-text", "web --last");
    let (status, told) = ann.web.ends();
    assert_eq!(status, 129, "{told}");
    assert!(told.contains("closed; `couplet web --last` goes back"), "{told}");
    assert!(!told.contains("held by ann"), "it isn't lost: {told}");

    let again = place.page("ann", &relay, &["--last", "--no-keep"]);
    is_back(&again);
    bob.enter("say", "and yours");
    bob.sees("log", "held by ann");
    again.is_sound();
    bob.is_sound();
}
