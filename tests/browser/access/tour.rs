//! The states that the page can be in, one after another, with one who is at a page and one at a terminal.

use crate::scene::Place;
use crate::support::browser::Page;
use crate::support::contents;
use crate::support::shelf::{PASSWORD, ShelfPlace};
use crate::support::terminal::Terminal;
use serde_json::{Value, json};
use std::fs;

/// Shows each state to `look`, with a name.
pub(super) fn tour(look: &mut dyn FnMut(&Page, &str)) {
    let (place, mut shelf) = (Place::new(), ShelfPlace::with_ann(&[]));
    shelf.shelve("report.pdf", 3_000_000);
    shelf.shelve("photo of a lamp.png", 1000);
    let ann = place.page_at("ann", &shelf.address, &[]);
    ann.sees("start-relay", &shelf.address);
    look(&ann, "start");
    ann.enter("code", "7-oter-lamp");
    ann.sees("code-wrong", "did you mean");
    look(&ann, "start with a wrong code");
    let code = ann.makes_a_code();
    look(&ann, "waiting");

    let args = ["chat", &code, "--relay", &shelf.address, "--name", "bob", "--limit", "256K"];
    let mut bob = Terminal::run("bob", (120, 40), &place.dir("bob"), &args);
    ann.sees("seal", "sealed");
    talk(&ann, &mut bob);
    look(&ann, "conversation");
    // Nobody who writes is asked to compare words.
    bob.keys("\x15");
    bob.misses("> writing");
    ann.click("verify-open");
    ann.sees("verify-standing", "Not compared yet");
    look(&ann, "verify");
    // Closed without an answer, they are still being compared.
    ann.write("verify-same", "\u{e00c}");
    ann.misses("verify", "");
    look(&ann, "words compared");
    ann.click("compares-same");
    ann.sees("seal", "verified");
    bob.sees("compare the words");
    bob.keys("\x1b");
    bob.misses("compare the words");
    ann.click("menu-open");
    ann.sees("limit", "");
    look(&ann, "menu");
    ann.click("help-open");
    ann.sees("help", "Keys and help");
    look(&ann, "help");
    ann.click("help-close");

    transfers(&place, &ann, &mut bob, look);
    shelves(&ann, look);

    shelf.kill_relay();
    ann.sees("link", "reconnecting");
    look(&ann, "reconnecting");
    shelf.start_relay();
    ann.is_online();
    bob.keys("\x15");
    ann.asks("find('say').value = ''", &Value::Null);
    ann.enter("say", "never said");
    ann.sees("held", "never said");
    shelf.relay().interrupt();
    ann.sees("ended-unsent", "never said");
    look(&ann, "ended");
    ann.is_sound();
}

fn talk(ann: &Page, bob: &mut Terminal) {
    ann.enter("say", "did you get the build? it is at https://example.org/build");
    bob.sees("did you get the build?");
    bob.line("yes, thank you; and now something long ".repeat(6).trim_end());
    ann.sees("log", "something long");
    ann.enter("say", "good");
    bob.sees("good");
    ann.enter("say", "and this is held until it is my turn");
    ann.write("say", "and this is being written");
    bob.keys("writing");
    ann.sees("typing", "bob is typing");
    ann.marked("good", "shown");
}

/// Turns a narrow window to the transfers.
fn turned(page: &Page, look: &mut dyn FnMut(&Page, &str), state: &str) {
    page.asks("find('view-transfers').click()", &Value::Null);
    look(page, state);
    page.asks("find('view-talk').click()", &Value::Null);
}

fn transfers(place: &Place, ann: &Page, bob: &mut Terminal, look: &mut dyn FnMut(&Page, &str)) {
    fs::write(place.dir("bob").join("film.mkv"), contents(60 << 20, 9)).expect("written");
    fs::write(place.dir("bob").join("note.txt"), "a note").expect("written");
    bob.keys("\x15");
    bob.line("/send film.mkv");
    let id = ann.transfer("film.mkv");
    ann.sees(&format!("accept-{id}"), "Accept");
    turned(ann, look, "offer");
    ann.click(&format!("accept-{id}"));
    let moving = "const e = find(args[0]); return seen(e) && e.value > 0 && seen(find('chart'))";
    ann.waits("some percent", moving, &json!([format!("progress-{id}")]));
    bob.line("/send note.txt");
    let note = ann.transfer("note.txt");
    ann.click(&format!("accept-{note}"));
    ann.sees(&format!("state-{note}"), "verified");
    turned(ann, look, "transfer moving");
    ann.click(&format!("cancel-{id}"));
    ann.sees(&format!("state-{id}"), "cancelled");
}

fn shelves(ann: &Page, look: &mut dyn FnMut(&Page, &str)) {
    ann.click("shelf-open");
    ann.sees("shelf-login", "asks who you are");
    ann.write("shelf-name", "ann");
    ann.enter("shelf-password", "wrong horse");
    ann.sees("shelf-wrong", "wrong");
    look(ann, "login");
    ann.enter("shelf-password", PASSWORD);
    ann.sees("shelf-files", "report.pdf");
    ann.click("shelf-tick-report.pdf");
    ann.sees("shelf-chosen", "1 file");
    look(ann, "shelf");
    ann.click("shelf-close");
}
