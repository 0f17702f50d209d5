//! Line by line: what is printed, and what a line means.

mod ending;
mod leaving;
mod screenless;

use super::super::app::{Input, Saved};
use super::super::scenes;
use super::super::stage::{MIB, Stage, transfer_info, verified};
use super::super::theme::Theme;
use super::*;
use crate::config::Timestamps;
use crate::engine::Command;
use couplet::message::{Role, Seat};
use couplet::session::{DraftId, Link, Mark, Peer};
use couplet::shelf::message::Terms;
use couplet::shelf::visit::{Connection, Event as Visited};
use couplet::transfer::book::{Direction, TransferId, TransferState};
use std::time::Duration;
use zeroize::Zeroizing;

/// A conversation line by line, its clock, and what it asked for.
struct Play {
    lines: Lines,
    now: Now,
    deeds: Vec<Deed>,
}

impl Play {
    /// Goes on, line by line, from where a scene for the screen is.
    fn from(mut stage: Stage) -> Self {
        stage.app.setting.timestamps = Timestamps::Off;
        stage.app.setting.theme = Theme::new(false, false);
        stage.app.editor.take();
        let now = stage.now;
        let mut play = Self { lines: Lines::new(stage.app), now, deeds: Vec::new() };
        play.rest().rest().told();
        play
    }

    /// Two have met, the line is sealed, and it is this one's turn.
    fn met() -> Self {
        Self::from(scenes::sealed_by_code())
    }

    fn give(&mut self, input: Input) -> &mut Self {
        let deeds = self.lines.update(input, self.now);
        self.deeds.extend(deeds);
        self
    }

    fn hear(&mut self, told: Told) -> &mut Self {
        self.give(Input::Engine(Event::Session(told)))
    }

    fn words(&mut self, text: &str) -> &mut Self {
        self.hear(Told::Words { sequence: 1, text: text.into(), kept: false })
    }

    fn line(&mut self, text: &str) -> &mut Self {
        let entered = Entered::Line(Zeroizing::new(text.to_owned()));
        let deeds = self.lines.enter(entered, self.now);
        self.deeds.extend(deeds);
        self
    }

    fn ends(&mut self) -> &mut Self {
        let deeds = self.lines.enter(Entered::End, self.now);
        self.deeds.extend(deeds);
        self
    }

    fn transfer(&mut self, direction: Direction, state: TransferState) -> &mut Self {
        let info = transfer_info(direction, "photo.png", 40 * MIB, state);
        self.hear(Told::Transfer { id: TransferId(1), info })
    }

    /// Lets a moment pass.
    fn rest(&mut self) -> &mut Self {
        self.now.moment = self.now.moment + Duration::from_secs(1);
        self.give(Input::Tick)
    }

    /// What was printed since the last time.
    fn told(&mut self) -> String {
        self.lines.take_printed()
    }

    /// What was asked of the engine since the last time.
    fn asked(&mut self) -> Vec<Command> {
        let deeds = std::mem::take(&mut self.deeds).into_iter();
        let command = |deed| if let Deed::Engine(it) = deed { Some(it) } else { None };
        deeds.filter_map(command).filter(|it| !matches!(it, Command::Typing(_))).collect()
    }

    fn leaves(&mut self) -> bool {
        self.asked().contains(&Command::Leave)
    }
}

fn say(text: &str) -> Command {
    Command::Say(text.to_owned())
}

#[test]
fn a_meeting_is_told_from_the_first_line_on() {
    let mut play = Play::from(Stage::new());
    play.hear(Told::Link(Link::Online));
    play.hear(Told::Seated { seat: Seat::One, room: None, returned: false });
    play.hear(Told::Peer { peer: Peer::Waiting, newcomer: false });
    let told = play.rest().told();
    assert!(told.starts_with("* seat 1, waiting for a peer\n"), "{told}");
    assert!(told.contains("\n* bash launch_client.sh\n"), "{told}");
    play.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    play.hear(scenes::sealed(false, None)).hear(Told::PeerName("bob".into()));
    play.hear(Told::Role(Role::Emi));
    let told = play.rest().told();
    assert!(told.starts_with("* your peer is here\n"), "{told}");
    for line in ["* bob is here", "* sealed; words otter-lamp-reef: /verify compares them"] {
        assert!(told.lines().any(|it| it == line), "{line} in {told}");
    }
    assert!(told.contains("* your turn (emi)\n* It is your turn: write a message"), "{told}");
    // It is told once.
    assert_eq!(play.rest().told(), "");
}

