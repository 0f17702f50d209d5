//! `couplet`: reads the command line, runs a face, says how it ended.

mod browsing;
mod ending;
mod last;

use couplet::code::Words;
use couplet::session::Ending;
use couplet::text;
use couplet::transfer::offer::OnCollision;
use couplet_ui::config::{self, Chat, Cli, Command, Looks, Receive, Wanted, exit};
use couplet_ui::conversations::{Conversation, Remembered};
use couplet_ui::engine::{self, Target, TlsChoice, Unsaid};
use couplet_ui::host::HostedRelay;
use couplet_ui::known_relays::KnownRelays;
use couplet_ui::meeting::{self, Hosted, Meeting};
use couplet_ui::terminal::{self, Answer, FaceError, Left, Next, Terminal};
use couplet_ui::{clock, command, partials, relays};
use ending::{Ended, fail, say_ending, unsent};
use last::KeptAs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::{self, Runtime};

/// What this program is called where it is installed.
const PROGRAM: &str = "couplet";

fn main() -> ExitCode {
    let cli = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let task = match cli.command {
        Some(Command::Chat(chat)) => Task::Chat(chat),
        Some(Command::Send(send)) => Task::Send(send),
        Some(Command::Receive(receive)) => Task::Receive(receive),
        Some(Command::Shelf(shelf)) => Task::Shelf(shelf),
        Some(Command::Web(web)) => Task::Web(web),
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
    Shelf(config::Shelf),
    Web(config::Web),
}

impl Task {
    /// A screen must be drawn while the engine works; without one, one thread starts sooner.
    fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = match self {
            Self::Chat(_) | Self::Web(_) => runtime::Builder::new_multi_thread(),
            Self::Send(_) | Self::Receive(_) | Self::Shelf(_) => {
                runtime::Builder::new_current_thread()
            }
        };
        builder.worker_threads(2).enable_all().build()
    }

    async fn run(self) -> ExitCode {
        let ended = match self {
            Self::Chat(chat) => return Box::pin(run_chat(chat)).await,
            Self::Web(web) => return Box::pin(browsing::run(web)).await,
            Self::Send(send) => command::send(send, &started_as(PROGRAM)).await,
            Self::Receive(receive) => command::receive(receive, &started_as(PROGRAM)).await,
            Self::Shelf(shelf) => command::shelf::shelf(shelf).await,
        };
        match ended {
            Ok(status) => ExitCode::from(status),
            Err(refusal) => fail(refusal.status, &refusal.text),
        }
    }
}

async fn run_chat(chat: Chat) -> ExitCode {
    // A relay of one's own ends with this program, and its rooms with it.
    let kept = KeptAs::new(chat.keep, chat.no_keep || chat.host.is_some());
    if chat.last {
        return match kept.last().await {
            Ok(last) => Box::pin(go_back(chat, kept, last)).await,
            Err(text) => fail(exit::FAILURE, &text),
        };
    }
    let wanted = match chat.wanted(|name| std::env::var(name).ok()) {
        // Whatever else is said, as by the environment: this isn't sealed.
        _ if chat.plain_room => None,
        Ok(wanted) => Some(wanted),
        Err(error) => return fail(exit::USAGE, &error.to_string()),
    };
    if let Err(code) = check_place(&chat) {
        return code;
    }
    let hosted = match chat.host {
        None => None,
        Some(listen) => match HostedRelay::start(listen).await {
            Ok(hosted) => Some(hosted),
            Err(text) => return fail(exit::NO_RELAY, &text),
        },
    };
    let plain = is_plain(&chat);
    let relay = hosted.as_ref().map_or(chat.at.relay, HostedRelay::local_address);
    let line = Line {
        plain,
        relay,
        name: chat.at.name,
        downloads: chat.downloads,
        on_collision: chat.existing.on_collision(),
        limit: chat.limit,
        looks: chat.looks,
        tls: chat.at.tls,
        known_relays: KnownRelays::default_path(),
        started_as: started_as(meeting::STARTED_AS),
        hosted: hosted.as_ref().map(HostedRelay::reached),
        words: usize::from(chat.words),
        kept,
    };
    let code = say_how_it_went(meet_and_talk(&line, wanted).await);
    if let Some(hosted) = hosted {
        hosted.end().await;
    }
    code
}

