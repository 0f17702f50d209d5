//! The other end: it has the code, agrees on keys, and says anything with them.

use crate::draw::{self, Input};
use crate::keys::PASSWORD;
use arbitrary::Result;
use bytes::Bytes;
use couplet::limits::GROUP;
use couplet::message::Seat;
use couplet::path::SafeName;
use couplet::peer::{Envelope, PeerSignal, Words, encode};
use couplet::seal::{Agreed, EXCHANGE_FORM, Exchange, Password, Progress, Root, Setup, Suites};
use couplet::transfer::book::Hold;
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::wire::Fault;

/// The peer, in the seat across.
#[derive(Debug, Default)]
pub(super) struct Peer {
    exchange: Option<Exchange>,
    agreed: Option<Box<Agreed>>,
    /// What the two have since they first agreed.
    root: Option<Root>,
    /// Steps of the exchange that are to be sent.
    pub(super) steps: Vec<Bytes>,
    /// The number of the last numbered signal.
    number: u64,
}

impl Peer {
    /// Begins an exchange; `again` with what the two have from an earlier one.
    pub(super) fn begin(
        &mut self,
        seat: Seat,
        room: &str,
        pairing: u32,
        by_code: bool,
        again: bool,
    ) {
        let code = Password::new(if by_code { PASSWORD.to_owned() } else { String::new() });
        let password = match &self.root {
            Some(root) if again => root.password(&code),
            Some(_) | None => code,
        };
        let random = [9; 32];
        let suites = Suites::new(true);
        let setup = Setup { seat, room, pairing, password: &password, suites, random: &random };
        let (exchange, first) = Exchange::new(&setup);
        self.exchange = Some(exchange);
        self.agreed = None;
        self.steps = first.into_iter().collect();
        self.number = 0;
    }

    /// A signal has come from the session.
    pub(super) fn hear(&mut self, body: &Bytes) {
        if body.first() != Some(&EXCHANGE_FORM) {
            if let Some(agreed) = &mut self.agreed {
                let _ = agreed.bodies.open_signal(body);
            }
            return;
        }
        let Some(exchange) = &mut self.exchange else { return };
        match exchange.handle(body) {
            Ok(Progress::Known) => {}
            Ok(Progress::Send(step)) => self.steps.push(step),
            Ok(Progress::Done(step, agreed)) => {
                self.steps.extend(step);
                self.root.get_or_insert_with(|| agreed.root.clone());
                self.agreed = Some(agreed);
            }
            Err(error) => {
                self.steps.push(error.refusal());
                self.exchange = None;
            }
        }
    }

    /// Words with this number, or any bytes.
    pub(super) fn words(&mut self, input: &mut Input<'_>, sequence: u64) -> Result<Bytes> {
        let text = draw::text(input)?;
        Ok(match &mut self.agreed {
            Some(agreed) if !input.ratio(1, 8)? => {
                agreed.bodies.seal_words(sequence, &encode(&Words { text }))
            }
            Some(_) | None => Bytes::from(text),
        })
    }

    /// A signal, sealed; a step of the exchange; or any bytes.
    pub(super) fn signal(&mut self, input: &mut Input<'_>) -> Result<Bytes> {
        let choice = input.arbitrary::<u8>()?;
        if choice < 24 {
            return draw::bytes(input);
        }
        let Some(agreed) = &mut self.agreed else {
            let step = [&[EXCHANGE_FORM, choice % 7][..], &draw::bytes(input)?].concat();
            return Ok(Bytes::from(step));
        };
        if choice < 32 {
            return Ok(agreed.bodies.seal_signal(&draw::bytes(input)?));
        }
        let signal = signal(input)?;
        let number = if signal.is_numbered() {
            let next = self.number.saturating_add(1);
            let number = if input.ratio(7, 8)? { next } else { draw::near(input, next)? };
            self.number += u64::from(number == next);
            number
        } else {
            0
        };
        let acknowledged = draw::near(input, 1)?;
        Ok(agreed.bodies.seal_signal(&encode(&Envelope { number, acknowledged, signal })))
    }
}

/// Anything that a peer can signal.
fn signal(input: &mut Input<'_>) -> Result<PeerSignal> {
    let offer = draw::near32(input, 1)?;
    let by_offerer = input.arbitrary()?;
    Ok(match input.arbitrary::<u8>()? % 18 {
        0 => PeerSignal::Greeting {
            name: Some(draw::text(input)?),
            next: Some(draw::near(input, 1)?),
        },
        1 => PeerSignal::Shown { sequence: draw::near(input, 1)? },
        2 => PeerSignal::Typing { on: by_offerer },
        3 => PeerSignal::LastMessage { sequence: draw::near(input, 1)?, text: draw::text(input)? },
        4 => PeerSignal::Compare,
        5 => PeerSignal::Acknowledge,
        6..=8 => PeerSignal::Offer { offer, again: by_offerer, what: what(input)? },
        9 | 10 => PeerSignal::Accept { offer, part: by_offerer },
        11 => PeerSignal::Decline { offer },
        12 => PeerSignal::Cancel { offer, by_offerer },
        13 => PeerSignal::Interrupted { offer, by_offerer },
        14 => {
            let holds = [None, Some(Hold::Paused), Some(Hold::DiskFull), Some(Hold::Unknown)];
            PeerSignal::Hold { offer, by_offerer, reason: *input.choose(&holds)? }
        }
        15 => PeerSignal::Pipes { offer, wanted: input.arbitrary()? },
        16 => PeerSignal::Finished { offer, saved_as: draw::text(input)? },
        _ => {
            let faults = [None, Some(Fault::Storage), Some(Fault::Gap), Some(Fault::Unknown)];
            PeerSignal::Failed { offer, by_offerer, code: *input.choose(&faults)? }
        }
    })
}

/// Something to be had.
pub(super) fn what(input: &mut Input<'_>) -> Result<Offer> {
    let name = SafeName::new(input.choose(&["a", "b.tar", "c"])?).expect("a safe name");
    let forms = [Form::File, Form::Folder, Form::Several, Form::Stream, Form::Text];
    let form = *input.choose(&forms)?;
    let size = Some(draw::near(input, GROUP)?).filter(|_| form != Form::Stream);
    Ok(Offer { name, form, size, on_disk: None, entries: 1, mtime: None })
}
