//! The exit statuses, each with its meaning: the one list of them.
//!
//! Owns the numbers and their words; which ending has which status is said where it ends.

use std::fmt::Write as _;

/// It ended in order: all is through and verified, or the conversation was left, or it was over with
/// nothing open.
pub const OK: u8 = 0;
/// Something went wrong that has no status of its own.
pub const FAILURE: u8 = 1;
/// The command line is wrong; clap uses the same.
pub const USAGE: u8 = 2;
/// No relay could be reached, or none could be started; or it was ended before all was through.
pub const NO_RELAY: u8 = 3;
/// The relay refused: full, room taken, seat given away, another version.
pub const REFUSED: u8 = 4;
/// The other end doesn't speak couplet's protocol.
pub const PROTOCOL: u8 = 5;
/// The terminal can't be drawn on, or nothing can be written to it.
pub const NO_TERMINAL: u8 = 6;
/// The peer had another code.
pub const WRONG_CODE: u8 = 7;
/// The relay isn't the one that was met at this address before.
pub const DISTRUSTED: u8 = 8;
/// Nobody came, or came back, in time.
pub const NO_PEER: u8 = 9;
/// The offer was declined.
pub const DECLINED: u8 = 10;
/// The peer stopped the transfer.
pub const CANCELLED: u8 = 11;
/// What was to be sent isn't there, can't be read, or is nothing.
pub const UNREADABLE: u8 = 12;
/// It can't be written: no room on the disk, no permission, or nowhere to write it.
pub const UNWRITABLE: u8 = 13;
/// What was to be sent changed meanwhile.
pub const CHANGED: u8 = 14;
/// What came isn't what was sent, or not what was offered.
pub const DAMAGED: u8 = 15;
/// All is through but for some entries that were left out.
pub const LEFT_OUT: u8 = 16;
/// The shelf has no file of that name.
pub const MISSING: u8 = 17;
/// The name is taken, there or here.
pub const TAKEN: u8 = 18;
/// The shelf asks for a login, and there was none that it takes.
pub const LOGIN: u8 = 19;
/// Ended by SIGHUP, as when its terminal was closed; the number is the shells'.
pub const HANGUP: u8 = 129;
/// Ended by Ctrl+C; the number is the shells'.
pub const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM; the number is the shells'.
pub const TERMINATED: u8 = 143;

/// All of them, each with what it says to the user.
pub const ALL: &[(u8, &str)] = &[
    (OK, "ended in order; what send or receive passed is verified"),
    (FAILURE, "another failure"),
    (USAGE, "wrong usage"),
    (NO_RELAY, "no relay reached, or it was ended before all was through"),
    (REFUSED, "the relay refused"),
    (PROTOCOL, "not a couplet relay"),
    (NO_TERMINAL, "the terminal can't be used"),
    (WRONG_CODE, "the codes differ"),
    (DISTRUSTED, "not the relay that was met before"),
    (NO_PEER, "nobody came in time"),
    (DECLINED, "declined"),
    (CANCELLED, "stopped by the peer"),
    (UNREADABLE, "nothing to send, or it can't be read"),
    (UNWRITABLE, "it can't be written, as for want of room"),
    (CHANGED, "it changed while it was sent"),
    (DAMAGED, "what came isn't what was sent"),
    (LEFT_OUT, "done but for what was left out"),
    (MISSING, "no such name on the shelf"),
    (TAKEN, "the name is taken"),
    (LOGIN, "the shelf's login was refused"),
    (HANGUP, "its terminal was closed"),
    (INTERRUPTED, "stopped by Ctrl+C"),
    (TERMINATED, "ended by SIGTERM"),
];

/// The list as the help shows it.
#[must_use]
pub fn help() -> String {
    let mut text = "Exit status:".to_owned();
    for (status, meaning) in ALL {
        // Writing to a string doesn't fail.
        let _ = write!(text, "\n  {status:>3}  {meaning}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_meaning() {
        for pair in ALL.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{pair:?}");
        }
        assert!(help().contains("\n   16  done but for"), "{}", help());
    }
}
