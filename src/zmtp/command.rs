//! Commands: READY, ERROR, PING and PONG as bytes.
//!
//! Owns their bodies; the frames around them are `reader`'s and `connection`'s.
//!
//! ```text
//! command    name length (1) name, then by name:
//! READY      property …: name length (1) name, value length (4) value
//! ERROR      reason length (1) reason
//! PING       time to live (2) context (at most 16)
//! PONG       context
//! ```

use super::ZmtpError;

/// A command that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Ready {
        socket_type: &'a [u8],
    },
    Error {
        reason: &'a [u8],
    },
    Ping {
        context: &'a [u8],
    },
    /// Any other, by its name.
    Other,
}

/// The longest context of a PING.
const MAX_CONTEXT: usize = 16;

pub(super) fn read(body: &[u8]) -> Result<Command<'_>, ZmtpError> {
    let (name, rest) = short(body).ok_or(ZmtpError::Command("its name is cut off"))?;
    match name {
        b"READY" => read_ready(rest),
        b"ERROR" => {
            let reason = short(rest).map(|(reason, _)| reason);
            let reason = reason.ok_or(ZmtpError::Command("the reason of ERROR is cut off"))?;
            Ok(Command::Error { reason })
        }
        b"PING" => {
            let context = rest.get(2..).filter(|context| context.len() <= MAX_CONTEXT);
            let context = context.ok_or(ZmtpError::Command("PING has no lawful length"))?;
            Ok(Command::Ping { context })
        }
        _ => Ok(Command::Other),
    }
}

fn read_ready(mut rest: &[u8]) -> Result<Command<'_>, ZmtpError> {
    const CUT: ZmtpError = ZmtpError::Command("a property of READY is cut off");
    let mut socket_type = None;
    while !rest.is_empty() {
        let (name, after) = short(rest).ok_or(CUT)?;
        let (len, after) = after.split_first_chunk().ok_or(CUT)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| CUT)?;
        let (value, after) = after.split_at_checked(len).ok_or(CUT)?;
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            socket_type = Some(value);
        }
        rest = after;
    }
    let socket_type = socket_type.ok_or(ZmtpError::Command("READY has no Socket-Type"))?;
    Ok(Command::Ready { socket_type })
}

/// A piece with its length in one byte before it, and what follows it.
fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*len))
}

pub(super) fn ready(socket_type: &str, identity: &[u8]) -> Vec<u8> {
    let mut body = named("READY");
    let mut property = |name: &str, value: &[u8]| {
        push_short(&mut body, name.as_bytes());
        let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&len.to_be_bytes());
        body.extend_from_slice(value);
    };
    property("Socket-Type", socket_type.as_bytes());
    property("Identity", identity);
    body
}

pub(super) fn error(reason: &str) -> Vec<u8> {
    let mut body = named("ERROR");
    let end = reason.floor_char_boundary(usize::from(u8::MAX));
    push_short(&mut body, &reason.as_bytes()[..end]);
    body
}

pub(super) fn pong(context: &[u8]) -> Vec<u8> {
    let mut body = named("PONG");
    body.extend_from_slice(context);
    body
}

fn named(name: &str) -> Vec<u8> {
    let mut body = Vec::new();
    push_short(&mut body, name.as_bytes());
    body
}

/// Pieces that are written here are never longer than a byte can say.
fn push_short(body: &mut Vec<u8>, piece: &[u8]) {
    body.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
    body.extend_from_slice(piece);
}
