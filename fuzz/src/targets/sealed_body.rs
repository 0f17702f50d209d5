//! Sealed says and signals, for one fixed pair of keys.
//!
//! Of all that can come in, only what the peer has sealed for this very place opens, and a signal only
//! once. The input is a list of bodies: some raw, some true ones with one byte changed.

use crate::keys::undisturbed;
use arbitrary::Unstructured;
use couplet::seal::{SEALED_FORM, SEALED_OVERHEAD};

const TRUE_WORDS: [&[u8]; 3] = [b"hello", b"", b"words that are somewhat longer than the others"];

/// Runs one input.
pub fn run(input: &[u8]) {
    // Running out of input is no find.
    let _ = play(&mut Unstructured::new(input));
}

fn play(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (_, [mut one, mut two]) = undisturbed();
    let said: Vec<_> = (1..)
        .zip(TRUE_WORDS)
        .map(|(sequence, words)| one.bodies.seal_words(sequence, words))
        .collect();
    let signalled: Vec<_> = TRUE_WORDS.map(|words| one.bodies.seal_signal(words)).into();
    let mut newest = None;
    while !input.is_empty() {
        let sequence = u64::from(input.int_in_range(1..=4_u8)?);
        let which = input.choose_index(TRUE_WORDS.len())?;
        let mut body = match input.int_in_range(0..=3_u8)? {
            0 => input.arbitrary::<&[u8]>()?.to_vec(),
            1 => [&[SEALED_FORM][..], input.arbitrary()?].concat(),
            2 => said[which].to_vec(),
            _ => signalled[which].to_vec(),
        };
        if let Some((at, change)) = input.arbitrary::<Option<(u8, u8)>>()? {
            let at = usize::from(at) % body.len().max(1);
            body.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change);
        }
        if let Ok(words) = two.bodies.open_words(sequence, &body) {
            let at = usize::try_from(sequence).expect("small") - 1;
            assert_eq!(words, TRUE_WORDS[at]);
            assert_eq!(body, said[at], "something else than the true words opened");
            assert_eq!(body.len(), words.len() + SEALED_OVERHEAD);
        } else {
            let is_true =
                said.iter().zip(1..).any(|(true_body, at)| at == sequence && *true_body == body);
            assert!(!is_true, "the true words didn't open");
        }
        let at = signalled.iter().position(|true_body| *true_body == body);
        match two.bodies.open_signal(&body) {
            Ok(signal) => {
                let at = at.expect("only true signals open");
                assert_eq!(signal, TRUE_WORDS[at]);
                assert!(newest < Some(at), "a signal opened twice");
                newest = Some(at);
            }
            Err(fault) => {
                drop(fault.to_string());
                assert!(at.is_none_or(|at| Some(at) <= newest), "a true signal didn't open");
            }
        }
    }
    Ok(())
}
