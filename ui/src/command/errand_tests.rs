//! Errands as scenes: what an engine tells, and what becomes of it.

use super::*;
use crate::command::report::Figures;
use crate::engine::Progress;
use couplet::code::{Code, Words};
use couplet::message::{ErrorCode, RoomName, Seat};
use couplet::path::SafeName;
use couplet::session::{Link, Peer, Seal};
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, OnCollision, Preflight};

/// An errand, and all its steps so far.
struct Scene {
    errand: Errand,
    now: Moment,
    steps: Vec<Step>,
}

fn code() -> Code {
    Code::parse("7-otter-lamp").expect("a code")
}

fn outgoing() -> Outgoing {
    Outgoing::Together { paths: vec!["site".into()], exclude: Vec::new(), gitignore: false }
}

fn offer(form: Form) -> Offer {
    let name = SafeName::new("site").expect("a safe name");
    Offer { name, form, size: Some(1000), entries: 3, mtime: None }
}

const ID: TransferId = TransferId(1);

impl Scene {
    fn new(task: Task, meeting: Meeting, timeout: Option<Duration>) -> Self {
        let setup = Setup {
            task,
            meeting,
            timeout,
            relay: "relay.lan:3647".to_owned(),
            other_types: "couplet receive".to_owned(),
        };
        let now = Moment::START;
        let mut scene = Self { errand: Errand::new(setup, now), now, steps: Vec::new() };
        scene.take();
        assert!(matches!(scene.steps[..], [Step::Start(_)]));
        scene
    }

    fn sending() -> Self {
        Self::new(Task::Send(outgoing()), Meeting::Code(code()), None)
    }

    fn receiving(terms: Terms) -> Self {
        Self::new(Task::Receive(terms), Meeting::Code(code()), None)
    }

    fn take(&mut self) {
        while let Some(step) = self.errand.poll_step() {
            self.steps.push(step);
        }
    }

    fn event(&mut self, event: Event) {
        self.errand.handle_event(event, self.now);
        self.take();
    }

    fn session(&mut self, event: SessionEvent) {
        self.event(Event::Session(event));
    }

    /// Time passes until something is due.
    fn wait(&mut self) -> Duration {
        let due = self.errand.poll_timeout().expect("something to wait for");
        let waited = due.since(self.now);
        self.now = self.now.max(due);
        self.errand.handle_timeout(self.now);
        self.take();
        waited
    }

    fn seated(&mut self) {
        let room = Some(RoomName::numbered(7));
        self.session(SessionEvent::Link(Link::Online));
        self.session(SessionEvent::Seated { seat: Seat::One, room, returned: false });
    }

    fn sealed(&mut self) {
        let words = ["otter", "lamp", "reef"];
        self.session(SessionEvent::Peer { peer: Peer::Present, newcomer: true });
        self.session(SessionEvent::Seal(Seal::Sealed { words, by_code: true, verdict: None }));
    }

    fn meets(mut self) -> Self {
        self.seated();
        self.sealed();
        self
    }

    fn transfer(&mut self, id: TransferId, form: Form, state: TransferState) {
        let direction = match self.errand.setup.task {
            Task::Send(_) => Direction::Outgoing,
            Task::Receive(_) => Direction::Incoming,
        };
        let (held_here, held_there) = (None, None);
        let info = TransferInfo { direction, offer: offer(form), state, held_here, held_there };
        self.session(SessionEvent::Transfer { id, info });
    }

    /// Offered, accepted, and so far across.
    fn moving(mut self, done: u64) -> Self {
        self.transfer(ID, Form::Folder, TransferState::Offered);
        if matches!(self.errand.setup.task, Task::Receive(_)) {
            self.event(Event::Preflight { id: ID, preflight: Preflight::default() });
        }
        self.transfer(ID, Form::Folder, TransferState::Queued);
        self.transfer(ID, Form::Folder, TransferState::Moving);
        self.event(Event::Started { id: ID, held: 0 });
        self.event(Event::Progress(Progress {
            id: ID,
            done,
            size: 1000,
            moved: done,
            entries: 1,
            rate: None,
            remaining: None,
            stalled_for: None,
        }));
        self
    }

    fn has(&self, step: &Step) -> bool {
        self.steps.contains(step)
    }

    fn commands(&self) -> Vec<Command> {
        let command = |step: &Step| match step {
            Step::Engine(command) => Some(command.clone()),
            Step::Start(_) | Step::Tell(_) | Step::Ask(_) | Step::End(_) => None,
        };
        self.steps.iter().filter_map(command).collect()
    }

