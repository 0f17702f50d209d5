//! The relay's shelf as the face knows it: the files on it, and what is fetched or laid down.
//!
//! Owns which files are shown and which is chosen, the login while it is asked for, and how a transfer
//! with the shelf stands. It asks nothing and draws nothing.

use super::editor::Editor;
use crate::config::shelf::USER;
use crate::password::VARIABLE;
use couplet::account::{AccountName, Rights};
use couplet::shelf::list::{PAGE_FILES, Page, Query, Shelved};
use couplet::shelf::message::{Password, Terms};
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::ErrandId;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferInfo};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// The files that are remembered at most; a search narrows what is more.
const MOST_FILES: usize = 20_000;

/// How often hashes are asked for again that the relay has to find out, and after what wait at first;
/// each further wait is twice as long.
const MOST_TRIES: u32 = 6;
const FIRST_HASHES: Duration = Duration::from_millis(500);

/// The longest user name and password that are taken, in bytes.
const MOST_TYPED: usize = 512;

/// How it is with the shelf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody has asked.
    #[default]
    Unasked,
    /// It is asked.
    Asking,
    /// It is there, and the user may do this.
    There(Terms),
    /// The relay was lost for this reason, and it is tried again.
    Lost(String),
    /// There is no way: what it is, and what the relay says.
    Closed {
        /// In a few words.
        what: &'static str,
        /// In a sentence.
        text: String,
    },
}

/// A password while it is typed. Nothing shows it, and it is wiped.
#[derive(Default)]
pub(crate) struct Secret(Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// How many characters there are.
    pub(crate) fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Adds what was typed or pasted, without what can't be in a line.
    pub(crate) fn push(&mut self, text: &str) {
        for character in text.chars().take_while(|c| !matches!(c, '\n' | '\r')) {
            if !character.is_control() && self.0.len() + character.len_utf8() <= MOST_TYPED {
                self.push_within(character);
            }
        }
    }

    /// A buffer that grew would leave its old copy behind.
    fn push_within(&mut self, character: char) {
        if self.0.capacity() < MOST_TYPED {
            let mut roomy = Zeroizing::new(String::with_capacity(MOST_TYPED));
            roomy.push_str(&self.0);
            self.0 = roomy;
        }
        self.0.push(character);
    }

    /// Takes the last character away.
    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.0 = Zeroizing::default();
    }

    /// Gives it away, to be sent.
    pub(crate) fn take(&mut self) -> Password {
        let password = Password(self.0.as_str().to_owned());
        self.clear();
        password
    }
}

/// Who the user is, while that is asked.
#[derive(Debug, Default)]
pub(crate) struct Login {
    /// The name of the account.
    pub(crate) user: Editor,
    /// Its password.
    pub(crate) secret: Secret,
    /// Whether the password is being typed.
    pub(crate) at_password: bool,
    /// What was wrong the last time.
    pub(crate) wrong: Option<String>,
    /// Whether the relay is looking.
    pub(crate) sent: bool,
    /// Whether the user has asked for it, to be somebody else than the one who is logged in; the relay
    /// hasn't, and the visit goes on until there is a password.
    pub(crate) instead: bool,
}

impl Login {
    /// Of this user, if it is known who.
    pub(crate) fn of(user: Option<String>) -> Self {
        let mut login = Self { at_password: user.is_some(), ..Self::default() };
        login.user.set(user.unwrap_or_default());
        login
    }

    /// Takes what was typed or pasted into the field where the cursor is.
    pub(crate) fn insert(&mut self, text: &str) {
        if self.at_password {
            self.secret.push(text);
            return;
        }
        let line = text.lines().next().unwrap_or_default();
        let line = couplet::text::line(line, MOST_TYPED);
        if self.user.text().len() + line.len() <= MOST_TYPED {
            self.user.insert(&line);
        }
    }
}

/// Who the user is at the shelf, as far as the environment says.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// The account.
    pub(crate) account: Option<AccountName>,
    /// Its password.
    pub(crate) password: Option<Password>,
}

impl Environment {
    /// Reads it; what can't be an account's name is none.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let account = variable(USER).and_then(|name| name.parse().ok());
        let password = variable(VARIABLE).filter(|password| !password.is_empty());
        Self { account, password: password.map(Password) }
    }
}

/// Something that was asked for, before the visit has taken it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To fetch it.
    Get(ShelfName),
    /// To lay it down.
    Put(PathBuf),
}

