//! Meeting and talking: with a terminal, between pages, and by codes that are wrong.

use super::scene::{Place, met};
use crate::support::relay::Relay;
use serde_json::json;

#[test]
fn a_page_and_a_terminal_meet_by_a_code_and_talk_in_turns() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let ann = place.page("ann", &relay, &[]);
    ann.sees("start-relay", &relay.address);
    let code = ann.makes_a_code();
    let mut bob = place.terminal("bob", &relay, &code);
    ann.sees("peer", "bob");
    ann.sees("seal", "sealed");
    ann.sees("turn", "YOUR TURN");
    bob.sees("ann is here");
    let words = ann.text("seal-words");
    bob.sees(&words);

    ann.enter("say", "hello from the page");
    bob.sees("hello from the page");
    bob.sees("YOUR TURN  emi");
    ann.marked("hello from the page", "shown");
    ann.sees("turn", "listening");

    // What is written out of turn is held in sight, taken back, and goes out by itself.
    ann.enter("say", "not this");
    ann.sees("held", "not this");
    ann.enter("say", "held words");
    ann.sees("held", "held words");
    let taken_back = ann.asks("return all('take-back-')[0].dataset.test", &().into());
    ann.click(taken_back.as_str().expect("a button"));
    ann.misses("held", "not this");
    ann.sees("say", "not this");
    bob.keys("an answer");
    ann.sees("typing", "bob is typing");
    bob.keys("\r");
    ann.sees("log", "an answer");
    bob.sees("held words");
    ann.misses("held", "held words");
    ann.marked("held words", "shown");
    assert!(!bob.screen().contains("not this"), "{}", bob.screen());

    // The turn goes over without a word, too.
    bob.line("/pass");
    ann.sees("turn", "YOUR TURN");
    ann.click("pass");
    bob.sees("YOUR TURN  emi");
    ann.is_sound();

    // Who leaves can meet again.
    ann.click("leave-bar");
    ann.click("ask-yes");
    ann.sees("ended-text", "you left");
    bob.sees("ann left");
    let next = ann.makes_a_code();
    assert_ne!(next, code);
    ann.is_sound();
}

#[test]
fn two_pages_compare_the_words_of_their_seal() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    assert_eq!(ann.text("seal-words"), bob.text("seal-words"));
    ann.sees("seal", "●");
    ann.click("verify-open");
    ann.sees("verify-standing", "Not compared yet");
    bob.sees("compares", "Comparing the words with ann");
    ann.click("verify-same");
    bob.click("compares-same");
    for person in [&ann, &bob] {
        person.sees("seal", "verified");
        person.is_sound();
    }
    ann.enter("say", "now only you hear this\u{e008}\u{e007}\u{e008}in two lines");
    bob.sees("log", "now only you hear this\nin two lines");
    bob.sees("turn", "YOUR TURN");
}

#[test]
fn nothing_is_offered_to_a_peer_whose_words_differ() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let closed = "return [...args[0]].every((hook) => find(hook).disabled === args[1])";
    let buttons = ["send-files", "send-folder", "pass"];
    ann.waits("buttons", closed, &json!([buttons, false]));
    ann.click("verify-open");
    ann.click("verify-differ");
    ann.click("ask-no");
    ann.sees("seal", "● sealed");
    ann.click("verify-open");
    ann.click("verify-differ");
    ann.click("ask-yes");
    ann.sees("seal", "NOT VERIFIED");
    ann.waits("no buttons", closed, &json!([buttons, true]));
    ann.enter("say", "is it you?");
    ann.sees("held", "is it you?");
    bob.misses("log", "is it you?");
    // Another tab knows it, too.
    ann.reload();
    ann.waits("no buttons", closed, &json!([buttons, true]));
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn only_the_words_tell_who_comes_without_a_code() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = ["ann", "bob"].map(|name| place.page(name, &relay, &[]));
    for person in [&ann, &bob] {
        person.click("meet-any");
    }
    for person in [&ann, &bob] {
        person.sees("seal", "◐ sealed");
    }
    assert_eq!(ann.text("seal-words"), bob.text("seal-words"));
    ann.click("verify-open");
    ann.click("verify-same");
    ann.sees("seal", "● verified");
    ann.sees("log", "verified: you compared the words");
    // Nobody else's word counts.
    bob.sees("compares", "Comparing the words with ann");
    bob.sees("seal", "◐ sealed");
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn other_words_than_the_codes_are_told_to_both() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let ann = place.page("ann", &relay, &["--new"]);
    let code = ann.has_a_code();
    let (number, words) = code.split_once('-').expect("a number and words");
    let wrong = if words == "otter-lamp" { "lamp-otter" } else { "otter-lamp" };
    let bob = place.page("bob", &relay, &[]);

    // What is no code is said before anybody is asked.
    bob.enter("code", "7-oter-lamp");
    bob.sees("code-wrong", "did you mean otter?");
    bob.sees("code", "7-oter-lamp");
    bob.asks("find('code').value = ''", &().into());
    bob.enter("code", &format!("{number}-{wrong}"));
    bob.sees("ended-text", "the code is wrong");
    ann.sees("log", "wrong code");

    // The one who waits still waits, and the right words do it.
    bob.asks("find('code').value = ''", &().into());
    bob.enter("code", &code);
    ann.sees("seal", "sealed");
    bob.sees("seal", "sealed");
    ann.is_sound();
    bob.is_sound();
}
