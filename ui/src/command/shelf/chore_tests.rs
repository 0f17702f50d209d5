//! What `couplet shelf` does, as scenes.

use super::*;
use crate::engine::shelf::ShelfFigures;
use couplet::account::Rights;
use couplet::shelf::list::Shelved;
use couplet::shelf::message::{ShelfFault, Terms};
use couplet::shelf::visit::NotTaken;
use couplet::transfer::entry::Stamp;
use couplet::transfer::outcome::Problems;
use couplet::transfer::wire::Fault;

const NOW: Moment = Moment::START;

fn name(text: &str) -> ShelfName {
    ShelfName::new(text).expect("a name")
}

fn file(text: &str, hash: bool) -> Shelved {
    Shelved { name: name(text), size: 3, mtime: Stamp(1, 0), hash: hash.then_some([7; 32]) }
}

fn page(names: &[&str], more: bool, hash: bool) -> Page {
    let files = names.iter().map(|name| file(name, hash)).collect();
    Page { files, more, total_files: names.len() as u64, ..Page::default() }
}

/// A chore whose visit is played by the test.
struct Scene {
    chore: Chore,
    asked: u32,
    now: Moment,
}

impl Scene {
    fn new(task: Task, has_user: bool) -> Self {
        Self { chore: Chore::new(task, has_user, NOW), asked: 0, now: NOW }
    }

    /// What is to be done next, each in a word.
    fn steps(&mut self) -> Vec<String> {
        let steps: Vec<_> = std::iter::from_fn(|| self.chore.poll_step()).collect();
        steps
            .iter()
            .map(|step| match step {
                Step::Do(Command::List(query)) => {
                    let after = query.after.as_ref().map(|name| format!(" after {name}"));
                    let pattern = query.pattern.clone().unwrap_or_default();
                    format!("list {pattern}{}", after.unwrap_or_default()).trim().to_owned()
                }
                Step::Do(Command::Get(name)) => format!("get {name}"),
                Step::Do(command) => format!("{command:?}"),
                Step::Tell(report) => {
                    let json = serde_json::to_value(report).expect("JSON");
                    let name = json["name"].as_str().or(json["code"].as_str()).unwrap_or_default();
                    format!("{} {name}", json["event"].as_str().expect("an event"))
                        .trim()
                        .to_owned()
                }
                Step::Password { wrong, unknown } => {
                    format!("password {} {unknown}", wrong.is_some())
                }
                Step::End(status) => format!("end {status}"),
            })
            .collect()
    }

    fn wanted(&mut self, text: &str) -> ErrandId {
        self.asked += 1;
        let id = ErrandId(self.asked);
        let wish = if text.is_empty() {
            Wish::List(Query::default())
        } else {
            Wish::Get { name: name(text) }
        };
        self.chore.handle_event(Event::Wanted(id, wish), self.now);
        id
    }

    fn visit(&mut self, event: VisitEvent) {
        self.chore.handle_event(Event::Visit(event), self.now);
    }

    fn list(&mut self, pages: &[Page]) {
        for page in pages {
            let id = self.wanted("");
            self.visit(VisitEvent::List(Some(id), page.clone()));
            self.visit(VisitEvent::Ended(id, End::Listed));
        }
    }

    fn ends(&mut self, text: &str, end: End) {
        let id = self.wanted(text);
        self.visit(VisitEvent::Ended(id, end));
    }
}

fn verified() -> End {
    End::Moved(Outcome::Verified { saved_as: "a".into(), problems: Problems::default() })
}

#[test]
fn a_long_list_is_asked_for_page_by_page_and_told_once() {
    let mut scene = Scene::new(Task::List { pattern: Some("x".into()), quick: false }, false);
    assert_eq!(scene.steps(), ["list x"]);
    scene.list(&[page(&["a", "b"], true, true)]);
    assert_eq!(scene.steps(), ["list x after b"]);
    scene.list(&[page(&["c"], false, true)]);
    assert_eq!(scene.steps(), ["file a", "file b", "file c", "listed", "Leave"]);
    scene.visit(VisitEvent::Over);
    assert_eq!(scene.steps(), ["ended", "end 0"]);
}