    fn reports(&self) -> Vec<&Report> {
        self.steps
            .iter()
            .filter_map(|step| if let Step::Tell(report) = step { Some(report) } else { None })
            .collect()
    }

    /// The engine leaves; gives the exit status and the words for it.
    fn leaves(&mut self) -> (u8, String) {
        assert_eq!(self.commands().last(), Some(&Command::Leave), "{:?}", self.steps);
        self.session(SessionEvent::Ended(Ending::Fin));
        self.ended()
    }

    fn ended(&self) -> (u8, String) {
        let [.., Step::Tell(Report::Ended { status, reason }), Step::End(ended)] = &self.steps[..]
        else {
            panic!("{:?}", self.steps)
        };
        assert_eq!(status, ended);
        (*status, reason.clone().unwrap_or_default())
    }
}

fn verified(left_out_count: u64) -> TransferState {
    TransferState::Verified { saved_as: "site".to_owned(), left_out: Vec::new(), left_out_count }
}

fn refused(code: ErrorCode) -> SessionEvent {
    SessionEvent::Ended(Ending::Refused { code, text: "both seats are taken".to_owned() })
}

#[test]
fn sent_and_verified() {
    let mut scene = Scene::sending().meets();
    assert_eq!(scene.commands(), [Command::Send(outgoing())]);
    scene = scene.moving(500);
    scene.transfer(ID, Form::Folder, verified(0));
    assert_eq!(scene.leaves(), (exit::OK, String::new()));
    let kinds: Vec<_> = scene.reports().into_iter().map(std::mem::discriminant).collect();
    let figures = Report::Progress(Figures::default());
    let offered = Report::Offered {
        by: Side::You,
        peer: None,
        name: String::new(),
        form: Form::File,
        size: None,
        entries: 0,
    };
    let verified =
        Report::Verified { saved_as: String::new(), left_out: Vec::new(), left_out_count: 0 };
    let expected = [
        Report::Met { words: [""; 3] },
        offered,
        Report::Started { held: 0 },
        figures,
        verified,
        Report::Ended { status: 0, reason: None },
    ];
    assert_eq!(kinds, expected.iter().map(std::mem::discriminant).collect::<Vec<_>>());
}

#[test]
fn a_new_code_is_told_once_with_the_command_for_the_other() {
    let meeting = Meeting::New(code().words().clone());
    let mut scene = Scene::new(Task::Send(outgoing()), meeting, None);
    scene.seated();
    scene.session(SessionEvent::Peer { peer: Peer::Waiting, newcomer: false });
    scene.sealed();
    let waiting = Report::Waiting {
        code: Some("7-otter-lamp".to_owned()),
        command: Some("couplet receive 7-otter-lamp --relay relay.lan:3647".to_owned()),
    };
    assert_eq!(scene.reports().iter().filter(|report| ***report == waiting).count(), 1);
    assert_eq!(scene.reports().len(), 2);
    // Whatever happens next, it is met by that code.
    scene.session(SessionEvent::Ended(Ending::RelayExit));
    scene.wait();
    assert_eq!(scene.steps.last(), Some(&Step::Start(Meeting::Code(code()))));
}

#[test]
fn received_without_being_asked() {
    let mut scene = Scene::receiving(Terms::default()).meets();
    assert_eq!(scene.commands(), []);
    scene.session(SessionEvent::PeerName("bob".to_owned()));
    scene = scene.moving(300);
    assert_eq!(scene.commands(), [Command::Accept { id: Some(ID), on_collision: None }]);
    scene.transfer(ID, Form::Folder, verified(2));
    assert_eq!(scene.leaves(), (exit::LEFT_OUT, "2 entries were left out".to_owned()));
}

#[test]
fn asked_and_answered() {
    let terms = Terms { asks: true, asks_names: true, to_stdout: false };
    for (part, answer, expected) in [
        (true, Some("\n"), Command::Accept { id: Some(ID), on_collision: None }),
        (
            false,
            Some("o"),
            Command::Accept { id: Some(ID), on_collision: Some(OnCollision::Overwrite) },
        ),
        (true, Some("n"), Command::Decline(Some(ID))),
        (false, None, Command::Decline(Some(ID))),
    ] {
        let mut scene = Scene::receiving(terms).meets();
        scene.transfer(ID, Form::File, TransferState::Offered);
        let preflight = Preflight { part, held: 940, exists: true, ..Preflight::default() };
        scene.event(Event::Preflight { id: ID, preflight });
        let Some(Step::Ask(question)) = scene.steps.last().cloned() else { panic!("no question") };
        assert_eq!(question.contains("Resume (94 %)?"), part, "{question}");
        assert_eq!(scene.commands(), []);
        scene.errand.handle_line(Some("perhaps"), scene.now);
        scene.take();
        assert_eq!(scene.steps.last(), Some(&Step::Ask(question)));
        scene.errand.handle_line(answer, scene.now);
        scene.take();
        assert_eq!(scene.commands()[0], expected);
        if matches!(expected, Command::Decline(_)) {
            assert_eq!(scene.leaves().0, exit::DECLINED);
        }
    }
}

