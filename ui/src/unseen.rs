//! Typing that isn't shown, for codes and passwords.
//!
//! Owns the echo of the terminal that standard input is.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal as _};

/// While this lives, what is typed isn't shown.
#[derive(Debug)]
pub(crate) struct Unseen {
    before: Termios,
}

impl Unseen {
    /// Nothing if standard input is no terminal.
    pub(crate) fn begin() -> Option<Self> {
        let input = io::stdin();
        if !input.is_terminal() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let mut without_echo = before.clone();
        without_echo.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &without_echo).ok()?;
        Some(Self { before })
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