#[test]
fn hashes_are_waited_for_a_while_unless_it_is_to_be_quick() {
    let mut scene = Scene::new(Task::List { pattern: None, quick: false }, false);
    scene.steps();
    scene.list(&[page(&["a"], false, false)]);
    assert_eq!(scene.steps(), [""; 0]);
    scene.now = scene.chore.poll_timeout().expect("it asks again");
    scene.chore.handle_timeout(scene.now);
    assert_eq!(scene.steps(), ["list"]);
    scene.now = NOW + HASH_PATIENCE;
    scene.list(&[page(&["a"], false, false)]);
    assert_eq!(scene.steps(), ["file a", "listed", "Leave"]);
    let mut quick = Scene::new(Task::List { pattern: None, quick: true }, false);
    quick.steps();
    quick.list(&[page(&["a"], false, false)]);
    assert_eq!(quick.steps(), ["file a", "listed", "Leave"]);
}

#[test]
fn a_list_that_is_refused_is_no_empty_one() {
    for task in [Task::List { pattern: None, quick: false }, Task::Get(vec!["*.png".into()])] {
        let mut scene = Scene::new(task, true);
        scene.steps();
        let hold = Connection::Refused(ShelfFault::SlowDown, "too many".into(), None);
        scene.visit(VisitEvent::Connection(hold));
        scene.ends("", End::GivenUp("too many".into()));
        assert_eq!(scene.steps(), ["Leave"]);
        scene.visit(VisitEvent::Over);
        assert_eq!(scene.steps(), ["ended", format!("end {}", exit::LOGIN).as_str()]);
    }
}

#[test]
fn what_came_of_something_is_kept_and_what_never_began_is_not_said_to_be() {
    for begins in [true, false] {
        let begun = || {
            let mut scene = Scene::new(Task::Get(vec!["a".into()]), false);
            let id = scene.wanted("a");
            if begins {
                scene.chore.handle_event(Event::Started { id, held: 0, size: Some(3) }, NOW);
            }
            scene.steps();
            (scene, id)
        };
        let (mut scene, id) = begun();
        scene.visit(VisitEvent::Ended(id, End::GivenUp("gone".into())));
        let not_done = Report::NotDone { name: "a".to_owned(), kept: begins };
        assert_eq!(scene.chore.poll_step(), Some(Step::Tell(not_done)));
        let (mut scene, _) = begun();
        scene.chore.handle_interrupt(Interrupt::Stop);
        let Some(Step::Tell(Report::Ended { reason: Some(reason), .. })) = scene.chore.poll_step()
        else {
            panic!("it is over");
        };
        assert_eq!(reason.contains("kept"), begins, "{reason}");
    }
}

#[test]
fn names_and_globs_are_fetched_and_the_first_failure_gives_the_status() {
    let wanted = ["moon", "*.png", "b", "z*"].map(str::to_owned).to_vec();
    let mut scene = Scene::new(Task::Get(wanted), false);
    assert_eq!(scene.steps(), ["get moon", "get b"]);
    let missing = End::Missing { text: "there is none".into(), page: page(&["a"], false, false) };
    scene.ends("moon", missing);
    assert_eq!(scene.steps(), ["failed moon", "there"]);
    scene.ends("b", verified());
    assert_eq!(scene.steps(), ["verified b", "list *.png"]);
    scene.list(&[page(&["1.png"], true, false)]);
    assert_eq!(scene.steps(), ["list *.png after 1.png"]);
    scene.list(&[page(&["2.png"], false, false)]);
    assert_eq!(scene.steps(), ["get 1.png", "get 2.png"]);
    scene.ends("1.png", verified());
    let not = NotTaken { taken: true, text: "it is there".into() };
    scene.ends("2.png", End::NotTaken(not));
    assert_eq!(scene.steps(), ["verified 1.png", "failed 2.png", "list z*"]);
    scene.list(&[page(&[], false, false)]);
    assert_eq!(scene.steps(), ["failed z*", "Leave"]);
    scene.visit(VisitEvent::Over);
    assert_eq!(scene.steps(), ["ended", format!("end {}", exit::MISSING).as_str()]);
}

