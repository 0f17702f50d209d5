//! An errand that is told what happens, and all its steps so far.

use super::super::{Errand, Setup, Step, Task, Terms};
use crate::command::report::Report;
use crate::engine::{Command, Event, Outgoing, Progress};
use crate::meeting::Meeting;
use couplet::code::Code;
use couplet::message::{ErrorCode, RoomName, Seat};
use couplet::path::SafeName;
use couplet::session::{Ending, Event as SessionEvent, Link, Peer, Seal};
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, Preflight};
use std::time::Duration;

/// An errand, and all its steps so far.
pub(super) struct Scene {
    pub(super) errand: Errand,
    pub(super) now: Moment,
    pub(super) steps: Vec<Step>,
}

pub(super) fn code() -> Code {
    Code::parse("7-otter-lamp").expect("a code")
}

pub(super) fn outgoing() -> Outgoing {
    Outgoing::Together { paths: vec!["site".into()], exclude: Vec::new(), gitignore: false }
}

pub(super) fn offer(form: Form) -> Offer {
    let name = SafeName::new("site").expect("a safe name");
    Offer { name, form, size: Some(1000), on_disk: None, entries: 3, mtime: None }
}

pub(super) const ID: TransferId = TransferId(1);

impl Scene {
    pub(super) fn new(task: Task, meeting: Meeting, timeout: Option<Duration>) -> Self {
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

    pub(super) fn sending() -> Self {
        Self::new(Task::Send(outgoing()), Meeting::Code(code()), None)
    }

    pub(super) fn receiving(terms: Terms) -> Self {
        Self::new(Task::Receive(terms), Meeting::Code(code()), None)
    }

    pub(super) fn take(&mut self) {
        while let Some(step) = self.errand.poll_step() {
            self.steps.push(step);
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.errand.handle_event(event, self.now);
        self.take();
    }

    pub(super) fn session(&mut self, event: SessionEvent) {
        self.event(Event::Session(event));
    }

    /// Time passes until something is due.
    pub(super) fn wait(&mut self) -> Duration {
        let due = self.errand.poll_timeout().expect("something to wait for");
        let waited = due.since(self.now);
        self.now = self.now.max(due);
        self.errand.handle_timeout(self.now);
        self.take();
        waited
    }

    pub(super) fn seated(&mut self) {
        let room = Some(RoomName::numbered(7));
        self.session(SessionEvent::Link(Link::Online));
        self.session(SessionEvent::Seated { seat: Seat::One, room, returned: false });
    }

    pub(super) fn sealed(&mut self) {
        let words = ["otter", "lamp", "reef"];
        self.session(SessionEvent::Peer { peer: Peer::Present, newcomer: true });
        self.session(SessionEvent::Seal(Seal::Sealed { words, by_code: true, verdict: None }));
    }

    pub(super) fn meets(mut self) -> Self {
        self.seated();
        self.sealed();
        self
    }

    pub(super) fn transfer(&mut self, id: TransferId, form: Form, state: TransferState) {
        let direction = match self.errand.setup.task {
            Task::Send(_) => Direction::Outgoing,
            Task::Receive(_) => Direction::Incoming,
        };
        let (held_here, held_there) = (None, None);
        let info = TransferInfo { direction, offer: offer(form), state, held_here, held_there };
        self.session(SessionEvent::Transfer { id, info });
    }

    /// Offered, accepted, and so far across.
    pub(super) fn moving(mut self, done: u64) -> Self {
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

    pub(super) fn has(&self, step: &Step) -> bool {
        self.steps.contains(step)
    }

    pub(super) fn commands(&self) -> Vec<Command> {
        let command = |step: &Step| match step {
            Step::Engine(command) => Some(command.clone()),
            Step::Start(_) | Step::Tell(_) | Step::Ask(_) | Step::End(_) => None,
        };
        self.steps.iter().filter_map(command).collect()
    }

    pub(super) fn reports(&self) -> Vec<&Report> {
        self.steps
            .iter()
            .filter_map(|step| if let Step::Tell(report) = step { Some(report) } else { None })
            .collect()
    }

    /// The engine leaves; gives the exit status and the words for it.
    pub(super) fn leaves(&mut self) -> (u8, String) {
        assert_eq!(self.commands().last(), Some(&Command::Leave), "{:?}", self.steps);
        self.session(SessionEvent::Ended(Ending::Fin));
        self.ended()
    }

    pub(super) fn ended(&self) -> (u8, String) {
        let [.., Step::Tell(Report::Ended { status, reason }), Step::End(ended)] = &self.steps[..]
        else {
            panic!("{:?}", self.steps)
        };
        assert_eq!(status, ended);
        (*status, reason.clone().unwrap_or_default())
    }
}

pub(super) fn verified(left_out_count: u64) -> TransferState {
    TransferState::Verified { saved_as: "site".to_owned(), left_out: Vec::new(), left_out_count }
}

pub(super) fn refused(code: ErrorCode) -> SessionEvent {
    let text = "both seats are taken".to_owned();
    SessionEvent::Ended(Ending::Refused { code, text, kept_for: None })
}

/// There is no seat, but one is only kept.
pub(super) fn kept(for_s: u64) -> SessionEvent {
    let text = format!("one seat is kept for another {for_s} s");
    let kept_for = Some(Duration::from_secs(for_s));
    SessionEvent::Ended(Ending::Refused { code: ErrorCode::RoomTaken, text, kept_for })
}
