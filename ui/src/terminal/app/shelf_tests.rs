//! What keys and events at the shelf do.

use super::super::scenes::shelf::{
    fetch, getting, hear, list, login, moves, name, offer, page, shelved, terms, told, verified,
    with,
};
use super::super::scenes::{self, your_turn_empty};
use super::super::stage::{MIB, Stage};
use super::super::transfers::Stage as At;
use super::*;
use crate::engine::Event;
use crate::engine::shelf::{Command as Ask, Event as Heard};
use couplet::account::Rights;
use couplet::shelf::list::{Page, Query};
use couplet::shelf::message::{Password, ShelfFault};
use couplet::shelf::visit::{Connection, End, ErrandId, Event as Told, Wish};
use couplet::transfer::book::{Direction, TransferId};
use std::time::Duration;

/// What was asked of the visit since the last time.
fn asked(stage: &mut Stage) -> Vec<Ask> {
    let effects = std::mem::take(&mut stage.effects);
    let mut asked = Vec::new();
    for effect in effects {
        if let Effect::Shelf(command) = effect {
            asked.push(command);
        }
    }
    asked
}

fn query(after: Option<&str>) -> Ask {
    Ask::List(Query { pattern: None, after: after.map(name), hashes: true })
}

/// The lines of the conversation.
fn lines(stage: &Stage) -> Vec<String> {
    let conversation = &stage.app.conversation;
    (0..conversation.len())
        .filter_map(|at| conversation.entry(at))
        .map(|it| it.text.clone())
        .collect()
}

/// What is seen.
fn seen(stage: &mut Stage) -> String {
    stage.draw(80, 24).content().iter().map(ratatui::buffer::Cell::symbol).collect()
}

/// The newest of them.
fn last_line(stage: &Stage) -> String {
    lines(stage).pop().unwrap_or_default()
}

#[test]
fn f3_looks_and_enter_fetches_what_is_chosen() {
    let mut stage = your_turn_empty();
    stage.keys("F3");
    assert_eq!(asked(&mut stage), [query(None)]);
    // Once is enough, as long as it is awaited.
    stage.keys("F5 Ctrl-r Esc F3");
    assert_eq!(asked(&mut stage), []);
    let mut stage = list();
    asked(&mut stage);
    stage.write("PDF").keys("Enter");
    assert_eq!(asked(&mut stage), [Ask::Get(name("report.pdf"))]);
    stage.keys("Enter");
    assert_eq!(asked(&mut stage), []);
    assert_eq!(stage.app.notice.as_deref(), Some("report.pdf is being fetched already"));
    // Nothing of it was written to the peer.
    assert_eq!(stage.app.draft(), "");
    stage.keys("Esc");
    assert_eq!(stage.app.overlay, None);
}

#[test]
fn what_is_fetched_is_a_transfer_like_the_others() {
    let mut stage = list();
    stage.effects.clear();
    hear(&mut stage, Heard::Wanted(ErrandId(2), Wish::Get { name: name("report.pdf") }));
    assert_eq!(stage.effects, [Effect::Engine(Command::Number(1))]);
    assert!(stage.app.transfers.all().is_empty(), "it has no number yet");
    let id = TransferId(7);
    stage.give(Input::Engine(Event::Number { asked: 1, id }));
    let known = stage.app.transfers.get(id).unwrap();
    assert_eq!((known.stage(), known.size()), (At::Queued, Some(38 * MIB)));
    assert_eq!(known.info.direction, Direction::Incoming);
    moves(&mut stage, 2, 19 * MIB, 38 * MIB);
    let known = stage.app.transfers.get(id).unwrap();
    assert_eq!(
        (known.stage(), known.percent(), known.rate()),
        (At::Moving, Some(50), Some(11 * MIB))
    );
    let wait = Duration::from_secs(1);
    told(&mut stage, Told::Connection(Connection::Lost { text: "gone".into(), wait }));
    assert_eq!(stage.app.transfers.get(id).unwrap().stage(), At::Interrupted);
    moves(&mut stage, 2, 38 * MIB, 38 * MIB);
    told(&mut stage, Told::Ended(ErrandId(2), verified("report.pdf")));
    assert_eq!(stage.app.transfers.get(id).unwrap().stage(), At::Over);
    assert_eq!(
        last_line(&stage),
        "report.pdf fetched from the shelf, verified, saved in downloads/"
    );
    // And again, for it is through.
    assert_eq!(stage.app.get(name("report.pdf"), &mut Vec::new()), Ok(()));
}