#[test]
fn words_are_held_sent_and_delivered_in_lines_of_their_own() {
    let mut play = Play::met();
    play.line("hello");
    assert_eq!(play.asked(), [say("hello")]);
    play.hear(Told::Said { draft: DraftId(1), text: "hello".into() });
    play.hear(Told::Role(Role::Rec));
    assert_eq!(play.told(), "me: hello\n* bob has the turn (rec)\n");
    play.hear(Told::Held { draft: DraftId(2), text: "more\nof it".into() });
    assert_eq!(play.told(), "me (held): more\nme (held): of it\n");
    play.hear(Told::Marked { draft: DraftId(1), mark: Mark::Shown });
    play.words("one\n\ntwo");
    assert_eq!(play.told(), "* delivered\nbob: one\nbob:\nbob: two\n");
    play.hear(Told::Role(Role::Emi));
    play.hear(Told::Said { draft: DraftId(2), text: "more\nof it".into() });
    assert_eq!(play.told(), "* your turn (emi)\nme: more\nme: of it\n");
    let before = play.lines.printed_before();
    let now = play.now;
    let deeds = play.lines.shown(before, now);
    assert!(deeds.contains(&Deed::Engine(Command::Shown(1))), "{deeds:?}");
}

#[test]
fn nobody_speaks_in_anothers_place() {
    for (name, begins) in [
        ("me", "peer"),
        ("Me: yes", "peer Me; yes: "),
        ("me (held)", "peer me (held): "),
        ("* your turn (emi)", "peer * your turn (emi): "),
        ("- x", "peer - x: "),
        ("bob: x", "bob; x: "),
        ("mel", "mel: "),
    ] {
        let mut play = Play::met();
        play.hear(Told::PeerName(name.into())).told();
        play.words("a\n* your turn (emi)\nme: b\r* c\u{85}* d\u{2028}* e");
        let told = play.told();
        assert!(told.lines().all(|line| line.starts_with(begins)), "{name}: {told}");
    }
    // Nor where a long line goes on in the next row of a terminal.
    let mut play = Play::met();
    play.lines.printer.columns = Some(40);
    play.words(&format!("{}* your turn (emi)", "x ".repeat(17)));
    let told = play.told();
    assert!(told.lines().count() > 1 && !told.contains("\n*"), "{told}");
    assert!(told.lines().skip(1).all(|line| line.starts_with("  ")), "{told}");
}

#[test]
fn lines_go_on_after_a_backslash() {
    let mut play = Play::met();
    play.line("one\\").line("two");
    assert_eq!(play.asked(), [say("one\ntwo")]);
    play.line("C:\\\\");
    assert_eq!(play.asked(), [say("C:\\")]);
    play.line("begun\\");
    assert_eq!((play.asked(), play.lines.draft()), (vec![], "begun\n"));
    let mut play = Play::met();
    play.line("last\\").ends();
    assert_eq!(play.asked(), [say("last\n")]);
}

#[test]
fn what_cannot_be_taken_is_told_and_gone() {
    let mut play = Play::met();
    play.line(&"x".repeat(couplet::limits::MAX_MESSAGE_BYTES + 1));
    assert!(play.told().starts_with("* this message is "));
    play.line("/sned x");
    assert_eq!(
        play.told(),
        "* there is no /sned; did you mean /send? (//sned says it to the peer)\n"
    );
    play.line("/code 7-oter-lamp");
    assert!(play.told().contains("did you mean otter"));
    for (entered, says) in [(Entered::NotText, "UTF-8"), (Entered::TooLong, "/send PATH")] {
        let deeds = play.lines.enter(entered, play.now);
        assert!(deeds.is_empty() && play.told().contains(says));
    }
    // Nothing of all this stands in the way of what comes next.
    play.line("hello");
    assert_eq!(play.asked(), [say("hello")]);
    play.hear(Told::TakenBack { draft: DraftId(1), text: "hello".into() });
    assert_eq!(play.told(), "* taken back, not sent:\n* > hello\n");
    play.line("again");
    assert_eq!(play.asked(), [say("again")]);
}

