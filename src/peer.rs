//! What the two clients say to each other, inside bodies that the relay can't read.
//!
//! Owns the vocabulary between peers and its bounds; when to say what is [`crate::session`]'s.
//! Nothing in here is trusted: names and texts pass the sanitiser before they leave the session.

use crate::limits;
use crate::text;
use crate::transfer::book::Hold;
use crate::transfer::offer::Offer;
use crate::transfer::wire::Fault;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The body of a say: words for the peer's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// The text, at most [`crate::limits::MAX_MESSAGE_BYTES`].
    pub text: String,
}

/// The body of a signal.
///
/// Signals that must not be lost have a number and are sent again until the peer has acknowledged
/// them; the others describe a state and are simply said again when somebody comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// 1 for the pairing's first numbered signal from this side, and so on; 0 if unnumbered.
    #[serde(default)]
    pub number: u64,
    /// The highest number that has come from the other side without a gap.
    #[serde(default)]
    pub acknowledged: u64,
    /// What is signalled.
    pub signal: PeerSignal,
}

/// What a peer can signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PeerSignal {
    /// Who this is. Unnumbered; said whenever the peer comes or comes back.
    Greeting {
        /// The name to show, if the user gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The number that the sender's next message has, so that none before it can be missed. None
        /// once all that may not have come has been said again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<u64>,
    },
    /// Every message up to this number has been put before the user. Unnumbered.
    Shown {
        /// The sender's number of the message.
        sequence: u64,
    },
    /// Whether the user is writing. Unnumbered.
    Typing {
        /// Whether.
        on: bool,
    },
    /// The last words of the one who was there already, said before this pairing's keys were there.
    /// Numbered.
    LastMessage {
        /// The sender's number of them, as in a say.
        sequence: u64,
        /// The text, at most [`crate::limits::MAX_MESSAGE_BYTES`].
        text: String,
    },
    /// The user is comparing the verification words. Unnumbered.
    Compare,
    /// Nothing but the envelope's acknowledgement. Unnumbered.
    Acknowledge,
    /// Something to be had. Numbered.
    Offer {
        /// The offerer's number of it; never used twice in a session.
        offer: u32,
        /// Whether the offerer has offered it before, to whoever was there then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
        /// What it is.
        #[serde(flatten)]
        what: Offer,
    },
    /// The receiver wants the offer and is asking the relay for a pipe. Numbered.
    Accept {
        /// The offerer's number of it.
        offer: u32,
        /// Whether some of it may be there already, so that each entry must be asked about.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        part: bool,
    },
    /// The receiver doesn't want the offer. Numbered.
    Decline {
        /// The offerer's number of it.
        offer: u32,
    },
    /// One side stops an offer or transfer. Numbered.
    Cancel {
        /// The offerer's number of it.
        offer: u32,
        /// Whether the one that cancels is the offerer.
        by_offerer: bool,
    },
    /// One side has lost all pipes of a transfer, so the other one's are of no use. The receiver asks
    /// for another. Numbered.
    Interrupted {
        /// The offerer's number of it.
        offer: u32,
        /// Whether it is the offerer who has none.
        by_offerer: bool,
    },
    /// One side holds a transfer up, or with no reason no longer does. Numbered.
    Hold {
        /// The offerer's number of it.
        offer: u32,
        /// Whether it is the offerer who does.
        by_offerer: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Hold>,
    },
    /// The line has use for so many pipes of a transfer; the receiver asks for them. Unnumbered.
    Pipes {
        /// The offerer's number of it.
        offer: u32,
        /// How many in all.
        wanted: u8,
    },
    /// The receiver has all of it. Numbered; the pipe says so too, unless it was cut just then.
    Finished {
        /// The offerer's number of it.
        offer: u32,
        /// The name that it has there.
        saved_as: String,
    },
    /// A transfer has failed at one side. Numbered.
    Failed {
        /// The offerer's number of it.
        offer: u32,
        /// Whether it failed at the offerer's side.
        by_offerer: bool,
        /// Why, if there is a word for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Fault>,
    },
    /// Something that a later release knows.
    #[serde(other)]
    Unknown,
}

impl PeerSignal {
    /// Whether it must reach the peer exactly once, in order.
    #[must_use]
    pub const fn is_numbered(&self) -> bool {
        matches!(
            self,
            Self::LastMessage { .. }
                | Self::Offer { .. }
                | Self::Accept { .. }
                | Self::Decline { .. }
                | Self::Cancel { .. }
                | Self::Interrupted { .. }
                | Self::Hold { .. }
                | Self::Finished { .. }
                | Self::Failed { .. }
        )
    }
}

/// A body that isn't what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "your peer sent something that can't be read ({0}); bring both clients to the same release"
)]
pub struct BodyError(String);

/// The bytes of a body.
///
/// # Panics
/// Never: both kinds of body have string keys and no failing parts.
#[must_use]
pub fn encode<T: Serialize>(body: &T) -> Bytes {
    Bytes::from(serde_json::to_vec(body).expect("bodies have string keys and no failing parts"))
}

/// Reads a body.
///
/// # Errors
/// [`BodyError`] if the bytes are no such body, a file's name that isn't safe included.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, BodyError> {
    serde_json::from_slice(bytes).map_err(|error| {
        // It may quote what can't be read, and that is the peer's.
        BodyError(text::line(&error.to_string(), limits::MAX_REASON_COLUMNS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offer_with_a_name_that_leads_outside_is_no_offer() {
        let offer = |name: &str| {
            format!(
                r#"{{"number":1,"signal":{{"type":"offer","offer":1,"name":"{name}","form":"file","size":3,"entries":1}}}}"#
            )
        };
        assert!(decode::<Envelope>(offer("photo.png").as_bytes()).is_ok());
        for name in ["../photo.png", "/etc/passwd", "..", "", "a\\u0000b", "nul", "\\u001b[2J"] {
            assert!(decode::<Envelope>(offer(name).as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_quoted_without_what_a_screen_would_obey() {
        let bad = br#"{"number":1,"signal":{"type":"offer","offer":1,"name":"x","form":"\u001b[2J\u202e","entries":1}}"#;
        let error = decode::<Envelope>(bad).expect_err("no form").to_string();
        assert!(error.contains("unknown variant") && text::is_clean(&error), "{error:?}");
    }

    #[test]
    fn signals_of_later_releases_are_passed_over() {
        let bytes = br#"{"number":7,"acknowledged":2,"signal":{"type":"dance","steps":3}}"#;
        let envelope: Envelope = decode(bytes).expect("an envelope");
        assert_eq!(envelope.signal, PeerSignal::Unknown);
    }

    proptest! {
        #[test]
        fn bodies_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode::<Envelope>(&bytes);
            let _ = decode::<Words>(&bytes);
        }

        #[test]
        fn words_come_back_and_fit(text in ".{0,2000}") {
            let words = Words { text };
            let body = encode(&words);
            prop_assert!(body.len() <= words.text.len() * 6 + 20);
            prop_assert_eq!(decode::<Words>(&body), Ok(words));
        }
    }
}
