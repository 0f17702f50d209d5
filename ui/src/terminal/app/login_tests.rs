//! Who the user is at the shelf: how it is asked, and how it isn't answered.

use super::super::super::scenes::shelf::{
    getting, hear, list, login, name, offer, page, shelved, terms, told,
};
use super::super::super::scenes::your_turn_empty;
use super::super::super::stage::Stage;
use super::super::Input;
use super::*;
use crate::engine::Event;
use crate::engine::shelf::Event as Heard;
use couplet::account::Rights;
use couplet::shelf::message::ShelfFault;
use couplet::shelf::visit::{Connection, ErrandId, Event as Told, Wish};

const WRONG: &str = "the user or the password is wrong";

/// What was asked of the visit since the last time, and whether it was ended.
fn asked(stage: &mut Stage) -> Vec<Effect> {
    let mut effects = std::mem::take(&mut stage.effects);
    effects.retain(|effect| matches!(effect, Effect::Shelf(_) | Effect::EndVisit));
    effects
}

fn log_in(user: &str, password: &str) -> Effect {
    let (user, password) = (user.to_owned(), Password(password.to_owned()));
    Effect::Shelf(Command::LogIn { user, password })
}

/// The user, whether there is a password to be typed, and how much of it is.
fn form(stage: &Stage) -> Option<(String, bool, usize)> {
    let login = stage.app.shelf.login.as_ref()?;
    Some((login.user.text().to_owned(), login.at_password, login.secret.len()))
}

fn user(name: &str, at_password: bool, typed: usize) -> (String, bool, usize) {
    (name.to_owned(), at_password, typed)
}

fn seen(stage: &mut Stage) -> String {
    stage.draw(80, 24).content().iter().map(ratatui::buffer::Cell::symbol).collect()
}

fn newest(stage: &Stage) -> &str {
    let conversation = &stage.app.conversation;
    &conversation.entry(conversation.len() - 1).unwrap().text
}

/// Ann is logged in, and back in the conversation.
fn ann_is_inside() -> Stage {
    let mut stage = login();
    stage.keys("Enter");
    told(&mut stage, terms(Rights::ALL));
    told(&mut stage, Told::List(Some(ErrandId(1)), page(vec![shelved("report.pdf", 1, Some(1))])));
    stage.keys("Esc");
    asked(&mut stage);
    stage
}

/// `env.sh` is to be laid down.
fn put(stage: &mut Stage) {
    stage.write("/put env.sh").keys("Enter");
    hear(stage, Heard::Wanted(ErrandId(9), Wish::Put { offer: offer("env.sh", 5) }));
    let asked = stage.app.shelf.last_serial;
    stage.give(Input::Engine(Event::Number { asked, id: TransferId(9) }));
}

#[test]
fn whoever_does_not_want_to_be_somebody_else_stays_who_they_are() {
    for leave in ["Esc", "F3", "Ctrl-c"] {
        let mut stage = ann_is_inside();
        stage.write("/shelf zzz").keys("Enter");
        assert_eq!(form(&stage), Some(user("zzz", true, 0)));
        assert!(seen(&mut stage).contains("You are logged in as ann."), "{}", seen(&mut stage));
        stage.write("half a pass").keys(leave);
        assert_eq!(asked(&mut stage), [list_from_start()], "{leave}");
        assert_eq!((stage.app.overlay, stage.app.draft()), (None, ""));
        stage.keys("F3");
        assert_eq!(form(&stage), None);
        assert!(seen(&mut stage).contains("report.pdf"));
        stage.keys("Esc");
        put(&mut stage);
        assert_eq!((stage.app.overlay, form(&stage)), (None, None));
    }
}

fn list_from_start() -> Effect {
    super::list(None)
}

#[test]
fn somebody_else_logs_in_with_a_password_and_not_before() {
    let mut stage = ann_is_inside();
    stage.write("/shelf zzz").keys("Enter");
    // The relay is met again meanwhile, or tells the list: what is typed stays where it is.
    told(&mut stage, terms(Rights::ALL));
    stage.write("lamp");
    assert_eq!(form(&stage), Some(user("zzz", true, 4)));
    asked(&mut stage);
    stage.keys("Enter");
    let expected = [Effect::EndVisit, log_in("zzz", "lamp"), list_from_start()];
    assert_eq!(asked(&mut stage), expected);
    told(&mut stage, Told::LoginFailed { text: WRONG.to_owned() });
    assert_eq!(form(&stage), Some(user("zzz", true, 0)));
    // The visit of ann is over by now, so she is asked for her password.
    stage.keys("Esc F3");
    told(&mut stage, Told::LoginWanted);
    assert_eq!(form(&stage), Some(user("ann", true, 0)));

    let mut stage = ann_is_inside();
    stage.write("/shelf zzz").keys("Enter").write("lamp").keys("Enter");
    told(&mut stage, terms(Rights::GET));
    assert_eq!(stage.app.shelf.inside.as_deref(), Some("zzz"));
    asked(&mut stage);
    // Who it is already isn't asked; the list is awaited as it is.
    stage.keys("Esc").write("/shelf zzz").keys("Enter");
    assert_eq!((form(&stage), asked(&mut stage)), (None, vec![]));
}

