//! What peers say to each other, once it is opened: the bodies of says and signals.
//!
//! What decodes encodes, and decodes to the same again; a file's name that comes in is a safe one.

use couplet::path::SafeName;
use couplet::peer::{self, Envelope, PeerSignal, Words};

/// Runs one input.
pub fn run(body: &[u8]) {
    match peer::decode::<Words>(body) {
        Ok(words) => assert_eq!(peer::decode(&peer::encode(&words)), Ok(words)),
        Err(error) => drop(error.to_string()),
    }
    match peer::decode::<Envelope>(body) {
        Ok(envelope) => {
            if let PeerSignal::Offer { what, .. } = &envelope.signal {
                assert_eq!(SafeName::new(what.name.as_str()).as_ref(), Ok(&what.name));
            }
            assert_eq!(peer::decode(&peer::encode(&envelope)), Ok(envelope));
        }
        Err(error) => drop(error.to_string()),
    }
}
