//! The password of a user of a relay's shelf: where it comes from, and whether it is remembered.
//!
//! Owns the order: a file or standard input if told so, the environment, the system's keyring if one
//! was remembered there before, else the terminal, where it isn't shown while it is typed. Never the
//! command line, which every user of the machine can read. Where a program holds a password, its
//! memory is wiped afterwards.
//!
//! ```no_run
//! # async fn example() -> Result<(), couplet_ui::password::NoPassword> {
//! use couplet_ui::password::{self, Wanted};
//!
//! let wanted = Wanted::new("ann".parse().expect("a name"), "relay.example:3647");
//! let password = password::get(&wanted).await?;
//! // Log in; if it was right and `--remember` was given:
//! if let Err(error) = password::remember(&wanted, &password).await {
//!     eprintln!("{error}");
//! }
//! // If it was wrong and the keyring had it, it is forgotten, and the next one is asked for:
//! password::forget(&wanted, &password).await;
//! # Ok(())
//! # }
//! ```

use crate::command::ask::interrupts;
use crate::keyring::{self, Key, KeyringError};
use crate::unseen::Unseen;
use couplet::account::{AccountName, BadPassword, MAX_PASSWORD_BYTES, normal_password};
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// The environment variable that may have the password.
pub const VARIABLE: &str = "COUPLET_PASSWORD";

/// How often something may be typed that can't be a password.
const MAX_TYPED: u32 = 3;

/// Whose password is wanted, and where from.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The account.
    pub user: AccountName,
    /// The relay, as `HOST:PORT`.
    pub relay: String,
    /// `--password-file`; `-` is standard input.
    pub file: Option<PathBuf>,
    /// What [`VARIABLE`] has.
    pub variable: Option<std::ffi::OsString>,
    /// Whether the keyring may be asked; for a second try after it had a wrong one, it shouldn't be.
    pub keyring: bool,
}

/// A password, in its normal form. It isn't shown by `{:?}`.
pub struct Password {
    text: Zeroizing<String>,
    source: Source,
}

/// Where a password came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A file or standard input.
    File,
    /// The environment.
    Variable,
    /// The system's keyring.
    Keyring,
    /// Somebody typed it.
    Typed,
}

/// There is no password to be had. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NoPassword {
    /// The file can't be read.
    #[error("the password in {path} can't be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong.
        reason: io::Error,
    },
    /// It isn't text.
    #[error("the password in {0} isn't UTF-8; write it as text")]
    NotText(String),
    /// It can't be a password.
    #[error("what {from} has can't be a password: {bad}")]
    Bad {
        /// Where it is from.
        from: String,
        /// Why.
        bad: BadPassword,
    },
    /// Nobody can be asked.
    #[error(
        "there is no terminal to ask for the password; give it with --password-file FILE (- is standard input), or in {VARIABLE}"
    )]
    NoTerminal,
    /// Nothing was typed.
    #[error("no password was typed")]
    Nothing,
    /// Ctrl+C.
    #[error("interrupted while the password was asked for")]
    Interrupted,
}

