//! The accounts on disk: a database in the relay's data directory, shared by all its programs.
//!
//! Owns the file: its name, format, lock, and what is wrong with it. Nobody keeps it open. The
//! `account` commands open it for as long as a change takes; a relay reads its bytes when it has
//! changed, and never writes to it but to hash a password anew. A lock on a file beside it
//! keeps them apart, since a database that is replaced or made can't be locked itself.
//!
//! A file that is there and can't be read is an error, never a file without accounts. So it comes
//! into being whole, and what isn't whole, even an empty file, is broken.

use super::password::Hash;
use super::private;
use super::stamp::Stamp;
use couplet::account::{AccountName, Rights};
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    StorageBackend, Table, TableDefinition,
};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::Duration;

/// The file in the directory of the relay's data.
pub const FILE: &str = "accounts.redb";

/// The file beside it that is locked.
const LOCK: &str = "accounts.lock";

/// How many accounts there may be.
pub const MAX_ACCOUNTS: usize = 10_000;

/// The largest file that is read.
pub(crate) const MAX_FILE_BYTES: u64 = 8 << 20;

/// The format of the tables; a relay that changes them counts on.
const FORMAT: u64 = 1;

const CACHE_BYTES: usize = 1 << 20;

/// How long to wait between two looks at the lock.
const LOCK_REST: Duration = Duration::from_millis(20);

/// Of an account: hash, rights, when it was made and last changed, and its version.
type Row = (&'static str, u8, u64, u64, u64);

const ACCOUNTS: TableDefinition<'_, &str, Row> = TableDefinition::new("accounts");
/// About the file itself.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const META_FORMAT: &str = "format";
/// How many accounts were made, and passwords changed, in all.
const META_VERSIONS: &str = "versions";

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What it may do.
    pub rights: Rights,
    /// When it was made, since 1970.
    pub made: Duration,
    /// When its password or rights were last changed, since 1970.
    pub changed: Duration,
    /// Of its password.
    pub(crate) hash: Hash,
    /// Another with each new password, and after it was removed and made again.
    pub(crate) version: u64,
}

/// All accounts, by their names.
pub type Book = BTreeMap<AccountName, Account>;

/// Why the accounts can't be read or changed. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refuses.
    #[error("the accounts in {path} can't be used: {reason}. Let this user read and write there")]
    Refused {
        /// The file.
        path: String,
        /// What is wrong.
        reason: io::Error,
    },
    /// The disk is full.
    #[error("the accounts in {0} can't be written: the disk is full. Make room there")]
    Full(String),
    /// Somebody else has it for too long.
    #[error(
        "the accounts in {0} are in use by another program for too long; try again when it is through"
    )]
    InUse(String),
    /// It isn't what was written.
    #[error(
        "the accounts in {path} are broken ({reason}); put back a copy of the file, or move it away and make the accounts anew"
    )]
    Broken {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// It is from a later version.
    #[error(
        "the accounts in {path} are of format {found}, from a later version of couplet-relay; this one knows {FORMAT}. Use that version"
    )]
    Later {
        /// The file.
        path: String,
        /// Its format.
        found: u64,
    },
    /// It was there before.
    #[error(
        "the accounts in {0} were there before and are gone; put the file back, or start the relay anew if it shall have none"
    )]
    Gone(String),
    /// There are as many accounts as there may be.
    #[error("there are {MAX_ACCOUNTS} accounts already, and no more may be; remove one first")]
    TooMany,
}

/// Where the accounts are.
#[derive(Debug, Clone)]
pub struct AccountsFile {
    dir: PathBuf,
}

impl AccountsFile {
    /// In this directory, which needn't be there.
    #[must_use]
    pub const fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// By what a change of the file is noticed; nothing if there is no file.
    pub(crate) fn stamp(&self) -> Result<Option<Stamp>, FileError> {
        Stamp::of(&self.path()).map_err(|error| self.refused(error))
    }

    /// All accounts, and what the file was then; none if there is no file.
    ///
    /// # Errors
    /// [`FileError`]; a file that can't be read isn't one without accounts.
    pub(crate) fn read(&self, patience: Duration) -> Result<(Option<Stamp>, Book), FileError> {
        if self.stamp()?.is_none() {
            return Ok((None, Book::new()));
        }
        let _lock = self.lock(patience, false)?;
        let Some(stamp) = self.stamp()? else { return Ok((None, Book::new())) };
        let copy = self.copy().map_err(|error| self.refused(error))?;
        // A copy can be repaired after a crash without a write to the file.
        let database = open(copy).map_err(|error| self.failed(error))?;
        self.check_format(&database)?;
        Ok((Some(stamp), self.all_in(&database)?))
    }

