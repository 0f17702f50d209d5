//! What client and relay say to each other on a connection to the shelf.
//!
//! Owns the vocabulary and its form: JSON objects told apart by `"type"`, in frames of the kind
//! [`CONTROL`](crate::message::kind::CONTROL); fields that a reader doesn't know are passed over.
//! While a transfer moves, both ways have frames with steps of it
//! ([`crate::transfer::wire`]) instead.

use super::list::{Page, Query};
use super::name::ShelfName;
use crate::account::Rights;
use crate::frame::{self, Frame};
use crate::message::{ExitReason, MessageError, kind};
use crate::transfer::offer::Offer;
use crate::{limits, text};
use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// The kinds of frames that carry a transfer's steps.
pub mod steps {
    /// Steps of a transfer; none as a sign of life.
    pub const STEPS: u8 = 0x05;
    /// The same, and the last of this direction: what follows is control again.
    pub const LAST: u8 = 0x06;
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientToShelf {
    /// Who it is. Only inside TLS, or on the relay's own machine.
    Login {
        /// The account's name.
        user: String,
        /// Its password.
        password: Password,
    },
    /// Asks what is there.
    List(Query),
    /// Asks for a file.
    Get {
        /// Which.
        name: ShelfName,
    },
    /// Takes what was offered.
    Accept {
        /// Whether a part of it may be here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        part: bool,
    },
    /// Doesn't take what was offered.
    Decline,
    /// Wants to lay something down.
    Put {
        /// What.
        offer: Offer,
    },
    /// Wants a file removed.
    Delete {
        /// Which.
        name: ShelfName,
    },
    /// Goodbye: everything that is held for this client is freed.
    Bye,
}

/// What the relay says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShelfToClient {
    /// The first answer, and that to a login that was right.
    Shelf(Terms),
    /// What is there.
    List(Page),
    /// What was asked for is this; to be accepted or declined.
    Offered {
        /// What.
        offer: Offer,
    },
    /// What was accepted, or is to be laid down, begins to move: from here on both ways have its
    /// steps.
    Begin {
        /// Of what is laid down: whether a part of it may be here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        part: bool,
    },
    /// As many transfers as may be are moving; this one begins when another is through. Said again
    /// and again, as a sign of life.
    Wait {
        /// How many are before it.
        before: u32,
    },
    /// It is removed.
    Deleted {
        /// What.
        name: ShelfName,
    },
    /// The relay closes the connection on purpose.
    Exit {
        /// Why.
        reason: ExitReason,
    },
    /// Something was refused.
    Error {
        /// What, for programs.
        code: ShelfFault,
        /// What is wrong and what to do, for people.
        text: String,
        /// With [`ShelfFault::SlowDown`] and [`ShelfFault::Locked`]: for how long, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_ms: Option<u64>,
    },
}

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whether it must log in first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub login: bool,
    /// What it may do; nothing before it has logged in, if it must.
    #[serde(with = "rights")]
    pub rights: Rights,
    /// Whether there are folders on the shelf, and may be laid down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub folders: bool,
    /// The largest file that may be laid down, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_file: Option<u64>,
}

/// What was refused, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShelfFault {
    /// The relay has no shelf.
    NoShelf,
    /// The shelf isn't open to clients from there.
    Closed,
    /// The client hasn't logged in and must.
    LoginNeeded,
    /// A login that anybody on the way could have read.
    NeedsTls,
    /// No such account, or another password.
    LoginFailed,
    /// Too many logins failed; there is a short wait.
    SlowDown,
    /// So many logins failed that none is tried for some minutes.
    Locked,
    /// The account may not do that.
    NotAllowed,
    /// There is no such file.
    NoSuchName,
    /// A name that the shelf doesn't take.
    BadName,
    /// There is something of that name already.
    Taken,
    /// Somebody is laying down something of that name at this moment.
    InTransit,
    /// More bytes than one file may have.
    TooLarge,
    /// More bytes than the shelf has room for.
    ShelfFull,
    /// The shelf can't be read or written; the relay's operator can mend that.
    Storage,
    /// Nothing was asked for so long that the connection is closed.
    Idle,
    /// The relay serves as many clients as it may.
    RelayFull,
    /// Bytes that are no frame, or a frame that is no message.
    Malformed,
    /// A message that has no place here.
    Unexpected,
    /// The first message took too long.
    HandshakeTimeout,
    /// A version that the relay doesn't speak.
    Version,
    /// A fault that this build doesn't know.
    #[serde(other)]
    Unknown,
}

impl ShelfFault {
    /// Whether the relay closes the connection after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::NotAllowed
                | Self::NoSuchName
                | Self::BadName
                | Self::Taken
                | Self::InTransit
                | Self::TooLarge
                | Self::ShelfFull
                | Self::Storage
        )
    }
}