#[test]
fn a_name_that_looks_like_a_glob_and_matches_nothing_is_fetched_as_it_is() {
    let mut scene = Scene::new(Task::Get(vec!["photo [1].png".into()]), false);
    assert_eq!(scene.steps(), ["list photo [1].png"]);
    scene.list(&[page(&[], false, false)]);
    assert_eq!(scene.steps(), ["get photo [1].png"]);
    scene.ends("photo [1].png", verified());
    assert_eq!(scene.steps(), ["verified photo [1].png", "Leave"]);
}

#[test]
fn a_relay_whose_list_goes_round_is_left() {
    for task in [Task::List { pattern: None, quick: true }, Task::Get(vec!["*".into()])] {
        let mut scene = Scene::new(task, false);
        scene.list(&[page(&["a", "b"], true, true)]);
        scene.steps();
        scene.list(&[page(&["a", "b"], true, true)]);
        assert_eq!(scene.steps(), ["Leave"]);
        scene.visit(VisitEvent::Over);
        assert_eq!(scene.steps(), ["ended", format!("end {}", exit::PROTOCOL).as_str()]);
    }
}

#[test]
fn whatever_ends_it_early_is_the_last_that_is_told() {
    for (interrupt, status) in [
        (Interrupt::Stop, exit::INTERRUPTED),
        (Interrupt::Terminate, exit::TERMINATED),
        (Interrupt::Hangup, exit::HANGUP),
    ] {
        let mut scene = Scene::new(Task::Get(vec!["a".into(), "b".into()]), true);
        scene.steps();
        scene.ends("a", End::Refused(ShelfFault::NotAllowed, "no".into()));
        scene.steps();
        scene.chore.handle_interrupt(interrupt);
        assert_eq!(scene.steps(), ["ended", format!("end {status}").as_str()]);
    }
    let mut gone = Scene::new(Task::Get(vec!["a".into()]), true);
    gone.steps();
    gone.chore.handle_gone();
    assert_eq!(gone.steps(), ["ended", "end 1"]);
}

#[test]
fn somebody_says_who_they_are_at_most_three_times() {
    let mut scene = Scene::new(Task::Get(vec!["a".into()]), true);
    scene.steps();
    scene.visit(VisitEvent::LoginWanted);
    assert_eq!(scene.steps(), ["password false false"]);
    for _ in 1..MAX_TRIES {
        scene.chore.handle_password();
        scene.visit(VisitEvent::LoginFailed { text: "wrong".into() });
        assert_eq!(scene.steps(), ["password true false"]);
    }
    scene.chore.handle_password();
    scene.visit(VisitEvent::LoginFailed { text: "wrong".into() });
    assert_eq!(scene.steps(), ["Leave"]);
    scene.visit(VisitEvent::Over);
    assert_eq!(scene.steps().last().map(String::as_str), Some("end 19"));
}

#[test]
fn a_relay_that_is_met_for_the_first_time_is_asked_about_before_a_password_is_sent() {
    let mut scene = Scene::new(Task::Get(vec!["a".into()]), true);
    scene.steps();
    scene.chore.handle_event(Event::Notice("first time".into()), NOW);
    scene.visit(VisitEvent::LoginWanted);
    assert_eq!(scene.steps(), ["notice", "password false true"]);
    scene.chore.handle_no_password("no".into());
    assert_eq!(scene.steps(), ["Leave"]);
    // One that asks only later, too; but not again about one that has had a password.
    let mut later = Scene::new(Task::Get(vec!["a".into()]), true);
    later.steps();
    later.chore.handle_event(Event::Notice("first time".into()), NOW);
    later.visit(VisitEvent::LoginFailed { text: "log in".into() });
    assert_eq!(later.steps(), ["notice", "password true true"]);
    later.chore.handle_password();
    later.visit(VisitEvent::LoginFailed { text: "wrong".into() });
    assert_eq!(later.steps(), ["password true false"]);
    let mut nobody = Scene::new(Task::Get(vec!["a".into()]), false);
    nobody.steps();
    nobody.visit(VisitEvent::LoginWanted);
    assert_eq!(nobody.steps(), ["Leave"]);
}

