//! Length-delimited frames, and the bytes that open a connection.
//!
//! Owns how bytes become frames and back; knows nothing of what a frame means. The same codec
//! serves control connections and pipes, with a different largest body.
//!
//! ```text
//! opening (client only, once)      frame (both ways, from then on)
//! +-----------------+---------+    +-----------------+------+----------------+
//! | "couplet" (7)   | version |    | length (4, BE)  | kind | body           |
//! +-----------------+---------+    +-----------------+------+----------------+
//!                                    length = 1 + body
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The first seven bytes of every couplet connection. `c` is no TLS record type, so one port can
/// tell the two apart by the first byte.
pub const MAGIC: &[u8; 7] = b"couplet";

/// The protocol version that this build speaks.
pub const VERSION: u8 = 1;

/// The versions that this build accepts, oldest first.
pub const SUPPORTED_VERSIONS: &[u8] = &[VERSION];

/// Bytes of the opening: [`MAGIC`] and a version.
pub const OPENING_LEN: usize = MAGIC.len() + 1;

/// Bytes before a frame's body: length and kind.
pub const HEADER_LEN: usize = 5;

/// The opening bytes of this build.
#[must_use]
pub fn opening() -> [u8; OPENING_LEN] {
    let mut bytes = [0; OPENING_LEN];
    bytes[..MAGIC.len()].copy_from_slice(MAGIC);
    bytes[MAGIC.len()] = VERSION;
    bytes
}

/// Reads an opening from the front of `bytes`.
///
/// Returns `None` while too few bytes are there to tell.
///
/// # Errors
/// [`FrameError::NotCouplet`] as soon as one byte differs from the magic, and
/// [`FrameError::Version`] for a version that this build doesn't speak.
pub fn read_opening(bytes: &[u8]) -> Result<Option<u8>, FrameError> {
    let seen = bytes.len().min(MAGIC.len());
    if bytes[..seen] != MAGIC[..seen] {
        return Err(FrameError::NotCouplet);
    }
    match bytes.get(MAGIC.len()) {
        None => Ok(None),
        Some(version) if SUPPORTED_VERSIONS.contains(version) => Ok(Some(*version)),
        Some(version) => Err(FrameError::Version { got: *version }),
    }
}

/// One frame: a kind and an opaque body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the body is; the values are in [`crate::message::kind`] and
    /// [`crate::transfer::wire::kind`].
    pub kind: u8,
    /// The body, at most the decoder's limit.
    pub body: Bytes,
}

/// What can be wrong with bytes before anything is known of their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first bytes aren't couplet's.
    #[error("the other end doesn't speak couplet; check the address and the port")]
    NotCouplet,
    /// A version that this build doesn't speak.
    #[error(
        "the other end speaks version {got} of the protocol, this one {SUPPORTED_VERSIONS:?}; bring both to the same release"
    )]
    Version {
        /// The version that was asked for.
        got: u8,
    },
    /// A frame without even a kind.
    #[error("a frame of length 0 came in; every frame has a kind, so the stream is damaged")]
    Empty,
    /// A frame that announces more than is allowed.
    #[error("a frame announced {length} bytes where at most {limit} are allowed")]
    TooLong {
        /// Bytes announced, kind included.
        length: u32,
        /// Bytes allowed, kind included.
        limit: u32,
    },
}

/// Turns bytes, in whatever pieces they come, into frames.
///
/// It holds at most one frame's bytes beyond what was pushed last, and nothing while no frame has
/// begun. After an error it stays in error: a damaged stream has no next frame.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: BytesMut,
    max_body: usize,
    /// Whether `buffer` is what remains of a larger piece of memory.
    split: bool,
    failed: Option<FrameError>,
}

impl FrameDecoder {
    /// A decoder that refuses bodies over `max_body` bytes.
    #[must_use]
    pub fn new(max_body: usize) -> Self {
        Self { buffer: BytesMut::new(), max_body, split: false, failed: None }
    }

