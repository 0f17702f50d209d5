//! Two sides of an exchange, and what somebody between them can try.

use super::*;
use crate::seal::Cipher;
use proptest::prelude::*;

fn setup(password: &Password, seat: Seat) -> (Exchange, Option<Bytes>) {
    start(password, seat, "7", 1, Suites::new(true))
}

fn start(
    password: &Password,
    seat: Seat,
    room: &str,
    pairing: u32,
    suites: Suites,
) -> (Exchange, Option<Bytes>) {
    let random = [seat.number(); 32];
    Exchange::new(&Setup { seat, room, pairing, password, suites, random: &random })
}

fn word(text: &str) -> Password {
    Password::new(text.to_owned())
}

/// Carries the steps between two sides until nothing moves; `between` may change them.
fn carry(
    sides: &mut [(Exchange, Option<Bytes>); 2],
    mut between: impl FnMut(Seat, Bytes) -> Bytes,
) -> [Result<Option<Box<Agreed>>, ExchangeError>; 2] {
    let mut results = [Ok(None), Ok(None)];
    loop {
        let mut moved = false;
        for seat in Seat::BOTH {
            let Some(body) = sides[seat.index()].1.take() else { continue };
            moved = true;
            let body = between(seat, body);
            let at = seat.other().index();
            if results[at].is_err() {
                continue;
            }
            match sides[at].0.handle(&body) {
                Ok(Progress::Known) => {}
                Ok(Progress::Send(body)) => sides[at].1 = Some(body),
                Ok(Progress::Done(body, agreed)) => {
                    sides[at].1 = body;
                    results[at] = Ok(Some(agreed));
                }
                Err(error) => {
                    // The one that was told doesn't tell again.
                    sides[at].1 = (body.get(1) != Some(&step::REFUSE)).then(|| error.refusal());
                    results[at] = Err(error);
                }
            }
        }
        if !moved {
            return results;
        }
    }
}

fn pair(one: &str, two: &str) -> [(Exchange, Option<Bytes>); 2] {
    [setup(&word(one), Seat::One), setup(&word(two), Seat::Two)]
}

fn agreed(mut sides: [(Exchange, Option<Bytes>); 2]) -> [Box<Agreed>; 2] {
    carry(&mut sides, |_, body| body).map(|result| result.expect("no error").expect("keys"))
}

#[test]
fn both_come_to_the_same_keys_with_a_code_and_without() {
    for password in ["otter-lamp", ""] {
        let [mut one, mut two] = agreed(pair(password, password));
        assert_eq!(one.verification, two.verification);
        assert_eq!(one.cipher, Cipher::Aes256Gcm);
        let sealed = one.bodies.seal_words(1, b"hello");
        assert_eq!(two.bodies.open_words(1, &sealed).as_deref(), Ok(&b"hello"[..]));
        let sealed = two.bodies.seal_signal(b"typing");
        assert_eq!(one.bodies.open_signal(&sealed).as_deref(), Ok(&b"typing"[..]));
    }
}

#[test]
fn wrong_words_are_one_error_on_both_sides() {
    for (one, two) in [("otter-lamp", "otter-lamb"), ("otter-lamp", ""), ("", "otter-lamp")] {
        let results = carry(&mut pair(one, two), |_, body| body);
        for result in results {
            assert_eq!(result.err(), Some(ExchangeError::Differ), "{one} {two}");
        }
    }
}

#[test]
fn room_and_pairing_are_part_of_it() {
    let password = word("otter-lamp");
    for (room, pairing) in [("8", 1), ("", 1), ("7", 2)] {
        let suites = Suites::new(true);
        let two = start(&password, Seat::Two, room, pairing, suites);
        let results = carry(&mut [setup(&password, Seat::One), two], |_, body| body);
        assert!(results.iter().all(Result::is_err), "{room} {pairing}");
    }
}

#[test]
fn the_cipher_is_the_best_that_both_have_and_cannot_be_talked_down() {
    let password = word("otter-lamp");
    let one = start(&password, Seat::One, "7", 1, Suites::new(true));
    let two = start(&password, Seat::Two, "7", 1, Suites::new(false));
    let [one, two] = agreed([one, two]);
    assert_eq!([one.cipher, two.cipher], [Cipher::ChaCha20Poly1305; 2]);
    // The relay takes AES out of what seat 2 says, or out of what both say.
    for both in [false, true] {
        let results = carry(&mut pair("otter-lamp", "otter-lamp"), |_, body| {
            let mut bytes = body.to_vec();
            if bytes[1] == step::START || both && bytes[1] == step::REVEAL {
                bytes[3] &= 1;
            }
            Bytes::from(bytes)
        });
        assert!(results.iter().all(Result::is_err), "{both}");
    }
}