#[test]
fn an_answer_to_an_offer_that_is_gone_means_nothing() {
    let terms = Terms { asks: true, ..Terms::default() };
    let mut scene = Scene::receiving(terms).meets();
    scene.transfer(ID, Form::File, TransferState::Offered);
    scene.event(Event::Preflight { id: ID, preflight: Preflight::default() });
    scene.transfer(ID, Form::File, TransferState::Withdrawn);
    scene.errand.handle_line(Some("y"), scene.now);
    scene.take();
    assert_eq!(scene.commands(), []);
}

#[test]
fn what_cannot_be_received_is_declined_before_a_byte_moves() {
    let full = Preflight { free: Some(10), ..Preflight::default() };
    let to_stdout = Terms { to_stdout: true, ..Terms::default() };
    for (terms, preflight, with) in
        [(Terms::default(), full, "too full"), (to_stdout, Preflight::default(), "--to DIR")]
    {
        let mut scene = Scene::receiving(terms).meets();
        scene.transfer(ID, Form::Folder, TransferState::Offered);
        scene.event(Event::Preflight { id: ID, preflight });
        assert_eq!(scene.commands(), [Command::Decline(Some(ID)), Command::Leave]);
        let (status, reason) = scene.leaves();
        assert_eq!(status, exit::UNWRITABLE);
        assert!(reason.contains(with), "{reason}");
    }
}

#[test]
fn each_end_of_a_transfer_has_its_status() {
    let failed = |code| TransferState::Failed { code, reason: "why".to_owned() };
    for (state, status) in [
        (TransferState::Declined, exit::DECLINED),
        (TransferState::Cancelled { by_peer: true }, exit::CANCELLED),
        (failed(Fault::Unreadable), exit::UNREADABLE),
        (failed(Fault::SourceChanged), exit::CHANGED),
        (failed(Fault::Storage), exit::UNWRITABLE),
        (failed(Fault::Mismatch), exit::DAMAGED),
        (failed(Fault::Unknown), exit::FAILURE),
        (verified(1), exit::LEFT_OUT),
    ] {
        let mut scene = Scene::sending().meets().moving(300);
        scene.transfer(ID, Form::Folder, state.clone());
        assert_eq!(scene.leaves().0, status, "{state:?}");
    }
}

#[test]
fn what_cannot_be_sent_ends_it_and_what_can_later_does_not() {
    let mut scene = Scene::sending().meets();
    let text = "nobody is there".to_owned();
    scene.event(Event::NotOffered { unreadable: false, text: text.clone() });
    assert_eq!(scene.wait(), RETRY_AFTER);
    assert_eq!(scene.commands().len(), 2);
    scene.event(Event::NotOffered { unreadable: true, text });
    assert_eq!(scene.leaves().0, exit::UNREADABLE);
}

#[test]
fn a_taken_seat_is_tried_for_and_told_once() {
    let mut scene = Scene::sending();
    let mut tries = 0;
    while scene.now < Moment::START + PATIENCE {
        scene.session(refused(ErrorCode::RoomTaken));
        assert_eq!(scene.wait(), RETRY_AFTER);
        tries += 1;
    }
    assert_eq!(scene.reports().len(), 1);
    scene.session(refused(ErrorCode::RoomTaken));
    assert_eq!(scene.ended(), (exit::REFUSED, "both seats are taken".to_owned()));
    let starts = scene.steps.iter().filter(|step| matches!(step, Step::Start(_))).count();
    assert_eq!(starts, tries + 1);
}

#[test]
fn a_seat_that_comes_free_is_taken() {
    let mut scene = Scene::sending();
    scene.session(refused(ErrorCode::RoomTaken));
    scene.wait();
    let scene = scene.meets();
    assert_eq!(scene.commands(), [Command::Send(outgoing())]);
}