#[test]
fn no_sentence_is_about_keys() {
    let mut play = Play::met();
    for line in ["/nonsense", "/get", "/accept x", "/send", "/put", "/find", "/verify x", "Fin"] {
        play.line(line);
    }
    play.line("/copy").words("hi").line("/copy").line("/help");
    let told = play.told();
    for key in ["F1", "F2", "F3", "Tab", "Up ", "Esc", "Enter", "Ctrl-F", "choose"] {
        assert!(!told.contains(key), "{key} in {told}");
    }
    assert!(told.contains("/send PATH offers them") && told.contains("no clipboard"), "{told}");
}

#[test]
fn an_answer_quotes_what_it_answers() {
    let mut play = Play::met();
    play.words("shall we?").told();
    play.line("/reply");
    assert!(play.told().ends_with("* > > shall we?\n* >\n"));
    play.line("yes");
    assert_eq!(play.asked(), [say("> shall we?\nyes")]);
    play.line("/reply").line("").line("no");
    assert_eq!(play.asked(), [say("no")]);
}

#[test]
fn words_are_compared_by_the_line_after_the_question_only() {
    let mut play = Play::met();
    play.line("/verify");
    assert!(play.told().starts_with("* the words are: otter lamp reef\n"));
    assert_eq!(play.asked(), [Command::Compare]);
    play.line("same");
    assert_eq!(play.asked(), [Command::Verify(Verdict::Same)]);
    play.line("/verify").line("different").asked();
    play.line("/verify").line("wait a moment").line("same");
    assert_eq!(play.asked(), [Command::Compare, say("wait a moment"), say("same")]);
    // A question that the peer asks never takes a line.
    play.told();
    play.hear(Told::PeerCompares).line("same");
    assert_eq!(play.asked(), [say("same")]);
    assert_eq!(play.told(), "* bob compares the words of the seal: /verify\n");
}

#[test]
fn lists_are_printed_and_cover_nothing() {
    let mut play = Play::met();
    play.line("/help");
    let told = play.told();
    assert!(told.contains("\n* /accept [N] [HOW]: accept offer N"), "{told}");
    play.line("/help pause");
    let told = play.told();
    assert!(told.starts_with("* /pause [N]: ") && told.lines().count() < 4, "{told}");
    play.line("/help xyzzy");
    assert_eq!(play.told(), "* the help says nothing of that; /help alone says all\n");
    play.transfer(Direction::Incoming, TransferState::Offered).told();
    play.line("/transfers");
    let state = "waits for your answer: /accept 1 or /decline 1";
    assert_eq!(play.told(), format!("* 1, incoming, photo.png (40.0 MiB): {state}\n"));
    play.words("the build is done").told();
    play.line("/find BUILD").line("/find nowhere");
    assert_eq!(play.told(), "* 1 entry found:\n* > 12:01 bob: the build is done\n* not found\n");
    play.line("on");
    assert_eq!(play.asked(), [say("on")]);
}

#[test]
fn transfers_tell_how_far_they_are_now_and_then() {
    let mut play = Play::met();
    play.transfer(Direction::Incoming, TransferState::Offered);
    assert_eq!(play.told(), "* bob offers photo.png (40.0 MiB): /accept 1\n");
    play.line("/accept 1").transfer(Direction::Incoming, TransferState::Moving);
    assert_eq!(play.told(), "* receiving photo.png (40.0 MiB), transfer 1\n");
    for done in 1..=30 {
        play.now.moment = play.now.moment + Duration::from_secs(1);
        let progress = crate::engine::Progress {
            id: TransferId(1),
            done: done * MIB,
            size: 40 * MIB,
            moved: done * MIB,
            entries: 0,
            rate: Some(MIB),
            remaining: Some(Duration::from_secs(40 - done)),
            stalled_for: None,
        };
        play.give(Input::Engine(Event::Progress(progress)));
    }
    let told = play.told();
    assert_eq!(told.lines().count(), 3, "{told}");
    let first = "* photo.png: 25 %, 10.0/40.0 MiB, 1.0 MiB/s, 0:30 left\n";
    assert!(told.starts_with(first), "{told}");
    play.transfer(Direction::Incoming, TransferState::Interrupted);
    let told = play.told();
    assert!(told.contains("photo.png is interrupted, 75 %"), "{told}");
    play.transfer(Direction::Incoming, verified("photo.png"));
    assert_eq!(play.told(), "* photo.png verified, saved in downloads/\n");
    assert_eq!(play.lines.printer.wake_at(), None);
}