#[test]
fn what_waits_for_a_login_waits_on_and_goes_with_it() {
    let mut stage = your_turn_empty();
    put(&mut stage);
    told(&mut stage, Told::LoginWanted);
    assert_eq!(form(&stage), Some(user("", false, 0)));
    asked(&mut stage);
    // F3 is what opens the form, and not what gives it up.
    stage.write("an").keys("F3");
    assert_eq!((stage.app.overlay, asked(&mut stage)), (None, vec![]));
    stage.keys("F3").write("n");
    assert_eq!(form(&stage), Some(user("ann", false, 0)));
    stage.effects.clear();
    stage.keys("Esc");
    assert_eq!(asked(&mut stage), [Effect::EndVisit]);
    assert_eq!(newest(&stage), "env.sh isn't laid down: you left the shelf");
}

#[test]
fn what_is_no_account_is_not_asked_about() {
    let mut stage = list();
    stage.keys("Esc");
    asked(&mut stage);
    stage.write("/shelf delete o").keys("Enter");
    let notice = stage.app.notice.clone().unwrap();
    assert!(notice.starts_with("/shelf takes nothing after it, or the name of"), "{notice}");
    assert!(notice.contains("not delete o;"), "{notice}");
    // What is refused goes, and Up brings it back.
    assert_eq!((asked(&mut stage), stage.app.draft()), (vec![], ""));
    assert_eq!(stage.keys("Up").app.draft(), "/shelf delete o");
    stage.keys("Ctrl-c").write("/shelf ann").keys("Enter");
    let notice = stage.app.notice.clone();
    assert_eq!(notice.as_deref(), Some("this shelf asks nobody who they are"));
    let mut stage = login();
    asked(&mut stage);
    stage.keys("Tab").write(" O").keys("Enter Enter");
    let notice = stage.app.notice.clone().unwrap();
    assert!(notice.contains("no name of an account"), "{notice}");
    assert_eq!((asked(&mut stage), form(&stage)), (vec![], Some(user("ann O", false, 5))));
}

#[test]
fn what_is_typed_when_the_way_is_lost_is_not_shown() {
    let mut stage = login();
    let refused = Connection::Refused(ShelfFault::RelayFull, "full".into(), None);
    told(&mut stage, Told::Connection(refused));
    told(&mut stage, Told::Over);
    stage.write("lamp").give(Input::Paste("lamp".into()));
    assert_eq!((stage.app.shelf.search.text(), stage.app.draft()), ("", ""));
    assert!(!seen(&mut stage).contains("lamp"));
}

#[test]
fn keys_that_do_nothing_are_not_offered() {
    let mut stage = login();
    asked(&mut stage);
    for sent in [false, true] {
        let keys: Vec<_> = stage.app.hints().into_iter().map(|hint| hint.key).collect();
        let expected: &[&str] = if sent { &["Esc"] } else { &["Enter", "Tab", "Esc"] };
        assert_eq!(keys, expected);
        assert!(!seen(&mut stage).contains("F5"));
        stage.keys("F5");
        assert_eq!(asked(&mut stage), []);
        stage.keys("Enter");
        asked(&mut stage);
    }
}

#[test]
fn what_the_environment_says_is_used_once() {
    let mut stage = your_turn_empty();
    stage.app.shelf.environment.account = Some("ann".parse().unwrap());
    stage.keys("F3");
    told(&mut stage, Told::LoginWanted);
    assert_eq!(form(&stage), Some(user("ann", true, 0)), "the password alone is asked for");

    let with_password = || {
        let mut stage = your_turn_empty();
        stage.app.shelf.environment.account = Some("ann".parse().unwrap());
        stage.app.shelf.environment.password = Some(Password("lamp".into()));
        stage
    };
    let mut stage = with_password();
    put(&mut stage);
    asked(&mut stage);
    told(&mut stage, Told::LoginWanted);
    assert_eq!((asked(&mut stage), stage.app.overlay), (vec![log_in("ann", "lamp")], None));
    told(&mut stage, Told::LoginFailed { text: WRONG.to_owned() });
    assert_eq!((asked(&mut stage), form(&stage)), (vec![], Some(user("ann", true, 0))));
    assert_eq!(stage.app.overlay, Some(Overlay::Shelf));

    // Once it was right, it is of use for the next visit, too.
    let mut stage = with_password();
    for _ in 0..2 {
        stage.keys("F3");
        told(&mut stage, Told::LoginWanted);
        assert!(asked(&mut stage).contains(&log_in("ann", "lamp")));
        told(&mut stage, terms(Rights::GET));
        told(&mut stage, Told::Over);
        stage.keys("Esc");
    }
    // Not for somebody else, and not to a relay that nobody has looked at.
    stage.write("/shelf zzz").keys("Enter");
    told(&mut stage, Told::LoginWanted);
    let logs_in = |effect: &Effect| matches!(effect, Effect::Shelf(Command::LogIn { .. }));
    assert!(!asked(&mut stage).iter().any(logs_in));
    let mut stage = with_password();
    stage.give(Input::Engine(Event::RelayIsNew)).keys("F3");
    told(&mut stage, Told::LoginWanted);
    assert!(!asked(&mut stage).iter().any(logs_in));
    assert_eq!(form(&stage), Some(user("ann", true, 0)));
}

#[test]
fn what_is_under_way_is_cancelled_by_a_new_login_alone() {
    let mut stage = getting();
    stage.app.shelf.inside = Some("ann".to_owned());
    stage.keys("Esc").write("/shelf zzz").keys("Enter");
    assert!(seen(&mut stage).contains("and stops"));
    stage.keys("Esc");
    asked(&mut stage);
    assert_eq!(stage.app.shelf.errands.len(), 2);
    assert_eq!(
        stage.app.get(name("big.iso"), &mut Vec::new()),
        Err("big.iso is being fetched already".to_owned())
    );
}
