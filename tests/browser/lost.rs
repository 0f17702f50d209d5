//! The connection between the page and its program, which breaks and comes back: nothing that was written
//! is lost, and nothing is said twice.

use super::scene::{Person, Place, met};
use crate::support::browser::Page;
use crate::support::relay::Relay;
use crate::support::valve::{Valve, Way};
use serde_json::{Value, json};

/// A second page of somebody's, with a valve between it and the program. The guard lets it in: it asks for
/// an address, and for the port that is listened on.
fn behind_a_valve(person: &Person) -> (Valve, Page) {
    let elsewhere = person.web.address.replace("127.0.0.1", "127.0.0.2");
    let valve = Valve::at(&elsewhere, &person.web.address);
    let page = person.beside("behind a valve", &person.web.url.replace("127.0.0.1", "127.0.0.2"));
    page.sees("seal", "sealed");
    (valve, page)
}

/// How often the log has this.
fn times(page: &Page, said: &str) -> Value {
    page.asks("return text(find('log')).split(args[0]).length - 1", &json!([said]))
}

#[test]
fn what_is_said_on_a_line_that_breaks_is_said_once() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let (valve, page) = behind_a_valve(&ann);

    // It never comes to the program.
    valve.allow(Way::Up, valve.passed(Way::Up));
    page.enter("say", "into the void");
    valve.close();
    page.sees("held", "into the void");
    page.sees("held", "no answer yet");
    page.sees("banner", "couplet isn’t running");
    page.enter("say", "not even sent");
    page.sees("notice", "nothing was sent");
    page.sees("say", "not even sent");
    bob.misses("log", "into the void");
    valve.open();
    bob.sees("log", "into the void");
    page.sees("log", "into the void");
    page.misses("held", "into the void");
    // What stands in the field is the page's, though the program knows nothing of it, and others see it.
    page.sees("say", "not even sent");
    ann.sees("say", "not even sent");
    page.enter("say", "");
    page.sees("held", "not even sent");
    bob.enter("say", "your turn");
    bob.sees("log", "not even sent");

    // It comes to the program and goes out; the page doesn't hear of it, and says it again.
    bob.enter("say", "and yours");
    page.sees("turn", "YOUR TURN");
    valve.allow(Way::Down, valve.passed(Way::Down));
    page.enter("say", "heard once");
    bob.sees("log", "heard once");
    valve.close();
    page.sees("banner", "couplet isn’t running");
    page.sees("held", "heard once");
    valve.open();
    page.misses("held", "heard once");
    bob.enter("say", "and again yours");
    page.enter("say", "the last one");
    for person in [&page, &bob.page] {
        person.sees("log", "the last one");
        assert_eq!(times(person, "heard once"), 1);
    }
    page.is_sound();
    bob.is_sound();
}

#[test]
fn what_is_said_when_the_line_is_over_is_shown_as_never_sent() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let (valve, page) = behind_a_valve(&ann);
    valve.allow(Way::Up, valve.passed(Way::Up));
    page.enter("say", "too late");
    valve.close();
    page.sees("held", "too late");
    ann.click("menu-open");
    ann.click("leave");
    ann.click("ask-yes");
    ann.sees("ended", "you left");
    bob.sees("log", "ann left");
    valve.open();
    // All pages have it now, and the program too.
    for page in [&page, &ann.page] {
        page.sees("ended-unsent", "too late");
        let rows = "return find('ended-unsent').querySelectorAll('li').length";
        assert_eq!(page.asks(rows, &Value::Null), 1);
    }
    page.is_sound();
    ann.web.interrupt();
    let (_, told) = ann.web.ends();
    assert!(told.contains("not sent, so that you have it:\ntoo late"), "{told}");
    bob.misses("log", "too late");
}

#[test]
fn what_is_being_written_is_nobodys_to_throw_away() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let (valve, page) = behind_a_valve(&ann);
    let stands = |page: &Page, text: &str| {
        page.waits("these words", "return find('say').value === args[0]", &json!([text]));
    };
    ann.enter("say", "hello");
    bob.sees("log", "hello");
    page.enter("say", "held words");
    page.sees("held", "held words");
    page.write("say", "my own");
    stands(&ann, "my own");

    // Words come back to the program's composer while a page that writes isn't there to see it.
    valve.close();
    page.sees("banner", "couplet isn’t running");
    page.write("say", " thought");
    let held = "return find('held').querySelector('button').dataset.test";
    let take_back = ann.asks(held, &Value::Null);
    ann.click(take_back.as_str().expect("a button"));
    stands(&ann, "held words\nmy own");
    valve.open();
    for page in [&page, &ann.page] {
        stands(page, "held words\nmy own thought");
    }
    page.enter("say", "");
    page.sees("held", "my own thought");

    // What one page says again is said, and what the other writes meanwhile stays.
    valve.allow(Way::Up, valve.passed(Way::Up));
    page.enter("say", "said into the void");
    valve.close();
    page.sees("held", "no answer yet");
    ann.write("say", "written elsewhere");
    valve.open();
    ann.sees("held", "said into the void");
    for page in [&page, &ann.page] {
        stands(page, "written elsewhere");
    }

    // What was never sent isn't gone with the line either: it stands in the field of the next one.
    ann.click("leave-bar");
    ann.click("ask-yes");
    let unsent = ["my own thought", "said into the void", "written elsewhere"];
    for page in [&page, &ann.page] {
        for text in unsent {
            page.sees("ended-unsent", text);
        }
    }
    ann.makes_a_code();
    for page in [&page, &ann.page] {
        for text in unsent {
            page.sees("say", text);
        }
    }
    page.is_sound();
    bob.is_sound();
}
