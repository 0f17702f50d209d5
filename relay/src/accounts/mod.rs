//! Who may use the relay's shelf: accounts, logins, and sessions.
//!
//! Owns the way of a login, from a name and a password to a [`Session`] or a [`LoginRefused`], and
//! what a relay knows of its accounts, which follows the file. How failures are slowed is decided in
//! the core ([`couplet::logins`]).
//!
//! | module | owns |
//! | --- | --- |
//! | `file` | the accounts on disk |
//! | `stamp` | whether the file has changed |
//! | `private` | files that nobody else may read |
//! | `password` | hashes |
//! | [`manage`] | making, changing and removing accounts |
//! | [`command`] | `couplet-relay account …` |
//! | `asking` | where these commands take a password from |
//! | `told` | what the operator reads at the start |
//!
//! Unknown users and wrong passwords can't be told apart: each login that isn't held back takes one
//! hash, whatever is wrong with it, and all are answered with the same words.

mod asking;
pub mod command;
mod file;
pub mod manage;
mod password;
mod private;
mod stamp;
mod told;

pub use file::{Account, AccountsFile, Book, FILE, FileError, MAX_ACCOUNTS};
pub use password::CantHash;
pub(crate) use told::told;

use crate::clock::{Clock, wall};
use crate::gate::neighbourhood;
use crate::lock::lock;
use couplet::account::{AccountName, MAX_PASSWORD_BYTES, Rights, normal_password};
use couplet::logins::{Hold, Logins, Policy, Try};
use couplet::time::Moment;
use couplet::units;
use password::{HASHING_BYTES, Hasher};
use stamp::Stamp;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};
use zeroize::Zeroizing;

/// Passwords that are compared at once; each takes a thread and 19 MiB.
pub(crate) const AT_ONCE: u32 = 2;

/// Logins that may wait for that.
const MAX_WAITING: usize = 256;

/// How long a relay waits for a command that has the file.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it waits to hash a password anew, which can as well be done at the next login.
const REHASH_PATIENCE: Duration = Duration::from_millis(200);

/// What accounts take of a relay's memory at most: hashes that are compared, the file while it is
/// read, and what is read of it, twice while it is replaced. Logins that wait and counts of failures
/// are small beside it.
pub(crate) const MEMORY_BYTES: u64 =
    AT_ONCE as u64 * HASHING_BYTES + file::MAX_FILE_BYTES + 2 * 8 * (1 << 20) + 4 * (1 << 20);

/// The accounts of a relay.
#[derive(Debug)]
pub struct Accounts {
    file: Option<AccountsFile>,
    /// What was last read. Its lock is the last one taken.
    known: Mutex<Known>,
    /// Held by whoever reads, so that a change is read once.
    reading: tokio::sync::Mutex<()>,
    logins: Mutex<Logins<IpAddr>>,
    hasher: Hasher,
    comparing: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    clock: Clock,
    /// Where the clock stands in tests, however slow the machine is.
    #[cfg(test)]
    stopped: Mutex<Option<Moment>>,
}

#[derive(Debug, Default)]
struct Known {
    book: Option<Read>,
    /// How many times the file was begun to be read.
    reads: u64,
    /// Which of them gave the book.
    book_of: u64,
    /// The last complaint in the log, which isn't said twice in a row.
    complaint: Option<String>,
}

/// What was read, and of which file.
#[derive(Debug)]
struct Read {
    book: Arc<Book>,
    stamp: Option<Stamp>,
    /// Whether it is the same as long as its stamp is.
    is_sure: bool,
}

/// The accounts can't be read, so nobody is let in. To strangers it says no more than that;
/// [`Unavailable::reason`] is for the operator.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the relay can't read its accounts at this moment, so it lets nobody in; tell whoever runs it"
)]
pub struct Unavailable(Arc<FileError>);

impl Unavailable {
    /// What is wrong and what to do, for whoever runs the relay.
    #[must_use]
    pub fn reason(&self) -> &FileError {
        &self.0
    }
}

/// Why somebody isn't let in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoginRefused {
    /// There is no such account, or it has another password.
    #[error("the user name or the password is wrong; check both and try again")]
    Wrong,
    /// It failed too often to be tried again at once.
    #[error("too many logins failed; try again in {}", units::wait(*.0))]
    SlowDown(Duration),
    /// It failed far too often.
    #[error(
        "too many logins failed, so none is tried from your address for {}; ask whoever runs the relay if you don't know the password",
        units::wait(*.0)
    )]
    Locked(Duration),
    /// Too many log in at once.
    #[error("too many log in at this moment; try again in a few seconds")]
    Busy,
    /// The accounts can't be read.
    #[error("{0}")]
    Unavailable(Unavailable),
    /// The machine has no memory to compare a password.
    #[error("the relay is short of memory, so it lets nobody in for the moment; try again later")]
    NoMemory,
}

