//! Where the `account` commands take a password from.
//!
//! Owns the order: a file or standard input if told so, the environment, else the terminal, where it
//! isn't shown while it is typed. Never the command line, which every user of the machine can read.

use couplet::account::MAX_PASSWORD_BYTES;
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

/// The environment variable that may have the password.
pub(super) const VARIABLE: &str = "COUPLET_PASSWORD";

/// There is no password to be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPassword {
    #[error("the password in {path} can't be read: {reason}")]
    Unreadable { path: String, reason: io::Error },
    #[error("the password in {0} isn't UTF-8; write it as text")]
    NotText(String),
    #[error("the password in {0} is too long: it may have {MAX_PASSWORD_BYTES} bytes, on one line")]
    TooLong(String),
    #[error("{VARIABLE} isn't UTF-8; write the password as text")]
    VariableNotText,
    #[error(
        "there is no terminal to ask for the password; give it with --password-file FILE (- is standard input), or in {VARIABLE}"
    )]
    NoTerminal,
    #[error("no password was typed")]
    Nothing,
    #[error("the two passwords differ; type the same one twice")]
    Differ,
}

/// The new password of `user`.
pub(super) fn password(user: &str, file: Option<&Path>) -> Result<Zeroizing<String>, NoPassword> {
    if let Some(path) = file {
        return if path == Path::new("-") {
            first_line(io::stdin().lock(), "standard input")
        } else {
            let shown = text::line(&path.to_string_lossy(), MAX_REASON_COLUMNS);
            match File::open(path) {
                Ok(file) => first_line(file, &shown),
                Err(reason) => Err(NoPassword::Unreadable { path: shown, reason }),
            }
        };
    }
    if let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        return value.into_string().map(Zeroizing::new).map_err(|_| NoPassword::VariableNotText);
    }
    if !io::stdin().is_terminal() {
        return Err(NoPassword::NoTerminal);
    }
    ask_twice(user)
}

/// What comes before the first line's end, or the end of all.
fn first_line(input: impl Read, from: &str) -> Result<Zeroizing<String>, NoPassword> {
    // Room for all that is taken, so that it isn't copied to a larger place; one more shows that it
    // is too long, and two may be the line's end.
    let limit = MAX_PASSWORD_BYTES + 3;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let mut byte = Zeroizing::new([0; 1]);
    let mut input = input;
    while bytes.len() < limit {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) => bytes.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(reason) => {
                return Err(NoPassword::Unreadable { path: from.to_owned(), reason });
            }
        }
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    if bytes.len() > MAX_PASSWORD_BYTES {
        return Err(NoPassword::TooLong(from.to_owned()));
    }
    let line = std::str::from_utf8(&bytes).map_err(|_| NoPassword::NotText(from.to_owned()))?;
    let mut password = Zeroizing::new(String::with_capacity(MAX_PASSWORD_BYTES));
    password.push_str(line);
    Ok(password)
}

#[cfg(unix)]
fn ask_twice(user: &str) -> Result<Zeroizing<String>, NoPassword> {
    // Unseen for as long as both take, so that nothing typed ahead is lost or shown.
    let _unseen = unseen::Unseen::begin().ok_or(NoPassword::NoTerminal)?;
    let first = ask(&format!("new password for {user} (it isn't shown): "))?;
    let second = ask("the same again: ")?;
    if first == second { Ok(first) } else { Err(NoPassword::Differ) }
}

#[cfg(unix)]
fn ask(question: &str) -> Result<Zeroizing<String>, NoPassword> {
    let mut err = io::stderr();
    // A terminal that is gone can't be asked, and the reading says so.
    let _ = err.write_all(question.as_bytes()).and_then(|()| err.flush());
    let line = first_line(io::stdin().lock(), "the terminal");
    let _ = writeln!(err);
    line.and_then(|line| if line.is_empty() { Err(NoPassword::Nothing) } else { Ok(line) })
}

#[cfg(not(unix))]
fn ask_twice(_: &str) -> Result<Zeroizing<String>, NoPassword> {
    Err(NoPassword::NoTerminal)
}

#[cfg(unix)]
mod unseen {
    //! A terminal that doesn't show what is typed.

    use crate::lock::lock;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use std::io;
    use std::sync::{Mutex, Once};

    const INTERRUPTED: i32 = 130;

    /// The terminal as it was, while it is another way.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// While this lives, what is typed isn't shown. It is as before after Ctrl+C, too.
    pub(super) struct Unseen(());

    impl Unseen {
        pub(super) fn begin() -> Option<Self> {
            static HANDLER: Once = Once::new();
            HANDLER.call_once(|| {
                // Without it Ctrl+C ends the program all the same.
                let _ = ctrlc::set_handler(|| {
                    restore();
                    std::process::exit(INTERRUPTED);
                });
            });
            let before = tcgetattr(io::stdin()).ok()?;
            let mut without_echo = before.clone();
            without_echo.local_modes.remove(LocalModes::ECHO);
            *lock(&BEFORE) = Some(before);
            tcsetattr(io::stdin(), OptionalActions::Flush, &without_echo).ok()?;
            Some(Self(()))
        }
    }

    impl Drop for Unseen {
        fn drop(&mut self) {
            restore();
        }
    }

    fn restore() {
        if let Some(before) = lock(&BEFORE).take() {
            // A terminal that is gone needs nothing back.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line() {
        let read = |bytes: &[u8]| first_line(bytes, "x").map(|line| line.to_string());
        for bytes in ["12345678", "12345678\n", "12345678\r\n", "12345678\nmore\n"] {
            assert_eq!(read(bytes.as_bytes()).expect(bytes), "12345678");
        }
        assert_eq!(read(b" a b ").expect("text"), " a b ");
        let longest = "a".repeat(MAX_PASSWORD_BYTES);
        assert_eq!(read(format!("{longest}\r\n").as_bytes()).expect("fits"), longest);
        assert!(matches!(read(&[b'a'; 1000]), Err(NoPassword::TooLong(_))));
        assert!(matches!(read(b"\xff2345678"), Err(NoPassword::NotText(_))));
    }
}