#[test]
fn how_it_ends_calls_whoever_is_elsewhere() {
    let missing = End::Missing { text: "there is no x".into(), page: Page::default() };
    for (end, calls) in [(verified("x"), true), (missing, true), (End::Cancelled, false)] {
        let mut stage = list();
        stage.give(Input::Focus(false)).wait(Duration::from_secs(10));
        hear(&mut stage, Heard::Wanted(ErrandId(2), Wish::Get { name: name("x") }));
        stage.give(Input::Engine(Event::Number { asked: 1, id: TransferId(1) }));
        stage.effects.clear();
        told(&mut stage, Told::Ended(ErrandId(2), end));
        assert_eq!(stage.effects.contains(&Effect::Bell), calls, "{:?}", stage.effects);
    }
}

#[test]
fn what_ends_before_it_has_a_number_is_told_once_it_has() {
    let mut stage = list();
    hear(&mut stage, Heard::Wanted(ErrandId(2), Wish::Get { name: name("gone") }));
    let end = End::Missing { text: "there is no gone on the shelf".into(), page: Page::default() };
    told(&mut stage, Told::Ended(ErrandId(2), end));
    stage.give(Input::Engine(Event::Number { asked: 1, id: TransferId(1) }));
    assert_eq!(last_line(&stage), "gone: there is no gone on the shelf");
    assert_eq!(stage.app.transfers.all().len(), 1);
    assert!(stage.app.shelf.errands.is_empty());
}

#[test]
fn it_is_cancelled_by_its_number_and_not_paused() {
    let mut stage = getting();
    stage.keys("Esc");
    asked(&mut stage);
    stage.write("/pause 2").keys("Enter");
    let text = "a transfer with the shelf can't be paused; /cancel 2 stops it";
    assert_eq!(stage.app.notice.as_deref(), Some(text));
    stage.keys("Ctrl-C").write("/cancel 2 drop").keys("Enter");
    assert!(stage.app.notice.as_deref().unwrap().contains("is kept"), "{:?}", stage.app.notice);
    stage.keys("Ctrl-C").write("/cancel 2").keys("Enter");
    assert_eq!(asked(&mut stage), [Ask::Cancel(ErrandId(3))]);
    told(&mut stage, Told::Ended(ErrandId(3), End::Cancelled));
    let line = "you cancelled big.iso; what has come is kept: /get big.iso goes on";
    assert_eq!(last_line(&stage), line);
    // The same in the list of transfers.
    stage.keys("F2 p");
    assert!(stage.app.notice.as_deref().unwrap().contains("can't be paused"));
    stage.keys("c");
    assert_eq!(asked(&mut stage), [Ask::Cancel(ErrandId(4))]);
}

#[test]
fn the_next_page_is_asked_for_as_the_end_comes_near() {
    let mut stage = your_turn_empty();
    stage.keys("F3");
    asked(&mut stage);
    told(&mut stage, terms(Rights::GET));
    let many =
        |from: usize, to| (from..to).map(|n| shelved(&format!("f{n:04}"), 1, None)).collect();
    let first = Page { more: true, total_files: 300, ..page(many(0, 256)) };
    told(&mut stage, Told::List(Some(ErrandId(1)), first));
    stage.draw(80, 24);
    assert_eq!(asked(&mut stage), []);
    stage.keys("End");
    assert_eq!(asked(&mut stage), [query(Some("f0255"))]);
    // Only once.
    stage.keys("Up Down End");
    assert_eq!(asked(&mut stage), []);
    told(&mut stage, Told::List(Some(ErrandId(2)), page(many(256, 300))));
    assert_eq!(stage.app.shelf.files.len(), 300);
    stage.keys("End Enter");
    assert_eq!(asked(&mut stage), [Ask::Get(name("f0299"))]);
}

