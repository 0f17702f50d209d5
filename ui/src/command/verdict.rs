//! How an errand ended: its exit status, and the sentence for it.
//!
//! Owns which ending has which status; the list of them is [`exit`]'s.

use super::errand::Interrupt;
use crate::config::exit;
use crate::naming::items;
use couplet::code::Code;
use couplet::message::ErrorCode;
use couplet::session::Ending;
use couplet::transfer::wire::Fault;
use std::time::Duration;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// The exit status.
    pub(super) status: u8,
    /// What went wrong and what to do, unless all went well.
    pub(super) reason: Option<String>,
}

impl End {
    pub(super) const fn new(status: u8, reason: String) -> Self {
        Self { status, reason: Some(reason) }
    }
}

/// All that could be is through.
pub(super) fn verified(left_out: u64) -> End {
    match left_out {
        0 => End { status: exit::OK, reason: None },
        1 => End::new(exit::LEFT_OUT, "1 item was left out".to_owned()),
        _ => End::new(exit::LEFT_OUT, format!("{} were left out", items(left_out))),
    }
}

/// A transfer has failed.
pub(super) const fn failed(code: Fault, reason: String) -> End {
    let status = match code {
        Fault::Storage | Fault::InTransit => exit::UNWRITABLE,
        Fault::SourceChanged => exit::CHANGED,
        Fault::Unreadable => exit::UNREADABLE,
        Fault::Checksum
        | Fault::Gap
        | Fault::Mismatch
        | Fault::OutOfOrder
        | Fault::NotAsOffered
        | Fault::OutOfRange
        | Fault::Overlap
        | Fault::Unlawful => exit::DAMAGED,
        Fault::Unknown => exit::FAILURE,
    };
    End::new(status, reason)
}

/// The peer stopped it.
pub(super) fn cancelled(receiving: bool, kept: Option<&str>, code: Option<&Code>) -> End {
    let stopped = "your peer stopped it";
    End::new(
        exit::CANCELLED,
        match kept {
            Some(kept) if receiving => {
                format!("{stopped}; {kept} is kept, and goes on from there when it is sent again")
            }
            Some(kept) => {
                let code = with_code(code);
                format!(
                    "{stopped} at {kept}; send it again{code}, and it goes on from what your peer \
                     kept"
                )
            }
            None => stopped.to_owned(),
        },
    )
}

/// The status of a program that was ended before its time.
pub(super) const fn status_of(interrupt: Interrupt) -> u8 {
    match interrupt {
        Interrupt::Stop => exit::INTERRUPTED,
        Interrupt::Terminate => exit::TERMINATED,
        Interrupt::Hangup => exit::HANGUP,
    }
}

/// The same in words.
pub(super) const fn stopped(interrupt: Interrupt) -> &'static str {
    match interrupt {
        Interrupt::Stop => "stopped",
        Interrupt::Terminate => "ended by SIGTERM",
        Interrupt::Hangup => "the terminal was closed",
    }
}

/// The program was to end before its time.
pub(super) fn interrupted(
    interrupt: Interrupt,
    receiving: bool,
    kept: Option<&str>,
    code: Option<&Code>,
) -> End {
    let status = status_of(interrupt);
    let stopped = stopped(interrupt);
    let code = with_code(code);
    let goes_on = match interrupt {
        Interrupt::Stop if receiving => {
            format!("when your peer sends it again{code} and you receive it")
        }
        Interrupt::Stop => format!("when you send it again{code} and your peer receives it"),
        Interrupt::Terminate | Interrupt::Hangup if receiving => {
            "when you run your command again".to_owned()
        }
        Interrupt::Terminate | Interrupt::Hangup => {
            format!("when you run your command again{code}")
        }
    };
    End::new(
        status,
        match kept {
            Some(kept) if receiving => {
                format!("{stopped}; {kept} is kept, and it goes on from there {goes_on}")
            }
            Some(kept) => {
                format!("{stopped}; your peer keeps {kept}, and it goes on from there {goes_on}")
            }
            None => stopped.to_owned(),
        },
    )
}

/// What a sender adds to its command so that both meet again, and not in another room.
fn with_code(code: Option<&Code>) -> String {
    code.map(|code| format!(" with --code {code}")).unwrap_or_default()
}

/// Nobody was there for so long.
pub(super) fn nobody_came(limit: Duration, met: bool) -> End {
    let seconds = limit.as_secs_f64();
    End::new(
        exit::NO_PEER,
        if met {
            format!("your peer didn't come back within {seconds} s; what has come of it is kept")
        } else {
            format!(
                "nobody came within {seconds} s; check that the other has the same code and relay"
            )
        },
    )
}

/// The connection to the relay didn't come back in time.
pub(super) fn relay_lost() -> End {
    let text = "the connection to the relay is lost and didn't come back in time; what has come is \
                kept";
    End::new(exit::NO_RELAY, text.to_owned())
}

