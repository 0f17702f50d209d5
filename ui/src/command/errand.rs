//! One errand: meet somebody, send or receive one thing, leave.
//!
//! Owns what an event of the engine means for it: what is told, what is asked, when it is over and
//! with which exit status. It is a machine like those of the core: [`super::run`] feeds it and
//! carries out its [`Step`]s, and it knows neither terminal nor clock. Who is there is in [`company`],
//! what is sent or received in [`transfer`], how a seat or a relay is tried for again in [`retry`].
//!
//! ```text
//! start ──> waiting ──> met ──> offered ──> (asked) ──> moving ──> verified ──> leaving ──> end
//!   ^                    ^                                 │
//!   │ no seat, or        │ the peer comes back,            v
//!   └ the relay ends     └ or another with the code ── interrupted
//! ```

mod company;
mod retry;
mod transfer;

use super::question::{Decision, Question};
use super::report::{Report, Side};
use super::verdict::{self, End};
use crate::config::exit;
use crate::engine::{Command, Event, Outgoing};
use crate::meeting::Meeting;
use couplet::session::{Ending, Event as SessionEvent};
use couplet::time::Moment;
use couplet::transfer::wire::Fault;
use retry::Retry;
use std::collections::VecDeque;
use std::time::Duration;
use transfer::Transfer;

/// The wait before what failed is tried again at once: reaching a relay that is gone, offering.
const RETRY_AFTER: Duration = Duration::from_millis(300);

/// How long it isn't told that the peer has left: a sender does so when it knows that all is through,
/// which the receiver may be about to find.
const LEFT_AFTER: Duration = Duration::from_millis(300);

/// How long leaving may take. The session has limits of its own, which are shorter.
const LEAVING_LIMIT: Duration = Duration::from_secs(15);

/// What to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Start an engine, when the one before has ended.
    Start(Meeting),
    /// Tell the engine.
    Engine(Command),
    /// Tell the user.
    Tell(Report),
    /// Ask the user; the next line is the answer.
    Ask(String),
    /// End with this exit status.
    End(u8),
}

/// What the errand is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Send this.
    Send(Outgoing),
    /// Receive what the peer offers.
    Receive(Terms),
}

/// How to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Terms {
    /// Whether the user is asked first.
    pub(super) asks: bool,
    /// Whether what to do about a name that is taken is asked, too.
    pub(super) asks_names: bool,
    /// Whether it goes to standard output.
    pub(super) to_stdout: bool,
}

/// All that an errand needs to know.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// What it is.
    pub(super) task: Task,
    /// Whom to meet.
    pub(super) meeting: Meeting,
    /// How long nobody may be there.
    pub(super) timeout: Option<Duration>,
    /// The relay, as the other reaches it.
    pub(super) relay: String,
    /// How the other starts its part, such as `couplet receive`.
    pub(super) other_types: String,
}

/// Why the program is to end before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// Ctrl+C: the user stops it, for both.
    Stop,
    /// SIGTERM: this program only leaves; the other side waits for it.
    Terminate,
    /// SIGHUP: the same.
    Hangup,
}

/// The machine.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Errand {
    setup: Setup,
    steps: VecDeque<Step>,
    /// Whether an engine runs.
    running: bool,
    link_lost: bool,
    told_waiting: bool,
    told_both_send: bool,
    peer_here: bool,
    peer_silent: bool,
    sealed: bool,
    /// Whether anybody was met.
    met: bool,
    peer_name: Option<String>,
    /// When it is told that the peer has left.
    left_at: Option<Moment>,
    /// Since when nobody is there.
    alone_since: Option<Moment>,
    retry: Option<Retry>,
    /// Whether what is to be sent is being looked at.
    offering: bool,
    /// When it is offered once more.
    offer_at: Option<Moment>,
    transfer: Option<Transfer>,
    question: Option<Question>,
    ending: Option<End>,
    ending_by: Option<Moment>,
}

impl Errand {
    pub(super) fn new(setup: Setup, now: Moment) -> Self {
        let meeting = setup.meeting.clone();
        Self {
            setup,
            steps: VecDeque::from([Step::Start(meeting)]),
            running: true,
            link_lost: false,
            told_waiting: false,
            told_both_send: false,
            peer_here: false,
            peer_silent: false,
            sealed: false,
            met: false,
            peer_name: None,
            left_at: None,
            alone_since: Some(now),
            retry: None,
            offering: false,
            offer_at: None,
            transfer: None,
            question: None,
            ending: None,
            ending_by: None,
        }
    }

    /// The next thing to do. Call it after every other call until it has nothing.
    pub(super) fn poll_step(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called, if nothing else happens.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        if self.ending.is_some() {
            return self.ending_by;
        }
        let alone = self.alone_since.zip(self.setup.timeout).map(|(since, limit)| since + limit);
        let retry = self.retry.as_ref().and_then(|retry| retry.at);
        [alone, retry, self.offer_at, self.left_at].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        if self.ending.is_some() {
            if self.ending_by.take_if(|by| *by <= now).is_some() {
                self.end();
            }
            return;
        }
        let alone = self.alone_since.zip(self.setup.timeout);
        if alone.is_some_and(|(since, limit)| since + limit <= now) {
            let end = match self.retry.take() {
                Some(retry) => retry.end,
                None if self.link_lost => verdict::relay_lost(),
                None => verdict::nobody_came(self.setup.timeout.unwrap_or_default(), self.met),
            };
            return self.choose(end, now);
        }
        if self.left_at.take_if(|at| *at <= now).is_some() {
            self.tell(Report::Left);
        }
        if let Some(retry) = &mut self.retry
            && retry.at.take_if(|at| *at <= now).is_some()
        {
            self.running = true;
            self.steps.push_back(Step::Start(self.setup.meeting.clone()));
        }
        if self.offer_at.take_if(|at| *at <= now).is_some() {
            self.offer_if_ready();
        }
    }