    /// Makes a change and waits until it is on the disk; nothing is changed if `change` fails.
    ///
    /// # Errors
    /// [`FileError`], or what `change` says.
    pub(crate) fn change<T, E: From<FileError>>(
        &self,
        patience: Duration,
        change: impl FnOnce(&mut Changing<'_, '_>) -> Result<T, E>,
    ) -> Result<T, E> {
        private::make_dir(&self.dir).map_err(|error| self.refused(error))?;
        let _lock = self.lock(patience, true)?;
        if self.stamp()?.is_some() {
            let file = private::open(&self.dir, FILE).map_err(|error| self.refused(error))?;
            if file.metadata().map_err(|error| self.refused(error))?.len() == 0 {
                return Err(self.broken("it is empty").into());
            }
            return self.change_in(file, change);
        }
        // Others see it when it is whole.
        let made = tempfile::Builder::new().prefix(".accounts-").tempfile_in(&self.dir);
        let made = made.map_err(|error| self.refused(error))?;
        let file = made.reopen().map_err(|error| self.refused(error))?;
        private::hand_over(&file, &self.dir);
        let result = self.change_in(file, change)?;
        made.persist_noclobber(self.path()).map_err(|error| self.refused(error.error))?;
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        synced.map_err(|error| self.refused(error))?;
        Ok(result)
    }

    /// The file, as it is shown.
    pub(crate) fn shown(&self) -> String {
        text::line(&self.path().to_string_lossy(), MAX_REASON_COLUMNS)
    }

