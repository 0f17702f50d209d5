//! `couplet`: reads the command line, runs a face, says how it ended.

use clap::Parser;
use couplet::session::Ending;
use couplet_ui::config::{Chat, Cli, Command, exit};
use couplet_ui::engine::{self, Options, Unsaid};
use couplet_ui::host::HostedRelay;
use couplet_ui::terminal::{self, Left};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let chat = match cli.command {
        Some(Command::Chat(chat)) => chat,
        None => cli.chat,
    };
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return fail(exit::FAILURE, &format!("can't start ({error})")),
        };
    let code = runtime.block_on(run_chat(chat));
    // A thread that waits for a slow file system must not keep the user waiting.
    runtime.shutdown_background();
    code
}

async fn run_chat(chat: Chat) -> ExitCode {
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
    let relay = hosted.as_ref().map_or(chat.relay, HostedRelay::local_address);
    let room = chat.room.as_ref();
    let joining = hosted.as_ref().map(|hosted| hosted.how_to_join(room)).unwrap_or_default();
    let options = Options {
        relay: relay.clone(),
        room: chat.room.clone(),
        name: chat.name,
        downloads: chat.downloads.clone(),
    };
    let (engine, unsaid) = engine::start(options);
    let face = terminal::Options { relay, downloads: chat.downloads, joining };
    let result = terminal::run(engine, face).await;
    let code = match result {
        Ok(left) => say_ending(&left, unsaid).await,
        Err(error) => fail(exit::FAILURE, &error.to_string()),
    };
    if let Some(hosted) = hosted {
        hosted.end().await;
    }
    code
}

/// Says on the terminal, now restored, how the line ended, and shows what was never sent.
async fn say_ending(left: &Left, unsaid: Unsaid) -> ExitCode {
    let code = match &left.ending {
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
        Ending::Protocol { text } => fail(exit::PROTOCOL, text),
    };
    let mut unsent = unsaid.await.unwrap_or_default();
    if !left.draft.trim().is_empty() {
        unsent.push(left.draft.clone());
    }
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

fn fail(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "couplet: {text}");
    ExitCode::from(code)
}