/// A password on its way. `Debug` hides it, and it is wiped when it is dropped; the buffers of the
/// connection that it went through aren't.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ClientToShelf {
    /// Reads a frame that came from a client.
    ///
    /// # Errors
    /// [`MessageError`] for anything that isn't one of these messages.
    pub fn decode(frame: &Frame) -> Result<Self, MessageError> {
        from_json(frame)
    }

    /// Appends this message as a frame.
    pub fn encode(&self, out: &mut BytesMut) {
        put_json(self, out);
    }
}

impl ShelfToClient {
    /// Reads a frame that came from the relay.
    ///
    /// # Errors
    /// [`MessageError`] for anything that isn't one of these messages.
    pub fn decode(frame: &Frame) -> Result<Self, MessageError> {
        from_json(frame)
    }

    /// Appends this message as a frame.
    pub fn encode(&self, out: &mut BytesMut) {
        put_json(self, out);
    }

    /// A refusal.
    #[must_use]
    pub fn error(code: ShelfFault, text: impl Into<String>) -> Self {
        Self::Error { code, text: text.into(), wait_ms: None }
    }
}

fn from_json<T: for<'de> Deserialize<'de>>(frame: &Frame) -> Result<T, MessageError> {
    if frame.kind != kind::CONTROL {
        return Err(MessageError::UnknownKind(frame.kind));
    }
    serde_json::from_slice(&frame.body).map_err(|error| {
        // It may quote what can't be read, and that is the other end's.
        MessageError::Json(text::line(&error.to_string(), limits::MAX_REASON_COLUMNS))
    })
}

fn put_json<T: Serialize>(message: &T, out: &mut BytesMut) {
    // It may have a password in it.
    let body =
        Zeroizing::new(serde_json::to_vec(message).expect("string keys and no failing parts"));
    frame::encode(kind::CONTROL, &[&body], out);
}

mod rights {
    //! Rights as a list of their names; those that aren't known are passed over.

    use crate::account::Rights;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(rights: &Rights, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(rights.names())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Rights, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        let known = names.iter().filter_map(|name| name.parse().ok());
        Ok(known.fold(Rights::NONE, Rights::and))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(message: &ShelfToClient) -> Frame {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        let mut decoder = frame::FrameDecoder::new(limits::MAX_CONTROL_BODY);
        decoder.push(&out);
        decoder.poll_frame().expect("a frame").expect("a whole one")
    }

    #[test]
    fn what_the_relay_says_before_it_knows_what_a_client_wants_is_understood() {
        // Such as that it is full, which is said in the words of the control connection.
        let body = br#"{"type":"error","code":"relay_full","text":"full"}"#;
        let frame = Frame { kind: kind::CONTROL, body: body.to_vec().into() };
        let full = ShelfToClient::error(ShelfFault::RelayFull, "full");
        assert_eq!(ShelfToClient::decode(&frame), Ok(full));
        let body = br#"{"type":"exit","reason":"shutdown"}"#;
        let frame = Frame { kind: kind::CONTROL, body: body.to_vec().into() };
        let exit = ShelfToClient::Exit { reason: ExitReason::Shutdown };
        assert_eq!(ShelfToClient::decode(&frame), Ok(exit));
    }

    #[test]
    fn a_later_release_may_say_more() {
        let body = br#"{"type":"shelf","rights":["get","fold"],"colour":"red"}"#;
        let frame = Frame { kind: kind::CONTROL, body: body.to_vec().into() };
        let terms = Terms { login: false, rights: Rights::GET, folders: false, max_file: None };
        assert_eq!(ShelfToClient::decode(&frame), Ok(ShelfToClient::Shelf(terms)));
        let body = br#"{"type":"error","code":"moon","text":"x"}"#;
        let frame = Frame { kind: kind::CONTROL, body: body.to_vec().into() };
        let unknown = ShelfToClient::error(ShelfFault::Unknown, "x");
        assert_eq!(ShelfToClient::decode(&frame), Ok(unknown));
    }

    #[test]
    fn a_password_is_never_shown() {
        let login =
            ClientToShelf::Login { user: "ann".into(), password: Password("s3cret!!".into()) };
        assert!(!format!("{login:?}").contains("s3cret"));
    }

    proptest! {
        #[test]
        fn garbage_is_refused_and_never_panics(kind in 0_u8..8, body in prop::collection::vec(any::<u8>(), 0..200)) {
            let frame = Frame { kind, body: body.into() };
            let _ = ClientToShelf::decode(&frame);
            if let Ok(message) = ShelfToClient::decode(&frame) {
                prop_assert_eq!(ShelfToClient::decode(&framed(&message)), Ok(message));
            }
        }
    }
}
