//! What `couplet shelf` does, step by step: the pure part of the command.
//!
//! Owns what is asked for next, what is told, when somebody must say who they are, and the exit
//! status.

use super::super::errand::Interrupt;
use super::listing::Listing;
use super::report::Report;
use super::task::{Step, Task};
use super::verdict;
use crate::config::exit;
use crate::config::shelf::is_glob;
use crate::engine::shelf::{Command, Event};
use couplet::shelf::list::{Page, Query};
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::{Connection, End, ErrandId, Event as VisitEvent, Wish};
use couplet::text;
use couplet::time::Moment;
use couplet::transfer::outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How long hashes are waited for that the relay has to find out.
const HASH_PATIENCE: Duration = Duration::from_secs(2);

/// How often it is asked for them meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(150);

/// How often a password may be wrong.
const MAX_TRIES: u32 = 3;

/// The command on its way.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Chore {
    task: Task,
    has_user: bool,
    steps: VecDeque<Step>,
    names: BTreeMap<ErrandId, String>,
    /// Errands of which something has moved.
    begun: BTreeSet<ErrandId>,
    /// Errands that were asked for and aren't over.
    open: usize,
    listed: Listing,
    /// Whether the last list that was asked for came whole.
    is_listed: bool,
    /// Globs whose lists are still to be asked for, and the one whose list is being told.
    globs: VecDeque<String>,
    listing: Option<String>,
    /// Until when hashes are waited for, and when it is asked again.
    hashes: Option<Moment>,
    ask_at: Option<Moment>,
    met_first: bool,
    tries: u32,
    status: u8,
    reason: Option<String>,
    is_leaving: bool,
    is_over: bool,
}

impl Chore {
    /// Begins. `has_user` is whether there is somebody to log in as.
    pub(super) fn new(task: Task, has_user: bool, now: Moment) -> Self {
        let mut chore = Self {
            task,
            has_user,
            steps: VecDeque::new(),
            names: BTreeMap::new(),
            begun: BTreeSet::new(),
            open: 0,
            listed: Listing::default(),
            is_listed: false,
            globs: VecDeque::new(),
            listing: None,
            hashes: None,
            ask_at: None,
            met_first: false,
            tries: 0,
            status: exit::OK,
            reason: None,
            is_leaving: false,
            is_over: false,
        };
        chore.begin(now);
        chore
    }

