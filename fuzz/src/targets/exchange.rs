//! The exchange of keys, with somebody between both seats who decides on every step that comes.
//!
//! Whatever is sent, doubled, altered or left out: nothing panics, what is kept has a bound, and
//! whoever ends with keys has those of an exchange that nobody disturbed.

use crate::keys::{side, undisturbed};
use arbitrary::Unstructured;
use bytes::Bytes;
use couplet::message::Seat;
use couplet::seal::{EXCHANGE_FORM, Exchange, ExchangeError, Progress};
use std::sync::LazyLock;

/// The steps of the undisturbed exchange, and the number that both compare after it.
static TRUTH: LazyLock<([Bytes; 4], u64)> = LazyLock::new(|| {
    let (steps, [one, two]) = undisturbed();
    assert_eq!(one.verification, two.verification);
    (steps, one.verification)
});

/// Runs one input.
pub fn run(input: &[u8]) {
    // Running out of input is no find.
    let _ = play(&mut Unstructured::new(input));
}

fn play(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut sides = Seat::BOTH.map(|seat| Some(side(seat).0));
    // What each seat has sent, for the one between to use.
    let mut sent = Seat::BOTH.map(|seat| Vec::from_iter(side(seat).1));
    let mut agreed = [None, None];
    while !input.is_empty() {
        let to = *input.choose(&Seat::BOTH)?;
        let body = body(input, &sent[to.other().index()])?;
        let Some(exchange) = &mut sides[to.index()] else { continue };
        match handle(exchange, &body) {
            Ok(Progress::Known) => {}
            Ok(Progress::Send(step)) => sent[to.index()].push(step),
            Ok(Progress::Done(step, keys)) => {
                assert_eq!(keys.verification, TRUTH.1, "keys that nobody honest has");
                assert!(agreed[to.index()].replace(keys).is_none(), "keys twice");
                sent[to.index()].extend(step);
            }
            Err(error) => {
                drop(error.to_string());
                sides[to.index()] = None;
            }
        }
    }
    if let [Some(one), Some(two)] = &mut agreed {
        let sealed = one.bodies.seal_words(1, b"hello");
        assert_eq!(two.bodies.open_words(1, &sealed).as_deref(), Ok(&b"hello"[..]));
    }
    Ok(())
}

fn handle(exchange: &mut Exchange, body: &Bytes) -> Result<Progress, ExchangeError> {
    let result = exchange.handle(body);
    assert!(exchange.repeat().count() <= 2, "more steps than there are");
    if result.is_ok() {
        // What has come before is passed over.
        assert!(matches!(exchange.handle(body), Ok(Progress::Known)));
    }
    result
}

/// A step: the true one, what the other side has sent, or anything, perhaps with a byte changed.
fn body(input: &mut Unstructured<'_>, theirs: &[Bytes]) -> arbitrary::Result<Bytes> {
    let mut body = match input.int_in_range(0..=3_u8)? {
        0 => input.arbitrary::<&[u8]>()?.to_vec(),
        1 => [&[EXCHANGE_FORM, input.int_in_range(0..=6)?][..], input.arbitrary()?].concat(),
        2 => input.choose(&TRUTH.0)?.to_vec(),
        _ if theirs.is_empty() => Vec::new(),
        _ => input.choose(theirs)?.to_vec(),
    };
    if let Some((at, change)) = input.arbitrary::<Option<(u8, u8)>>()? {
        let at = usize::from(at) % body.len().max(1);
        body.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change);
    }
    Ok(Bytes::from(body))
}
