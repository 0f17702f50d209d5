//! What of a room outlives the relay.
//!
//! Owns the record: who has which seat (by the hash of the token, never the token), whose turn it
//! is, the last message to each seat, and how long seats are kept. A record may be a moment behind
//! what clients were told, as what is said isn't waited with until it is written down; so clients
//! that come back say what they know ([`Known`](crate::message::Known)), and say again what may be
//! lost. A change of seats is written down before the client hears of it: that is the shell's duty.

use super::{Place, Room};
use crate::limits;
use crate::message::{RoomName, Seat, TokenHash};
use crate::time::Moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;

/// A room, written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name, if it has one.
    pub name: Option<RoomName>,
    /// Who has the seats; none if one is empty.
    pub seats: [Option<KeptSeat>; 2],
    /// The number of the turn.
    pub turn: u64,
    /// The number of the pairing.
    pub pairing: u32,
    /// The pairing in which one came last who wasn't there before.
    pub since: u32,
    /// The seat of whoever came last into the pairing.
    pub newcomer: Seat,
    /// The last pairing in which no keys were agreed on.
    pub failed: u32,
    /// The number of the last message from each seat.
    pub said: [u64; 2],
    /// The last message to each seat.
    pub last: [Option<KeptMessage>; 2],
}

/// Who has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSeat {
    /// Of the token that the seat can be taken up with.
    pub token: TokenHash,
    /// Until when the seat is kept, in milliseconds since 1970; none if somebody sat there.
    pub until_ms: Option<u64>,
}

/// The last message to a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMessage {
    /// The pairing in which it was said.
    pub pairing: u32,
    /// The sayer's number of it.
    pub sequence: u64,
    /// What was said, opaque to the relay.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub body: Bytes,
}

/// A record that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a room's record can't be read ({0}), so that room is gone; its clients meet anew")]
pub struct RecordError(String);

impl Record {
    /// The record as bytes.
    ///
    /// # Panics
    /// Never: it has string keys and no failing parts.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("records have string keys and no failing parts")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError`] if the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        serde_json::from_slice(bytes).map_err(|error| RecordError(error.to_string()))
    }
}

impl Room {
    /// The room's record at this moment, `wall` after 1970; none if the room is over.
    #[must_use]
    pub fn record(&self, now: Moment, wall: Duration) -> Option<Record> {
        if self.places == [Place::Empty; 2] {
            return None;
        }
        let seat = |place: &Place| {
            let until_ms = place.kept_until().map(|until| millis(wall + until.since(now)));
            place.token().map(|token| KeptSeat { token, until_ms })
        };
        Some(Record {
            name: self.name.clone(),
            seats: [seat(&self.places[0]), seat(&self.places[1])],
            turn: self.turn,
            pairing: self.pairing,
            since: self.since,
            newcomer: self.newcomer,
            failed: self.failed,
            said: self.said,
            last: self.last.clone(),
        })
    }

    /// A room from its record, in a relay that was started `now`, `wall` after 1970. Each seat is
    /// kept for whoever had it: as long as it was to be, and long enough for a client that tries
    /// again and again to have found the relay.
    #[must_use]
    pub fn restore(record: Record, grace: Duration, now: Moment, wall: Duration) -> Self {
        let place = |seat: Option<KeptSeat>| match seat {
            None => Place::Empty,
            Some(KeptSeat { token, until_ms }) => {
                // Who was there when the relay ended has lost the connection only now.
                let left = until_ms
                    .map_or(grace, |until| Duration::from_millis(until).saturating_sub(wall));
                // A clock that was set meanwhile must not keep a seat for years.
                let left = left.min(grace).max(limits::RETURN_LIMIT);
                Place::Away { token, until: now + left }
            }
        };
        let mut room = Self::new(record.name, grace);
        room.places = record.seats.map(place);
        room.turn = record.turn;
        room.pairing = record.pairing;
        room.since = record.since;
        room.newcomer = record.newcomer;
        room.failed = record.failed;
        room.said = record.said;
        room.last = record.last;
        room.unsure = [true; 2];
        room
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn to_base64<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(body))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let body = BASE64.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
    if body.len() > limits::MAX_OPAQUE {
        return Err(serde::de::Error::custom("a message is too long"));
    }
    Ok(Bytes::from(body))
}