/// A password isn't remembered, which needn't stop anything else.
#[derive(Debug, thiserror::Error)]
#[error("{0}, so the password isn't remembered")]
pub struct NotRemembered(#[from] KeyringError);

impl Wanted {
    /// With what the environment has, and nothing from a file.
    #[must_use]
    pub fn new(user: AccountName, relay: &str) -> Self {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        Self { user, relay: relay.to_owned(), file: None, variable, keyring: true }
    }

    /// Names of hosts don't tell capitals from small letters.
    fn key(&self) -> Key {
        Key { user: self.user.to_string(), relay: self.relay.to_ascii_lowercase() }
    }
}

impl Password {
    /// The password itself, for whoever sends it to the relay.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it came from.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// Brings what was given into its normal form.
    fn new(given: &str, source: Source, from: &str) -> Result<Self, NoPassword> {
        let mut text = Zeroizing::new(String::with_capacity(MAX_PASSWORD_BYTES));
        normal_password(given, &mut text)
            .map_err(|bad| NoPassword::Bad { from: from.to_owned(), bad })?;
        Ok(Self { text, source })
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The password that is wanted, from the first place that has one; asks for it at last.
///
/// # Errors
/// [`NoPassword`] with one clear sentence.
pub async fn get(wanted: &Wanted) -> Result<Password, NoPassword> {
    if let Some(path) = &wanted.file {
        let path = path.clone();
        return on_a_thread(move || from_file(&path)).await.ok_or(NoPassword::Nothing)?;
    }
    if let Some(value) = &wanted.variable {
        let value = value.to_str().ok_or_else(|| NoPassword::NotText(VARIABLE.to_owned()))?;
        return Password::new(value, Source::Variable, VARIABLE);
    }
    if wanted.keyring
        // One that can't be had from there can be typed.
        && let Ok(Some(kept)) = keyring::find(&wanted.key()).await
        && let Ok(password) = Password::new(&kept, Source::Keyring, "the system keyring")
    {
        return Ok(password);
    }
    ask(wanted).await
}

/// Remembers a password that was right in the system's keyring, for this user at this relay.
///
/// # Errors
/// [`NotRemembered`] with one clear sentence; all else can go on.
pub async fn remember(wanted: &Wanted, password: &Password) -> Result<(), NotRemembered> {
    if password.source == Source::Keyring {
        return Ok(());
    }
    Ok(keyring::remember(&wanted.key(), &password.text).await?)
}

/// Forgets a password that the keyring had and that was wrong; gives whether it is out of there.
pub async fn forget(wanted: &Wanted, password: &Password) -> bool {
    password.source == Source::Keyring
        && keyring::forget(&wanted.key()).await.is_ok_and(|there| there)
}

fn from_file(path: &Path) -> Result<Password, NoPassword> {
    let shown = text::line(&path.to_string_lossy(), MAX_REASON_COLUMNS / 2);
    let (line, from) = if path == Path::new("-") {
        (first_line(io::stdin().lock()), "standard input".to_owned())
    } else {
        (File::open(path).and_then(first_line), shown)
    };
    let line = match line {
        Ok(line) => line,
        Err(reason) => return Err(NoPassword::Unreadable { path: from, reason }),
    };
    let line = std::str::from_utf8(&line).map_err(|_| NoPassword::NotText(from.clone()))?;
    Password::new(line, Source::File, &from)
}

/// Asks at the terminal, again where what is typed can't be a password.
async fn ask(wanted: &Wanted) -> Result<Password, NoPassword> {
    for _ in 1..MAX_TYPED {
        match ask_once(wanted).await {
            Err(NoPassword::Bad { bad, .. }) => {
                // A terminal that is gone can't be told, and the next reading says so.
                let _ = writeln!(io::stderr(), "couplet: {bad}; type it again");
            }
            asked => return asked,
        }
    }
    ask_once(wanted).await
}

async fn ask_once(wanted: &Wanted) -> Result<Password, NoPassword> {
    let mut interrupt = interrupts().ok_or(NoPassword::NoTerminal)?;
    let asked = Asked(Unseen::begin().ok_or(NoPassword::NoTerminal)?);
    let relay = text::line(&wanted.relay, MAX_REASON_COLUMNS / 2);
    let mut err = io::stderr();
    // A terminal that is gone can't be asked, and the reading says so.
    let _ = write!(err, "password of {} at {relay} (it isn't shown): ", wanted.user);
    let _ = err.flush();
    let line = tokio::select! {
        line = on_a_thread(|| first_line(io::stdin().lock())) => Some(line),
        _ = interrupt.recv() => None,
    };
    drop(asked);
    let line = line.ok_or(NoPassword::Interrupted)?.and_then(Result::ok);
    let line = line.filter(|line| !line.is_empty()).ok_or(NoPassword::Nothing)?;
    let from = "the terminal";
    let line = std::str::from_utf8(&line).map_err(|_| NoPassword::NotText(from.to_owned()))?;
    Password::new(line, Source::Typed, from)
}

/// While it is asked for. The line ends with it, however that comes about, as the one that was typed
/// wasn't seen.
struct Asked(#[expect(dead_code, reason = "its end is what counts")] Unseen);

impl Drop for Asked {
    fn drop(&mut self) {
        let _ = writeln!(io::stderr());
    }
}

/// What comes before the first line's end, or the end of all. Of a line that is too long, enough to
/// see that.
fn first_line(mut input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all that is taken, so that it isn't copied to a larger place.
    let limit = MAX_PASSWORD_BYTES + 3;
    let mut line = Zeroizing::new(Vec::with_capacity(limit));
    let mut byte = Zeroizing::new([0; 1]);
    while line.len() < limit {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

/// Does something that can't be given up on a thread whose end nobody waits for; nothing if there
/// are no threads.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (out, done) = oneshot::channel();
    let thread = std::thread::Builder::new().name("couplet-input".to_owned());
    let spawned = thread.spawn(move || {
        // Whoever waited may have given up.
        let _ = out.send(work());
    });
    // Without a thread nothing ever comes, which is what a closed channel says.
    drop(spawned);
    done.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            user: "ann".parse().expect("a name"),
            relay: "Relay.example:3647".to_owned(),
            file: None,
            variable: None,
            keyring: false,
        }
    }

    #[tokio::test]
    async fn a_file_comes_before_the_environment() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("password");
        std::fs::write(&file, "cafe\u{301} noir\r\nmore\n").expect("writes");
        let both = Wanted { file: Some(file), variable: Some("12345678".into()), ..wanted() };
        let password = get(&both).await.expect("a password");
        assert_eq!((password.as_str(), password.source()), ("café noir", Source::File));
        let password = get(&Wanted { file: None, ..both }).await.expect("a password");
        assert_eq!((password.as_str(), password.source()), ("12345678", Source::Variable));
        assert!(!format!("{password:?}").contains("12345678"));
    }

    #[tokio::test]
    async fn what_cannot_be_one_says_where_it_is_and_why() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("password");
        let said = async |bytes: &[u8]| {
            std::fs::write(&file, bytes).expect("writes");
            let wanted = Wanted { file: Some(file.clone()), ..wanted() };
            get(&wanted).await.expect_err("no password").to_string()
        };
        assert!(said(b"").await.contains("too short"));
        assert!(said(b"\n12345678").await.contains("too short"));
        assert!(said(&[b'x'; 300]).await.contains("too long"));
        assert!(said(b"\xff2345678").await.contains("isn't UTF-8"));
        assert!(said(b"1234\t5678").await.contains("control character"));
        let nowhere = Wanted { file: Some(dir.path().join("none")), ..wanted() };
        let said = get(&nowhere).await.expect_err("no file").to_string();
        assert!(said.contains("none can't be read"), "{said}");
    }

    #[test]
    fn it_is_kept_by_user_and_relay() {
        let key = wanted().key();
        assert_eq!((key.user.as_str(), key.relay.as_str()), ("ann", "relay.example:3647"));
    }
}
