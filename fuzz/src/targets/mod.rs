//! The targets, each a function of an input.
//!
//! Each file says in its first lines what must hold; that nothing panics, overflows or hangs holds for
//! all. `targets/` makes a program of each for libFuzzer, `tests/corpus.rs` runs them without it.

pub mod code;
pub mod exchange;
pub mod frame;
pub mod journal;
pub mod kept;
pub mod logins;
pub mod message;
pub mod names;
pub mod peer_body;
pub mod plain;
pub mod receiver;
pub mod record;
pub mod room;
pub mod room_record;
pub mod safe_path;
pub mod sealed_body;
pub mod sender;
pub mod session;
pub mod text;
pub mod transfer_step;
pub mod upload;

/// What runs one input.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const ALL: &[(&str, Target)] = &[
    ("frame", frame::run),
    ("message", message::run),
    ("peer_body", peer_body::run),
    ("sealed_body", sealed_body::run),
    ("record", record::run),
    ("exchange", exchange::run),
    ("code", code::run),
    ("names", names::run),
    ("transfer_step", transfer_step::run),
    ("text", text::run),
    ("safe_path", safe_path::run),
    ("journal", journal::run),
    ("room", room::run),
    ("room_record", room_record::run),
    ("logins", logins::run),
    ("session", session::run),
    ("kept", kept::run),
    ("sender", sender::run),
    ("receiver", receiver::run),
    ("plain", plain::run),
    ("upload", upload::run),
];