#[test]
fn a_search_fetches_all_pages_and_a_page_of_nothing_new_is_the_last() {
    let mut stage = your_turn_empty();
    stage.keys("F3");
    told(&mut stage, terms(Rights::GET));
    let files = vec![shelved("a", 1, None), shelved("b", 1, None)];
    let again = Page { more: true, ..page(files) };
    stage.draw(80, 24);
    asked(&mut stage);
    told(&mut stage, Told::List(Some(ErrandId(1)), again.clone()));
    assert_eq!(asked(&mut stage), [query(Some("b"))]);
    told(&mut stage, Told::List(Some(ErrandId(2)), again));
    assert_eq!(asked(&mut stage), [], "a relay that repeats itself isn't asked for ever");
    assert_eq!(stage.app.shelf.files.len(), 2);
}

#[test]
fn a_password_goes_to_the_relay_and_nowhere_else() {
    let mut stage = login();
    asked(&mut stage);
    let shown = format!("{:?}", stage.app);
    assert!(!shown.contains("otter"), "it is in the state's Debug");
    stage.keys("Enter");
    let [Ask::LogIn { user, password }] = &asked(&mut stage)[..] else { panic!("no login") };
    assert_eq!((user.as_str(), password), ("ann", &Password("otter".into())));
    // What is typed while the relay looks is nobody's.
    stage.write("more").keys("Enter");
    assert_eq!(asked(&mut stage), []);
    told(&mut stage, Told::LoginFailed { text: "that is wrong".into() });
    let again = stage.app.shelf.login.as_ref().unwrap();
    assert_eq!((again.user.text(), again.secret.len(), again.at_password), ("ann", 0, true));
    stage.give(Input::Paste("lamp\n/send x".into())).keys("Enter");
    let password = Password("lamp".into());
    assert_eq!(asked(&mut stage), [Ask::LogIn { user: "ann".into(), password }]);
    told(&mut stage, terms(Rights::GET));
    assert!(stage.app.shelf.login.is_none());
    stage.keys("Esc Up");
    assert_eq!(stage.app.draft(), "", "nothing of it is in the history");
}

#[test]
fn whoever_does_not_log_in_ends_the_visit() {
    let mut stage = login();
    stage.app.get(name("x"), &mut Vec::new()).unwrap();
    stage.effects.clear();
    stage.keys("Esc");
    assert_eq!(stage.effects, [Effect::EndVisit]);
    assert_eq!(stage.app.overlay, None);
    assert_eq!(last_line(&stage), "x isn't fetched: you left the shelf");
    stage.effects.clear();
    stage.write("/shelf ann").keys("Enter");
    assert!(asked(&mut stage).contains(&query(None)));
    told(&mut stage, Told::LoginWanted);
    let login = stage.app.shelf.login.as_ref().unwrap();
    assert_eq!((login.user.text(), login.at_password), ("ann", true));
}

#[test]
fn the_question_who_it_is_does_not_come_between_words() {
    let mut stage = your_turn_empty();
    stage.write("/get x").keys("Enter").write("half a se");
    told(&mut stage, Told::LoginWanted);
    stage.write("ntence");
    assert_eq!((stage.app.overlay, stage.app.draft()), (None, "half a sentence"));
    assert_eq!(last_line(&stage), "the shelf asks who you are: F3 to log in");
}

#[test]
fn it_does_not_come_by_itself_when_the_relay_likes() {
    let mut stage = your_turn_empty();
    stage.write("/get x").keys("Enter").wait(Duration::from_mins(1));
    told(&mut stage, Told::LoginWanted);
    stage.write("words for the peer");
    assert_eq!((stage.app.overlay, stage.app.draft()), (None, "words for the peer"));
    assert_eq!(last_line(&stage), "the shelf asks who you are: F3 to log in");
    stage.keys("Ctrl-c").write("/get x").keys("Tab");
    assert_eq!(stage.app.notice.as_deref(), Some("the shelf asks who you are: F3 to log in"));
}