    /// The engine told something.
    pub(super) fn handle_event(&mut self, event: Event, now: Moment) {
        match event {
            Event::Session(SessionEvent::Ended(ending)) => self.handle_ended(&ending, now),
            _ if self.ending.is_some() => {}
            Event::Session(event) => self.handle_session(event, now),
            Event::Preflight { id, preflight } => self.handle_preflight(id, &preflight, now),
            Event::NotOffered { unreadable: true, text, .. } => {
                self.offering = false;
                let code = Some(Fault::Unreadable);
                self.tell(Report::Failed { code, reason: text.clone() });
                self.choose(End::new(exit::UNREADABLE, text), now);
            }
            Event::NotOffered { unreadable: false, text, .. } => {
                self.offering = false;
                self.offer_at = Some(now + RETRY_AFTER);
                self.tell(Report::Trouble { text });
            }
            Event::NotAccepted { id, text } => {
                if self.transfer.as_ref().is_some_and(|transfer| transfer.id == id) {
                    self.refuse(text, now);
                }
            }
            Event::Started { id, held } => self.handle_started(id, held),
            Event::Progress(progress) => self.handle_progress(&progress),
            Event::Text { text, .. } => self.tell(Report::Text { text }),
            // A notice says so, the session does, and nothing here is numbered.
            Event::RelayIsNew
            | Event::Offered { .. }
            | Event::Number { .. }
            | Event::Hash { .. } => {}
        }
    }

    /// The engine has ended without a word, which it doesn't do.
    pub(super) fn handle_engine_gone(&mut self, now: Moment) {
        self.running = false;
        if self.retry.as_ref().is_none_or(|retry| retry.at.is_none()) {
            let end = End::new(exit::FAILURE, "the engine has ended; report this fault".to_owned());
            self.choose(end, now);
        }
    }

    /// The user has answered with this line, or will never answer.
    pub(super) fn handle_line(&mut self, line: Option<&str>, now: Moment) {
        let Some(question) = self.question.take() else { return };
        match question.read(line) {
            Some(Decision::Accept(on_collision)) => self.accept(on_collision),
            Some(Decision::Decline) => {
                if let Some(transfer) = &self.transfer {
                    let decline = Command::Decline(Some(transfer.id));
                    self.steps.push_back(Step::Engine(decline));
                }
                self.tell(Report::Declined { by: Side::You });
                self.choose(End::new(exit::DECLINED, "you declined it".to_owned()), now);
            }
            None => {
                self.steps.push_back(Step::Ask(question.text.clone()));
                self.question = Some(question);
            }
        }
    }

    /// The program is to end before its time. The second time it does so at once.
    pub(super) fn handle_interrupt(&mut self, interrupt: Interrupt, now: Moment) {
        if self.ending.is_some() {
            return self.end();
        }
        let receiving = matches!(self.setup.task, Task::Receive(_));
        let end = {
            let (kept, code) = (self.kept(), self.code());
            verdict::interrupted(interrupt, receiving, kept.as_deref(), code.as_ref())
        };
        if let (Interrupt::Stop, Some(transfer)) = (interrupt, &self.transfer) {
            let cancel = Command::Cancel { id: Some(transfer.id), keep: true };
            self.steps.push_back(Step::Engine(cancel));
            self.tell(Report::Cancelled { by: Side::You });
        }
        self.choose(end, now);
    }

    /// The session is over: because it was to be, or because it is tried anew, or for good.
    fn handle_ended(&mut self, ending: &Ending, now: Moment) {
        self.running = false;
        if self.ending.is_some() {
            return self.end();
        }
        let end = verdict::of_ending(ending);
        let begun = self.transfer.as_ref().is_some_and(|transfer| transfer.started);
        let flows = match &self.setup.task {
            Task::Send(outgoing) => *outgoing == Outgoing::Stdin,
            Task::Receive(terms) => terms.to_stdout,
        };
        // What has flowed in or out can't flow again.
        let passing = verdict::passing(ending, self.met || self.retry.is_some());
        let Some(passing) = passing.filter(|_| !(begun && flows)) else {
            return self.choose(end, now);
        };
        let alone_since = *self.alone_since.get_or_insert(now);
        let limit = self.setup.timeout.map(|limit| alone_since + limit);
        let retry = self.retry.take().unwrap_or_else(|| Retry::new(end.clone(), now));
        match retry.failed(&passing, end, limit, now) {
            Ok((retry, report)) => {
                self.retry = Some(retry);
                self.steps.extend(report.map(Step::Tell));
            }
            Err(end) => return self.choose(end, now),
        }
        (self.link_lost, self.peer_here, self.sealed) = (false, false, false);
        (self.offering, self.offer_at) = (false, None);
        (self.transfer, self.question) = (None, None);
    }

    /// It is to end so: the engine leaves first.
    fn choose(&mut self, end: End, now: Moment) {
        self.ending.get_or_insert(end);
        self.question = None;
        if self.running {
            self.steps.push_back(Step::Engine(Command::Leave));
            self.ending_by = Some(now + LEAVING_LIMIT);
        } else {
            self.end();
        }
    }

    fn end(&mut self) {
        let Some(End { status, reason }) = self.ending.clone() else { return };
        self.tell(Report::Ended { status, reason });
        self.steps.push_back(Step::End(status));
        self.ending_by = None;
    }

    fn tell(&mut self, report: Report) {
        self.steps.push_back(Step::Tell(report));
    }
}

#[cfg(test)]
#[path = "errand_tests.rs"]
mod tests;