#[test]
fn every_ending_has_its_status() {
    let failed = |code| End::Moved(Outcome::Failed { code, text: "x".into() });
    let refused = |code| End::Refused(code, "x".into());
    for (end, status) in [
        (failed(Fault::SourceChanged), exit::CHANGED),
        (failed(Fault::Storage), exit::UNWRITABLE),
        (failed(Fault::Mismatch), exit::DAMAGED),
        (refused(ShelfFault::NotAllowed), exit::REFUSED),
        (refused(ShelfFault::InTransit), exit::TAKEN),
        (End::NotTaken(NotTaken { taken: false, text: "no room".into() }), exit::UNWRITABLE),
    ] {
        let mut scene = Scene::new(Task::Get(vec!["a".into()]), false);
        scene.ends("a", end.clone());
        scene.visit(VisitEvent::Over);
        let last = scene.steps().pop();
        assert_eq!(last, Some(format!("end {status}")), "{end:?}");
    }
    for (connection, status) in [
        (Connection::None("x".into()), exit::NO_RELAY),
        (Connection::Distrusted("x".into()), exit::DISTRUSTED),
        (Connection::NoShelf("x".into()), exit::PROTOCOL),
        (Connection::Refused(ShelfFault::Locked, "x".into(), None), exit::LOGIN),
        (Connection::Refused(ShelfFault::RelayFull, "x".into(), None), exit::REFUSED),
    ] {
        let mut scene = Scene::new(Task::Get(vec!["a".into()]), false);
        scene.visit(VisitEvent::Connection(connection.clone()));
        scene.ends("a", End::GivenUp("x".into()));
        scene.visit(VisitEvent::Over);
        assert_eq!(scene.steps().pop(), Some(format!("end {status}")), "{connection:?}");
    }
    let mut put = Scene::new(Task::Put(vec!["a".into()]), false);
    // A visit that takes no more, for whatever reason.
    let mut full = Scene::new(Task::Get(vec!["a".into()]), false);
    full.ends("a", End::GivenUp("x".into()));
    full.visit(VisitEvent::Over);
    assert_eq!(full.steps().pop(), Some(format!("end {}", exit::FAILURE)));
    put.ends("a", failed(Fault::Storage));
    put.visit(VisitEvent::Over);
    assert_eq!(put.steps().pop(), Some(format!("end {}", exit::REFUSED)));
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_laid_down() {
    let mut scene = Scene::new(Task::Put(vec!["a".into(), "b".into()]), false);
    scene.steps();
    scene.chore.handle_event(Event::NotPut("a".into(), "there is no a".into()), NOW);
    assert_eq!(scene.steps(), ["failed a"]);
    let id = scene.wanted("b");
    scene.chore.handle_event(Event::Started { id, held: 2, size: Some(3) }, NOW);
    scene.chore.handle_event(Event::Progress(id, ShelfFigures::default()), NOW);
    let terms = Terms { login: false, rights: Rights::ALL, folders: false, max_file: None };
    scene.visit(VisitEvent::Connection(Connection::There(terms)));
    scene.visit(VisitEvent::Ended(id, verified()));
    assert_eq!(scene.steps(), ["started b", "progress b", "verified b", "Leave"]);
    scene.visit(VisitEvent::Over);
    assert_eq!(scene.steps().pop(), Some(format!("end {}", exit::UNREADABLE)));
}
