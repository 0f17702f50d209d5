//! How a visit to the shelf ended: exit statuses and sentences.
//!
//! Owns which ending has which status; the list of them is [`exit`]'s.

use super::super::errand::Interrupt;
use super::super::verdict;
use crate::config::exit;
use couplet::shelf::message::ShelfFault;
use couplet::shelf::visit::Connection;
use couplet::transfer::wire::Fault;

/// There is no way to the shelf.
pub(super) const fn of_connection(connection: &Connection) -> u8 {
    match connection {
        Connection::There(_) => exit::OK,
        Connection::Lost { .. } | Connection::None(_) | Connection::Ended(_) => exit::NO_RELAY,
        Connection::Distrusted(_) => exit::DISTRUSTED,
        Connection::NoShelf(_) => exit::PROTOCOL,
        Connection::Refused(code, ..) => of_refusal(*code),
    }
}

/// The relay has refused something.
pub(super) const fn of_refusal(code: ShelfFault) -> u8 {
    match code {
        ShelfFault::LoginNeeded
        | ShelfFault::LoginFailed
        | ShelfFault::SlowDown
        | ShelfFault::Locked
        | ShelfFault::NeedsTls => exit::LOGIN,
        ShelfFault::NoSuchName => exit::MISSING,
        ShelfFault::Taken | ShelfFault::InTransit => exit::TAKEN,
        ShelfFault::Malformed | ShelfFault::Unexpected | ShelfFault::Version => exit::PROTOCOL,
        ShelfFault::NoShelf
        | ShelfFault::Closed
        | ShelfFault::NotAllowed
        | ShelfFault::BadName
        | ShelfFault::TooLarge
        | ShelfFault::ShelfFull
        | ShelfFault::Storage
        | ShelfFault::Idle
        | ShelfFault::RelayFull
        | ShelfFault::HandshakeTimeout
        | ShelfFault::Unknown => exit::REFUSED,
    }
}

/// The program was to end before its time.
pub(super) const fn of_interrupt(interrupt: Interrupt) -> u8 {
    verdict::status_of(interrupt)
}

/// What is said of that; `kept` is whether some of a file has come across.
pub(super) fn stopped(interrupt: Interrupt, kept: bool) -> String {
    let stopped = verdict::stopped(interrupt);
    if kept {
        format!("{stopped}; what has come across is kept, and the same command goes on from there")
    } else {
        stopped.to_owned()
    }
}

/// A transfer has failed; `puts` is whether it was to the shelf.
pub(super) fn of_fault(code: Fault, text: String, puts: bool) -> (u8, String) {
    if puts && code == Fault::Storage {
        let text = "the relay can't write it to its shelf, which may be full; tell its operator";
        return (exit::REFUSED, text.to_owned());
    }
    if puts && code == Fault::Unlawful {
        return (exit::TAKEN, text);
    }
    if !puts && code == Fault::SourceChanged {
        let text = "it was changed on the shelf while it was fetched; fetch it again";
        return (exit::CHANGED, text.to_owned());
    }
    (verdict::failed(code, String::new()).status, text)
}

/// A code as it is on the wire.
pub(super) fn word(code: &impl serde::Serialize) -> String {
    serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