#[test]
fn losses_and_returns_are_told_once() {
    let mut play = Play::met();
    let silent = Peer::Silent { kept_for: Duration::from_secs(30) };
    play.hear(Told::Peer { peer: silent, newcomer: false });
    for _ in 0..20 {
        play.now.moment = play.now.moment + Duration::from_secs(1);
        play.give(Input::Tick);
    }
    let told = play.told();
    assert!(told.starts_with("* bob is silent\n* bob has lost the connection"), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
    play.hear(Told::Peer { peer: Peer::Present, newcomer: false });
    assert!(play.told().starts_with("* bob is back\n* your turn (emi)\n"));
    play.hear(Told::Link(Link::Lost { attempt: 1, retry_in: Duration::from_secs(1) }));
    play.hear(Told::Link(Link::Connecting { attempt: 1 }));
    assert!(play.told().starts_with("* reconnecting\n* The connection to relay.lan:3647 is lost"));
    play.hear(Told::Link(Link::Online));
    assert!(play.told().starts_with("* the connection is back\n* your turn (emi)\n"));
}

#[test]
fn a_password_is_asked_for_by_itself_and_said_to_nobody() {
    let mut play = Play::met();
    play.line("/shelf");
    assert_eq!(play.lines.wants(), Wants::Nothing);
    play.give(Input::Shelf(crate::engine::shelf::Event::Visit(Visited::LoginWanted)));
    assert_eq!(play.lines.wants(), Wants::Line);
    assert!(play.told().contains("your account on this relay"));
    play.line("ann");
    assert_eq!(play.lines.wants(), Wants::Secret);
    assert!(play.told().starts_with("* password of ann"));
    play.deeds.clear();
    play.line("the secret of ann");
    let deeds = std::mem::take(&mut play.deeds);
    assert!(
        matches!(deeds.as_slice(), [Deed::Shelf(crate::engine::shelf::Command::LogIn { user, password })]
        if user == "ann" && password.0 == "the secret of ann"),
        "{deeds:?}"
    );
    assert_eq!(play.lines.wants(), Wants::Nothing);
    let rights = couplet::account::Rights::GET;
    let there = Terms { login: true, rights, folders: false, max_file: None };
    let there = Connection::There(there);
    play.give(Input::Shelf(crate::engine::shelf::Event::Visit(Visited::Connection(there))));
    assert!(!play.told().contains("secret"));
}

#[test]
fn a_login_that_comes_up_by_itself_takes_no_line() {
    let mut play = Play::met();
    play.line("/get report.pdf").told();
    play.give(Input::Shelf(crate::engine::shelf::Event::Visit(Visited::LoginWanted)));
    assert_eq!(play.told(), "* the shelf asks who you are: /shelf to log in\n");
    play.deeds.clear();
    play.line("hi bob");
    assert_eq!(play.asked(), [say("hi bob")]);
}

#[test]
fn all_about_a_transfer_is_said_in_words() {
    let mut play = Play::met();
    play.line("/details").transfer(Direction::Incoming, verified("photo.png"));
    play.told();
    let told = play.line("/details 1").told();
    for said in ["* name: photo.png\n", "* state: ", "* size: 40.0 MiB", "* route: "] {
        assert!(told.contains(said), "{said:?} in {told}");
    }
    assert!(!told.contains("keys") && told.is_ascii(), "{told}");
}

#[test]
fn a_welcome_has_no_keys_in_it_that_do_nothing_here() {
    let mut play = Play::met();
    play.lines.welcome();
    let told = play.told();
    assert!(told.starts_with("* Welcome to couplet."), "{told}");
    assert!(["fin ", "backslash", "/help"].iter().all(|it| told.contains(it)), "{told}");
    assert!(!["F1", "Alt-", "Enter"].iter().any(|key| told.contains(key)), "{told}");
}
