//! `couplet web`: one conversation after another in a page, until the user has had enough.

use super::ending::{fail, say_ending, unsent};
use super::last::KeptAs;
use super::{Talked, goes_back_by, print, started_as};
use couplet::code::Words;
use couplet_ui::clock;
use couplet_ui::config::{Wanted, Web as Options, exit};
use couplet_ui::conversations::{Conversation, Remembered};
use couplet_ui::engine::{self, Target};
use couplet_ui::known_relays::KnownRelays;
use couplet_ui::meeting::{self, Meeting};
use couplet_ui::terminal::{self, Answer, FaceError, Next};
use couplet_ui::web::{About, Over, Web};
use std::process::ExitCode;

/// Where the page is, if nothing else is said and nobody else is there.
const PORT: u16 = 8080;

/// Serves the page until it, a signal or an error ends the program.
pub(super) async fn run(mut options: Options) -> ExitCode {
    let kept = KeptAs::new(options.keep, options.no_keep);
    let (wanted, last) = match begins(&mut options, &kept).await {
        Ok(begins) => begins,
        Err((status, text)) => return fail(status, &text),
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
    let needed = last.iter().flat_map(|(_, before)| &before.sending);
    let needed = needed.flat_map(|sending| sending.paths.clone()).collect();
    let mut web = match Web::open(options.listen, about, needed).await {
        Ok(web) => web,
        Err(error) => return fail(exit::FAILURE, &error.to_string()),
    };
    announce(&options, &web).await;
    let mut browsing = Browsing::new(options, kept, last);
    let mut meeting = browsing.first(wanted);
    loop {
        let Some(meet) = meeting.take() else {
            match web.ask().await {
                Answer::Leave { ended_by } => {
                    let over = Over { text: "couplet was ended", unfinished: &[] };
                    web.end(over, &mut Vec::new()).await;
                    return ExitCode::from(ended_by.unwrap_or(exit::OK));
                }
                answer @ (Answer::Anybody | Answer::New | Answer::Code(_)) => {
                    meeting = browsing.answered(answer);
                }
            }
            continue;
        };
        let talked = match browsing.talk(&mut web, meet).await {
            Ok(talked) => talked,
            Err(error) => return fail(error.status(), &error.to_string()),
        };
        meeting = match talked.left.next {
            Some(Next::New) => Some(browsing.new_code()),
            Some(Next::Code(ref code)) => Some(Meeting::Code(code.clone())),
            None => None,
        };
        if meeting.is_some() {
            web.remove_uploads();
            let Talked { left, unsaid, .. } = talked;
            let rest = unsaid.await.unwrap_or_default();
            browsing.draft = unsent(rest, left.unsaid, left.draft, false).join("\n");
            continue;
        }
        let mut ended = talked.ended(goes_back_by(&again())).await;
        if ended.back.is_some() {
            web.leave_uploads();
        } else {
            web.remove_uploads();
        }
        let (_, text) = ended.in_words();
        let left_over: Vec<_> = ended.left_over().cloned().collect();
        let over = Over { text: &text, unfinished: &left_over };
        if !web.is_over() {
            let answer = web.ask_again(over, &mut ended.unsent).await;
            meeting = browsing.answered(answer);
        }
        if meeting.is_some() {
            // It isn't thrown away, and not sent to somebody else by itself.
            browsing.draft = ended.unsent.join("\n");
        }
        if meeting.is_none() {
            web.end(over, &mut ended.unsent).await;
            return say_ending(&ended);
        }
    }
}

/// Whom the command line asks to meet; what is gone back to instead, if it says so. The options are then
/// those of that conversation.
async fn begins(
    options: &mut Options,
    kept: &KeptAs,
) -> Result<(Option<Wanted>, Option<Last>), (u8, String)> {
    if !options.last {
        let wanted = options.wanted(|name| std::env::var(name).ok());
        let wanted = wanted.map_err(|error| (exit::USAGE, error.to_string()))?;
        return Ok((Some(wanted), None));
    }
    let last = kept.last().await.map_err(|text| (exit::FAILURE, text))?;
    let before = &last.1;
    options.at.relay.clone_from(&before.relay);
    options.at.name = options.at.name.take().or_else(|| before.name.clone());
    options.downloads.clone_from(&before.downloads);
    options.limit = options.limit.or(before.limit);
    Ok((None, Some(last)))
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

/// A conversation that is gone back to.
type Last = (Conversation, Remembered);

/// What stays the same from one meeting to the next.
struct Browsing {
    options: Options,
    kept: KeptAs,
    limit: Option<u64>,
    /// What is to stand in the composer.
    draft: String,
    /// What the next conversation goes on from.
    last: Option<Last>,
}

impl Browsing {
    fn new(options: Options, kept: KeptAs, last: Option<Last>) -> Self {
        let draft = last.as_ref().map(|(_, before)| before.draft.clone()).unwrap_or_default();
        Self { limit: options.limit, options, kept, draft, last }
    }

    fn new_code(&self) -> Meeting {
        Meeting::New(Words::choose(usize::from(self.options.words), &clock::entropy()))
    }

    /// Whom to meet, if that is known.
    fn first(&self, wanted: Option<Wanted>) -> Option<Meeting> {
        let Some(wanted) = wanted else {
            let (_, Remembered { session, .. }) = self.last.as_ref()?;
            return Some(Meeting::of(session.room.as_ref(), &session.password.0));
        };
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

    async fn talk(&mut self, web: &mut Web, meet: Meeting) -> Result<Talked, FaceError> {
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
        let begun = match self.last.take() {
            Some((conversation, before)) => Some((conversation, Some(before))),
            None => self.kept.begin(&meet).map(|conversation| (conversation, None)),
        };
        let keeps = begun.is_some();
        let (engine, unsaid) = match begun {
            Some((conversation, before)) => engine::start_kept(options, conversation, before),
            None => engine::start(options),
        };
        let options = terminal::Options {
            visit,
            downloads: self.options.downloads.clone(),
            started_as: started_as(meeting::STARTED_AS),
            hosted: None,
            meeting: meet,
            draft: std::mem::take(&mut self.draft),
            keeps,
        };
        let left = web.talk(engine, options).await?;
        self.limit = left.limit;
        Ok(Talked { left, unsaid, keeps })
    }
}
