//! Frames and messages out of bytes, in whatever pieces they come.
//!
//! Owns the bounds on what a peer can make it keep: nothing is taken for what is only announced, and
//! a message that is too much is refused at the length that makes it so, then passed over.

use super::{MAX_COMMAND, MAX_FRAME, MAX_FRAMES, MAX_MESSAGE, MAX_PASSED_OVER, ZmtpError};
use bytes::{Buf as _, Bytes, BytesMut};

const MORE: u8 = 0x01;
const LONG: u8 = 0x02;
pub(super) const COMMAND: u8 = 0x04;

/// What is taken at least for a frame that is coming in, if it has so much.
const FIRST_STEP: usize = 16 * 1024;

/// A message that is more than this side takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// A frame of it.
    #[error("got a frame of {0} bytes, expected at most {MAX_FRAME} bytes a frame")]
    Frame(u64),
    /// Its frames.
    #[error("got more than {MAX_FRAMES} frames, expected at most {MAX_FRAMES} a message")]
    Frames,
    /// The bytes of all its frames.
    #[error("got frames of {0} bytes in all, expected at most {MAX_MESSAGE} bytes a message")]
    Sum(u64),
}

/// What comes out.
#[derive(Debug)]
pub(super) enum Piece {
    Command(Vec<u8>),
    Message(Vec<Bytes>),
    /// A message that is passed over, with the frames before it was too much; the next piece is what
    /// comes behind it.
    Refused(TooMuch, Vec<Bytes>),
}

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What has come and wasn't looked at.
    input: BytesMut,
    at: At,
    /// The frames of the message that is coming in.
    frames: Vec<Bytes>,
    bytes: usize,
    /// It is more than may be; how much of it was passed over.
    refused: Option<(TooMuch, u64)>,
    /// Bytes of messages that have come, refused ones included.
    seen: u64,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Head,
    Body {
        flags: u8,
        len: usize,
        body: Vec<u8>,
    },
    PassOver {
        more: bool,
        left: u64,
    },
    /// Nothing that follows can be of use.
    End(TooMuch),
}

