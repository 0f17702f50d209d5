//! `couplet-relay account …`: the commands that make, list, change and remove accounts.
//!
//! Owns their options, what they print, and their exit statuses. They work whether a relay runs on
//! the same directory or not.
//!
//! | status | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | the accounts can't be read or written |
//! | 2 | wrong options, name or password |
//! | 4 | no account of that name, or one already |
//! | 130 | Ctrl+C while the password is asked for |

use super::asking::{self, NoPassword};
use super::file::{AccountsFile, Book};
use super::manage::{self, ManageError};
use crate::tls::default_data_dir;
use clap::{Args, Subcommand};
use couplet::account::{AccountName, Rights};
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

const DONE: u8 = 0;
const FAILURE: u8 = 1;
const USAGE: u8 = 2;
const NAME: u8 = 4;

/// What the help says of these.
const STATUSES: &str = "Exit status: 0 done; 1 the accounts can't be read or written; 2 wrong \
                        options, name or password; 4 no account of that name, or one already; 130 \
                        Ctrl+C.";

/// Make, list, change and remove the accounts of the shelf, whether the relay runs or not.
#[derive(Debug, Clone, Args)]
#[command(after_help = STATUSES)]
pub struct AccountArgs {
    /// The relay's directory; by default $XDG_STATE_HOME/couplet-relay, or
    /// ~/.local/state/couplet-relay
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum AccountCommand {
    /// Make an account. Its password is asked for
    #[command(after_help = STATUSES)]
    Add {
        #[command(flatten)]
        who: Who,
        /// What it may do: get, put, delete, with commas between, or none
        #[arg(long, value_name = "RIGHTS", default_value = "get")]
        rights: Rights,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Remove an account; who is logged in with it is out at the next request
    #[command(after_help = STATUSES)]
    Remove {
        #[command(flatten)]
        who: Who,
    },
    /// List the accounts
    #[command(after_help = STATUSES)]
    List {
        /// As JSON, on one line
        #[arg(long)]
        json: bool,
    },
    /// Give an account another password; who is logged in with the old one is out at the next request
    #[command(after_help = STATUSES)]
    Passwd {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Give an account other rights, also to who is logged in with it
    #[command(after_help = STATUSES)]
    Rights {
        #[command(flatten)]
        who: Who,
        /// All that it may do: get, put, delete, with commas between, or none
        #[arg(value_name = "RIGHTS")]
        rights: Rights,
    },
}

#[derive(Debug, Clone, Args)]
struct Who {
    /// The account: 1 to 32 small letters and digits, with . _ - between them
    #[arg(value_name = "NAME")]
    name: AccountName,
}

#[derive(Debug, Clone, Args)]
struct PasswordFrom {
    /// A file whose first line is the password; - is standard input. Without it the environment
    /// variable `COUPLET_PASSWORD` is taken, or else it is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Manage(#[from] ManageError),
    #[error("{0}")]
    NoPassword(#[from] NoPassword),
    #[error("there is no home directory to keep accounts in; give a directory with --data DIR")]
    NoDirectory,
}

impl Failure {
    const fn status(&self) -> u8 {
        match self {
            Self::Manage(ManageError::Exists(_) | ManageError::NoSuch(_)) => NAME,
            Self::Manage(ManageError::Password(_)) | Self::NoPassword(_) | Self::NoDirectory => {
                USAGE
            }
            Self::Manage(ManageError::Hash(_) | ManageError::File(_)) => FAILURE,
        }
    }
}

impl AccountArgs {
    /// Carries it out; gives the exit status.
    #[must_use]
    pub fn run(self) -> u8 {
        match self.carry_out() {
            // A reader that has gone has read enough.
            Ok(said) => {
                let mut stdout = io::stdout().lock();
                let _ = stdout.write_all(said.as_bytes()).and_then(|()| stdout.flush());
                DONE
            }
            Err(failure) => {
                let _ = writeln!(io::stderr(), "couplet-relay: {failure}");
                failure.status()
            }
        }
    }

    fn carry_out(self) -> Result<String, Failure> {
        let dir = self.data.or_else(default_data_dir).ok_or(Failure::NoDirectory)?;
        // Whose relay has another directory should see that it is another.
        let place = text::line(&dir.to_string_lossy(), MAX_REASON_COLUMNS);
        let file = AccountsFile::at(dir);
        Ok(match self.command {
            AccountCommand::Add { who: Who { name }, rights, password } => {
                // Before anybody types a password for nothing.
                if manage::list(&file).map_err(ManageError::from)?.contains_key(&name) {
                    return Err(ManageError::Exists(name).into());
                }
                manage::add(&file, &name, &password.get(&name)?, rights)?;
                format!("made the account {name} ({rights}) in {place}\n")
            }
            AccountCommand::Remove { who: Who { name } } => {
                let left = manage::remove(&file, &name)?;
                let last = if left == 0 {
                    "; it was the last one, so a shelf asks nobody for a login from now on"
                } else {
                    ""
                };
                format!("removed the account {name}{last}\n")
            }
            AccountCommand::List { json } => {
                let book = manage::list(&file).map_err(ManageError::from)?;
                if json { as_json(&book) } else { as_table(&book, &place) }
            }
            AccountCommand::Passwd { who: Who { name }, password } => {
                manage::must_be_there(&file, &name)?;
                manage::set_password(&file, &name, &password.get(&name)?)?;
                format!("changed the password of {name}\n")
            }
            AccountCommand::Rights { who: Who { name }, rights } => {
                manage::set_rights(&file, &name, rights)?;
                format!("{name} may now: {rights}\n")
            }
        })
    }
}

impl PasswordFrom {
    fn get(&self, name: &AccountName) -> Result<zeroize::Zeroizing<String>, NoPassword> {
        asking::password(name.as_str(), self.password_file.as_deref())
    }
}

fn as_json(book: &Book) -> String {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let accounts: Vec<_> = book
        .iter()
        .map(|(name, account)| {
            json!({
                "name": name.as_str(),
                "rights": account.rights.names().collect::<Vec<_>>(),
                "made_ms": millis(account.made),
                "changed_ms": millis(account.changed),
            })
        })
        .collect();
    format!("{}\n", json!({ "version": 1, "accounts": accounts }))
}

fn as_table(book: &Book, place: &str) -> String {
    if book.is_empty() {
        return format!(
            "there are no accounts in {place}; `couplet-relay account add NAME` makes one, --data DIR says \
             where\n"
        );
    }
    let name_width = book.keys().map(|name| name.as_str().len()).max().unwrap_or(0).max(4);
    let mut table =
        format!("{:name_width$}  {:14}  {:16}  CHANGED (UTC)\n", "NAME", "RIGHTS", "MADE");
    for (name, account) in book {
        let (made, changed) = (minute(account.made), minute(account.changed));
        let rights = account.rights;
        // Writing to a string doesn't fail.
        let _ = writeln!(table, "{:name_width$}  {rights:14}  {made}  {changed}", name.as_str());
    }
    table
}

/// When so much time had passed since 1970, as `2026-11-21 22:42`.
fn minute(since: Duration) -> String {
    let minutes = since.as_secs() / 60;
    let (days, minute) = (minutes / (24 * 60), minutes % (24 * 60));
    // The proleptic Gregorian calendar, in eras of 400 years that begin in March, as Howard Hinnant
    // (chrono-Compatible Low-Level Date Algorithms) has it.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_dates() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (951_868_800, "2000-03-01 00:00"),
            (1_798_761_599, "2026-12-31 23:59"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(minute(Duration::from_secs(seconds)), shown);
        }
        assert!(minute(Duration::from_millis(u64::MAX)).len() > 16, "no panic");
    }

    #[test]
    fn nothing_is_a_sentence_for_people_and_an_empty_list_for_programs() {
        assert!(as_table(&Book::new(), "here").contains("no accounts in here"));
        assert_eq!(as_json(&Book::new()), "{\"accounts\":[],\"version\":1}\n");
    }
}
