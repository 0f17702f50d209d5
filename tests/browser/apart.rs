//! Who is let in: the page of one program and not another's, nobody without the key, and nobody any more
//! after the end.

use super::scene::Place;
use crate::support::browser::Page;
use crate::support::relay::Relay;
use crate::support::web::Web;
use serde_json::{Value, json};

#[test]
fn two_programs_in_one_browser_leave_each_other_alone() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [a, b] =
        ["ann", "bob"].map(|name| Web::start(&relay.address, &place.dir(name), &["--name", name]));
    let ann = Page::open("ann", &a.url);
    let bob = ann.beside("bob", &b.url);
    for page in [&ann, &bob] {
        page.reload();
        page.sees("start", "I have a code");
        // The key isn't in the address any more.
        assert_eq!(page.asks("return location.search + location.hash", &Value::Null), "");
    }
    ann.click("meet-new");
    ann.sees("invite-code", "-");
    bob.enter("code", &ann.text("invite-code"));
    for page in [&ann, &bob] {
        page.sees("seal", "sealed");
        page.reload();
        page.sees("seal", "sealed");
    }
    ann.enter("say", "to the other port");
    bob.sees("log", "to the other port");

    // A page of one program can't read the other's, though the browser has cookies for both.
    let crossing = "fetch(args[0]).then((a) => done(`got ${a.status}`), () => done('refused'))";
    let other = format!("http://{}/api/transcript", b.address);
    assert_eq!(ann.asks_later(crossing, &json!([other])), "refused");

    // (Its own rules keep it from trying.)
    let faults = ann.asks("return window.faults.splice(0)", &Value::Null);
    assert!(faults.to_string().contains("connect-src"), "{faults}");

    // The button ends the one program, with success, and not the other.
    ann.click("menu-open");
    ann.click("end");
    ann.click("ask-yes");
    ann.sees("ended-close", "couplet has ended");
    ann.sees("ended-close", "couplet web");
    let (status, told) = a.ends();
    assert_eq!(status, 0, "{told}");
    bob.sees("log", "ann left");
    bob.reload();
    bob.sees("log", "to the other port");

    // A browser that has forgotten its cookies is a stranger.
    bob.call("DELETE", "/cookie", &Value::Null).expect("no cookies");
    bob.go(&format!("http://{}/", b.address));
    let shown = bob.asks("return document.body.innerText", &Value::Null);
    assert!(shown.to_string().contains("isn't let in"), "{shown}");
}

#[test]
fn nobody_without_the_cookie_gets_anything() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let ann = place.page("ann", &relay, &["--new"]);
    ann.has_a_code();
    let paths = [
        "/",
        "/client-interface.html",
        "/assets/main.js",
        "/api/line",
        "/api/transcript",
        "/api/received/1",
        "/api/received/../../etc/passwd",
        "/?key=AAAAAAAAAAAAAAAAAAAAAA",
    ];
    for path in paths {
        let answer = ann.web.asked(path);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("set-cookie"), "{path}: {answer}");
    }
    // With it, addresses lead nowhere but to what came.
    let statuses = ann.asks_later(
        "Promise.all(args.map((path) => fetch(path).then((answer) => answer.status))).then(done)",
        &json!([
            "/api/received/1",
            "/api/received/..%2f..%2fetc%2fpasswd",
            "/assets/..%2f..%2fCargo.toml",
            "/assets/%2e%2e/%2e%2e/etc/passwd",
        ]),
    );
    let statuses = statuses.as_array().expect("statuses").clone();
    assert!(statuses.iter().all(|status| status == 404 || status == 400), "{statuses:?}");
    ann.is_sound();
}
