//! What pages have sent lies on the disk as long as it is needed, and not a moment longer.

use super::scene::{LONG, Person, Place, met};
use crate::support::browser::Page;
use crate::support::contents;
use crate::support::relay::Relay;
use crate::support::shelf::{PASSWORD, ShelfPlace};
use crate::support::web::eventually;
use couplet::limits::MAX_OPEN_OFFERS;
use serde_json::json;
use std::fs;
use std::path::PathBuf;

const MIB: usize = 1 << 20;

/// Answers of the program to what the page posts to such an address come when `holds` lets them go.
const HOLD: &str = "
    const real = window.fetch;
    window.holds = [];
    window.fetch = async (address, how) => {
        const answer = await real(address, how);
        if (how?.method === 'POST' && String(address).endsWith(args[0]))
            await new Promise((go) => holds.push(go));
        return answer;
    };";

/// Holds the answers to what is posted to addresses that end so.
fn hold(page: &Page, end: &str) {
    page.asks(HOLD, &json!([end]));
}

fn is_held(page: &Page) {
    page.waits("an answer that is held", "return holds.length > 0", &().into());
}

fn let_go(page: &Page) {
    page.asks("for (const go of holds.splice(0)) go()", &().into());
}

/// From now on uploads take their time.
fn slow_down(page: &Page) {
    let how = json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000 });
    page.devtools("Network.enable", &json!({}));
    page.devtools("Network.emulateNetworkConditions", &how);
}

fn has_no_upload(page: &Page) {
    let none = "return all('upload-').every((e) => !seen(e))";
    page.waits("no upload", none, &().into());
}

fn lies_nowhere(person: &Person) {
    eventually("an empty spool", || person.spooled().is_empty());
}

fn lies_there(person: &Person, name: &str) {
    eventually("a file in the spool", || person.spooled().iter().any(|path| path.ends_with(name)));
}

#[test]
fn what_was_declined_cancelled_or_left_lies_nowhere() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let film = place.file("film.mkv", &contents(16 * MIB, 9));
    ann.upload("pick-files", &[&film]);
    let at_bob = bob.transfer("film.mkv");
    lies_there(&ann, "film.mkv");
    bob.click(&format!("decline-{at_bob}"));
    lies_nowhere(&ann);
    ann.sees_of("film.mkv", "declined");

    ann.choose("limit", "262144");
    for who in [&bob, &ann] {
        ann.upload("pick-files", &[&film]);
        bob.waits("an offer", "return all('accept-').some(seen)", &().into());
        let id = bob.accepts("film.mkv");
        let moving = "const e = find(args[0]); return seen(e) && e.value > 0";
        bob.waits("some percent", moving, &json!([format!("progress-{id}")]));
        lies_there(&ann, "film.mkv");
        who.click(&format!("cancel-{}", who.transfer("film.mkv")));
        lies_nowhere(&ann);
    }

    // Of two files the one that is wanted stays, alone.
    let note = place.file("note.txt", b"a note");
    ann.upload("pick-files", &[&film, &note]);
    bob.waits("two offers", "return all('accept-').filter(seen).length === 2", &().into());
    lies_there(&ann, "note.txt");
    bob.click(&format!("decline-{}", bob.transfer("film.mkv")));
    eventually("one of two", || !ann.spooled().iter().any(|path| path.ends_with("film.mkv")));
    lies_there(&ann, "note.txt");

    // With one that is offered, and one that still comes.
    slow_down(&ann);
    ann.upload("pick-files", &[&film]);
    lies_there(&ann, "film.mkv");
    ann.click("leave-bar");
    ann.click("ask-yes");
    ann.sees("ended-text", "fin");
    ann.sees("ended-unfinished", "note.txt, not answered; offer it again");
    lies_nowhere(&ann);
    has_no_upload(&ann);
    bob.sees("log", "left");
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn an_upload_can_be_cancelled_at_every_step() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let film = place.file("film.mkv", &contents(4 * MIB, 9));

    // Before it has a number.
    hold(&ann, "/api/uploads");
    ann.upload("pick-files", &[&film]);
    is_held(&ann);
    ann.click("upload-cancel-1");
    has_no_upload(&ann);
    assert_eq!(ann.spooled().len(), 1, "the program has begun it");
    let_go(&ann);
    lies_nowhere(&ann);
    ann.reload();

    // In the middle.
    slow_down(&ann);
    ann.sees("seal", "sealed");
    ann.upload("pick-files", &[&film]);
    lies_there(&ann, "film.mkv");
    ann.click("upload-cancel-1");
    has_no_upload(&ann);
    lies_nowhere(&ann);

    // By going away: the page has lost what it was reading.
    ann.upload("pick-files", &[&film]);
    lies_there(&ann, "film.mkv");
    ann.reload();
    lies_nowhere(&ann);
    let second = ann.beside("ann's second", &format!("http://{}/", ann.web.address));
    second.sees("seal", "sealed");
    slow_down(&second);
    second.upload("pick-files", &[&film]);
    lies_there(&ann, "film.mkv");
    second.close();
    lies_nowhere(&ann);
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn what_was_handed_over_is_never_shown_as_cancelled() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let note = place.file("note.txt", b"a note");
    hold(&ann, "/send");
    ann.upload("pick-files", &[&note]);
    is_held(&ann);
    // It is offered already, which the page hasn't heard.
    bob.transfer("note.txt");
    ann.click("upload-cancel-1");
    ann.sees("upload-1", "cancelling…");
    let_go(&ann);
    ann.sees("notice", "note.txt was sent on before it could be cancelled");
    has_no_upload(&ann);
    lies_there(&ann, "note.txt");
    ann.click(&format!("cancel-{}", ann.transfer("note.txt")));
    bob.sees_of("note.txt", "cancelled");
    lies_nowhere(&ann);

    // It wasn't taken, as nobody is there any more.
    bob.click("leave-bar");
    bob.click("ask-yes");
    ann.sees("log", "left");
    ann.upload("pick-files", &[&note]);
    is_held(&ann);
    ann.click("upload-cancel-2");
    ann.sees("upload-2", "cancelling…");
    lies_there(&ann, "note.txt");
    let_go(&ann);
    has_no_upload(&ann);
    lies_nowhere(&ann);
    ann.is_sound();
}