#[test]
fn what_is_asked_while_a_page_is_awaited_is_not_mixed_up_with_it() {
    let mut stage = your_turn_empty();
    stage.keys("F3");
    told(&mut stage, terms(Rights::GET));
    let [a, b, c] = ["a", "b", "c"].map(|name| shelved(name, 1, Some(1)));
    let first = Page { more: true, ..page(vec![a.clone(), b.clone()]) };
    told(&mut stage, Told::List(Some(ErrandId(1)), first.clone()));
    stage.draw(80, 24);
    asked(&mut stage);
    stage.keys("F5");
    assert_eq!(asked(&mut stage), [query(None)], "whatever else is awaited");
    told(&mut stage, Told::List(Some(ErrandId(2)), page(vec![c.clone()])));
    assert_eq!(stage.app.shelf.files, [a.clone(), b.clone()], "nobody waits for that one");
    told(&mut stage, Told::List(Some(ErrandId(3)), first));
    assert_eq!(asked(&mut stage), [query(Some("b"))]);
    told(&mut stage, Told::List(Some(ErrandId(4)), page(vec![c.clone()])));
    assert_eq!(stage.app.shelf.files, [a, b, c]);
}

#[test]
fn what_is_not_known_yet_is_not_taken_for_an_empty_shelf() {
    let mut stage = your_turn_empty();
    stage.write("/get report.pdf").keys("Enter");
    told(&mut stage, Told::LoginWanted);
    stage.write("ann").keys("Enter").write("otter").keys("Enter");
    told(&mut stage, terms(Rights::GET));
    // What follows a login is the list.
    told(&mut stage, Told::List(None, page(vec![shelved("report.pdf", MIB, None)])));
    let screen = seen(&mut stage);
    assert!(screen.contains("report.pdf") && !screen.contains("Nothing lies"), "{screen}");

    // Without one it comes behind what was asked for before.
    let mut stage = your_turn_empty();
    stage.write("/get big.iso").keys("Enter F3");
    told(&mut stage, terms(Rights::GET));
    fetch(&mut stage, "big.iso", 1, 1);
    let screen = seen(&mut stage);
    assert!(screen.contains("What is here is told when big.iso is through."), "{screen}");
    stage.keys("Esc").write("/get rep").keys("Tab");
    assert!(stage.app.notice.as_deref().unwrap().contains("Tab again"), "{:?}", stage.app.notice);
}

#[test]
fn a_list_that_is_refused_is_told_and_not_taken_for_an_empty_shelf() {
    let mut stage = with(Rights::GET, Vec::new());
    stage.keys("F5");
    let text = "the shelf can't be read (permission denied); tell its operator".to_owned();
    told(&mut stage, Told::Ended(ErrandId(2), End::Refused(ShelfFault::Storage, text)));
    let screen = seen(&mut stage);
    assert!(screen.contains("The shelf can't be read (permission denied)"), "{screen}");
    assert!(!screen.contains("Nothing lies"), "{screen}");
    stage.keys("F5");
    assert!(asked(&mut stage).ends_with(&[query(None)]));
    told(&mut stage, Told::List(Some(ErrandId(3)), page(vec![shelved("a", 1, None)])));
    let screen = seen(&mut stage);
    assert!(!screen.contains("can't be read"), "{screen}");
}

#[test]
fn what_was_asked_and_never_came_to_be_is_told() {
    let mut stage = your_turn_empty();
    stage.write("/get report.pdf").keys("Enter").write("/put a b").keys("Enter");
    let expected = [Ask::Get(name("report.pdf")), Ask::Put("a".into()), Ask::Put("b".into())];
    assert_eq!(asked(&mut stage), expected);
    let put = Wish::Put { offer: offer("a", 1) };
    hear(&mut stage, Heard::Wanted(ErrandId(1), put));
    stage.give(Input::Engine(Event::Number { asked: 1, id: TransferId(1) }));
    hear(&mut stage, Heard::NotPut("b".into(), "b isn't there".into()));
    let refused = Connection::Refused(ShelfFault::NoShelf, "no shelf here".into(), None);
    told(&mut stage, Told::Connection(refused));
    told(&mut stage, Told::Over);
    let told = lines(&stage);
    for line in ["b isn't there", "a: no shelf here", "report.pdf isn't fetched: no shelf here"] {
        assert!(told.iter().any(|it| it == line), "{line}: {told:?}");
    }
    assert!(stage.app.shelf.asked.is_empty() && stage.app.shelf.errands.is_empty());
}

