//! Frames and the opening, from any bytes in any pieces.
//!
//! However a stream is cut, the same frames come out of it, and they encode to what came in; a lie is
//! an error for good, and memory stays within what was pushed.

use arbitrary::{Arbitrary as _, Unstructured};
use bytes::BytesMut;
use couplet::frame::{self, Frame, FrameDecoder, FrameError};

/// Runs one input.
pub fn run(data: &[u8]) {
    let Ok(input) = <(u16, Vec<u8>, &[u8])>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let (max_body, cuts, bytes) = input;
    let max_body = usize::from(max_body % 512);
    opening(bytes);

    let (whole, whole_error, whole_rest) = decode(max_body, &[], bytes);
    let (pieces, error, rest) = decode(max_body, &cuts, bytes);
    assert_eq!(pieces, whole, "the pieces make a difference");
    assert_eq!((error, rest), (whole_error, whole_rest), "the pieces make a difference");

    let mut again = BytesMut::new();
    for frame in &whole {
        assert!(frame.body.len() <= max_body);
        let header = frame::header(frame.kind, frame.body.len());
        assert_eq!(frame::read_header(header, max_body), Ok((frame.kind, frame.body.len())));
        frame::encode(frame.kind, &[&frame.body], &mut again);
    }
    assert!(bytes.starts_with(&again), "what was read isn't what was there");
    if whole_error.is_none() {
        assert_eq!(again.len() + whole_rest, bytes.len(), "bytes were lost");
    }
}

/// The frames in `bytes`, which come in pieces of these lengths; the error, and how many bytes of an
/// unfinished frame are left.
fn decode(max_body: usize, cuts: &[u8], bytes: &[u8]) -> (Vec<Frame>, Option<FrameError>, usize) {
    let mut decoder = FrameDecoder::new(max_body);
    let (mut frames, mut failed) = (Vec::new(), None);
    let mut cuts = cuts.iter().map(|cut| usize::from(*cut));
    let mut rest = bytes;
    loop {
        let (piece, later) = rest.split_at(cuts.next().unwrap_or(rest.len()).min(rest.len()));
        rest = later;
        decoder.push(piece);
        loop {
            match decoder.poll_frame() {
                Ok(Some(frame)) => {
                    assert!(failed.is_none(), "a frame after an error");
                    frames.push(frame);
                }
                Ok(None) => break assert!(failed.is_none(), "the error is forgotten"),
                Err(error) => {
                    assert!(failed.is_none_or(|earlier| earlier == error), "another error");
                    assert_eq!(decoder.buffered(), 0);
                    break failed = Some(error);
                }
            }
        }
        assert!(decoder.buffered() < frame::HEADER_LEN + max_body, "more than an unfinished frame");
        if rest.is_empty() {
            let buffered = decoder.buffered();
            assert_eq!(decoder.into_rest().len(), buffered);
            return (frames, failed, buffered);
        }
    }
}

fn opening(bytes: &[u8]) {
    let magic = &bytes[..bytes.len().min(frame::MAGIC.len())];
    let version = bytes.get(frame::MAGIC.len()).copied();
    match frame::read_opening(bytes) {
        Err(FrameError::NotCouplet) => assert!(!frame::MAGIC.starts_with(magic)),
        Ok(None) => assert!(frame::MAGIC.starts_with(bytes)),
        Ok(Some(got)) => assert!(version == Some(got) && frame::SUPPORTED_VERSIONS.contains(&got)),
        Err(error) => assert_eq!(Some(error), version.map(|got| FrameError::Version { got })),
    }
}
