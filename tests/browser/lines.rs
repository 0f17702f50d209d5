//! Commands in the composer, and what a page does about them.

use super::scene::{Place, met};
use crate::support::browser::Page;
use crate::support::relay::Relay;
use crate::support::web::eventually;
use serde_json::{Value, json};

/// Waits until the menu shows this limit, in these words.
fn shows_limit(page: &Page, value: &str, text: &str) {
    let is_so = "const e = find('limit');
        return e.value === args[0] && e.selectedOptions[0].textContent === args[1];";
    page.waits(&format!("the limit {text}"), is_so, &json!([value, text]));
}

#[test]
fn a_command_shows_what_the_page_has_for_it_or_says_why_not() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    ann.enter("say", "/help");
    ann.sees("help", "Keys and help");
    ann.sees("help-keys", "pass the turn without a word");
    ann.sees("help-commands", "/save FILE");
    ann.misses("help-commands", "/mouse");
    ann.click("help-close");
    ann.enter("say", "/help pass turn");
    ann.sees("help-keys", "pass the turn without a word");
    ann.misses("help-keys", "choose files");
    ann.write("help-find", " quickly");
    ann.sees("help-none", "Nothing here says anything of that");
    ann.click("help-close");
    bob.misses("help", "");
    ann.enter("say", "/transfers");
    let is_there = "return document.activeElement?.id === 'moves-title'";
    ann.waits("the transfers", is_there, &Value::Null);
    ann.enter("say", "/shelf");
    ann.sees("shelf-text", "no shelf");
    ann.click("shelf-close");
    let watch = "find('pick-files').addEventListener('click', (event) => {
        event.preventDefault();
        window.picks = true;
    });";
    ann.asks(watch, &Value::Null);
    ann.enter("say", "/send");
    ann.waits("a picker of files", "return window.picks", &Value::Null);

    ann.enter("say", "/save said.txt");
    ann.sees("log", "written to said.txt");
    let saved = std::fs::read_to_string(ann.dir.join("said.txt")).expect("a transcript");
    assert!(saved.contains("bob"), "{saved}");

    // What isn't taken is still there, with a sentence.
    for (line, why) in
        [("/sned a.txt", "did you mean /send"), ("/find hello", "your browser's own search")]
    {
        ann.enter("say", line);
        ann.sees("notice", why);
        ann.sees("say", line);
        ann.asks("find('say').value = ''", &Value::Null);
    }
    let offered = place.file("ann/offered.txt", b"offered");
    ann.enter("say", &format!("/send {}", offered.display()));
    bob.accepts("offered.txt");
    ann.sees_of("offered.txt", "verified ✓");
    eventually("what was sent", || bob.received("offered.txt").exists());
    let id = ann.transfer("offered.txt");
    ann.enter("say", &format!("/details {id}"));
    let is_open = "const e = find(args[0]); return e.open && e.contains(document.activeElement)";
    ann.waits("its details", is_open, &json!([format!("details-{id}")]));
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn words_that_are_not_compared_now_stay_away() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    ann.enter("say", "/verify");
    ann.sees("verify-standing", "Not compared yet");
    bob.sees("compares", "Comparing the words with ann");
    let second = bob.beside("bob's second", &format!("http://{}/", bob.web.address));
    second.sees("compares", "Comparing the words with ann");
    bob.click("compares-later");
    ann.click("verify-later");
    for page in [&*ann, &*bob, &second] {
        page.misses("compares", "");
        page.misses("verify", "");
        page.reload();
        page.sees("seal", "sealed");
        page.misses("compares", "");
        page.is_sound();
    }
    ann.click("verify-open");
    ann.sees("verify-standing", "Not compared yet");
}

#[test]
fn the_menu_shows_the_limit_wherever_it_was_set() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &["--limit", "256K"]);
    shows_limit(&bob, "262144", "at most 256 KiB/s");
    ann.enter("say", "/limit 3M");
    shows_limit(&ann, "3145728", "at most 3.0 MiB/s");
    ann.reload();
    shows_limit(&ann, "3145728", "at most 3.0 MiB/s");
    ann.choose("limit", "1048576");
    ann.sees("log", "at most 1.0 MiB/s in each transfer");
    shows_limit(&ann, "1048576", "at most 1 MiB/s");
    ann.enter("say", "/limit off");
    shows_limit(&ann, "", "no limit");
    ann.is_sound();
}

#[test]
fn a_folder_that_the_desktop_does_not_open_is_named() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let ann = place.page("ann", &relay, &["--new"]);
    ann.has_a_code();
    ann.click("menu-open");
    ann.click("menu-folder");
    let downloads = ann.dir.join("downloads");
    ann.sees("notice", &format!("what you received is in {}", downloads.display()));
    ann.is_sound();
}