/// Goes back to a conversation that was left.
async fn go_back(chat: Chat, kept: KeptAs, last: (Conversation, Remembered)) -> ExitCode {
    if let Err(code) = check_place(&chat) {
        return code;
    }
    let line = Line {
        plain: is_plain(&chat),
        relay: last.1.relay.clone(),
        name: chat.at.name.or_else(|| last.1.name.clone()),
        downloads: last.1.downloads.clone(),
        on_collision: chat.existing.on_collision(),
        limit: chat.limit.or(last.1.limit),
        looks: chat.looks,
        tls: chat.at.tls,
        known_relays: KnownRelays::default_path(),
        started_as: started_as(meeting::STARTED_AS),
        hosted: None,
        words: usize::from(chat.words),
        kept,
    };
    let went = async {
        let mut terminal = Terminal::open(&line.looks, line.plain)?;
        let meeting = Meeting::of(last.1.session.room.as_ref(), &last.1.session.password.0);
        let start = Start { meeting: Some(meeting), draft: last.1.draft.clone(), last: Some(last) };
        talk(&line, &mut terminal, start).await.map(|talked| (terminal, talked))
    };
    let went = match went.await {
        Ok((terminal, talked)) => {
            drop(terminal);
            Ok(Went::Talked(talked.ended(goes_back_by(&line.started_as)).await))
        }
        Err(error) => Err(error),
    };
    say_how_it_went(went)
}

/// Whether files have a place.
fn check_place(chat: &Chat) -> Result<(), ExitCode> {
    if chat.downloads.exists() && !chat.downloads.is_dir() {
        let text = "the downloads directory is no directory; choose another with --downloads DIR";
        return Err(fail(exit::FAILURE, text));
    }
    Ok(())
}

/// Whether to talk line by line, without a screen.
fn is_plain(chat: &Chat) -> bool {
    chat.plain || terminal::has_lines_only(|name| std::env::var(name).ok())
}

fn say_how_it_went(went: Result<Went, FaceError>) -> ExitCode {
    match went {
        Ok(Went::Talked(ended)) => say_ending(&ended),
        Ok(Went::Nowhere(status)) => ExitCode::from(status),
        Err(error) => fail(error.status(), &error.to_string()),
    }
}

/// How the user started this program: the launch script says so, and anybody else may.
fn started_as(otherwise: &str) -> String {
    let told = std::env::var("COUPLET_STARTED_AS").unwrap_or_default();
    let told = text::line(&told, 40);
    if told.is_empty() { otherwise.to_owned() } else { told }
}

/// What the user types to go back to a conversation in a program that is started so.
fn goes_back_by(started_as: &str) -> String {
    format!("{started_as} --last")
}

/// What stays the same from one meeting to the next.
struct Line {
    /// Whether to talk line by line.
    plain: bool,
    relay: String,
    name: Option<String>,
    downloads: PathBuf,
    /// What to do about names that are taken there.
    on_collision: OnCollision,
    /// Bytes a second that each transfer may take.
    limit: Option<u64>,
    looks: Looks,
    tls: TlsChoice,
    known_relays: Option<PathBuf>,
    /// How the user started this program.
    started_as: String,
    hosted: Option<Hosted>,
    /// How many words a new code has.
    words: usize,
    kept: KeptAs,
}

impl Line {
    fn new_code(&self) -> Meeting {
        Meeting::New(Words::choose(self.words, &clock::entropy()))
    }
}

/// How a conversation begins.
struct Start {
    /// Whom to meet on a sealed line; none for a plain room.
    meeting: Option<Meeting>,
    draft: String,
    /// The conversation that is gone back to.
    last: Option<(Conversation, Remembered)>,
}

/// How a conversation went, as long as its engine may still have something to say.
struct Talked {
    left: Left,
    unsaid: Unsaid,
    /// Whether it can be gone back to.
    keeps: bool,
}

/// What came of it all.
enum Went {
    /// There was a conversation.
    Talked(Ended),
    /// There was none, and this is the exit status.
    Nowhere(u8),
}

