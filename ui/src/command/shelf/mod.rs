//! `couplet shelf`: list, get, put and delete what lies on a relay.
//!
//! Owns the loop around the pure `Chore`: the visit, the signals, and the asking for a password.

mod chore;
mod listing;
mod report;
mod task;
mod teller;
mod verdict;
mod zmq;

use super::Refusal;
use super::run::Signals;
use crate::clock;
use crate::config::exit;
use crate::config::shelf::{Shelf, ShelfCommand, ShelfCommon, is_glob};
use crate::engine::Target;
use crate::engine::shelf::{self, Command, Event, Options};
use crate::known_relays::KnownRelays;
use crate::password::{self, Source, Wanted};
use chore::Chore;
use couplet::shelf::message::Password;
use couplet::shelf::visit::{Connection, Event as VisitEvent};
use couplet::time::Moment;
use couplet::transfer::offer::OnCollision;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Write as _};
use task::{Step, Task};
use teller::{Teller, Wish};

/// Does `couplet shelf`; gives the exit status.
///
/// # Errors
/// [`Refusal`] before anything has begun.
pub async fn shelf(args: Shelf) -> Result<u8, Refusal> {
    let Shelf { command, common } = args;
    let mut options = Options {
        relay: common.relay.clone(),
        tls: common.tls,
        known_relays: KnownRelays::default_path(),
        target: Target::Directory("downloads".into()),
        on_collision: OnCollision::Refuse,
        limit: None,
    };
    let mut wish = Wish {
        json: common.json,
        quiet: common.quiet,
        long: false,
        data_on_stdout: false,
        puts: false,
        searches: false,
    };
    let task = match command {
        ShelfCommand::List { pattern, long, quick } => {
            wish.long = long;
            wish.searches = pattern.is_some();
            Task::List { pattern, quick }
        }
        ShelfCommand::Get { names, to, existing, limit } => {
            options.limit = limit;
            options.on_collision = existing.on_collision();
            if to.as_os_str() == OsStr::new("-") {
                if names.len() > 1 || names.iter().any(|name| is_glob(name)) {
                    return Err(Refusal::usage("only one file can go to standard output"));
                }
                wish.data_on_stdout = true;
                options.target = Target::Stdout;
            } else {
                options.target = Target::Directory(to);
            }
            Task::Get(names)
        }
        ShelfCommand::Put { paths, zmq, limit } => {
            options.limit = limit;
            wish.puts = true;
            if let Some(endpoint) = zmq {
                return Ok(zmq::upload(&paths, &endpoint, Teller::new(wish)).await);
            }
            Task::Put(paths)
        }
        ShelfCommand::Delete { names } => Task::Delete(names),
    };
    let chore = Chore::new(task, common.user.is_some(), clock::now());
    Ok(run(chore, options, &common, Teller::new(wish)).await)
}

async fn run(mut chore: Chore, options: Options, common: &ShelfCommon, mut teller: Teller) -> u8 {
    let Ok(mut signals) = Signals::new() else { return exit::FAILURE };
    let mut visit = shelf::start(options);
    let mut login = Login { common, used: None, keyring: true };
    // They wait here, as events must be read meanwhile: a visit that can't tell anything takes nothing.
    let mut asked = VecDeque::new();
    loop {
        while let Some(step) = chore.poll_step() {
            match step {
                Step::Do(command) => asked.push_back(command),
                Step::Tell(report) => teller.tell(&report),
                Step::Password { wrong, unknown } => tokio::select! {
                    // What is asked there hears Ctrl+C too, and can't say what it means here.
                    biased;
                    interrupt = signals.next() => chore.handle_interrupt(interrupt),
                    password = login.password(wrong.as_deref(), unknown) => match password {
                        Ok(command) => {
                            chore.handle_password();
                            asked.push_back(command);
                        }
                        Err(text) => chore.handle_no_password(text),
                    },
                },
                Step::End(status) => return status,
            }
        }
        tokio::select! {
            event = visit.events.recv() => match event {
                Some(event) => tokio::select! {
                    biased;
                    interrupt = signals.next() => chore.handle_interrupt(interrupt),
                    () = login.heard(&event) => chore.handle_event(event, clock::now()),
                },
                None => chore.handle_gone(),
            },
            // One that is over takes none, and tells so itself.
            Ok(room) = visit.commands.reserve(), if !asked.is_empty() => {
                if let Some(command) = asked.pop_front() {
                    room.send(command);
                }
            }
            // What has come is kept; the visit puts it away as it is dropped.
            interrupt = signals.next() => chore.handle_interrupt(interrupt),
            () = sleep_until(chore.poll_timeout()) => chore.handle_timeout(clock::now()),
        }
    }
}

/// Who logs in, and with what.
struct Login<'a> {
    common: &'a ShelfCommon,
    /// The password that was used last.
    used: Option<(Wanted, password::Password)>,
    keyring: bool,
}

impl Login<'_> {
    /// Finds out the password.
    ///
    /// # Errors
    /// What is wrong and what to do.
    async fn password(&mut self, wrong: Option<&str>, unknown: bool) -> Result<Command, String> {
        let Some(user) = self.common.user.clone() else {
            return Err("log in with --user NAME".to_owned());
        };
        if unknown && !is_right_relay().await {
            return Err(
                "no password is sent to a relay that you meet for the first time; compare its \
                 certificate, and run the command again"
                    .to_owned(),
            );
        }
        if let (Some((wanted, used)), Some(wrong)) = (self.used.take(), wrong) {
            match used.source() {
                Source::Keyring => {
                    password::forget(&wanted, &used).await;
                    self.keyring = false;
                }
                // It would be the same again.
                Source::File | Source::Variable => return Err(wrong.to_owned()),
                Source::Typed => {}
            }
            let _ = writeln!(io::stderr(), "couplet: {wrong}");
        }
        let mut wanted = Wanted::new(user.clone(), &self.common.relay);
        wanted.file.clone_from(&self.common.password_file);
        wanted.keyring = self.keyring;
        let password = password::get(&wanted).await.map_err(|error| error.to_string())?;
        let said = Password(password.as_str().to_owned());
        self.used = Some((wanted, password));
        Ok(Command::LogIn { user: user.to_string(), password: said })
    }

    /// Once it was right, it is remembered if that is wanted.
    async fn heard(&mut self, event: &Event) {
        if let Event::Visit(VisitEvent::Connection(Connection::There(_))) = event
            && let Some((wanted, used)) = self.used.take()
            && self.common.remember
            && used.source() != Source::Keyring
            && let Err(error) = password::remember(&wanted, &used).await
        {
            let _ = writeln!(io::stderr(), "couplet: {error}");
        }
    }
}

/// Whether the user says that the relay, which is met for the first time, is the right one.
async fn is_right_relay() -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    let question = "Is that certificate the one that its operator told you? [y/N] ";
    let _ = write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush());
    let answer = super::ask::Lines::new().next().await;
    answer.is_some_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn sleep_until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep(moment.since(clock::now())).await,
        None => std::future::pending().await,
    }
}