    /// The next step.
    pub(super) fn poll_step(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called.
    pub(super) const fn poll_timeout(&self) -> Option<Moment> {
        self.ask_at
    }

    /// It is time to ask for hashes again.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        if self.ask_at.is_some_and(|at| now >= at) {
            self.ask_at = None;
            self.listed.take();
            self.list(None);
        }
    }

    /// There is a password; the shell logs in with it.
    pub(super) const fn handle_password(&mut self) {
        self.tries += 1;
    }

    /// There is none.
    pub(super) fn handle_no_password(&mut self, text: String) {
        self.fail(exit::LOGIN, text);
        self.leave();
    }

    /// The program is to end before its time.
    pub(super) fn handle_interrupt(&mut self, interrupt: Interrupt) {
        self.status = exit::OK;
        self.reason = None;
        let kept = !self.begun.is_empty();
        self.fail(verdict::of_interrupt(interrupt), verdict::stopped(interrupt, kept));
        self.over();
    }

    /// The visit is gone without a word.
    pub(super) fn handle_gone(&mut self) {
        let text = "the visit to the shelf ended unexpectedly; run the command again, and please report it";
        self.fail(exit::FAILURE, text.to_owned());
        self.over();
    }

    /// Something has happened at the shelf.
    pub(super) fn handle_event(&mut self, event: Event, now: Moment) {
        match event {
            Event::Notice(text) => {
                self.met_first = true;
                self.tell(Report::Notice { text });
            }
            Event::Wanted(id, wish) => {
                self.names.insert(id, wished(&wish));
            }
            // It has its name from the wish.
            Event::Laying(..) => {}
            Event::NotPut(path, text) => {
                let name = text::line(&path.to_string_lossy(), 120);
                self.failed(exit::UNREADABLE, name, "unreadable", text);
                self.one_less(now);
            }
            Event::Started { id, held, size } => {
                let name = self.name(id);
                self.begun.insert(id);
                self.tell(Report::Started { name, held, size });
            }
            Event::Progress(id, figures) => {
                let name = self.name(id);
                self.tell(Report::progress(name, &figures));
            }
            Event::Visit(event) => self.visited(event, now),
        }
    }

    fn begin(&mut self, now: Moment) {
        match self.task.clone() {
            Task::List { quick, .. } => {
                self.hashes = (!quick).then(|| now + HASH_PATIENCE);
                self.list(None);
            }
            Task::Get(wanted) => {
                for wanted in wanted {
                    if is_glob(&wanted) {
                        self.globs.push_back(wanted);
                    } else if let Ok(name) = ShelfName::new(&wanted) {
                        self.ask(Command::Get(name));
                    }
                }
                self.next_glob();
            }
            Task::Put(paths) => {
                for path in paths {
                    self.ask(Command::Put(path));
                }
            }
            Task::Delete(names) => {
                for name in names {
                    self.ask(Command::Delete(name));
                }
            }
        }
    }

    fn visited(&mut self, event: VisitEvent, now: Moment) {
        match event {
            VisitEvent::LoginWanted if self.has_user => {
                self.steps.push_back(Step::Password { wrong: None, unknown: self.met_first });
            }
            VisitEvent::LoginWanted => {
                let text = "this shelf asks who you are: log in with --user NAME";
                self.fail(exit::LOGIN, text.to_owned());
                self.leave();
            }
            VisitEvent::LoginFailed { text } => {
                let text = text::line(&text, 300);
                if self.tries < MAX_TRIES && self.has_user {
                    // A relay may let anybody in at first and ask who it is later.
                    let unknown = self.met_first && self.tries == 0;
                    self.steps.push_back(Step::Password { wrong: Some(text), unknown });
                } else {
                    let how = if self.has_user { "" } else { " (--user NAME)" };
                    self.fail(exit::LOGIN, format!("{text}{how}"));
                    self.leave();
                }
            }
            VisitEvent::Connection(connection) => self.connection(connection),
            VisitEvent::List(Some(_), page) => self.page(page),
            // What follows a login nobody here has asked for.
            VisitEvent::List(None, _) => {}
            VisitEvent::Offered { id, again, changed, .. } => {
                let name = self.name(id);
                if again && changed {
                    self.tell(Report::Changed { name });
                }
            }
            VisitEvent::Waiting(id, before) => {
                let name = self.name(id);
                self.tell(Report::Waiting { name, before });
            }
            VisitEvent::Ended(id, end) => {
                self.ended(id, end);
                self.one_less(now);
            }
            VisitEvent::Over => self.over(),
        }
    }

    fn connection(&mut self, connection: Connection) {
        match connection {
            Connection::There(_) => {}
            Connection::Lost { text, wait } => {
                self.tell(Report::Reconnecting { reason: text, wait_s: wait.as_secs_f64() });
            }
            Connection::None(_)
            | Connection::Ended(_)
            | Connection::Distrusted(_)
            | Connection::Refused(..)
            | Connection::NoShelf(_) => {
                let status = verdict::of_connection(&connection);
                self.fail(status, text::line(connection.text(), 300));
            }
        }
    }

    fn page(&mut self, page: Page) {
        match self.listed.take_page(page) {
            Ok(Some(after)) => self.list(Some(after)),
            Ok(None) => {}
            Err(broken) => {
                let (status, text) = broken.verdict();
                self.fail(status, text);
                self.leave();
            }
        }
    }

    fn ended(&mut self, id: ErrandId, end: End) {
        let name = self.name(id);
        self.names.remove(&id);
        let kept = self.begun.remove(&id);
        let puts = matches!(self.task, Task::Put(_));
        self.is_listed = matches!(end, End::Listed);
        match end {
            End::Listed | End::Cancelled => {}
            End::Deleted => self.tell(Report::Deleted { name }),
            End::Moved(Outcome::Verified { saved_as, problems }) => {
                for text in problems.told() {
                    self.tell(Report::LeftOut { name: name.clone(), text: text.to_owned() });
                }
                if problems.count() > 0 {
                    self.note(exit::LEFT_OUT);
                }
                let left_out = problems.count();
                self.tell(Report::Verified { name, saved_as, left_out });
            }
            End::Moved(Outcome::Failed { code, text }) => {
                let (status, text) = verdict::of_fault(code, text, puts);
                self.failed(status, name, &verdict::word(&code), text);
            }
            End::Refused(code, text) => {
                let text = text::line(&text, 300);
                self.failed(verdict::of_refusal(code), name, &verdict::word(&code), text);
            }
            End::Missing { text, page } => {
                let text = text::line(&text, 300);
                let there: Vec<_> = page.files.iter().map(|file| file.name.to_string()).collect();
                let more = page.total_files.saturating_sub(there.len() as u64);
                self.failed(exit::MISSING, name, "no_such_name", text);
                self.tell(Report::There { names: there, more });
            }
            End::NotTaken(not) => {
                let status = if not.taken { exit::TAKEN } else { exit::UNWRITABLE };
                let code = if not.taken { "taken" } else { "unwritable" };
                self.failed(status, name, code, not.text);
            }
            // That there is no list is told with the reason, which has its own status if there is one.
            End::GivenUp(_) if name.is_empty() => self.note(exit::FAILURE),
            End::GivenUp(_) => {
                self.note(exit::FAILURE);
                self.tell(Report::NotDone { name, kept });
            }
        }
    }

    /// An errand is over.
    fn one_less(&mut self, now: Moment) {
        self.open = self.open.saturating_sub(1);
        if self.open > 0 || self.is_leaving {
            return;
        }
        match &self.task {
            // Why there is no list has been told; that nothing matches would be untrue.
            Task::List { .. } if !self.is_listed => {}
            Task::List { .. } => {
                if self.listed.lacks_hashes() && self.hashes.is_some_and(|until| now < until) {
                    self.ask_at = Some(now + ASK_AGAIN);
                    return;
                }
                let files = self.listed.take();
                let bytes = files.iter().map(|file| file.size).fold(0, u64::saturating_add);
                let count = files.len();
                for file in files {
                    self.tell(Report::file(&file));
                }
                self.tell(Report::Listed { files: count, bytes, left_out: self.listed.left_out });
            }
            Task::Get(_) => {
                if let Some(glob) = self.listing.take() {
                    let files = self.listed.take();
                    if files.is_empty() && self.is_listed {
                        self.nothing_matches(glob);
                    }
                    for file in files {
                        self.ask(Command::Get(file.name));
                    }
                }
                self.next_glob();
            }
            Task::Put(_) | Task::Delete(_) => {}
        }
        if self.open == 0 {
            self.leave();
        }
    }

    /// What has only brackets and matches nothing may be a name: they are common there.
    fn nothing_matches(&mut self, glob: String) {
        if let (false, Ok(name)) = (glob.contains(['*', '?']), ShelfName::new(&glob)) {
            return self.ask(Command::Get(name));
        }
        let text = "nothing on the shelf matches that".to_owned();
        self.failed(exit::MISSING, glob, "no_such_name", text);
    }

    /// Asks what matches the next glob, once all before it is through.
    fn next_glob(&mut self) {
        if self.open == 0
            && let Some(glob) = self.globs.pop_front()
        {
            self.listing = Some(glob);
            self.list(None);
        }
    }

    fn list(&mut self, after: Option<ShelfName>) {
        let (pattern, hashes) = match &self.task {
            Task::List { pattern, quick } => (pattern.clone(), !quick),
            Task::Get(_) => (self.listing.clone(), false),
            Task::Put(_) | Task::Delete(_) => (None, false),
        };
        self.ask(Command::List(Query { pattern, after, hashes }));
    }

    fn ask(&mut self, command: Command) {
        self.open += 1;
        self.steps.push_back(Step::Do(command));
    }

    fn leave(&mut self) {
        if !std::mem::replace(&mut self.is_leaving, true) {
            self.steps.push_back(Step::Do(Command::Leave));
        }
    }

    fn over(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            let (status, reason) = (self.status, self.reason.take());
            self.tell(Report::Ended { status, reason });
            self.steps.push_back(Step::End(status));
        }
    }

    fn name(&self, id: ErrandId) -> String {
        self.names.get(&id).cloned().unwrap_or_default()
    }

    fn failed(&mut self, status: u8, name: String, code: &str, text: String) {
        self.note(status);
        self.tell(Report::Failed { name, code: code.to_owned(), text });
    }

    /// Nothing more can be done.
    fn fail(&mut self, status: u8, text: String) {
        self.note(status);
        self.reason.get_or_insert(text);
    }

    /// The first that goes wrong gives the status.
    const fn note(&mut self, status: u8) {
        if self.status == exit::OK {
            self.status = status;
        }
    }

    fn tell(&mut self, report: Report) {
        self.steps.push_back(Step::Tell(report));
    }
}

/// What is wanted, as it is told.
fn wished(wish: &Wish) -> String {
    match wish {
        Wish::List(_) => String::new(),
        Wish::Get { name } | Wish::Delete { name } => name.to_string(),
        Wish::Put { offer } => offer.name.as_str().to_owned(),
    }
}

#[cfg(test)]
#[path = "chore_tests.rs"]
mod tests;
