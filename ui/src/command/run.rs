//! The loop of a command without a screen: the engine, the signals and the user around the pure
//! [`Errand`].
//!
//! Owns nothing but the carrying out.

use super::ask::Lines;
use super::errand::{Errand, Interrupt, Step};
use super::report::Reporter;
use crate::clock;
use crate::config::exit;
use crate::engine::{self, Engine, Event, Options, Unsaid};
use crate::meeting::Meeting;
use couplet::time::Moment;
use std::future::pending;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long an engine that is over may take to put away what it had begun.
const PUT_AWAY_LIMIT: Duration = Duration::from_secs(3);

/// Runs an errand to its end; gives the exit status.
pub(super) async fn run(
    mut errand: Errand,
    options: Options,
    mut reporter: Box<dyn Reporter>,
) -> u8 {
    let Ok(mut signals) = Signals::new() else { return exit::FAILURE };
    let mut running = Running { options, engine: None, unsaid: None };
    let mut lines = Lines::new();
    let mut asking = false;
    loop {
        while let Some(step) = errand.poll_step() {
            match step {
                Step::Start(meeting) => {
                    running.put_away().await;
                    running.start(&meeting);
                }
                Step::Engine(command) => running.command(command).await,
                Step::Tell(report) => reporter.tell(&report, clock::now()),
                Step::Ask(question) => {
                    reporter.ask(&question);
                    asking = true;
                }
                Step::End(status) => {
                    running.put_away().await;
                    return status;
                }
            }
        }
        tokio::select! {
            event = running.next() => if let Some(event) = event {
                errand.handle_event(event, clock::now());
            } else {
                running.engine = None;
                errand.handle_engine_gone(clock::now());
            },
            line = lines.next(), if asking => {
                asking = false;
                errand.handle_line(line.as_deref(), clock::now());
            }
            interrupt = signals.next() => errand.handle_interrupt(interrupt, clock::now()),
            () = sleep_until(errand.poll_timeout()) => errand.handle_timeout(clock::now()),
        }
    }
}

/// The engine, one after the other.
struct Running {
    options: Options,
    engine: Option<Engine>,
    unsaid: Option<Unsaid>,
}

impl Running {
    fn start(&mut self, meeting: &Meeting) {
        let options =
            Options { meet: meeting.meet(), password: meeting.password(), ..self.options.clone() };
        let (engine, unsaid) = engine::start(options);
        (self.engine, self.unsaid) = (Some(engine), Some(unsaid));
    }

    async fn next(&mut self) -> Option<Event> {
        match &mut self.engine {
            Some(engine) => engine.events.recv().await,
            None => pending().await,
        }
    }

    async fn command(&self, command: engine::Command) {
        if let Some(engine) = &self.engine {
            // One that has ended tells so itself.
            let _ = engine.commands.send(command).await;
        }
    }

    /// Lets go of the engine, and waits, within reason, until it is through.
    async fn put_away(&mut self) {
        self.engine = None;
        if let Some(unsaid) = self.unsaid.take() {
            let _ = tokio::time::timeout(PUT_AWAY_LIMIT, unsaid).await;
        }
    }
}

/// The signals that end a program before its time.
pub(super) struct Signals {
    stop: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            stop: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.stop.recv() => Interrupt::Stop,
            _ = self.terminate.recv() => Interrupt::Terminate,
            _ = self.hangup.recv() => Interrupt::Hangup,
        }
    }
}

async fn sleep_until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep(moment.since(clock::now())).await,
        None => pending().await,
    }
}
