//! Requests out of messages and back, and everything that can be wrong with one.
//!
//! Owns the reading of frames. Each fault says what came and what was expected; what a client wrote is
//! quoted through the one sanitiser. Whether a request has a place is `uploads`'.

use super::checksum::{Checksum, ChecksumKind};
use crate::path::{NameError, SafeName};
use crate::text;
use bytes::Bytes;

/// A request that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A file comes.
    Hello {
        /// Its name.
        name: SafeName,
    },
    /// Some of its bytes, which are what their checksum says.
    Chunk {
        /// The file's name.
        name: SafeName,
        /// Where they belong.
        offset: u64,
        /// They, at least one.
        data: Bytes,
    },
    /// It is complete.
    Close {
        /// Its name.
        name: SafeName,
        /// How many bytes it has.
        size: u64,
    },
}

/// A message that is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: RequestError,
    /// The name of a CLOSE, whose transfer a refusal aborts.
    pub closes: Option<SafeName>,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// An unknown first frame.
    #[error("got the request \"{0}\", expected HELLO, CHUNK or CLOSE")]
    Verb(String),
    /// Too few or too many frames.
    #[error("got {verb} with {got} {}, expected {expected}: {fields}", frames(*got))]
    Frames {
        /// The request.
        verb: &'static str,
        /// How many it has.
        got: usize,
        /// How many it should have.
        expected: usize,
        /// What they are.
        fields: &'static str,
    },
    /// A frame without anything in it.
    #[error("the {field} (frame {number}) is empty; {expected}")]
    Empty {
        /// What it should hold.
        field: &'static str,
        /// Which it is, from 1.
        number: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// A name that no file may have.
    #[error(transparent)]
    Name(NameError),
    /// A name that is no text.
    #[error("got a file name that is not UTF-8 (\"{0}\"); expected a plain file name in UTF-8")]
    NotUtf8(String),
    /// Something else than digits.
    #[error(
        "got the {field} \"{got}\", expected decimal digits and nothing else (no sign, no space)"
    )]
    NotANumber {
        /// What it should hold.
        field: &'static str,
        /// What it holds.
        got: String,
    },
    /// Too many digits.
    #[error("got the {field} {got}, expected at most {}, which is what fits 64 bits", u64::MAX)]
    TooLarge {
        /// What it should hold.
        field: &'static str,
        /// What it holds.
        got: String,
    },
    /// A checksum of no known length.
    #[error("got a checksum of {0} bytes, expected 8 hex digits (CRC-32) or 64 (BLAKE3)")]
    ChecksumLength(usize),
    /// A checksum that is no hex.
    #[error("got the checksum \"{0}\", expected hex digits and nothing else")]
    ChecksumDigits(String),
    /// A size that isn't the data's.
    #[error("got size {said} with {had} bytes of data, expected the size to be the data's length")]
    Size {
        /// What the message says.
        said: u64,
        /// How many there are.
        had: usize,
    },
    /// Data that isn't what its checksum says.
    #[error(
        "the {kind} of the {size} bytes at offset {offset} is {is}, the request says {said}; send \
         the chunk again"
    )]
    Mismatch {
        /// Which checksum.
        kind: ChecksumKind,
        /// The chunk's offset.
        offset: u64,
        /// Its size.
        size: usize,
        /// What its data has.
        is: String,
        /// What the message says.
        said: String,
    },
}

const HELLO: &str = "HELLO";
const CHUNK: &str = "CHUNK";
const CLOSE: &str = "CLOSE";

/// The most columns of what a client wrote that a refusal quotes.
const QUOTED_COLUMNS: usize = 40;

impl Request {
    /// Reads a message, and checks a chunk's data against its checksum.
    ///
    /// # Errors
    /// [`Refused`], with the name of a CLOSE as far as it can be read.
    pub fn read(frames: &[Bytes]) -> Result<Self, Refused> {
        Self::try_read(frames).map_err(|why| Refused { why, closes: closes(frames) })
    }

    /// The frames of a chunk with a checksum of this kind.
    #[must_use]
    pub fn chunk(name: &SafeName, offset: u64, kind: ChecksumKind, data: Bytes) -> Vec<Bytes> {
        let checksum = Checksum::of(kind, &data);
        let size = data.len();
        let mut frames = vec![Bytes::from(CHUNK), named(name)];
        frames
            .extend([offset.to_string(), size.to_string(), checksum.to_string()].map(Bytes::from));
        frames.push(data);
        frames
    }

    /// The frames of a HELLO.
    #[must_use]
    pub fn hello(name: &SafeName) -> Vec<Bytes> {
        vec![Bytes::from(HELLO), named(name)]
    }

