//! Messages between a client and the relay, in both directions.
//!
//! What decodes encodes, and decodes to the same again. The first byte is the frame's kind.

use bytes::{Bytes, BytesMut};
use couplet::frame::{Frame, FrameDecoder};
use couplet::message::{ClientToRelay, RelayToClient};

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    let frame = Frame { kind: *kind, body: Bytes::copy_from_slice(body) };
    let mut out = BytesMut::new();
    match ClientToRelay::decode(frame.clone()) {
        Ok(message) => {
            message.encode(&mut out);
            assert_eq!(ClientToRelay::decode(only_frame(&mut out)), Ok(message));
        }
        Err(error) => drop(error.to_string()),
    }
    match RelayToClient::decode(frame) {
        Ok(message) => {
            message.encode(&mut out);
            assert_eq!(RelayToClient::decode(only_frame(&mut out)), Ok(message));
        }
        Err(error) => drop(error.to_string()),
    }
}

fn only_frame(bytes: &mut BytesMut) -> Frame {
    let mut decoder = FrameDecoder::new(usize::MAX);
    decoder.push(&bytes.split());
    let frame = decoder.poll_frame().expect("a valid frame").expect("a whole frame");
    assert_eq!(decoder.buffered(), 0);
    frame
}