/// Something that is fetched or laid down.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    /// Names it on this side, over all visits.
    pub(crate) serial: u64,
    /// Names it in the visit.
    pub(crate) id: ErrandId,
    /// What it is called on the shelf.
    pub(crate) name: String,
    /// Its number among the transfers, once there is one.
    pub(crate) number: Option<TransferId>,
    /// How it stands.
    pub(crate) info: TransferInfo,
    /// How many the relay carries out before it, if it has said so.
    pub(crate) before: Option<u32>,
    /// Whether it isn't fetched as it is here already.
    pub(crate) is_here: bool,
    /// Whether it is through, and only waits for its number.
    pub(crate) is_over: bool,
}

impl Errand {
    /// Whether it is fetched.
    pub(crate) fn is_incoming(&self) -> bool {
        self.info.direction == Direction::Incoming
    }
}

/// The part of the list that is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// The first page, which takes the place of what was known.
    First,
    /// What follows.
    Next,
}

/// All that is known.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Shelf {
    /// How it is with it.
    pub(crate) access: Access,
    /// The files that were told, in their order.
    pub(crate) files: Vec<Shelved>,
    /// How many files and bytes there are in all, and how many things can't be told of.
    pub(crate) total: (u64, u64, u64),
    /// What is searched.
    pub(crate) search: Editor,
    /// Who is asked to log in.
    pub(crate) login: Option<Login>,
    /// Who has logged in last.
    pub(crate) user: Option<String>,
    /// Who is to log in next, if the user has named somebody.
    pub(crate) named: Option<String>,
    /// Who the relay is being asked about.
    pub(crate) trying: Option<String>,
    /// What the environment says.
    pub(crate) environment: Environment,
    /// Whether the password of the environment was sent, and not yet found to be right.
    pub(crate) environment_tried: bool,
    /// Who is logged in.
    pub(crate) inside: Option<String>,
    /// Whether the relay is met for the first time.
    pub(crate) met_first: bool,
    /// What of the list is awaited.
    pub(crate) awaited: Option<Awaited>,
    /// Why the relay doesn't tell the list, if it was asked and doesn't.
    pub(crate) untold: Option<String>,
    /// Pages that come before the one that is awaited, and are out of date.
    outdated: u32,
    /// What was asked for and isn't taken on.
    pub(crate) asked: Vec<Asked>,
    /// What is under way.
    pub(crate) errands: Vec<Errand>,
    /// The latest transfer of each name.
    pub(crate) latest: HashMap<String, TransferId>,
    /// Numbers the errands of all visits.
    pub(crate) last_serial: u64,
    /// When it is looked again for hashes that the relay finds out, and how often it was.
    pub(crate) hashes_at: Option<Moment>,
    hashes_tried: u32,
    more: bool,
    /// Whether a page has come.
    is_told: bool,
    chosen: Option<ShelfName>,
}

impl Shelf {
    /// Whether a page of the list has come.
    pub(crate) const fn is_known(&self) -> bool {
        matches!(self.access, Access::There(_) | Access::Lost(_)) && self.is_told
    }