    /// Takes in the bytes that came next. Call [`poll_frame`](Self::poll_frame) until it has
    /// nothing before pushing more, and memory stays bounded.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next complete frame; `None` until more bytes are pushed.
    ///
    /// # Errors
    /// [`FrameError::Empty`] and [`FrameError::TooLong`], as soon as the four bytes of the length
    /// are there; from then on always the same error.
    pub fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(header) = self.buffer.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header);
        match check_length(length, self.max_body) {
            Err(error) => {
                self.failed = Some(error);
                self.buffer = BytesMut::new();
                Err(error)
            }
            // Nothing is set aside for what was only announced: a peer pays in bytes for memory.
            Ok(length) if self.buffer.len() < 4 + length => Ok(None),
            Ok(length) => {
                self.buffer.advance(4);
                let mut body = self.buffer.split_to(length).freeze();
                let kind = body.get_u8();
                self.split = !self.buffer.is_empty();
                if self.buffer.is_empty() {
                    // An idle connection holds no buffer at all.
                    self.buffer = BytesMut::new();
                }
                Ok(Some(Frame { kind, body }))
            }
        }
    }

    /// Bytes of a frame that has begun and isn't complete.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Gives back the memory of frames that have come out, if a part of one is left behind them. For
    /// whoever waits for the rest of it.
    pub fn compact(&mut self) {
        if std::mem::take(&mut self.split) {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
    }

    /// The memory that it takes for them, after [`compact`](Self::compact).
    #[must_use]
    pub fn memory(&self) -> usize {
        self.buffer.capacity()
    }

    /// Takes out the bytes that follow the last frame, for a stream that changes its meaning there.
    #[must_use]
    pub fn into_rest(self) -> Bytes {
        self.buffer.freeze()
    }
}

/// Checks an announced length (kind and body) against the largest body.
fn check_length(length: u32, max_body: usize) -> Result<usize, FrameError> {
    let limit = u32::try_from(max_body).unwrap_or(u32::MAX - 1).saturating_add(1);
    if length == 0 {
        Err(FrameError::Empty)
    } else if length > limit {
        Err(FrameError::TooLong { length, limit })
    } else {
        usize::try_from(length).map_err(|_| FrameError::TooLong { length, limit })
    }
}

/// The length and kind that come before a body of `body_len` bytes.
///
/// # Panics
/// If `body_len` is over 4 GiB; no limit of the protocol comes near it.
#[must_use]
pub fn header(kind: u8, body_len: usize) -> [u8; HEADER_LEN] {
    let length = u32::try_from(body_len + 1).expect("bodies are far below 4 GiB");
    let [a, b, c, d] = length.to_be_bytes();
    [a, b, c, d, kind]
}

/// Reads what [`header`] wrote: the kind and the length of the body, for shells that read a body
/// straight to where it belongs.
///
/// # Errors
/// [`FrameError::Empty`] and [`FrameError::TooLong`].
pub fn read_header(header: [u8; HEADER_LEN], max_body: usize) -> Result<(u8, usize), FrameError> {
    let [a, b, c, d, kind] = header;
    let length = check_length(u32::from_be_bytes([a, b, c, d]), max_body)?;
    Ok((kind, length - 1))
}

