//! `couplet web`: one conversation after another in a page, until the user has had enough.

use super::ending::{Ended, fail, say_ending, unsent};
use super::{print, started_as};
use couplet::code::Words;
use couplet_ui::clock;
use couplet_ui::config::{Wanted, Web as Options, exit};
use couplet_ui::engine::{self, Target, Unsaid};
use couplet_ui::known_relays::KnownRelays;
use couplet_ui::meeting::{self, Meeting};
use couplet_ui::terminal::{self, Answer, FaceError, Left, Next};
use couplet_ui::web::{About, Web};
use std::process::ExitCode;

/// Where the page is, if nothing else is said and nobody else is there.
const PORT: u16 = 8080;

/// Serves the page until it, a signal or an error ends the program.
pub(super) async fn run(options: Options) -> ExitCode {
    let wanted = match options.wanted(|name| std::env::var(name).ok()) {
        Ok(wanted) => wanted,
        Err(error) => return fail(exit::USAGE, &error.to_string()),
    };
    if options.downloads.exists() && !options.downloads.is_dir() {
        let text = "the downloads directory is no directory; choose another with --downloads DIR";
        return fail(exit::FAILURE, text);
    }
    let about = About {
        started_as: again(),
        relay: options.at.relay.clone(),
        downloads: std::path::absolute(&options.downloads)
            .unwrap_or_else(|_| options.downloads.clone()),
    };
    let mut web = match Web::open(options.listen, about).await {
        Ok(web) => web,
        Err(error) => return fail(exit::FAILURE, &error.to_string()),
    };
    announce(&options, &web).await;
    let mut browsing = Browsing { limit: options.limit, options, draft: String::new() };
    let mut meeting = browsing.first(wanted);
    loop {
        let Some(meet) = meeting.take() else {
            match web.ask().await {
                Answer::Leave { ended_by } => {
                    web.end("couplet was ended".to_owned(), &mut Vec::new()).await;
                    return ExitCode::from(ended_by.unwrap_or(exit::OK));
                }
                answer @ (Answer::Anybody | Answer::New | Answer::Code(_)) => {
                    meeting = browsing.answered(answer);
                }
            }
            continue;
        };
        let (left, unsaid) = match browsing.talk(&mut web, meet).await {
            Ok(talked) => talked,
            Err(error) => return fail(error.status(), &error.to_string()),
        };
        meeting = match left.next {
            Some(Next::New) => Some(browsing.new_code()),
            Some(Next::Code(ref code)) => Some(Meeting::Code(code.clone())),
            None => None,
        };
        if meeting.is_some() {
            let rest = unsaid.await.unwrap_or_default();
            browsing.draft = unsent(rest, left.unsaid, left.draft, false).join("\n");
            continue;
        }
        let mut ended = ended(left, unsaid).await;
        let (_, text) = ended.in_words();
        if !web.is_over() {
            let answer = web.ask_again(text.clone(), &mut ended.unsent).await;
            meeting = browsing.answered(answer);
        }
        if meeting.is_some() {
            // It isn't thrown away, and not sent to somebody else by itself.
            browsing.draft = ended.unsent.join("\n");
        }
        if meeting.is_none() {
            web.end(text, &mut ended.unsent).await;
            return say_ending(&ended);
        }
    }
}

/// What the user types to start it again, as far as is known.
fn again() -> String {
    format!("{} web", started_as("couplet"))
}

/// Says where the page is, and opens it if it is to be.
async fn announce(options: &Options, web: &Web) {
    print(&format!("couplet: the page is at {}\n", web.url()));
    if options.listen.is_none() && web.address().port() != PORT {
        let port = web.address().port();
        print(&format!("  Port {PORT} is taken, so it is {port}.\n"));
    }
    if !web.address().ip().is_loopback() {
        print(
            "  Whoever reaches it and has this address can say and send in your name. The way there isn't sealed.\n",
        );
    }
    if !options.no_open
        && let Err(text) = web.show().await
    {
        print(&format!("  {text}\n"));
    }
    print("  Ctrl+C ends it, and with it the conversation; closing the page doesn't.\n");
}

async fn ended(left: Left, unsaid: Unsaid) -> Ended {
    Ended {
        ending: left.ending,
        unsent: unsent(unsaid.await.unwrap_or_default(), left.unsaid, left.draft, false),
        unfinished: left.unfinished,
        goes_back: false,
        status: left.ended_by,
    }
}

/// What stays the same from one meeting to the next.
struct Browsing {
    options: Options,
    limit: Option<u64>,
    /// What is to stand in the composer.
    draft: String,
}

impl Browsing {
    fn new_code(&self) -> Meeting {
        Meeting::New(Words::choose(usize::from(self.options.words), &clock::entropy()))
    }

    /// Whom to meet, if the command line says so.
    fn first(&self, wanted: Wanted) -> Option<Meeting> {
        match wanted {
            Wanted::Ask => None,
            Wanted::Anybody => Some(Meeting::Anybody),
            Wanted::Room(room) => Some(Meeting::Room(room)),
            Wanted::New => Some(self.new_code()),
            Wanted::Code(code) => Some(Meeting::Code(code)),
        }
    }

    /// Whom to meet, as a page says.
    fn answered(&self, answer: Answer) -> Option<Meeting> {
        match answer {
            Answer::Anybody => Some(Meeting::Anybody),
            Answer::New => Some(self.new_code()),
            Answer::Code(code) => Some(Meeting::Code(code)),
            Answer::Leave { .. } => None,
        }
    }

    async fn talk(&mut self, web: &mut Web, meet: Meeting) -> Result<(Left, Unsaid), FaceError> {
        let options = engine::Options {
            relay: self.options.at.relay.clone(),
            meet: meet.meet(),
            password: meet.password(),
            name: self.options.at.name.clone(),
            target: Target::Directory(self.options.downloads.clone()),
            on_collision: self.options.existing.on_collision(),
            limit: self.limit,
            tls: self.options.at.tls,
            known_relays: KnownRelays::default_path(),
        };
        let visit = options.visit();
        let (engine, unsaid) = engine::start(options);
        let options = terminal::Options {
            visit,
            downloads: self.options.downloads.clone(),
            started_as: started_as(meeting::STARTED_AS),
            hosted: None,
            meeting: meet,
            draft: std::mem::take(&mut self.draft),
            keeps: false,
        };
        let left = web.talk(engine, options).await?;
        self.limit = left.limit;
        Ok((left, unsaid))
    }
}