    /// The frames of a CLOSE.
    #[must_use]
    pub fn close(name: &SafeName, size: u64) -> Vec<Bytes> {
        vec![Bytes::from(CLOSE), named(name), Bytes::from(size.to_string())]
    }

    fn try_read(frames: &[Bytes]) -> Result<Self, RequestError> {
        let verb = frames.first().map_or(&b""[..], |verb| &verb[..]);
        match verb {
            b"HELLO" => {
                let [_, name] = exactly(HELLO, frames, "HELLO, name")?;
                Ok(Self::Hello { name: read_name(name)? })
            }
            b"CHUNK" => {
                let fields = "CHUNK, name, offset, size, checksum, data";
                let [_, name, offset, size, checksum, data] = exactly(CHUNK, frames, fields)?;
                let name = read_name(name)?;
                let offset = number("offset", 3, offset)?;
                let size = number("size", 4, size)?;
                check_data(offset, size, checksum, data)?;
                Ok(Self::Chunk { name, offset, data: data.clone() })
            }
            b"CLOSE" => {
                let [_, name, size] = exactly(CLOSE, frames, "CLOSE, name, size")?;
                Ok(Self::Close { name: read_name(name)?, size: number("size", 3, size)? })
            }
            b"" => {
                let expected = "expected HELLO, CHUNK or CLOSE";
                Err(RequestError::Empty { field: "request", number: 1, expected })
            }
            other => Err(RequestError::Verb(quoted(other))),
        }
    }
}

/// The name in a CLOSE, however much else is wrong with it.
pub(super) fn closes(frames: &[Bytes]) -> Option<SafeName> {
    let (verb, rest) = frames.split_first()?;
    (&verb[..] == CLOSE.as_bytes()).then(|| read_name(rest.first()?).ok()).flatten()
}

fn named(name: &SafeName) -> Bytes {
    Bytes::copy_from_slice(name.as_str().as_bytes())
}

fn exactly<'a, const N: usize>(
    verb: &'static str,
    frames: &'a [Bytes],
    fields: &'static str,
) -> Result<&'a [Bytes; N], RequestError> {
    let got = frames.len();
    frames.try_into().map_err(|_| RequestError::Frames { verb, got, expected: N, fields })
}

fn read_name(frame: &[u8]) -> Result<SafeName, RequestError> {
    let name = std::str::from_utf8(frame).map_err(|_| RequestError::NotUtf8(quoted(frame)))?;
    SafeName::new(name).map_err(RequestError::Name)
}

fn number(field: &'static str, number: usize, frame: &[u8]) -> Result<u64, RequestError> {
    if frame.is_empty() {
        let expected = "expected decimal digits";
        return Err(RequestError::Empty { field, number, expected });
    }
    let digits = std::str::from_utf8(frame).ok();
    let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let digits = digits.ok_or_else(|| RequestError::NotANumber { field, got: quoted(frame) })?;
    // Digits only, so what can't be read has too many of them. Zeros before it change nothing.
    digits.parse().map_err(|_| RequestError::TooLarge { field, got: quoted(frame) })
}

fn check_data(offset: u64, size: u64, checksum: &[u8], data: &[u8]) -> Result<(), RequestError> {
    if data.is_empty() {
        let expected =
            "a chunk has at least 1 byte, and an empty file is a HELLO and a CLOSE with size 0";
        return Err(RequestError::Empty { field: "data", number: 6, expected });
    }
    if ![8, 64].contains(&checksum.len()) {
        return Err(RequestError::ChecksumLength(checksum.len()));
    }
    let said = Checksum::read(checksum);
    let said = said.ok_or_else(|| RequestError::ChecksumDigits(quoted(checksum)))?;
    if size != data.len() as u64 {
        return Err(RequestError::Size { said: size, had: data.len() });
    }
    let is = Checksum::of(said.kind(), data);
    if is != said {
        return Err(RequestError::Mismatch {
            kind: said.kind(),
            offset,
            size: data.len(),
            is: is.to_string(),
            said: said.to_string(),
        });
    }
    Ok(())
}

fn quoted(frame: &[u8]) -> String {
    let beginning = &frame[..frame.len().min(4 * QUOTED_COLUMNS)];
    let shown = text::line(&String::from_utf8_lossy(beginning), QUOTED_COLUMNS);
    if frame.len() > beginning.len() && !shown.ends_with(text::ELLIPSIS) {
        return format!("{shown}{}", text::ELLIPSIS);
    }
    shown
}

const fn frames(count: usize) -> &'static str {
    if count == 1 { "frame" } else { "frames" }
}