impl LoginRefused {
    /// How many seconds to wait before the next try, if there is a time.
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        match self {
            Self::SlowDown(wait) | Self::Locked(wait) => Some(units::countdown(*wait)),
            Self::Busy => Some(3),
            Self::Wrong | Self::Unavailable(_) | Self::NoMemory => None,
        }
    }
}

/// Why a session is over.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionOver {
    /// There is no such account any more.
    #[error("your account was removed from the relay")]
    Removed,
    /// It has another password, or is another one of the same name.
    #[error("the password of your account was changed; log in with the new one")]
    Changed,
    /// The accounts can't be read.
    #[error("{0}")]
    Unavailable(Unavailable),
}

/// Somebody who has logged in.
#[derive(Debug, Clone)]
pub struct Session {
    accounts: Arc<Accounts>,
    name: AccountName,
    rights: Rights,
    version: u64,
}

impl Session {
    /// Whose.
    #[must_use]
    pub const fn name(&self) -> &AccountName {
        &self.name
    }

    /// What they may do, as it was when it was last asked.
    #[must_use]
    pub const fn rights(&self) -> Rights {
        self.rights
    }

    /// What they may do now; to be asked at each request. As long as the file of accounts is as it
    /// was, this costs one question to the operating system.
    ///
    /// # Errors
    /// [`SessionOver`] if it isn't good any more.
    pub async fn still_valid(&mut self) -> Result<Rights, SessionOver> {
        let book = self.accounts.book().await.map_err(SessionOver::Unavailable)?;
        let account = book.get(&self.name).ok_or(SessionOver::Removed)?;
        if account.version != self.version {
            return Err(SessionOver::Changed);
        }
        self.rights = account.rights;
        Ok(self.rights)
    }
}

impl Accounts {
    /// Those in this directory; without one there are none.
    ///
    /// # Errors
    /// If the operating system has no randomness to give.
    pub fn new(dir: Option<PathBuf>) -> Result<Arc<Self>, CantHash> {
        Self::with_policy(dir, Policy::default())
    }

    /// The same, with other waits after failures.
    ///
    /// # Errors
    /// If the operating system has no randomness to give.
    pub fn with_policy(dir: Option<PathBuf>, policy: Policy) -> Result<Arc<Self>, CantHash> {
        let permits = usize::try_from(AT_ONCE).unwrap_or(1);
        Ok(Arc::new(Self {
            file: dir.map(AccountsFile::at),
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            logins: Mutex::new(Logins::new(policy)),
            hasher: Hasher::new()?,
            comparing: Arc::new(Semaphore::new(permits)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            clock: Clock::start(),
            #[cfg(test)]
            stopped: Mutex::default(),
        }))
    }

    /// Whether there are any.
    ///
    /// # Errors
    /// [`Unavailable`] if that can't be told, which must never be taken for no.
    pub async fn any(self: &Arc<Self>) -> Result<bool, Unavailable> {
        Ok(!self.book().await?.is_empty())
    }

    /// How many logins failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        lock(&self.logins).failed()
    }

