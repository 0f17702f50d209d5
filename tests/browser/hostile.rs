//! A peer that wants more than to be read: everything it says and offers is letters.

use super::access::OUTSIDE;
use super::scene::Place;
use crate::support::raw::RawPeer;
use crate::support::relay::Relay;
use serde_json::{Value, json};

/// Markup of every kind; whatever of it works sets `hit`.
const MARKUP: &[&str] = &[
    "<script>window.hit = 1</script>",
    "<img src=x onerror=\"window.hit = 2\">",
    "<svg onload=\"window.hit = 3\"></svg>",
    "<a href=\"javascript:window.hit = 4\">click</a>",
    "javascript:window.hit=5",
    "</p></div><iframe srcdoc=\"<script>parent.hit = 6</script>\"></iframe>",
    "<style>* { display: none }</style>",
    "https://example.org/\"onmouseover=\"window.hit=7",
    "```",
    "<b id=say>in a fence</b>",
    "```",
    "> <form action=//evil.example><button id=accept-1>",
    "{{constructor.constructor('window.hit=8')()}} ${window.hit=9}",
    "👩‍👩‍👧 é ﷽ Z̷̢͍a̵l̶g̷o̶",
];

const TURNED: &str = "photo\u{202e}gnp.exe\u{2066}\u{200b}\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}1;1H";

/// What of the page's may never come from a peer.
const STRANGE: &str = "return [...document.querySelectorAll(
    '#log script, #log img, #log svg, #log iframe, #log style, #log form, #log [onerror], #log [id], \
     #transfers script, #transfers img, #transfers iframe, #transfers b, #peer b, #peer img, iframe, \
     a[href^=javascript], #log a:not([rel=\"noopener noreferrer\"])')]
    .filter((e) => e.id !== 'log-head').map((e) => e.outerHTML)";

fn offer(name: &str) -> Value {
    json!({ "name": name, "form": "file", "size": 4, "entries": 1 })
}

#[test]
fn names_and_messages_are_letters_whatever_they_look_like() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let ann = place.page("ann", &relay, &["--new"]);
    let code = ann.has_a_code();
    let mut eve = RawPeer::meet(&relay.address, &code);
    let name = "<b>eve</b>\u{202e}\n<img src=x onerror=window.hit=10>";
    eve.signal(&json!({ "number": 0, "signal": { "type": "greeting", "name": name } }).to_string());
    ann.sees("seal", "sealed");
    ann.sees("peer", "<b>eve</b>");
    ann.enter("say", "your turn");
    ann.sees("turn", "listening");
    eve.has_turn();
    let words = [&MARKUP.join("\n"), TURNED, &"wide".repeat(3000)].join("\n");
    eve.say(1, &json!({ "text": words }).to_string());
    for line in MARKUP.iter().filter(|line| !line.starts_with("```")) {
        ann.sees("log", line.trim_start_matches("> "));
    }

    let long = format!("{}.txt", "x".repeat(251));
    let names = [
        "<img src=x onerror=window.hit=11>.txt",
        "\"><script>window.hit=12<",
        "' autofocus onfocus=window.hit=13 '.txt",
        "[data-test=accept-1] emoji 👩‍👩‍👧.txt",
        &long,
    ];
    // What can't be a name is refused; what is one is shown as it is.
    let mut number = 0;
    for name in [TURNED, "line\nbreak", "../../etc/passwd", "</li><li>/x"].into_iter().chain(names)
    {
        number += 1;
        eve.offer(number, &offer(name));
    }
    let shown = "return all('name-').map((e) => e.textContent)";
    ann.waits(
        "the last offer",
        "return all('name-').some((e) => e.textContent.startsWith('xxxx'))",
        &Value::Null,
    );
    for shown in ann.asks(shown, &Value::Null).as_array().expect("names") {
        let shown = shown.as_str().expect("a name");
        assert!(
            !shown.contains(['\u{202e}', '\u{2066}', '\u{1b}', '\u{9b}', '\n', '/']),
            "{shown:?}"
        );
    }
    for name in &names[..4] {
        ann.sees("transfer-list", name);
    }
    assert_eq!(ann.asks(OUTSIDE, &Value::Null), json!([]), "something is wider than the page");

    let all = ann.asks("return document.documentElement.textContent", &Value::Null);
    assert!(!all.as_str().expect("text").contains('\u{202e}'), "letters are turned around");
    assert_eq!(ann.asks(STRANGE, &Value::Null), json!([]));
    assert_eq!(ann.asks("return window.hit ?? null", &Value::Null), Value::Null);
    // Nor after all of it is drawn anew.
    ann.is_sound();
    ann.reload();
    ann.sees("log", MARKUP[0]);
    assert_eq!(ann.asks(STRANGE, &Value::Null), json!([]));
    assert_eq!(ann.asks("return window.hit ?? null", &Value::Null), Value::Null);
    ann.is_sound();
}
