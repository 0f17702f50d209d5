//! `couplet`: reads the command line, runs a face, says how it ended.

use clap::Parser;
use couplet::code::Words;
use couplet::session::Ending;
use couplet::text;
use couplet::transfer::offer::OnCollision;
use couplet_ui::config::{self, Chat, Cli, Command, Receive, Wanted, exit};
use couplet_ui::engine::{self, Target, TlsChoice, Unsaid};
use couplet_ui::host::HostedRelay;
use couplet_ui::known_relays::KnownRelays;
use couplet_ui::meeting::{self, Hosted, Meeting};
use couplet_ui::terminal::{self, Answer, FaceError, Next, Terminal};
use couplet_ui::{clock, command, partials, relays};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::{self, Runtime};

/// What this program is called where it is installed.
const PROGRAM: &str = "couplet";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let task = match cli.command {
        Some(Command::Chat(chat)) => Task::Chat(chat),
        Some(Command::Send(send)) => Task::Send(send),
        Some(Command::Receive(receive)) => Task::Receive(receive),
        Some(Command::Partials(partials)) => {
            return match partials::run(&partials) {
                Ok(text) => print(&text),
                Err(text) => fail(exit::FAILURE, &text),
            };
        }
        Some(Command::Relays { command }) => {
            let path = KnownRelays::default_path();
            return match relays::run(command.as_ref(), path) {
                Ok(text) => print(&text),
                Err(text) => fail(exit::FAILURE, &text),
            };
        }
        None => Task::Chat(cli.chat),
    };
    let runtime = match task.runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(exit::FAILURE, &format!("can't start ({error})")),
    };
    let code = runtime.block_on(task.run());
    // A thread that waits for a slow file system must not keep the user waiting.
    runtime.shutdown_background();
    code
}

/// What is done on a runtime.
enum Task {
    Chat(Chat),
    Send(config::Send),
    Receive(Receive),
}

impl Task {
    /// A screen must be drawn while the engine works; without one, one thread starts sooner.
    fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = match self {
            Self::Chat(_) => runtime::Builder::new_multi_thread(),
            Self::Send(_) | Self::Receive(_) => runtime::Builder::new_current_thread(),
        };
        builder.worker_threads(2).enable_all().build()
    }

    async fn run(self) -> ExitCode {
        let ended = match self {
            Self::Chat(chat) => return run_chat(chat).await,
            Self::Send(send) => command::send(send, &started_as(PROGRAM)).await,
            Self::Receive(receive) => command::receive(receive, &started_as(PROGRAM)).await,
        };
        match ended {
            Ok(status) => ExitCode::from(status),
            Err(refusal) => fail(refusal.status, &refusal.text),
        }
    }
}

async fn run_chat(chat: Chat) -> ExitCode {
    let wanted = match chat.wanted(|name| std::env::var(name).ok()) {
        Ok(wanted) => wanted,
        Err(error) => return fail(exit::USAGE, &error.to_string()),
    };
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        let text = "chat draws on a terminal, and there is none here; run it in one";
        return fail(exit::NO_TERMINAL, text);
    }
    if chat.downloads.exists() && !chat.downloads.is_dir() {
        let text = "the downloads directory is no directory; choose another with --downloads DIR";
        return fail(exit::FAILURE, text);
    }
    let hosted = match chat.host {
        None => None,
        Some(listen) => match HostedRelay::start(listen).await {
            Ok(hosted) => Some(hosted),
            Err(text) => return fail(exit::NO_RELAY, &text),
        },
    };
    let relay = hosted.as_ref().map_or(chat.at.relay, HostedRelay::local_address);
    let line = Line {
        relay,
        name: chat.at.name,
        downloads: chat.downloads,
        on_collision: chat.existing.on_collision(),
        limit: chat.limit,
        tls: chat.at.tls,
        known_relays: KnownRelays::default_path(),
        started_as: started_as(meeting::STARTED_AS),
        hosted: hosted.as_ref().map(HostedRelay::reached),
        words: usize::from(chat.words),
    };
    let code = match meet_and_talk(&line, wanted).await {
        Ok(Some((ending, unsent))) => say_ending(&ending, unsent),
        Ok(None) => ExitCode::from(exit::OK),
        Err(error) => fail(exit::FAILURE, &error.to_string()),
    };
    if let Some(hosted) = hosted {
        hosted.end().await;
    }
    code
}

/// How the user started this program: the launch script says so, and anybody else may.
fn started_as(otherwise: &str) -> String {
    let told = std::env::var("COUPLET_STARTED_AS").unwrap_or_default();
    let told = text::line(&told, 40);
    if told.is_empty() { otherwise.to_owned() } else { told }
}