impl Reader {
    /// Takes bytes as they came.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        // The bulk goes straight to where it belongs.
        if self.input.is_empty()
            && let At::Body { flags, len, body } = &mut self.at
        {
            let before = body.len();
            bytes = fill(body, *len, bytes);
            if *flags & COMMAND == 0 {
                self.seen += (body.len() - before) as u64;
            }
        }
        self.input.extend_from_slice(bytes);
    }

    /// What has come and wasn't looked at, for the greeting.
    pub(super) fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// The next whole command or message.
    pub(super) fn poll(&mut self) -> Result<Option<Piece>, ZmtpError> {
        loop {
            match &mut self.at {
                At::Head => match self.begin()? {
                    Begun::NeedsMore => return Ok(None),
                    Begun::Frame => {}
                    Begun::Refused(why) => {
                        self.bytes = 0;
                        let begun = std::mem::take(&mut self.frames);
                        return Ok(Some(Piece::Refused(why, begun)));
                    }
                },
                At::Body { flags, len, body } => {
                    let before = body.len();
                    let taken = self.input.len() - fill(body, *len, &self.input).len();
                    if *flags & COMMAND == 0 {
                        self.seen += (body.len() - before) as u64;
                    }
                    advance(&mut self.input, taken);
                    if body.len() < *len {
                        return Ok(None);
                    }
                    let (flags, body) = (*flags, std::mem::take(body));
                    self.at = At::Head;
                    if flags & COMMAND != 0 {
                        return Ok(Some(Piece::Command(body)));
                    }
                    self.frames.push(Bytes::from(body));
                    if flags & MORE == 0 {
                        self.bytes = 0;
                        return Ok(Some(Piece::Message(std::mem::take(&mut self.frames))));
                    }
                }
                At::PassOver { more, left } => {
                    let step = self.input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= step as u64;
                    self.seen += step as u64;
                    let (more, left) = (*more, *left);
                    advance(&mut self.input, step);
                    if left > 0 {
                        return Ok(None);
                    }
                    self.at = At::Head;
                    if !more {
                        self.refused = None;
                    }
                }
                At::End(why) => return Err(ZmtpError::TooMuch(*why)),
            }
        }
    }

    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// The memory that it takes, but for what has come out.
    pub(super) fn memory(&self) -> usize {
        let body = match &self.at {
            At::Body { body, .. } => body.capacity(),
            At::Head | At::PassOver { .. } | At::End(_) => 0,
        };
        let frames: usize = self.frames.iter().map(Bytes::len).sum();
        self.input.capacity() + frames + body
    }

    /// Reads the head of a frame and decides about it.
    fn begin(&mut self) -> Result<Begun, ZmtpError> {
        let Some((flags, len, head)) = read_head(&self.input)? else {
            return Ok(Begun::NeedsMore);
        };
        advance(&mut self.input, head);
        let more = flags & MORE != 0;
        if flags & COMMAND != 0 {
            if more {
                return Err(ZmtpError::CommandInParts);
            }
            let fits = usize::try_from(len).ok().filter(|len| *len <= MAX_COMMAND);
            let len = fits.ok_or(ZmtpError::CommandTooLong(len))?;
            self.at = At::Body { flags, len, body: Vec::new() };
            return Ok(Begun::Frame);
        }
        let new = self.refused.is_none();
        if new {
            match self.check(len) {
                Ok(len) => {
                    self.bytes += len;
                    self.at = At::Body { flags, len, body: Vec::new() };
                    return Ok(Begun::Frame);
                }
                Err(why) => self.refused = Some((why, 0)),
            }
        }
        let Some((why, over)) = &mut self.refused else { return Ok(Begun::Frame) };
        *over = over.saturating_add(len).saturating_add(head as u64);
        let (why, endless) = (*why, *over > MAX_PASSED_OVER);
        self.at = if endless { At::End(why) } else { At::PassOver { more, left: len } };
        Ok(if new { Begun::Refused(why) } else { Begun::Frame })
    }

    /// Whether a frame of this length may follow those that are there.
    fn check(&self, len: u64) -> Result<usize, TooMuch> {
        if self.frames.len() >= MAX_FRAMES {
            return Err(TooMuch::Frames);
        }
        let fits = usize::try_from(len).ok().filter(|len| *len <= MAX_FRAME);
        let len = fits.ok_or(TooMuch::Frame(len))?;
        let sum = self.bytes + len;
        if sum > MAX_MESSAGE { Err(TooMuch::Sum(sum as u64)) } else { Ok(len) }
    }
}

enum Begun {
    NeedsMore,
    Frame,
    Refused(TooMuch),
}

/// Flags, length, and the bytes that say so; none if they aren't all there.
fn read_head(bytes: &[u8]) -> Result<Option<(u8, u64, usize)>, ZmtpError> {
    let Some((&flags, rest)) = bytes.split_first() else { return Ok(None) };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(ZmtpError::Flags(flags));
    }
    let head = if flags & LONG == 0 {
        rest.first().map(|len| (flags, u64::from(*len), 2))
    } else {
        rest.first_chunk().map(|len| (flags, u64::from_be_bytes(*len), 9))
    };
    Ok(head)
}

/// Moves into `body`, which shall have `len` bytes, what it lacks and `bytes` have. Returns the rest.
/// It never takes more than twice the memory of what has come.
fn fill<'a>(body: &mut Vec<u8>, len: usize, bytes: &'a [u8]) -> &'a [u8] {
    let (now, rest) = bytes.split_at(bytes.len().min(len - body.len()));
    let needed = body.len() + now.len();
    if body.capacity() < needed {
        let step = needed.max(2 * body.len()).max(FIRST_STEP).min(len);
        body.reserve_exact(step - body.len());
    }
    body.extend_from_slice(now);
    rest
}

/// Drops what was looked at, and the memory with the last of it.
fn advance(input: &mut BytesMut, by: usize) {
    if by == input.len() {
        *input = BytesMut::new();
    } else {
        input.advance(by);
    }
}

/// The head of a frame of so many bytes.
#[must_use]
pub fn frame_head(len: usize, more: bool) -> Vec<u8> {
    head(if more { MORE } else { 0 }, len)
}

pub(super) fn head(flags: u8, len: usize) -> Vec<u8> {
    u8::try_from(len).map_or_else(
        |_| {
            let mut head = vec![flags | LONG];
            head.extend_from_slice(&(len as u64).to_be_bytes());
            head
        },
        |len| vec![flags, len],
    )
}
