//! The situations at the relay's shelf.

use super::super::app::Input;
use super::super::stage::{GIB, MIB, Stage};
use super::{plain, your_turn_empty};
use crate::engine::Event;
use crate::engine::shelf::{Event as Heard, ShelfFigures};
use couplet::account::Rights;
use couplet::path::SafeName;
use couplet::shelf::list::{Page, Query, Shelved};
use couplet::shelf::message::{ShelfFault, Terms};
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::{Connection, End, ErrandId, Event as Told, Wish};
use couplet::transfer::book::TransferId;
use couplet::transfer::entry::Stamp;
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::outcome::{Outcome, Problems};
use std::time::Duration;

pub(in crate::terminal) const SCENES: &[super::Scene] = &[
    ("shelf_looking", looking),
    ("shelf_list", list),
    ("shelf_search", search),
    ("shelf_no_match", no_match),
    ("shelf_empty", empty),
    ("shelf_long", long),
    ("shelf_none", none),
    ("shelf_not_open", not_open),
    ("shelf_lost", lost),
    ("shelf_login", login),
    ("shelf_login_new_relay", login_new_relay),
    ("shelf_login_wrong", login_wrong),
    ("shelf_getting", getting),
    ("shelf_got", got),
    ("plain_shelf", in_plain_room),
];

/// What is heard of the visit.
pub(in crate::terminal) fn hear(stage: &mut Stage, heard: Heard) {
    stage.give(Input::Shelf(heard));
}

pub(in crate::terminal) fn told(stage: &mut Stage, told: Told) {
    hear(stage, Heard::Visit(told));
}

pub(in crate::terminal) fn name(name: &str) -> ShelfName {
    ShelfName::new(name).unwrap()
}

pub(in crate::terminal) fn terms(rights: Rights) -> Told {
    let terms = Terms { login: false, rights, folders: true, max_file: None };
    Told::Connection(Connection::There(terms))
}

pub(in crate::terminal) fn shelved(file: &str, size: u64, byte: Option<u8>) -> Shelved {
    let mtime = Stamp(1_790_000_000 + i64::try_from(size % 1_000_000).unwrap(), 0);
    Shelved { name: name(file), size, mtime, hash: byte.map(|byte| [byte; 32]) }
}

pub(in crate::terminal) fn page(files: Vec<Shelved>) -> Page {
    let total_bytes = files.iter().map(|file| file.size).sum();
    Page { total_files: files.len() as u64, total_bytes, files, ..Page::default() }
}

fn files() -> Vec<Shelved> {
    vec![
        shelved("2026/notes.txt", 812, Some(0x3f)),
        shelved("big.iso", 3 * GIB + 712 * MIB, None),
        shelved(
            "ein sehr langer Name, der gekürzt werden muß, wo es eng ist.tar.zst",
            9,
            Some(0xee),
        ),
        shelved("photo.png", 4 * MIB + 17, Some(0xa2)),
        shelved("report.pdf", 38 * MIB, Some(0x07)),
        shelved("音楽.flac", 61 * MIB, Some(0x51)),
    ]
}

fn looking() -> Stage {
    let mut stage = your_turn_empty();
    stage.keys("F3");
    hear(&mut stage, Heard::Wanted(ErrandId(1), Wish::List(Query::default())));
    stage
}

/// With these rights, and these files.
pub(in crate::terminal) fn with(rights: Rights, files: Vec<Shelved>) -> Stage {
    let mut stage = looking();
    told(&mut stage, terms(rights));
    told(&mut stage, Told::List(Some(ErrandId(1)), page(files)));
    told(&mut stage, Told::Ended(ErrandId(1), End::Listed));
    stage
}

pub(in crate::terminal) fn list() -> Stage {
    let mut stage = with(Rights::GET.and(Rights::PUT), files());
    stage.keys("Down");
    stage
}

fn search() -> Stage {
    let mut stage = list();
    stage.write("PDF");
    stage
}

fn no_match() -> Stage {
    let mut stage = list();
    stage.write("*.doc");
    stage
}

fn empty() -> Stage {
    with(Rights::ALL, Vec::new())
}

fn long() -> Stage {
    let files =
        (0..200).map(|number| shelved(&format!("file-{number:03}.bin"), number * MIB, None));
    let mut stage = with(Rights::GET, files.collect());
    stage.draw(80, 24);
    stage.keys("PgDn PgDn");
    stage
}