/// What stays the same from one meeting to the next.
struct Line {
    relay: String,
    name: Option<String>,
    downloads: PathBuf,
    /// What to do about names that are taken there.
    on_collision: OnCollision,
    /// Bytes a second that each transfer may take.
    limit: Option<u64>,
    tls: TlsChoice,
    known_relays: Option<PathBuf>,
    /// How the user started this program.
    started_as: String,
    hosted: Option<Hosted>,
    /// How many words a new code has.
    words: usize,
}

impl Line {
    fn new_code(&self) -> Meeting {
        Meeting::New(Words::choose(self.words, &clock::entropy()))
    }
}

/// Holds the terminal for one conversation after another, until the user leaves; says how the last
/// one ended and what was never sent in it, or nothing if there was none.
async fn meet_and_talk(
    line: &Line,
    wanted: Wanted,
) -> Result<Option<(Ending, Vec<String>)>, FaceError> {
    let mut terminal = Terminal::open()?;
    let mut meeting = match wanted {
        Wanted::Anybody => Meeting::Anybody,
        Wanted::Room(room) => Meeting::Room(room),
        Wanted::New => line.new_code(),
        Wanted::Code(code) => Meeting::Code(code),
        Wanted::Ask => match terminal.ask(&line.relay).await? {
            Answer::Anybody => Meeting::Anybody,
            Answer::New => line.new_code(),
            Answer::Code(code) => Meeting::Code(code),
            Answer::Leave => return Ok(None),
        },
    };
    let (mut draft, mut limit) = (String::new(), line.limit);
    loop {
        let (engine, unsaid) = engine::start(engine::Options {
            relay: line.relay.clone(),
            meet: meeting.meet(),
            password: meeting.password(),
            name: line.name.clone(),
            target: Target::Directory(line.downloads.clone()),
            on_collision: line.on_collision,
            limit,
            tls: line.tls,
            known_relays: line.known_relays.clone(),
        });
        let options = terminal::Options {
            relay: line.relay.clone(),
            downloads: line.downloads.clone(),
            on_collision: line.on_collision,
            limit,
            started_as: line.started_as.clone(),
            hosted: line.hosted.clone(),
            meeting,
            draft,
        };
        let left = terminal.talk(engine, options).await?;
        limit = left.limit;
        meeting = match left.next {
            Some(Next::New) => line.new_code(),
            Some(Next::Code(code)) => Meeting::Code(code),
            None => {
                // Given back before the engine has ended in order, which may take a moment.
                drop(terminal);
                let unsent = unsent(unsaid, left.draft).await;
                return Ok(Some((left.ending, unsent)));
            }
        };
        // What nobody was there to hear is the user's to say or to drop in the new room.
        draft = unsent(unsaid, left.draft).await.join("\n");
    }
}

/// What was written and never sent, when the session has ended.
async fn unsent(unsaid: Unsaid, draft: String) -> Vec<String> {
    let mut unsent = unsaid.await.unwrap_or_default();
    if !draft.trim().is_empty() {
        unsent.push(draft);
    }
    unsent
}

/// Says on the terminal, now restored, how the line ended, and shows what was never sent.
fn say_ending(ending: &Ending, unsent: Vec<String>) -> ExitCode {
    let code = match ending {
        Ending::Fin => say(exit::OK, "you left (fin)"),
        Ending::RelayExit => {
            let text = "exit: the relay was ended, so this conversation is over; to talk again, \
                        one of you starts a relay, and both start couplet";
            say(exit::OK, text)
        }
        Ending::Superseded => {
            say(exit::OK, "this seat was taken up from another connection; this one is closed")
        }
        Ending::Refused { text, .. } => fail(exit::REFUSED, text),
        Ending::Unreachable { text } => fail(exit::NO_RELAY, text),
        Ending::WrongCode { text } => fail(exit::WRONG_CODE, text),
        Ending::Distrusted { text } => fail(exit::DISTRUSTED, text),
        Ending::Protocol { text } => fail(exit::PROTOCOL, text),
    };
    if !unsent.is_empty() {
        let mut out = std::io::stdout().lock();
        // A terminal that is gone can't be told anything.
        let _ = writeln!(out, "not sent, so that you have it:");
        for text in unsent {
            let _ = writeln!(out, "{text}");
        }
    }
    code
}

fn say(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(std::io::stdout(), "couplet: {text}");
    ExitCode::from(code)
}

fn print(text: &str) -> ExitCode {
    // A reader that has gone has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn fail(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "couplet: {text}");
    ExitCode::from(code)
}
