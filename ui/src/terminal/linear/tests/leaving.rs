//! How it is left: by a signal, by the end of the input, from a shelf that asks for a login, into
//! another room.

use super::*;
use crate::engine::shelf;
use crate::terminal::shelf::Environment;
use couplet::session::{Ending, LEAVING_LIMIT};
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::{ErrandId, Wish};

impl Play {
    /// What the visit to the shelf tells.
    fn visit(&mut self, told: Visited) -> &mut Self {
        self.give(Input::Shelf(shelf::Event::Visit(told)))
    }

    /// The first file that was asked for is taken on.
    fn wanted(&mut self, name: &str) -> &mut Self {
        let wish = Wish::Get { name: ShelfName::new(name).expect("a name") };
        self.give(Input::Shelf(shelf::Event::Wanted(ErrandId(1), wish)));
        self.give(Input::Engine(Event::Number { asked: 1, id: TransferId(1) }))
    }

    fn wait(&mut self, span: Duration) -> &mut Self {
        self.now.moment = self.now.moment + span;
        self.give(Input::Tick)
    }

    fn quits(&mut self) -> bool {
        std::mem::take(&mut self.deeds).contains(&Deed::Quit(Ending::Fin))
    }

    /// Checks that what waited for a login was given up, and the line left.
    fn has_given_up(&mut self, why: &str) {
        let told = self.told();
        assert!(told.contains("there is no more input to say so"), "{why}: {told}");
        assert!(told.contains("report.pdf isn't fetched: you left the shelf"), "{why}: {told}");
        assert!(self.deeds.contains(&Deed::EndVisit), "{why}: {:?}", self.deeds);
        assert!(self.leaves(), "{why}: {told}");
    }
}

#[test]
fn the_end_of_the_input_waits_for_no_login() {
    for taken_on in [false, true] {
        let fetching = || {
            let mut play = Play::met();
            play.line("/get report.pdf");
            if taken_on {
                play.wanted("report.pdf");
            }
            play
        };
        let mut play = fetching();
        assert!(!play.ends().leaves());
        play.visit(Visited::LoginWanted).has_given_up("asked soon after the end");

        let mut play = fetching();
        play.ends().wait(Duration::from_mins(1));
        play.visit(Visited::LoginWanted).has_given_up("asked long after the end");

        let mut play = fetching();
        play.visit(Visited::LoginWanted).ends().has_given_up("asked before the end");

        let mut play = fetching();
        play.visit(Visited::LoginWanted).line("/shelf").line("ann");
        assert_eq!(play.lines.wants(), Wants::Secret);
        play.ends().has_given_up("asked for the password");

        // One that was sent is waited for, and may be wrong.
        let mut play = fetching();
        play.lines.app.shelf.environment = Environment::read(|name| match name {
            "COUPLET_USER" => Some("ann".to_owned()),
            "COUPLET_PASSWORD" => Some("a guess".to_owned()),
            _ => None,
        });
        assert!(!play.ends().visit(Visited::LoginWanted).leaves());
        let text = "the user or the password is wrong".to_owned();
        play.told();
        play.visit(Visited::LoginFailed { text: text.clone() });
        let wrong = |told: &str| told.matches(&text).count();
        let told = play.told();
        assert!(wrong(&told) == 1 && play.leaves(), "{told}");

        let mut play = fetching();
        play.visit(Visited::LoginWanted).line("/shelf").line("ann").line("a guess");
        play.visit(Visited::LoginFailed { text: text.clone() }).ends();
        let told = play.told();
        assert!(wrong(&told) == 1 && play.leaves(), "{told}");
    }
}

#[test]
fn a_conversation_that_is_being_left_takes_no_line() {
    let mut play = Play::from(Stage::new());
    play.hear(Told::Link(Link::Online));
    play.hear(Told::Seated { seat: Seat::One, room: None, returned: false });
    play.hear(Told::Peer { peer: Peer::Waiting, newcomer: false });
    assert_eq!(play.lines.wants(), Wants::Line);
    play.line("/new");
    assert_eq!((play.asked(), play.lines.wants()), (vec![Command::Fin], Wants::Nothing));
}

#[test]
fn the_end_of_the_input_leaves_the_session_its_time() {
    let mut play = Play::met();
    assert!(play.ends().leaves());
    assert!(!play.wait(LEAVING_LIMIT).quits());
    assert!(play.wait(Duration::from_secs(2)).quits());
}

#[test]
fn an_interrupt_leaves_with_a_fin_and_the_second_one_at_once() {
    let mut stage = scenes::sealed_by_code();
    stage.app.setting.keeps = true;
    let mut play = Play::from(stage);
    play.give(Input::Interrupt);
    assert_eq!(play.asked(), [Command::Fin]);
    assert!(!play.lines.app.is_closed());
    assert!(play.give(Input::Interrupt).quits());

    // Who doesn't want to wait until the peer has heard all still says that they leave.
    let mut play = Play::met();
    assert!(play.ends().leaves());
    play.give(Input::Interrupt);
    assert_eq!(play.asked(), [Command::Fin]);
    assert!(play.give(Input::Interrupt).quits());

    // The other signals don't end what can be gone back to.
    let mut stage = scenes::sealed_by_code();
    stage.app.setting.keeps = true;
    let mut play = Play::from(stage);
    assert!(play.give(Input::Hangup).quits() && play.lines.app.is_closed());
}