#[test]
fn names_are_completed_from_the_list() {
    let mut stage = your_turn_empty();
    stage.write("/get rep").keys("Tab");
    assert_eq!(asked(&mut stage), [query(None)]);
    // There is none: the second time it says why.
    let refused = Connection::Refused(ShelfFault::NoShelf, "no shelf here".into(), None);
    told(&mut stage, Told::Connection(refused));
    told(&mut stage, Told::Over);
    stage.keys("Tab");
    assert_eq!(stage.app.notice.as_deref(), Some("no shelf here"));
    let mut stage = list();
    stage.keys("Esc").write("/get rep").keys("Tab");
    assert_eq!(stage.app.draft(), "/get report.pdf");
    stage.keys("Enter");
    assert!(asked(&mut stage).contains(&Ask::Get(name("report.pdf"))));
    stage.write("/get ../x").keys("Enter");
    assert!(
        stage.app.notice.as_deref().unwrap().contains("no file on a shelf"),
        "{:?}",
        stage.app.notice
    );
}

#[test]
fn a_plain_room_has_the_shelf_too() {
    let mut stage = scenes::plain::your_turn();
    stage.write("/get x").keys("Enter");
    assert_eq!(asked(&mut stage), [Ask::Get(name("x"))]);
    fetch(&mut stage, "x", 1, 1);
    moves(&mut stage, 1, 1, 2);
    stage.write("/limit 5M").keys("Enter").write("/cancel").keys("Enter");
    let (limit, cancel) = (Ask::Limit(Some(5 * MIB)), Ask::Cancel(ErrandId(1)));
    assert_eq!(asked(&mut stage), [limit, cancel]);
}

#[test]
fn the_list_keeps_what_is_chosen_when_it_is_looked_at_again() {
    let mut stage = with(Rights::GET, vec![shelved("b", 1, None), shelved("c", 1, None)]);
    stage.keys("Down F5");
    let files = vec![shelved("a", 1, None), shelved("b", 1, None), shelved("c", 1, None)];
    told(&mut stage, Told::List(Some(ErrandId(2)), page(files)));
    assert_eq!(stage.app.shelf.chosen().map(|file| file.name.as_str()), Some("c"));
}

#[test]
fn hashes_that_the_relay_finds_out_are_asked_for_again_while_one_looks() {
    let mut stage = with(Rights::GET, vec![shelved("a", 1, None)]);
    asked(&mut stage);
    let second = Duration::from_secs(1);
    stage.wait(second);
    assert_eq!(asked(&mut stage), [query(None)]);
    told(&mut stage, Told::List(Some(ErrandId(2)), page(vec![shelved("a", 1, None)])));
    stage.keys("Esc").wait(60 * second);
    assert_eq!(asked(&mut stage), [], "nobody looks");
    stage.keys("F3");
    told(&mut stage, Told::List(Some(ErrandId(3)), page(vec![shelved("a", 1, Some(1))])));
    asked(&mut stage);
    stage.wait(60 * second);
    assert_eq!(asked(&mut stage), [], "all are known");
}

#[test]
fn whichever_meets_the_relay_first_tells_the_other() {
    use couplet::session::{Event as SessionEvent, Link};
    let mut stage = list();
    let lost = Connection::Lost { text: "gone".into(), wait: Duration::from_secs(9) };
    let offline = Link::Lost { attempt: 7, retry_in: Duration::from_secs(9) };
    let link = |link| Input::Engine(Event::Session(SessionEvent::Link(link)));
    stage.give(link(offline));
    told(&mut stage, Told::Connection(lost.clone()));
    stage.effects.clear();
    told(&mut stage, terms(Rights::GET));
    assert_eq!(stage.effects, [Effect::Engine(Command::RelayMet)]);
    stage.give(link(offline));
    told(&mut stage, Told::Connection(lost));
    stage.effects.clear();
    stage.give(link(Link::Online));
    assert_eq!(stage.effects, [Effect::Shelf(Ask::RelayMet)]);
    stage.effects.clear();
    told(&mut stage, terms(Rights::GET));
    assert_eq!(stage.effects, [], "both have met it");
}