/// Appends one frame to `out`; the body is the concatenation of `parts`.
pub fn encode(kind: u8, parts: &[&[u8]], out: &mut BytesMut) {
    let body_len: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(HEADER_LEN + body_len);
    out.put_slice(&header(kind, body_len));
    for part in parts {
        out.put_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 300;

    fn frames() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
        prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..=LIMIT)), 0..8)
    }

    fn wire(frames: &[(u8, Vec<u8>)]) -> BytesMut {
        let mut out = BytesMut::new();
        for (kind, body) in frames {
            encode(*kind, &[body], &mut out);
        }
        out
    }

    proptest! {
        #[test]
        fn any_frames_in_any_pieces_come_out_as_they_went_in(
            frames in frames(),
            cuts in prop::collection::vec(1_usize..40, 1..50),
        ) {
            let bytes = wire(&frames);
            let mut decoder = FrameDecoder::new(LIMIT);
            let mut got = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, next) = rest.split_at((*cut).min(rest.len()));
                decoder.push(piece);
                while let Some(frame) = decoder.poll_frame().expect("valid frames") {
                    got.push((frame.kind, frame.body.to_vec()));
                }
                prop_assert!(decoder.buffered() <= LIMIT + HEADER_LEN);
                rest = next;
            }
            prop_assert_eq!(got, frames);
            prop_assert_eq!(decoder.buffered(), 0);
        }

        #[test]
        fn garbage_never_panics_and_errors_are_final(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut decoder = FrameDecoder::new(LIMIT);
            let mut failed = None;
            for byte in bytes {
                decoder.push(&[byte]);
                loop {
                    match decoder.poll_frame() {
                        Ok(Some(frame)) => {
                            prop_assert!(failed.is_none());
                            prop_assert!(frame.body.len() <= LIMIT);
                        }
                        Ok(None) => break,
                        Err(error) => {
                            prop_assert!(failed.is_none_or(|earlier| earlier == error));
                            failed = Some(error);
                            break;
                        }
                    }
                }
                prop_assert!(decoder.buffered() <= LIMIT + HEADER_LEN);
            }
        }

        #[test]
        fn headers_come_back_and_judge_as_the_decoder_does(
            kind in any::<u8>(),
            body_len in 0..=2 * LIMIT,
            garbage in any::<[u8; HEADER_LEN]>(),
        ) {
            let read = read_header(header(kind, body_len), LIMIT);
            prop_assert_eq!(read.is_ok(), body_len <= LIMIT);
            if let Ok(read) = read {
                prop_assert_eq!(read, (kind, body_len));
            }
            let mut decoder = FrameDecoder::new(LIMIT);
            decoder.push(&garbage);
            prop_assert_eq!(read_header(garbage, LIMIT).err(), decoder.poll_frame().err());
        }

        #[test]
        fn openings_are_told_apart_at_the_first_wrong_byte(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let common = bytes.iter().zip(MAGIC).take_while(|(a, b)| a == b).count();
            match read_opening(&bytes) {
                Err(FrameError::NotCouplet) => prop_assert!(common < MAGIC.len() && common < bytes.len()),
                Ok(None) => prop_assert!(common == bytes.len() && bytes.len() < OPENING_LEN),
                Ok(Some(version)) => prop_assert_eq!(version, VERSION),
                Err(error) => prop_assert_eq!(error, FrameError::Version { got: bytes[7] }),
            }
        }
    }

    #[test]
    fn half_a_frame_behind_others_takes_no_more_than_itself() {
        let mut bytes = wire(&[(1, vec![7; LIMIT]), (2, vec![8; LIMIT]), (3, vec![9; LIMIT])]);
        let rest = bytes.split_off(bytes.len() - LIMIT + 10);
        let mut decoder = FrameDecoder::new(LIMIT);
        decoder.push(&bytes);
        assert!(decoder.poll_frame().expect("frames").is_some_and(|frame| frame.kind == 1));
        assert!(decoder.poll_frame().expect("frames").is_some_and(|frame| frame.kind == 2));
        assert_eq!(decoder.poll_frame(), Ok(None));
        decoder.compact();
        assert!((15..64).contains(&decoder.memory()), "{}", decoder.memory());
        decoder.push(&rest);
        let last = decoder.poll_frame().expect("frames").expect("a whole one");
        assert_eq!((last.kind, &last.body[..]), (3, &[9; LIMIT][..]));
        assert_eq!(decoder.memory(), 0);
    }

    #[test]
    fn a_lie_about_the_length_is_seen_before_the_body() {
        let mut decoder = FrameDecoder::new(LIMIT);
        decoder.push(&[0xff, 0xff, 0xff, 0xff]);
        let error = FrameError::TooLong { length: u32::MAX, limit: 301 };
        assert_eq!(decoder.poll_frame(), Err(error));
        decoder.push(&[0; 10_000]);
        assert_eq!(decoder.buffered(), 0);
        assert_eq!(decoder.poll_frame(), Err(error));
    }

    #[test]
    fn a_frame_without_a_kind_is_refused() {
        let mut decoder = FrameDecoder::new(LIMIT);
        decoder.push(&[0; 4]);
        assert_eq!(decoder.poll_frame(), Err(FrameError::Empty));
    }

    #[test]
    fn the_opening_of_this_build_is_its_own() {
        assert_eq!(read_opening(&opening()), Ok(Some(VERSION)));
        assert_eq!(read_opening(b"couplet\x63"), Err(FrameError::Version { got: 0x63 }));
        assert_eq!(read_opening(b"GET / "), Err(FrameError::NotCouplet));
    }

    #[test]
    fn the_bytes_after_a_frame_can_be_taken_out() {
        let mut decoder = FrameDecoder::new(LIMIT);
        let mut bytes = wire(&[(1, b"hello".to_vec())]);
        bytes.put_slice(b"raw");
        decoder.push(&bytes);
        assert!(decoder.poll_frame().expect("a frame").is_some());
        assert_eq!(decoder.into_rest(), &b"raw"[..]);
    }
}