    fn path(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    fn change_in<T, E: From<FileError>>(
        &self,
        file: File,
        change: impl FnOnce(&mut Changing<'_, '_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let failed = |error: redb::Error| self.failed(error);
        let backend = FileBackend::new(file).map_err(|error| failed(error.into()))?;
        let database = open(backend).map_err(failed)?;
        self.check_format(&database)?;
        self.all_in(&database)?;
        // Dropped before its commit it is undone.
        let transaction = database.begin_write().map_err(|error| failed(error.into()))?;
        let result = {
            let table = |error: redb::TableError| failed(error.into());
            let mut meta = transaction.open_table(META).map_err(table)?;
            let accounts = transaction.open_table(ACCOUNTS).map_err(table)?;
            meta.insert(META_FORMAT, FORMAT).map_err(|error| failed(error.into()))?;
            change(&mut Changing { file: self, accounts, meta })?
        };
        transaction.commit().map_err(|error| failed(error.into()))?;
        database.close().map_err(|error| failed(error.into()))?;
        Ok(result)
    }

    /// The bytes of the file in memory.
    fn copy(&self) -> io::Result<InMemoryBackend> {
        let mut file = File::open(self.path())?;
        let len = file.metadata()?.len();
        if len == 0 || len > MAX_FILE_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has {len} bytes")));
        }
        let copy = InMemoryBackend::new();
        copy.set_len(len)?;
        let mut piece = vec![0; 64 * 1024];
        let mut at = 0;
        while at < len {
            let read = file.read(&mut piece)?;
            let part = &piece[..read];
            let read = u64::try_from(read).unwrap_or(u64::MAX);
            if read == 0 || at.saturating_add(read) > len {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its length changes"));
            }
            copy.write(at, part)?;
            at += read;
        }
        Ok(copy)
    }

    fn check_format(&self, database: &Database) -> Result<(), FileError> {
        let format = || -> Result<Option<u64>, redb::Error> {
            match database.begin_read()?.open_table(META) {
                Ok(meta) => Ok(meta.get(META_FORMAT)?.map(|format| format.value())),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        match format().map_err(|error| self.failed(error))? {
            Some(FORMAT) => Ok(()),
            Some(found) => Err(FileError::Later { path: self.shown(), found }),
            // One that is just being made.
            None if is_new(database) => Ok(()),
            None => Err(self.broken("it is another program's database")),
        }
    }

    fn all_in(&self, database: &Database) -> Result<Book, FileError> {
        let mut book = Book::new();
        let mut bad = None;
        let mut read = || -> Result<(), redb::Error> {
            let accounts = match database.begin_read()?.open_table(ACCOUNTS) {
                Err(redb::TableError::TableDoesNotExist(_)) if is_new(database) => return Ok(()),
                accounts => accounts?,
            };
            for entry in accounts.iter()? {
                let (name, row) = entry?;
                match account(name.value(), row.value()) {
                    Some((name, account)) if book.len() < MAX_ACCOUNTS => {
                        book.insert(name, account);
                    }
                    Some(_) | None => bad = Some(text::line(name.value(), 40)),
                }
            }
            Ok(())
        };
        read().map_err(|error| self.failed(error))?;
        bad.map_or(Ok(book), |name| Err(self.broken(&format!("the account {name} makes no sense"))))
    }

    /// Waits until nobody changes the file, or nobody uses it at all.
    fn lock(&self, patience: Duration, alone: bool) -> Result<File, FileError> {
        let file = private::open(&self.dir, LOCK).map_err(|error| self.refused(error))?;
        let looks = patience.as_millis() / LOCK_REST.as_millis();
        for look in 0..=looks {
            let locked = if alone { file.try_lock() } else { file.try_lock_shared() };
            match locked {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if look < looks => std::thread::sleep(LOCK_REST),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(self.refused(error)),
            }
        }
        Err(FileError::InUse(self.shown()))
    }

    fn broken(&self, reason: &str) -> FileError {
        FileError::Broken { path: self.shown(), reason: reason.to_owned() }
    }

    /// What the operating system's refusal means.
    fn refused(&self, reason: io::Error) -> FileError {
        use io::ErrorKind as Kind;
        let kind = reason.kind();
        if matches!(kind, Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge) {
            FileError::Full(self.shown())
        } else if matches!(kind, Kind::UnexpectedEof | Kind::InvalidData | Kind::InvalidInput) {
            // It is shorter or longer than it says itself.
            self.broken(&reason.to_string())
        } else {
            FileError::Refused { path: self.shown(), reason }
        }
    }

    /// What the database's refusal means.
    fn failed(&self, error: redb::Error) -> FileError {
        if let redb::Error::Io(error) = error {
            return self.refused(error);
        }
        if matches!(error, redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch) {
            return FileError::InUse(self.shown());
        }
        // What it says may have bytes of the file in it.
        self.broken(&text::line(&error.to_string(), MAX_REASON_COLUMNS / 2))
    }
}

/// A change that is being made.
pub(crate) struct Changing<'t, 'f> {
    file: &'f AccountsFile,
    accounts: Table<'t, &'static str, Row>,
    meta: Table<'t, &'static str, u64>,
}

impl Changing<'_, '_> {
    /// The account of this name.
    pub(crate) fn get(&self, name: &AccountName) -> Result<Option<Account>, FileError> {
        let row = self.accounts.get(name.as_str()).map_err(|error| self.failed(error))?;
        Ok(row.and_then(|row| account(name.as_str(), row.value())).map(|(_, account)| account))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> Result<usize, FileError> {
        let len = self.accounts.len().map_err(|error| self.failed(error))?;
        Ok(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// Writes an account, new or changed.
    pub(crate) fn put(&mut self, name: &AccountName, account: &Account) -> Result<(), FileError> {
        if self.get(name)?.is_none() && self.len()? >= MAX_ACCOUNTS {
            return Err(FileError::TooMany);
        }
        let Account { rights, made, changed, ref hash, version } = *account;
        let row = (hash.as_str(), rights.bits(), millis(made), millis(changed), version);
        let put = self.accounts.insert(name.as_str(), row).map(drop);
        put.map_err(|error| self.failed(error))
    }

    /// Takes an account out.
    pub(crate) fn remove(&mut self, name: &AccountName) -> Result<(), FileError> {
        let removed = self.accounts.remove(name.as_str()).map(drop);
        removed.map_err(|error| self.failed(error))
    }

    /// A version that no account had before.
    pub(crate) fn next_version(&mut self) -> Result<u64, FileError> {
        let before = self.meta.get(META_VERSIONS).map(|version| version.map(|v| v.value()));
        let next = before.map_err(|error| self.failed(error))?.unwrap_or(0) + 1;
        let put = self.meta.insert(META_VERSIONS, next).map(drop);
        put.map_err(|error| self.failed(error))?;
        Ok(next)
    }

    fn failed(&self, error: redb::StorageError) -> FileError {
        self.file.failed(error.into())
    }
}

fn open(backend: impl StorageBackend) -> Result<Database, redb::Error> {
    let database = redb::Builder::new()
        .set_cache_size(CACHE_BYTES)
        // Else a file that was closed in order is trusted, and a broken one may cause panics.
        .set_check_integrity_on_open(true)
        .create_with_backend(backend)?;
    Ok(database)
}

/// Whether there is nothing in it at all.
fn is_new(database: &Database) -> bool {
    let tables = |read: redb::ReadTransaction| Some(read.list_tables().ok()?.count());
    database.begin_read().ok().and_then(tables) == Some(0)
}

/// What a row says, if it makes sense.
fn account(
    name: &str,
    (hash, rights, made, changed, version): (&str, u8, u64, u64, u64),
) -> Option<(AccountName, Account)> {
    let account = Account {
        rights: Rights::from_bits(rights)?,
        made: Duration::from_millis(made),
        changed: Duration::from_millis(changed),
        hash: hash.parse().ok()?,
        version,
    };
    Some((name.parse().ok()?, account))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
