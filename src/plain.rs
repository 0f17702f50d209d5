//! Plain rooms: the turn chat that netcat, telnet, or a few lines of C can take part in.
//!
//! Owns the lines, and what a client that knows nothing of couplet is told and may say. Whose turn it
//! is, and who gets which seat, is [`crate::room`]'s, as everywhere. What is said in a plain room isn't
//! sealed: the relay, and whoever is on the way to it, can read it.
//!
//! ```text
//! netcat         the door, a Client      its room
//!    │<── 1 ──────────│<───── welcome ───────│
//!    │<── emi ────────│<───── role emi ──────│   once: from here on, who has said a line listens
//!    │─── hello ─────>│────── say 1 ────────>│
//!    │                │<── taken, role rec ──│
//!    │<── hi ─────────│<── message, emi ─────│
//! ```
//!
//! [`Lines`] cuts bytes into lines, [`Speaker`] says them in turn, [`Client`] is one client's machine at
//! the relay. A couplet client in such a room has a machine of its own (`session::PlainSession`, with
//! the feature `client`), which no sealed session can become.

mod client;
mod lines;
mod speaker;

pub use client::{Client, Command, Fault};
pub use lines::{LineError, Lines, check};
pub use speaker::{Say, Speaker};

use crate::message::{ClientControl, ClientToRelay, ErrorCode};

/// What a client in a plain room says to leave it.
pub const FIN: &str = "fin";

/// What it is told when the relay ends.
pub const EXIT: &str = "exit";

/// What a user is told who wants to send files there.
pub const WORDS_ONLY: &str = "a plain room carries words only; to send files, meet in a sealed room, as \
                              with `couplet chat --new`";

/// What begins the line that says what is wrong; a sentence follows.
pub const ERROR: &str = "error ";

/// A message that has no place in a plain room: for programs, and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// For programs.
    pub code: ErrorCode,
    /// What is wrong and what to do.
    pub text: String,
}

/// Whether somebody in a plain room may say this: words of one line, leaving, and signs of life.
///
/// # Errors
/// [`Misplaced`] for all that only sealed rooms have, and for a body that is no line.
pub fn check_message(message: &ClientToRelay) -> Result<(), Misplaced> {
    match message {
        ClientToRelay::Say { body, .. } => check(body).map(|_| ()).map_err(|error| Misplaced {
            code: ErrorCode::Malformed,
            text: format!("what is said in a plain room is a line of text: {error}"),
        }),
        ClientToRelay::Control(ClientControl::Fin | ClientControl::Ping) => Ok(()),
        ClientToRelay::Signal { .. }
        | ClientToRelay::Control(
            ClientControl::Hello { .. }
            | ClientControl::OpenPipe { .. }
            | ClientControl::OpenShelf
            | ClientControl::Pass { .. }
            | ClientControl::RequestPipe { .. }
            | ClientControl::PairingFailed { .. },
        ) => Err(Misplaced {
            code: ErrorCode::Unexpected,
            text: "a plain room carries lines of words and nothing else; for files and for what \
                   nobody else may read, meet in a sealed room"
                .to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn say(body: &[u8]) -> ClientToRelay {
        ClientToRelay::Say { pairing: 1, sequence: 1, body: Bytes::copy_from_slice(body) }
    }

    #[test]
    fn only_lines_leaving_and_signs_of_life_have_a_place() {
        let code = |message| check_message(&message).err().map(|misplaced| misplaced.code);
        assert_eq!(code(say("né".as_bytes())), None);
        assert_eq!(code(say(b"")), None, "an empty line gives the turn away");
        for bad in [&b"two\nlines"[..], b"\xff", b"a\0b", &vec![b'x'; 16 * 1024 + 1]] {
            assert_eq!(code(say(bad)), Some(ErrorCode::Malformed));
        }
        let control = |control| code(ClientToRelay::Control(control));
        assert_eq!(control(ClientControl::Fin), None);
        assert_eq!(control(ClientControl::Ping), None);
        for misplaced in [
            ClientControl::Pass { turn: 0 },
            ClientControl::RequestPipe { tag: 1 },
            ClientControl::PairingFailed { pairing: 1 },
            ClientControl::hello(None, false, None),
        ] {
            assert_eq!(control(misplaced), Some(ErrorCode::Unexpected));
        }
        let signal = ClientToRelay::Signal { pairing: 1, body: Bytes::new() };
        assert_eq!(code(signal), Some(ErrorCode::Unexpected));
    }
}