#[test]
fn what_is_too_much_to_be_offered_is_not_kept() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let files: Vec<_> =
        (0..MAX_OPEN_OFFERS + 3).map(|at| place.file(&format!("{at}.txt"), b"a note")).collect();
    ann.upload("pick-files", &files.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    ann.sees_within(LONG, "log", "files are offered and unfinished");
    bob.waits_within(
        LONG,
        "all offers",
        "return all('accept-').length === args[0]",
        &json!([MAX_OPEN_OFFERS]),
    );
    let notes = || ann.spooled().iter().filter(|path| path.is_file()).count();
    eventually("only what is offered", || notes() == MAX_OPEN_OFFERS);
    ann.click("leave-bar");
    ann.click("ask-yes");
    lies_nowhere(&ann);
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn files_of_one_name_from_two_pages_arrive_each_with_its_own_bytes() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let second = ann.beside("ann's second", &format!("http://{}/", ann.web.address));
    second.sees("seal", "sealed");
    let bytes = [contents(3 * MIB, 1), contents(2 * MIB, 2), contents(MIB, 3)];
    let files = ["one/a.bin", "two/a.bin", "three/a.bin"];
    let [one, two, three] = [0, 1, 2].map(|at| place.file(files[at], &bytes[at]));
    ann.upload("pick-files", &[&one]);
    second.upload("pick-files", &[&two]);
    // And one that no page has sent.
    ann.enter("say", &format!("/send {}", three.display()));
    bob.waits("three offers", "return all('accept-').filter(seen).length === 3", &().into());
    let ids = bob.asks(
        "return all('accept-').filter(seen).map((e) => Number(e.dataset.test.split('-')[1])).sort()",
        &().into(),
    );
    let ids: Vec<u64> = serde_json::from_value(ids).expect("numbers");
    // The newest first; while the others are not yet read, what is over with is removed.
    for id in ids.iter().rev() {
        bob.click(&format!("accept-{id}"));
        bob.sees(&format!("state-{id}"), "verified ✓");
    }
    let mut came: Vec<_> = fs::read_dir(bob.received(""))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| fs::read(path).expect("a file"))
        .collect();
    came.sort_by_key(Vec::len);
    let mut sent = bytes;
    sent.sort_by_key(Vec::len);
    assert!(came == sent, "{:?}", came.iter().map(Vec::len).collect::<Vec<_>>());
    lies_nowhere(&ann);
    assert!(three.exists(), "what no page has sent is the user's");
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn what_lies_on_the_shelf_lies_nowhere_else() {
    let (place, mut shelf) = (Place::new(), ShelfPlace::with_ann(&[]));
    let ann = place.page_at("ann", &shelf.address, &["--new"]);
    ann.has_a_code();
    ann.click("shelf-open");
    ann.sees("shelf-login", "asks who you are");
    ann.write("shelf-name", "ann");
    ann.enter("shelf-password", PASSWORD);
    ann.sees("shelf-user", "ann");
    let draft = place.file("draft.txt", b"a draft");
    ann.upload("pick-put", &[&draft]);
    ann.sees("shelf-files", "draft.txt");
    lies_nowhere(&ann);
    // What isn't laid down is needed no more either.
    shelf.kill_relay();
    ann.upload("pick-put", &[&draft]);
    lies_there(&ann, "draft.txt");
    ann.click("shelf-logout");
    lies_nowhere(&ann);
    ann.is_sound();
}