#[test]
fn refusals_that_do_not_pass_end_it_at_once() {
    let unreachable = || Ending::Unreachable { text: "no relay".to_owned() };
    for (ending, status) in [
        (unreachable(), exit::NO_RELAY),
        (Ending::WrongCode { text: "other code".to_owned() }, exit::WRONG_CODE),
        (Ending::Distrusted { text: "changed".to_owned() }, exit::DISTRUSTED),
        (Ending::Protocol { text: "no relay".to_owned() }, exit::PROTOCOL),
        (Ending::Refused { code: ErrorCode::Version, text: "old".to_owned() }, exit::REFUSED),
    ] {
        let mut scene = Scene::sending();
        scene.session(SessionEvent::Ended(ending));
        assert_eq!(scene.ended().0, status);
    }
    // A relay that was there may come back.
    let mut scene = Scene::sending().meets();
    scene.session(SessionEvent::Ended(Ending::RelayExit));
    scene.wait();
    scene.session(SessionEvent::Ended(unreachable()));
    assert_eq!(scene.wait(), RETRY_AFTER);
}

#[test]
fn what_flows_cannot_begin_again() {
    let terms = Terms { to_stdout: true, ..Terms::default() };
    let mut scene = Scene::receiving(terms).meets();
    scene.transfer(ID, Form::Stream, TransferState::Offered);
    scene.event(Event::Preflight { id: ID, preflight: Preflight::default() });
    scene.transfer(ID, Form::Stream, TransferState::Moving);
    scene.event(Event::Started { id: ID, held: 0 });
    scene.session(SessionEvent::Ended(Ending::RelayExit));
    assert_eq!(scene.ended().0, exit::NO_RELAY);
}

#[test]
fn nobody_comes_in_time() {
    let limit = Duration::from_secs(5);
    let mut scene = Scene::new(Task::Send(outgoing()), Meeting::Code(code()), Some(limit));
    scene.seated();
    scene.session(SessionEvent::Peer { peer: Peer::Waiting, newcomer: false });
    assert_eq!(scene.wait(), limit);
    let (status, reason) = scene.leaves();
    assert_eq!(status, exit::NO_PEER);
    assert!(reason.contains("within 5 s"), "{reason}");
}

#[test]
fn the_limit_counts_again_when_the_peer_goes_away() {
    let limit = Duration::from_secs(5);
    let mut scene = Scene::new(Task::Send(outgoing()), Meeting::Code(code()), Some(limit)).meets();
    scene = scene.moving(300);
    assert_eq!(scene.errand.poll_timeout(), None);
    let peer = Peer::Silent { kept_for: Duration::from_secs(30) };
    scene.session(SessionEvent::Peer { peer, newcomer: false });
    scene.session(SessionEvent::Peer { peer: Peer::Present, newcomer: false });
    assert_eq!(scene.errand.poll_timeout(), None);
    assert!(scene.has(&Step::Tell(Report::Returned)));
    let retry_in = Duration::from_millis(250);
    scene.session(SessionEvent::Link(Link::Lost { attempt: 1, retry_in }));
    assert_eq!(scene.wait(), limit);
    assert_eq!(scene.leaves().0, exit::NO_RELAY);
}

#[test]
fn ctrl_c_stops_it_for_both_and_says_how_to_go_on() {
    for mut scene in [Scene::sending(), Scene::receiving(Terms::default())] {
        scene = scene.meets().moving(450);
        scene.errand.handle_interrupt(Interrupt::Stop, scene.now);
        scene.take();
        let commands = scene.commands();
        let cancel = Command::Cancel { id: Some(ID), keep: true };
        assert_eq!(commands[commands.len() - 2..], [cancel, Command::Leave]);
        let (status, reason) = scene.leaves();
        assert_eq!(status, exit::INTERRUPTED);
        assert!(reason.contains("45 % of site/"), "{reason}");
        assert!(reason.contains("run your commands again"), "{reason}");
    }
}

#[test]
fn sigterm_only_leaves_and_a_second_signal_ends_it_at_once() {
    let mut scene = Scene::sending().meets().moving(450);
    scene.errand.handle_interrupt(Interrupt::Terminate, scene.now);
    scene.take();
    assert_eq!(scene.commands().last(), Some(&Command::Leave));
    assert!(!scene.commands().iter().any(|command| matches!(command, Command::Cancel { .. })));
    scene.errand.handle_interrupt(Interrupt::Stop, scene.now);
    scene.take();
    assert_eq!(scene.ended().0, exit::TERMINATED);
}

#[test]
fn leaving_has_an_end() {
    let mut scene = Scene::sending().meets();
    scene.errand.handle_interrupt(Interrupt::Stop, scene.now);
    scene.take();
    assert_eq!(scene.wait(), LEAVING_LIMIT);
    assert_eq!(scene.ended().0, exit::INTERRUPTED);
}