/// What the end of a session means for an errand that isn't done.
pub(super) fn of_ending(ending: &Ending) -> End {
    match ending {
        Ending::Fin => {
            End::new(exit::FAILURE, "the relay ended the session; try it again".to_owned())
        }
        Ending::RelayExit => {
            End::new(exit::NO_RELAY, "the relay was ended before it was done".to_owned())
        }
        Ending::Superseded => {
            End::new(exit::FAILURE, "this seat was taken up from another connection".to_owned())
        }
        Ending::Refused { text, .. } => End::new(exit::REFUSED, text.clone()),
        Ending::Unreachable { text } => End::new(exit::NO_RELAY, text.clone()),
        Ending::WrongCode { text } => End::new(exit::WRONG_CODE, text.clone()),
        Ending::Distrusted { text } => End::new(exit::DISTRUSTED, text.clone()),
        Ending::Protocol { text } => End::new(exit::PROTOCOL, text.clone()),
    }
}

/// What is wrong, but may go better after a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passing {
    /// It in a sentence.
    pub(super) reason: String,
    /// Whether a relay said so: it shouldn't be asked again and again.
    pub(super) refused: bool,
    /// For how long at most a seat is kept for somebody who is away, if that is all that is wrong.
    pub(super) kept_for: Option<Duration>,
}

/// What is wrong, if it may go better after a while: the room still has the seat of one who was
/// killed, the relay is full or being started anew. `known`: the relay has been there before.
pub(super) fn passing(ending: &Ending, known: bool) -> Option<Passing> {
    let refused =
        |reason: &str| Passing { reason: reason.to_owned(), refused: true, kept_for: None };
    let gone = |reason: &str| Passing { refused: false, ..refused(reason) };
    match ending {
        Ending::Refused { code: ErrorCode::RoomTaken, kept_for: Some(kept), .. } => {
            let reason = "both seats are taken, one of them kept for whoever was cut off";
            Some(Passing { kept_for: Some(*kept), ..refused(reason) })
        }
        Ending::Refused { code: ErrorCode::RoomTaken | ErrorCode::SeatGone, .. } => {
            let reason = "both seats are taken, perhaps still by one who was cut off a moment ago";
            Some(refused(reason))
        }
        Ending::Refused { code, text, .. } => matches!(
            code,
            ErrorCode::RelayFull
                | ErrorCode::RoomsFull
                | ErrorCode::HandshakeTimeout
                | ErrorCode::Stuck
        )
        .then(|| refused(text)),
        Ending::RelayExit => Some(gone("the relay was ended")),
        Ending::Unreachable { text } => known.then(|| gone(text)),
        Ending::Fin
        | Ending::Superseded
        | Ending::WrongCode { .. }
        | Ending::Distrusted { .. }
        | Ending::Protocol { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_a_listed_status_and_a_sentence() {
        let text = || "text".to_owned();
        let mut ends = vec![
            verified(1),
            verified(2),
            nobody_came(Duration::from_secs(5), false),
            nobody_came(Duration::from_secs(5), true),
            relay_lost(),
            cancelled(true, Some("45 % of site/"), None),
            cancelled(false, Some("45 % of site/"), None),
            cancelled(false, None, None),
        ];
        for interrupt in [Interrupt::Stop, Interrupt::Terminate, Interrupt::Hangup] {
            ends.push(interrupted(interrupt, true, Some("45 % of site/"), None));
            ends.push(interrupted(interrupt, false, Some("45 % of site/"), None));
            ends.push(interrupted(interrupt, false, None, None));
        }
        for fault in [Fault::Storage, Fault::SourceChanged, Fault::Unreadable, Fault::Mismatch] {
            ends.push(failed(fault, text()));
        }
        for ending in [
            Ending::Fin,
            Ending::RelayExit,
            Ending::Superseded,
            Ending::Refused { code: ErrorCode::RoomTaken, text: text(), kept_for: None },
            Ending::Unreachable { text: text() },
            Ending::WrongCode { text: text() },
            Ending::Distrusted { text: text() },
            Ending::Protocol { text: text() },
        ] {
            ends.push(of_ending(&ending));
        }
        for end in ends {
            assert!(exit::ALL.iter().any(|(status, _)| *status == end.status), "{end:?}");
            assert!(end.status != exit::OK && end.reason.is_some_and(|text| !text.is_empty()));
        }
        assert_eq!(verified(0), End { status: exit::OK, reason: None });
        let code = Code::parse("7-otter-lamp").expect("a code");
        let again = cancelled(false, Some("45 % of site/"), Some(&code)).reason.expect("why");
        assert!(again.contains("send it again with --code 7-otter-lamp, and"), "{again}");
    }
}