fn closed(code: ShelfFault, text: &str) -> Stage {
    let mut stage = looking();
    let refused = Connection::Refused(code, text.to_owned(), None);
    told(&mut stage, Told::Connection(refused));
    told(&mut stage, Told::Ended(ErrandId(1), End::GivenUp(text.to_owned())));
    told(&mut stage, Told::Over);
    stage
}

fn none() -> Stage {
    closed(
        ShelfFault::NoShelf,
        "this relay has no shelf; its operator can give it one with --shelf DIR",
    )
}

fn not_open() -> Stage {
    let text =
        "this shelf is open only to the relay's own machine; ask its operator for an account";
    closed(ShelfFault::Closed, text)
}

fn lost() -> Stage {
    let mut stage = getting();
    let (text, wait) = ("the relay is gone".to_owned(), Duration::from_secs(1));
    told(&mut stage, Told::Connection(Connection::Lost { text, wait }));
    stage
}

pub(in crate::terminal) fn login() -> Stage {
    let mut stage = looking();
    told(&mut stage, Told::LoginWanted);
    stage.write("ann").keys("Enter").write("otter");
    stage
}

fn login_new_relay() -> Stage {
    let mut stage = your_turn_empty();
    stage.give(Input::Engine(Event::RelayIsNew));
    stage.keys("F3");
    told(&mut stage, Told::LoginWanted);
    stage
}

fn login_wrong() -> Stage {
    let mut stage = login();
    stage.keys("Enter");
    let text = "the user or the password is wrong".to_owned();
    told(&mut stage, Told::LoginFailed { text });
    stage
}

/// A file is fetched; `errand` is its name in the visit and `number` among the transfers.
pub(in crate::terminal) fn fetch(stage: &mut Stage, file: &str, errand: u32, number: u32) {
    hear(stage, Heard::Wanted(ErrandId(errand), Wish::Get { name: name(file) }));
    let asked = stage.app.shelf.last_serial;
    stage.give(Input::Engine(Event::Number { asked, id: TransferId(number) }));
}

pub(in crate::terminal) fn moves(stage: &mut Stage, errand: u32, done: u64, size: u64) {
    hear(stage, Heard::Started { id: ErrandId(errand), held: 0, size: Some(size) });
    let figures = ShelfFigures {
        done,
        size: Some(size),
        rate: Some(11 * MIB),
        remaining: Some(Duration::from_secs((size - done) / (11 * MIB))),
        stalled_for: None,
    };
    hear(stage, Heard::Progress(ErrandId(errand), figures));
}

pub(in crate::terminal) fn offer(file: &str, size: u64) -> Offer {
    let name = SafeName::new(file).unwrap();
    Offer { name, form: Form::File, size: Some(size), on_disk: None, entries: 1, mtime: None }
}

/// It is through, and verified.
pub(in crate::terminal) fn verified(saved_as: &str) -> End {
    let saved_as = saved_as.to_owned();
    End::Moved(Outcome::Verified { saved_as, problems: Problems::default() })
}

pub(in crate::terminal) fn getting() -> Stage {
    let mut stage = list();
    fetch(&mut stage, "report.pdf", 2, 1);
    moves(&mut stage, 2, 38 * MIB, 38 * MIB);
    told(&mut stage, Told::Ended(ErrandId(2), verified("report.pdf")));
    fetch(&mut stage, "big.iso", 3, 2);
    moves(&mut stage, 3, GIB, 3 * GIB + 712 * MIB);
    fetch(&mut stage, "photo.png", 4, 3);
    stage
}

pub(crate) fn got() -> Stage {
    let mut stage = getting();
    stage.keys("Esc");
    let put = Wish::Put { offer: offer("draft.txt", 5120) };
    hear(&mut stage, Heard::Wanted(ErrandId(5), put));
    let asked = stage.app.shelf.last_serial;
    stage.give(Input::Engine(Event::Number { asked, id: TransferId(4) }));
    let text = "your account may not lay files down (put)".to_owned();
    told(&mut stage, Told::Ended(ErrandId(5), End::Refused(ShelfFault::NotAllowed, text)));
    stage
}

fn in_plain_room() -> Stage {
    let mut stage = plain::your_turn();
    stage.keys("F3");
    hear(&mut stage, Heard::Wanted(ErrandId(1), Wish::List(Query::default())));
    told(&mut stage, terms(Rights::GET));
    told(&mut stage, Told::List(Some(ErrandId(1)), page(files())));
    fetch(&mut stage, "photo.png", 2, 1);
    moves(&mut stage, 2, MIB, 4 * MIB + 17);
    stage
}