impl Talked {
    /// Waits for the engine; `last` is what the user types to go back.
    async fn ended(self, last: String) -> Ended {
        let closed = self.left.closed && self.keeps;
        let rest = self.unsaid.await.unwrap_or_default();
        let goes_back = closed || rest.goes_back;
        let unsent = unsent(rest, self.left.unsaid, self.left.draft, goes_back);
        // Nothing is lost that goes on by itself, here or in the program that has the seat now.
        let goes_on = goes_back || self.left.ending == Ending::Superseded;
        let unfinished = if goes_on { Vec::new() } else { self.left.unfinished };
        let unwritten = self.left.unwritten;
        let (ending, status) = (self.left.ending, self.left.ended_by);
        Ended { ending, unsent, unfinished, unwritten, back: goes_back.then_some(last), status }
    }
}

/// Holds the terminal for one conversation after another, until the user leaves; says how the last
/// one ended and what was never sent in it, if there was one.
async fn meet_and_talk(line: &Line, wanted: Option<Wanted>) -> Result<Went, FaceError> {
    let mut terminal = Terminal::open(&line.looks, line.plain)?;
    let meeting = match wanted {
        None => None,
        Some(Wanted::Anybody) => Some(Meeting::Anybody),
        Some(Wanted::Room(room)) => Some(Meeting::Room(room)),
        Some(Wanted::New) => Some(line.new_code()),
        Some(Wanted::Code(code)) => Some(Meeting::Code(code)),
        Some(Wanted::Ask) => match terminal.ask(&line.relay).await? {
            Answer::Anybody => Some(Meeting::Anybody),
            Answer::New => Some(line.new_code()),
            Answer::Code(code) => Some(Meeting::Code(code)),
            Answer::Leave { ended_by } => return Ok(Went::Nowhere(ended_by.unwrap_or(exit::OK))),
        },
    };
    let start = Start { meeting, draft: String::new(), last: None };
    let talked = talk(line, &mut terminal, start).await?;
    // Given back before the engine has ended in order, which may take a moment.
    drop(terminal);
    Ok(Went::Talked(talked.ended(goes_back_by(&line.started_as)).await))
}

/// Talks in one conversation after another, until the user leaves.
async fn talk(line: &Line, terminal: &mut Terminal, start: Start) -> Result<Talked, FaceError> {
    let Start { meeting, mut draft, mut last } = start;
    let mut plain = meeting.is_none();
    let mut meeting = meeting.unwrap_or_default();
    let mut limit = line.limit;
    loop {
        let options = engine::Options {
            relay: line.relay.clone(),
            meet: meeting.meet(),
            password: meeting.password(),
            name: line.name.clone(),
            target: Target::Directory(line.downloads.clone()),
            on_collision: line.on_collision,
            limit,
            tls: line.tls,
            known_relays: line.known_relays.clone(),
        };
        let begun = match last.take() {
            Some((conversation, before)) => Some((conversation, Some(before))),
            None if plain => None,
            None => line.kept.begin(&meeting).map(|conversation| (conversation, None)),
        };
        let keeps = begun.is_some();
        let visit = options.visit();
        let (engine, unsaid) = match begun {
            Some((conversation, before)) => engine::start_kept(options, conversation, before),
            None if plain => engine::start_plain(options),
            None => engine::start(options),
        };
        let options = terminal::Options {
            visit,
            downloads: line.downloads.clone(),
            started_as: line.started_as.clone(),
            hosted: line.hosted.clone(),
            meeting,
            draft,
            keeps,
        };
        let left = terminal.talk(engine, options).await?;
        limit = left.limit;
        meeting = match left.next {
            Some(Next::New) => line.new_code(),
            Some(Next::Code(ref code)) => Meeting::Code(code.clone()),
            None => return Ok(Talked { left, unsaid, keeps }),
        };
        plain = false;
        // What nobody was there to hear is the user's to say or to drop in the new room.
        let rest = unsaid.await.unwrap_or_default();
        draft = unsent(rest, left.unsaid, left.draft, false).join("\n");
    }
}

fn print(text: &str) -> ExitCode {
    // A reader that has gone has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
