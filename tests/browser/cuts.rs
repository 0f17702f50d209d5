//! What breaks under a page: the relay, for a while and for good.

use super::scene::{LONG, Person, Place, met, same};
use crate::support::contents;
use crate::support::relay::Relay;
use serde_json::json;

/// Notes how far back the bar ever goes.
const WATCH_LEAST: &str = "
    window.least = 100;
    const bar = find(args[0]);
    new MutationObserver(() => { window.least = Math.min(window.least, bar.value); })
        .observe(bar, { attributes: true });";

const MOVED: &str = "const e = find(args[0]); return seen(e) && e.value >= args[1]";

#[test]
fn a_transfer_goes_on_where_it_was_after_the_relay_was_killed() {
    let place = Place::new();
    let data = tempfile::tempdir().expect("a directory");
    let relay = Relay::start_in("127.0.0.1:0", data.path(), &[]);
    let address = relay.address.clone();
    let [ann, bob] = met(&place, &address, &[]);
    let film = place.file("film.mkv", &contents(24 << 20, 9));
    // Slow enough to be caught in the middle of it on any machine.
    ann.choose("limit", "1048576");
    ann.upload("pick-files", &[&film]);
    let id = bob.accepts("film.mkv");
    bob.waits("a third of it", MOVED, &json!([format!("progress-{id}"), 30]));
    bob.asks(WATCH_LEAST, &json!([format!("progress-{id}")]));
    relay.kill();
    relay.wait();
    for person in [&ann, &bob] {
        person.sees("link", "reconnecting");
        person.sees("turn", "offline");
    }
    ann.enter("say", "said while it was gone");
    ann.sees("held", "said while it was gone");

    let _relay = Relay::start_in(&address, data.path(), &[]);
    for person in [&ann, &bob] {
        person.is_online();
    }
    ann.choose("limit", "");
    bob.sees_within(LONG, "log", "said while it was gone");
    bob.sees_of("film.mkv", "verified ✓");
    ann.sees_of("film.mkv", "verified ✓");
    assert!(same(&film, &bob.received("film.mkv")));
    // What was there was never sent again.
    let least = bob.asks("return window.least", &().into());
    assert!(least.as_f64().is_some_and(|least| least >= 30.0), "it began again at {least}%");
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn a_relay_that_is_ended_ends_the_line_with_what_was_never_sent() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    ann.enter("say", "hello bob");
    bob.sees("log", "hello bob");
    bob.enter("say", "hello ann");
    ann.sees("log", "hello ann");
    bob.enter("say", "one for later");
    bob.sees("held", "one for later");
    ann.write("say", "half a thou");
    bob.sees("typing", "ann is typing");
    relay.interrupt();
    for person in [&ann, &bob] {
        person.sees("ended-text", "exit: the relay was ended");
    }
    bob.sees("ended-unsent", "one for later");
    ann.sees("ended-unsent", "half a thou");
    // Nothing of it is lost by looking again.
    bob.reload();
    bob.sees("ended-unsent", "one for later");
    // What was said can be saved still.
    let saved = "fetch(find('transcript-ended').href).then((a) => a.text()).then(done)";
    let said = bob.asks_later(saved, &().into()).to_string();
    assert!(said.contains("hello bob") && said.contains("hello ann"), "{said}");
    ann.is_sound();
    bob.is_sound();

    // Another can be met once there is a relay.
    let _relay = Relay::start_at(&relay.address.clone(), &[]);
    let code = ann.makes_a_code();
    bob.enter("code", &code);
    ann.sees("seal", "sealed");
    bob.sees("seal", "sealed");
}

#[test]
fn with_a_relay_that_is_gone_for_good_nothing_that_was_written_is_lost() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, _bob] = met(&place, &relay.address, &[]);
    relay.kill();
    ann.sees("link", "reconnecting");
    ann.sees("guide", "is lost");
    ann.enter("say", "never said");
    ann.sees("held", "never said");
    ann.write("say", "nor this");
    // The program knows it once another page does.
    let second = ann.beside("ann's second", &format!("http://{}/", ann.web.address));
    second.sees("say", "nor this");
    ann.is_sound();
    ann.web.interrupt();
    ann.sees("ended-unsent", "never said");
    ann.sees("ended-close", "couplet has ended");
    let Person { web, .. } = ann;
    let (status, told) = web.ends();
    assert_eq!(status, 130, "{told}");
    assert!(told.contains("never said") && told.contains("nor this"), "{told}");
}
