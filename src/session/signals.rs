//! Signals that must reach the peer exactly once and in order, though either may drop at any time.
//!
//! Owns their numbers: what is out and unacknowledged, and what has come. See
//! [`crate::peer::Envelope`].

use crate::limits;
use crate::peer::{self, BodyError, Envelope, PeerSignal};
use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(super) struct Signals {
    last_number: u64,
    unacknowledged: VecDeque<(u64, PeerSignal)>,
    /// The highest number that has come without a gap.
    arrived: u64,
}

/// What is to be done about a signal that has come.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The signal, unless it came before or can't be read.
    pub(super) signal: Option<PeerSignal>,
    /// Whether the peer waits for an acknowledgement.
    pub(super) acknowledge: bool,
    /// Why it can't be read.
    pub(super) error: Option<BodyError>,
}

/// An envelope whose signal may be unreadable: its number counts all the same, or every later signal
/// would wait for it for ever.
#[derive(serde::Deserialize)]
struct Outside {
    #[serde(default)]
    number: u64,
    #[serde(default)]
    acknowledged: u64,
}

impl Signals {
    /// Somebody else is there: nothing that was out is for them.
    pub(super) fn start_anew(&mut self) {
        *self = Self::default();
    }

    /// Whether the last message has been handed over and may not have come.
    pub(super) fn is_handing_over(&self) -> bool {
        // It is the first numbered signal of its pairing, or comes soon after.
        let is_message =
            |(_, signal): &(u64, PeerSignal)| matches!(signal, PeerSignal::LastMessage { .. });
        self.unacknowledged.iter().any(is_message)
    }

    /// Whether the peer has acknowledged every numbered signal.
    pub(super) fn all_are_heard(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    /// Whether another numbered signal can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.unacknowledged.len() < limits::MAX_UNACKED_SIGNALS
    }

    /// Puts a signal in its envelope; a numbered one is kept until it is acknowledged.
    pub(super) fn wrap(&mut self, signal: PeerSignal) -> Envelope {
        let number = if signal.is_numbered() {
            self.last_number += 1;
            self.unacknowledged.push_back((self.last_number, signal.clone()));
            self.last_number
        } else {
            0
        };
        Envelope { number, acknowledged: self.arrived, signal }
    }

    /// All that must be sent again, in order.
    pub(super) fn unacknowledged(&self) -> Vec<Envelope> {
        let acknowledged = self.arrived;
        self.unacknowledged
            .iter()
            .map(|(number, signal)| Envelope {
                number: *number,
                acknowledged,
                signal: signal.clone(),
            })
            .collect()
    }

    /// A signal has come.
    pub(super) fn arrived(&mut self, body: &[u8]) -> Arrival {
        let outside: Outside = match peer::decode(body) {
            Ok(outside) => outside,
            Err(error) => return Arrival { signal: None, acknowledge: false, error: Some(error) },
        };
        while self.unacknowledged.front().is_some_and(|(number, _)| *number <= outside.acknowledged)
        {
            self.unacknowledged.pop_front();
        }
        let numbered = outside.number > 0;
        if numbered {
            if outside.number != self.arrived + 1 {
                // Come before, or something before it is missing and will be sent again with it.
                return Arrival { signal: None, acknowledge: true, error: None };
            }
            self.arrived += 1;
        }
        match peer::decode::<Envelope>(body) {
            Ok(Envelope { signal, .. }) if signal.is_numbered() != numbered => {
                Arrival { signal: None, acknowledge: numbered, error: None }
            }
            Ok(Envelope { signal, .. }) => {
                Arrival { signal: Some(signal), acknowledge: numbered, error: None }
            }
            Err(error) => Arrival { signal: None, acknowledge: numbered, error: Some(error) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn offer(offer: u32) -> PeerSignal {
        PeerSignal::Accept { offer, part: false }
    }

    proptest! {
        /// Over a link that loses whatever it likes, with everything sent again at times: each
        /// numbered signal arrives once and in order.
        #[test]
        fn each_arrives_once_and_in_order(
            steps in prop::collection::vec((0_u8..4, any::<bool>()), 1..100),
        ) {
            let (mut a, mut b) = (Signals::default(), Signals::default());
            let mut sent = 0;
            let mut got = Vec::new();
            let mut deliver = |a: &mut Signals, b: &mut Signals, envelope: &Envelope, lose: bool| {
                if lose {
                    return;
                }
                let arrival = b.arrived(&peer::encode(envelope));
                if let Some(PeerSignal::Accept { offer, .. }) = arrival.signal {
                    got.push(offer);
                }
                if arrival.acknowledge {
                    let back = b.wrap(PeerSignal::Acknowledge);
                    a.arrived(&peer::encode(&back));
                }
            };
            for (step, lose) in steps {
                if step < 3 {
                    sent += 1;
                    let envelope = a.wrap(offer(sent));
                    deliver(&mut a, &mut b, &envelope, lose);
                } else {
                    for envelope in a.unacknowledged() {
                        deliver(&mut a, &mut b, &envelope, lose);
                    }
                }
            }
            for envelope in a.unacknowledged() {
                deliver(&mut a, &mut b, &envelope, false);
            }
            prop_assert_eq!(got, (1..=sent).collect::<Vec<_>>());
            prop_assert!(a.unacknowledged().is_empty());
        }
    }

    #[test]
    fn one_that_cannot_be_read_holds_nothing_up() {
        let mut signals = Signals::default();
        let bad = br#"{"number":1,"signal":{"type":"offer","offer":1,"name":"../x","size":1}}"#;
        let arrival = signals.arrived(bad);
        assert!(arrival.error.is_some() && arrival.acknowledge);
        let good = br#"{"number":2,"signal":{"type":"accept","offer":1}}"#;
        assert_eq!(signals.arrived(good).signal, Some(offer(1)));
    }
}
