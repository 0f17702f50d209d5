//! Making, changing and removing accounts, for the `account` commands and for tests.
//!
//! Owns what each change does to an account. A relay that runs on the same directory sees it at the
//! next login, and at the next request of each session.

use super::file::{Account, AccountsFile, Book, FileError};
use super::password::{CantHash, Hash, Hasher};
use crate::clock::wall;
use couplet::account::{AccountName, BadPassword, MAX_PASSWORD_BYTES, Rights, normal_password};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a command waits for others that have the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why an account wasn't made or changed. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// There is one of that name.
    #[error(
        "there is an account {0} already; change it with `account passwd` or `account rights`, or remove it first"
    )]
    Exists(AccountName),
    /// There is none of that name.
    #[error("there is no account {0}; `account list` shows which there are")]
    NoSuch(AccountName),
    /// The password can't be one.
    #[error("{0}")]
    Password(#[from] BadPassword),
    /// No hash could be made.
    #[error("{0}")]
    Hash(#[from] CantHash),
    /// The file.
    #[error("{0}")]
    File(#[from] FileError),
}

/// Makes an account.
///
/// # Errors
/// [`ManageError`] with one clear sentence; there is no account then that wasn't there before.
pub fn add(
    file: &AccountsFile,
    name: &AccountName,
    password: &str,
    rights: Rights,
) -> Result<(), ManageError> {
    let hash = hash(password)?;
    file.change(PATIENCE, |accounts| {
        if accounts.get(name)?.is_some() {
            return Err(ManageError::Exists(name.clone()));
        }
        let (now, version) = (wall(), accounts.next_version()?);
        let account = Account { rights, made: now, changed: now, hash, version };
        Ok(accounts.put(name, &account)?)
    })
}

/// Removes an account. Its sessions end at their next request. Gives how many are left.
///
/// # Errors
/// [`ManageError`] with one clear sentence.
pub fn remove(file: &AccountsFile, name: &AccountName) -> Result<usize, ManageError> {
    must_be_there(file, name)?;
    file.change(PATIENCE, |accounts| {
        accounts.get(name)?.ok_or_else(|| ManageError::NoSuch(name.clone()))?;
        accounts.remove(name)?;
        Ok(accounts.len()?)
    })
}

/// Gives an account another password. Its sessions end at their next request.
///
/// # Errors
/// [`ManageError`] with one clear sentence.
pub fn set_password(
    file: &AccountsFile,
    name: &AccountName,
    password: &str,
) -> Result<(), ManageError> {
    let hash = hash(password)?;
    must_be_there(file, name)?;
    file.change(PATIENCE, |accounts| {
        let account = accounts.get(name)?.ok_or_else(|| ManageError::NoSuch(name.clone()))?;
        let version = accounts.next_version()?;
        Ok(accounts.put(name, &Account { hash, changed: wall(), version, ..account })?)
    })
}

/// Gives an account other rights, which its sessions have at their next request.
///
/// # Errors
/// [`ManageError`] with one clear sentence.
pub fn set_rights(
    file: &AccountsFile,
    name: &AccountName,
    rights: Rights,
) -> Result<(), ManageError> {
    must_be_there(file, name)?;
    file.change(PATIENCE, |accounts| {
        let account = accounts.get(name)?.ok_or_else(|| ManageError::NoSuch(name.clone()))?;
        Ok(accounts.put(name, &Account { rights, changed: wall(), ..account })?)
    })
}

/// All accounts; none if there is no file.
///
/// # Errors
/// [`FileError`] with one clear sentence.
pub fn list(file: &AccountsFile) -> Result<Book, FileError> {
    file.read(PATIENCE).map(|(_, book)| book)
}

/// That there is such an account, before a file is made for nothing or a password is asked for.
///
/// # Errors
/// [`ManageError::NoSuch`] if there isn't, or what is wrong with the file.
pub fn must_be_there(file: &AccountsFile, name: &AccountName) -> Result<(), ManageError> {
    if list(file)?.contains_key(name) { Ok(()) } else { Err(ManageError::NoSuch(name.clone())) }
}

/// Puts another hash of the same password in the place of the account's, if it is still the same.
pub(super) fn replace_hash(
    file: &AccountsFile,
    patience: Duration,
    name: &AccountName,
    account: &Account,
    hash: Hash,
) -> Result<(), FileError> {
    file.change(patience, |accounts| match accounts.get(name)? {
        Some(current) if current.hash == account.hash => {
            accounts.put(name, &Account { hash, ..current })
        }
        Some(_) | None => Ok(()),
    })
}

fn hash(password: &str) -> Result<Hash, ManageError> {
    let mut normal = Zeroizing::new(String::with_capacity(MAX_PASSWORD_BYTES));
    normal_password(password, &mut normal)?;
    Ok(Hasher::new()?.hash(&normal)?)
}