#[test]
fn another_with_the_same_code_goes_on_or_offers_anew() {
    let gone = || SessionEvent::Peer { peer: Peer::Gone, newcomer: false };
    let unsealed = || SessionEvent::Seal(Seal::Nobody);
    // The same is offered again: the session goes on with it under its number.
    let mut scene = Scene::receiving(Terms::default()).meets().moving(450);
    scene.transfer(ID, Form::Folder, TransferState::Interrupted);
    scene.session(gone());
    scene.session(unsealed());
    scene.sealed();
    assert!(scene.has(&Step::Tell(Report::Left)));
    scene.transfer(ID, Form::Folder, TransferState::Queued);
    scene.event(Event::Started { id: ID, held: 450 });
    assert!(scene.has(&Step::Tell(Report::Resumed { held: 450 })));
    // Something else is: the old one gives way.
    scene.session(gone());
    scene.session(unsealed());
    scene.sealed();
    let other = TransferId(2);
    scene.transfer(other, Form::Folder, TransferState::Offered);
    let cancel = Command::Cancel { id: Some(ID), keep: true };
    assert_eq!(scene.commands().last(), Some(&cancel));
    scene.transfer(ID, Form::Folder, TransferState::Cancelled { by_peer: false });
    scene.event(Event::Preflight { id: other, preflight: Preflight::default() });
    let accept = Command::Accept { id: Some(other), on_collision: None };
    assert_eq!(scene.commands().last(), Some(&accept));
    scene.transfer(other, Form::Folder, verified(0));
    assert_eq!(scene.leaves().0, exit::OK);
}

#[test]
fn a_cut_is_told_and_so_is_its_end() {
    let mut scene = Scene::sending().meets().moving(450);
    scene.transfer(ID, Form::Folder, TransferState::Interrupted);
    scene.transfer(ID, Form::Folder, TransferState::Moving);
    scene.transfer(ID, Form::Folder, TransferState::Moving);
    let reports = scene.reports();
    assert_eq!(
        reports[reports.len() - 2..],
        [&Report::Interrupted, &Report::Resumed { held: 450 }]
    );
}

#[test]
fn one_offer_is_enough() {
    let mut scene = Scene::receiving(Terms::default()).meets().moving(1);
    let commands = scene.commands().len();
    scene.transfer(TransferId(2), Form::File, TransferState::Offered);
    scene.event(Event::Preflight { id: TransferId(2), preflight: Preflight::default() });
    assert_eq!(scene.commands().len(), commands);
}

#[test]
fn holds_are_told_with_who_and_why() {
    let mut scene = Scene::sending().meets().moving(450);
    for (held_here, held_there) in
        [(None, Some(Hold::DiskFull)), (None, Some(Hold::DiskFull)), (None, None)]
    {
        let info = TransferInfo {
            direction: Direction::Outgoing,
            offer: offer(Form::Folder),
            state: TransferState::Moving,
            held_here,
            held_there,
        };
        scene.session(SessionEvent::Transfer { id: ID, info });
    }
    let reports = scene.reports();
    let paused = Report::Paused { by: Side::Peer, reason: Hold::DiskFull };
    assert_eq!(reports[reports.len() - 2..], [&paused, &Report::Continued]);
}

#[test]
fn a_text_is_told_and_what_comes_after_the_end_is_not() {
    let mut scene = Scene::receiving(Terms::default()).meets();
    scene.transfer(ID, Form::Text, TransferState::Offered);
    scene.event(Event::Preflight { id: ID, preflight: Preflight::default() });
    scene.event(Event::Text { id: ID, text: "hello".to_owned() });
    assert!(scene.has(&Step::Tell(Report::Text { text: "hello".to_owned() })));
    // A sender that knows that all is through may be gone before it is found here.
    scene.session(SessionEvent::Peer { peer: Peer::Gone, newcomer: false });
    assert_eq!(scene.errand.poll_timeout(), Some(scene.now + LEFT_AFTER));
    scene.transfer(ID, Form::Text, verified(0));
    assert!(!scene.has(&Step::Tell(Report::Left)));
    let told = scene.reports().len();
    scene.session(SessionEvent::Peer { peer: Peer::Gone, newcomer: false });
    assert_eq!(scene.reports().len(), told);
    assert_eq!(scene.leaves().0, exit::OK);
}

#[test]
fn a_code_of_more_words_is_made() {
    let words = Words::choose(3, &[7; 32]);
    let mut scene = Scene::new(Task::Receive(Terms::default()), Meeting::New(words), None);
    scene.seated();
    let Some(Step::Tell(Report::Waiting { code: Some(code), .. })) = scene.steps.last() else {
        panic!("{:?}", scene.steps)
    };
    assert_eq!(code.split('-').count(), 4, "{code}");
}