#[test]
fn somebody_in_the_middle_shows_by_the_words_without_a_code_and_fails_with_one() {
    let middle = |guess: &str, code: &str| {
        // Two exchanges of its own: one with each.
        let with_one = [setup(&word(code), Seat::One), setup(&word(guess), Seat::Two)];
        let with_two = [
            start(&word(guess), Seat::One, "7", 1, Suites::new(true)),
            start(&word(code), Seat::Two, "7", 1, Suites::new(true)),
        ];
        [with_one, with_two]
    };
    let [mut with_one, mut with_two] = middle("lamp-otter", "otter-lamp");
    for sides in [&mut with_one, &mut with_two] {
        assert!(carry(sides, |_, body| body).iter().all(Result::is_err));
    }
    // Without a code both exchanges succeed; a middle that uses other randomness for each can't
    // make the words the same.
    let [with_one, with_two] = middle("", "");
    let [one, _] = agreed(with_one);
    let random = [9; 32];
    let password = Password::default();
    let with_two = [
        Exchange::new(&Setup {
            seat: Seat::One,
            room: "7",
            pairing: 1,
            password: &password,
            suites: Suites::new(true),
            random: &random,
        }),
        { with_two }.into_iter().nth(1).expect("two"),
    ];
    let [_, two] = agreed(with_two);
    assert_ne!(one.verification, two.verification);
}

#[test]
fn seat_one_cannot_change_its_mind_after_it_has_seen_seat_two() {
    let (mut two, _) = setup(&Password::default(), Seat::Two);
    let password = Password::default();
    let random = [77; 32];
    let other = Setup {
        seat: Seat::One,
        room: "7",
        pairing: 1,
        password: &password,
        suites: Suites::new(true),
        random: &random,
    };
    let (_, commit) = setup(&password, Seat::One);
    let Ok(Progress::Send(start)) = two.handle(&commit.expect("a commit")) else { panic!() };
    let (mut changed, _) = Exchange::new(&other);
    let Ok(Progress::Send(reveal)) = changed.handle(&start) else { panic!() };
    assert_eq!(two.handle(&reveal).err(), Some(ExchangeError::Disturbed));
}

#[test]
fn points_of_small_order_are_refused() {
    let (mut one, _) = setup(&Password::default(), Seat::One);
    let mut identity = vec![EXCHANGE_FORM, step::START, SEAL_VERSION, 3, b'B', 1];
    identity.resize(2 + START_LEN, 0);
    assert_eq!(one.handle(&Bytes::from(identity)).err(), Some(ExchangeError::Disturbed));
}

#[test]
fn another_version_is_called_by_its_name() {
    let (mut one, _) = setup(&Password::default(), Seat::One);
    let body = Bytes::from_static(&[EXCHANGE_FORM, step::START, 2, 1, 2, 3]);
    assert_eq!(one.handle(&body).err(), Some(ExchangeError::Version));
}

#[test]
fn each_reason_comes_back_as_it_went() {
    for error in [
        ExchangeError::Differ,
        ExchangeError::Version,
        ExchangeError::Disturbed,
        ExchangeError::Unanswered,
    ] {
        let (mut one, _) = setup(&Password::default(), Seat::One);
        assert_eq!(one.handle(&error.refusal()).err(), Some(error));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is repeated, in whatever order within what was sent: it ends in the same keys.
    #[test]
    fn repetitions_change_nothing(repeats in prop::collection::vec(0_usize..2, 0..12)) {
        let mut sides = pair("otter-lamp", "otter-lamp");
        let mut done: [Option<Box<Agreed>>; 2] = [None, None];
        let mut queues = [Vec::new(), Vec::new()];
        for seat in Seat::BOTH {
            queues[seat.index()].extend(sides[seat.index()].1.take());
        }
        let mut repeats = repeats.into_iter();
        loop {
            if let Some(from) = repeats.next() {
                let again: Vec<_> = sides[from].0.repeat().collect();
                queues[from].extend(again);
            }
            let Some(from) = (0..2).find(|from| !queues[*from].is_empty()) else { break };
            let body = queues[from].remove(0);
            match sides[1 - from].0.handle(&body) {
                Ok(Progress::Known) => {}
                Ok(Progress::Send(body)) => queues[1 - from].push(body),
                Ok(Progress::Done(body, agreed)) => {
                    queues[1 - from].extend(body);
                    done[1 - from] = Some(agreed);
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
        let [one, two] = done.map(|agreed| agreed.expect("keys"));
        prop_assert_eq!(one.verification, two.verification);
    }

    /// One bit changed anywhere: at least one side fails, and never do both go on with other keys.
    #[test]
    fn a_changed_bit_is_noticed(which in 0_usize..4, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut count = 0;
        let results = carry(&mut pair("otter-lamp", "otter-lamp"), |_, body| {
            count += 1;
            if count - 1 != which {
                return body;
            }
            let mut bytes = body.to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            Bytes::from(bytes)
        });
        let both = results.iter().all(|result| matches!(result, Ok(Some(_))));
        prop_assert!(!both);
    }

    #[test]
    fn random_steps_never_panic(
        seat in any::<bool>(),
        bodies in prop::collection::vec((0_u8..7, prop::collection::vec(any::<u8>(), 0..80)), 0..6),
    ) {
        let (mut exchange, _) =
            setup(&Password::default(), if seat { Seat::One } else { Seat::Two });
        for (step, payload) in bodies {
            let mut body = vec![EXCHANGE_FORM, step];
            body.extend_from_slice(&payload);
            let _ = exchange.handle(&Bytes::from(body));
        }
    }
}