    /// Lets somebody in, or not. Once a password is compared, the outcome counts even if this is
    /// given up.
    ///
    /// # Errors
    /// [`LoginRefused`] with one clear sentence for whoever tries.
    pub async fn login(
        self: &Arc<Self>,
        name: &str,
        password: &[u8],
        from: IpAddr,
    ) -> Result<Session, LoginRefused> {
        let who = Try { account: name.parse().ok(), address: neighbourhood(from) };
        self.book().await.map_err(LoginRefused::Unavailable)?;
        lock(&self.logins).check(&who, self.now()).map_err(refused)?;
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| LoginRefused::Busy)?;
        // Never closed, so this is always a permit.
        let permit = Arc::clone(&self.comparing).acquire_owned().await;
        drop(waiting);
        let book = self.book().await.map_err(LoginRefused::Unavailable)?;
        let mut typed = Zeroizing::new(String::with_capacity(MAX_PASSWORD_BYTES));
        let can_be_one = std::str::from_utf8(password)
            .is_ok_and(|password| normal_password(password, &mut typed).is_ok());
        lock(&self.logins).handle_try(&who, self.now()).map_err(refused)?;
        let attempt = Attempt { accounts: Arc::clone(self), who, from, is_decided: false };
        let compared = tokio::task::spawn_blocking(move || {
            let outcome = attempt.compare(&book, can_be_one.then_some(typed.as_str()));
            drop(permit);
            outcome
        });
        // A panic in there is a fault of this program, and has counted as a failure.
        compared.await.unwrap_or(Err(LoginRefused::NoMemory))
    }

    fn now(&self) -> Moment {
        let now = self.clock.now();
        #[cfg(test)]
        let now = lock(&self.stopped).unwrap_or(now);
        now
    }

    /// The accounts as they are now.
    async fn book(self: &Arc<Self>) -> Result<Arc<Book>, Unavailable> {
        if let Some(book) = self.known_book()? {
            return Ok(book);
        }
        let reads = lock(&self.known).reads;
        let _reading = self.reading.lock().await;
        if let Some(book) = self.book_since(reads) {
            return Ok(book);
        }
        let this = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || this.read()).await;
        read.unwrap_or_else(|_| {
            let reason = "reading it failed in a way that nobody expected".to_owned();
            let path = self.file.as_ref().map(AccountsFile::shown).unwrap_or_default();
            Err(self.complain(FileError::Broken { path, reason }))
        })
    }

    /// What was read, if the file is still the same.
    fn known_book(&self) -> Result<Option<Arc<Book>>, Unavailable> {
        let Some(file) = &self.file else { return Ok(Some(Arc::default())) };
        let stamp = file.stamp().map_err(|error| self.complain(error))?;
        let known = lock(&self.known);
        let same = known.book.as_ref().filter(|read| read.is_sure && read.stamp == stamp);
        Ok(same.map(|read| Arc::clone(&read.book)))
    }

    /// What somebody else has begun to read after that many, and read by now: as good as reading it
    /// once more.
    fn book_since(&self, reads: u64) -> Option<Arc<Book>> {
        let known = lock(&self.known);
        let read = known.book.as_ref().filter(|_| known.book_of > reads);
        read.map(|read| Arc::clone(&read.book))
    }

    fn read(&self) -> Result<Arc<Book>, Unavailable> {
        let Some(file) = &self.file else { return Ok(Arc::default()) };
        let read = {
            let mut known = lock(&self.known);
            known.reads += 1;
            known.reads
        };
        let now = wall();
        let (stamp, book) = file.read(PATIENCE).map_err(|error| self.complain(error))?;
        let before = lock(&self.known).book.as_ref().and_then(|read| read.stamp);
        if stamp.is_none() && before.is_some() {
            return Err(self.complain(FileError::Gone(file.shown())));
        }
        let book = Arc::new(book);
        let mut known = lock(&self.known);
        known.complaint = None;
        // One that isn't there can't come into being without being seen.
        let is_sure = stamp.is_none_or(|stamp| stamp.was_settled(now));
        known.book = Some(Read { book: Arc::clone(&book), stamp, is_sure });
        known.book_of = read;
        Ok(book)
    }

    /// Tells the operator, once.
    fn complain(&self, error: FileError) -> Unavailable {
        let text = error.to_string();
        let mut known = lock(&self.known);
        if known.complaint.as_ref() != Some(&text) {
            warn!("nobody is let in to the shelf: {text}");
            known.complaint = Some(text);
        }
        Unavailable(Arc::new(error))
    }
}

/// A try that is under way; it failed unless something else is said.
#[derive(Debug)]
struct Attempt {
    accounts: Arc<Accounts>,
    who: Try<IpAddr>,
    from: IpAddr,
    is_decided: bool,
}

impl Attempt {
    /// Takes one hash, whoever it is; not for a thread that others wait for.
    fn compare(mut self, book: &Book, password: Option<&str>) -> Result<Session, LoginRefused> {
        let accounts = Arc::clone(&self.accounts);
        let named = self.who.account.clone().and_then(|name| {
            let account = book.get(&name)?;
            Some((name, account))
        });
        let (hash, from) = (named.as_ref().map(|(_, account)| &account.hash), self.from);
        let is_right = accounts.hasher.verify(password, hash).map_err(|error| {
            warn!("a login couldn't be checked: {error}");
            self.is_decided = true;
            lock(&accounts.logins).handle_undecided(&self.who);
            LoginRefused::NoMemory
        })?;
        // Only names that there are: somebody may have typed a password in the place of one.
        let account = named.as_ref().map_or("none", |(name, _)| name.as_str()).to_owned();
        let (Some((name, known)), Some(password), true) = (named, password, is_right) else {
            info!(%from, account, "a login failed");
            return Err(LoginRefused::Wrong);
        };
        info!(%from, account, "logged in");
        self.is_decided = true;
        lock(&accounts.logins).handle_success(&self.who);
        if !known.hash.is_current() {
            accounts.hash_anew(&name, known, password);
        }
        let &Account { rights, version, .. } = known;
        Ok(Session { accounts, name, rights, version })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.is_decided {
            let now = self.accounts.now();
            lock(&self.accounts.logins).handle_failed(&self.who, now);
        }
    }
}

impl Accounts {
    /// Replaces a hash that was made with other parameters than new ones are.
    fn hash_anew(&self, name: &AccountName, account: &Account, password: &str) {
        let Some(file) = &self.file else { return };
        let Ok(hash) = self.hasher.hash(password) else { return };
        if let Err(error) = manage::replace_hash(file, REHASH_PATIENCE, name, account, hash) {
            debug!(%error, "a password wasn't hashed anew; it will be at the next login");
        }
    }
}

fn refused(hold: Hold) -> LoginRefused {
    match hold {
        Hold::Slow(wait) => LoginRefused::SlowDown(wait),
        Hold::Locked(wait) => LoginRefused::Locked(wait),
    }
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