    /// Whether all of it is known, as far as it was searched for.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.access, Access::There(_))
            && self.is_told
            && self.awaited.is_none()
            && !self.more
            && !self.is_cut()
    }

    /// Whether there are more than are remembered.
    pub(crate) const fn is_cut(&self) -> bool {
        self.files.len() >= MOST_FILES && self.total.0 > MOST_FILES as u64
    }

    /// Whether the user may lay files down, as far as the relay has said.
    pub(crate) const fn may_put(&self) -> bool {
        matches!(self.access, Access::There(Terms { rights, .. }) if rights.include(Rights::PUT))
    }

    /// The files that match what is searched.
    pub(crate) fn shown(&self) -> Vec<&Shelved> {
        let pattern = self.search.text().trim();
        let query = Query { pattern: Some(pattern.to_owned()), ..Query::default() };
        self.files.iter().filter(|file| query.matches(&file.name)).collect()
    }

    /// The place of the chosen file among those that are shown; the first until one was chosen.
    pub(crate) fn chosen_row(&self, shown: &[&Shelved]) -> usize {
        let chosen = self.chosen.as_ref();
        chosen.and_then(|name| shown.iter().position(|file| file.name == *name)).unwrap_or(0)
    }

    /// The chosen file, if any is shown.
    pub(crate) fn chosen(&self) -> Option<&Shelved> {
        let shown = self.shown();
        shown.get(self.chosen_row(&shown)).copied()
    }

    /// Chooses the file that is shown at this place, or the last.
    pub(crate) fn choose(&mut self, row: usize) {
        let shown = self.shown();
        let name = shown.get(row).or(shown.last()).map(|file| file.name.clone());
        self.chosen = name;
    }

    /// What has been searched for is another: the first that matches is chosen.
    pub(crate) fn search_changed(&mut self) {
        self.chosen = None;
    }

    /// The list is asked for, from its beginning or what follows; says whether it is to be, as it isn't
    /// while its beginning is awaited anyway.
    pub(crate) const fn ask_for(&mut self, what: Awaited) -> bool {
        match self.awaited {
            Some(Awaited::First) => return false,
            // The answers come in the order of the questions.
            Some(Awaited::Next) => self.outdated += 1,
            None => {}
        }
        self.awaited = Some(what);
        true
    }

    /// Whether this answer about the list is one that nobody waits for any more.
    const fn is_outdated(&mut self) -> bool {
        let outdated = self.outdated > 0;
        self.outdated = self.outdated.saturating_sub(1);
        outdated
    }

    /// The page that was asked for isn't told, for this reason.
    pub(crate) fn take_none(&mut self, why: Option<String>) {
        if !self.is_outdated() {
            self.awaited = None;
            self.untold = why;
        }
    }

    /// Nothing that was asked for comes any more.
    pub(crate) const fn forget_pages(&mut self) {
        self.awaited = None;
        self.outdated = 0;
    }

    /// Takes a page.
    pub(crate) fn take_page(&mut self, page: Page) {
        if self.is_outdated() {
            return;
        }
        self.untold = None;
        if self.awaited.take() == Some(Awaited::First) {
            self.files.clear();
        }
        self.add(page);
    }

    /// Takes the page that follows a login, if nothing better is known.
    pub(crate) fn take_greeting(&mut self, page: Page) {
        if self.files.is_empty() {
            self.add(page);
        }
    }

    fn add(&mut self, page: Page) {
        self.is_told = true;
        let Page { files, more, total_files, total_bytes, left_out } = page;
        self.total = (total_files, total_bytes, left_out);
        let before = self.files.len();
        for file in files {
            // In order and each once, whatever the relay says.
            let follows = self.files.last().is_none_or(|last| last.name < file.name);
            if follows && self.files.len() < MOST_FILES {
                self.files.push(file);
            }
        }
        // A page that brings nothing new would be asked for again and again.
        self.more = more && self.files.len() > before && self.files.len() < MOST_FILES;
    }

    /// The user looks: from here on it is asked for hashes again.
    pub(crate) const fn begin(&mut self) {
        self.hashes_at = None;
        self.hashes_tried = 0;
    }

    /// Hashes that the relay has to find out are asked for a few times more, where the list is so short
    /// that nothing on the screen moves by it.
    pub(crate) fn await_hashes(&mut self, now: Moment) {
        let short = !self.more && self.files.len() <= PAGE_FILES;
        let unknown = short && self.files.iter().any(|file| file.hash.is_none());
        self.hashes_at = (unknown && self.hashes_tried < MOST_TRIES)
            .then(|| now + FIRST_HASHES.saturating_mul(1 << self.hashes_tried));
        self.hashes_tried += u32::from(self.hashes_at.is_some());
    }

    /// The name after which the next page begins, if there is one, nothing is awaited, and what is shown
    /// ends within so many rows of the chosen one.
    pub(crate) fn next_page(&self, rows: usize) -> Option<ShelfName> {
        if !self.more || self.awaited.is_some() || !matches!(self.access, Access::There(_)) {
            return None;
        }
        let shown = self.shown();
        let near = shown.len().saturating_sub(self.chosen_row(&shown)) <= rows.saturating_mul(2);
        near.then(|| self.files.last().map(|last| last.name.clone())).flatten()
    }

    /// The errand that the visit calls so.
    pub(crate) fn errand(&mut self, id: ErrandId) -> Option<&mut Errand> {
        self.errands.iter_mut().find(|errand| errand.id == id && !errand.is_over)
    }

    /// The visit has taken on a file that was to be fetched, or never will.
    pub(crate) fn get_taken_on(&mut self, name: &ShelfName) {
        let is_it = |asked: &Asked| matches!(asked, Asked::Get(known) if known == name);
        if let Some(at) = self.asked.iter().position(is_it) {
            self.asked.remove(at);
        }
    }

    /// The same of what is to be laid down. It does so in the order in which it was asked.
    pub(crate) fn put_taken_on(&mut self) {
        if let Some(at) = self.asked.iter().position(|asked| matches!(asked, Asked::Put(_))) {
            self.asked.remove(at);
        }
    }
}
