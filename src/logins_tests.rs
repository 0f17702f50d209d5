//! Failed logins in virtual time: waits, locks, and whom they don't touch.

use super::*;
use proptest::prelude::*;

/// An address, as a shell may have it.
type Address = [u8; 4];

const MINUTE: Duration = Duration::from_mins(1);

fn who(account: &str, last: u8) -> Try<Address> {
    Try { account: account.parse().ok(), address: Some([192, 0, 2, last]) }
}

fn here(account: &str) -> Try<Address> {
    Try { address: None, ..who(account, 0) }
}

fn fails(logins: &mut Logins<Address>, who: &Try<Address>, now: Moment) {
    logins.handle_try(who, now).expect("it may try");
    logins.handle_failed(who, now);
}

/// Fails so often, each time as soon as it may; gives what each had to wait for.
fn keeps_failing(
    logins: &mut Logins<Address>,
    who: &Try<Address>,
    times: usize,
    now: &mut Moment,
) -> Vec<Hold> {
    let one = |_| {
        fails(logins, who, *now);
        let hold = logins.check(who, *now).err().unwrap_or(Hold::Slow(Duration::ZERO));
        *now = *now + hold.wait();
        assert_eq!(logins.check(who, *now), Ok(()), "after {hold:?}");
        hold
    };
    (0..times).map(one).collect()
}

fn slow(seconds: u64) -> Hold {
    Hold::Slow(Duration::from_secs(seconds))
}

#[test]
fn a_few_are_free_then_the_wait_doubles_until_the_lock() {
    let mut logins = Logins::default();
    let mut now = Moment::START;
    let first = keeps_failing(&mut logins, &who("ann", 1), 10, &mut now);
    let lock = Hold::Locked(15 * MINUTE);
    assert_eq!(first[..9], [0, 0, 0, 1, 2, 4, 8, 16, 32].map(slow));
    assert_eq!(first[9], lock);
    // After it a few more, until the next.
    assert_eq!(keeps_failing(&mut logins, &who("ann", 1), 3, &mut now), [slow(16), slow(32), lock]);
    assert_eq!(logins.failed(), 13);
    // Half an hour of that is as nothing for all others.
    for other in [who("bob", 1), who("bob", 2)] {
        assert_eq!(logins.check(&other, now), Ok(()), "{other:?}");
    }
}

#[test]
fn a_lock_says_for_how_long_still_and_trying_does_not_make_it_longer() {
    let mut logins = Logins::default();
    let mut now = Moment::START;
    let ann = who("ann", 1);
    keeps_failing(&mut logins, &ann, 9, &mut now);
    fails(&mut logins, &ann, now);
    for minutes in 0..15 {
        let left = Hold::Locked((15 - minutes) * MINUTE);
        assert_eq!(logins.handle_try(&ann, now + minutes * MINUTE), Err(left));
    }
    assert_eq!(logins.handle_try(&ann, now + 15 * MINUTE), Ok(()));
}

#[test]
fn strangers_lock_out_nobody_who_has_been_there_before() {
    let mut logins = Logins::default();
    let ann = who("ann", 200);
    logins.handle_try(&ann, Moment::START).expect("it may try");
    logins.handle_success(&ann);
    // Strangers at 100 addresses try for three hours whenever they may.
    let (mut tries, mut slowest) = (0_u32, Duration::ZERO);
    for second in 0..3 * 3600 {
        let now = Moment::START + Duration::from_secs(second);
        for stranger in (0..100).map(|last| who("ann", last)) {
            if logins.handle_try(&stranger, now).is_ok() {
                logins.handle_failed(&stranger, now);
                tries += 1;
            }
        }
        assert_eq!(logins.check(&ann, now), Ok(()), "where she was before, at {second} s");
        // From elsewhere there is a wait, which ends.
        if let Err(hold) = logins.check(&who("ann", 201), now) {
            assert!(matches!(hold, Hold::Slow(_)), "never locked: {hold:?}");
            slowest = slowest.max(hold.wait());
        }
    }
    assert_eq!(slowest, Duration::from_secs(15));
    // One try in 15 s, and the first few.
    assert!((720..=740).contains(&tries), "{tries}");
}

#[test]
fn this_machines_address_is_slowed_by_account_and_never_locked() {
    let mut logins = Logins::default();
    let mut now = Moment::START;
    let holds = keeps_failing(&mut logins, &here("ann"), 30, &mut now);
    assert_eq!(holds[..5], [0, 0, 0, 1, 2].map(slow));
    assert!(holds[10..].iter().all(|hold| *hold == slow(60)), "{holds:?}");
    assert_eq!(logins.check(&here("bob"), now), Ok(()));
    // Whoever else comes through the proxy may have been ann.
    logins.handle_try(&here("ann"), now).expect("it may try");
    logins.handle_success(&here("ann"));
    assert!(logins.known.is_empty());
}

#[test]
fn an_address_is_slowed_and_locked_whatever_it_tries() {
    let mut logins = Logins::default();
    let mut now = Moment::START;
    let mut locked = None;
    for account in 0..60 {
        let stranger = who(&format!("user{account}"), 1);
        match logins.check(&stranger, now) {
            Err(Hold::Locked(wait)) => {
                locked = Some((account, wait));
                break;
            }
            Err(Hold::Slow(wait)) => {
                assert!(account > 20, "{account}");
                now = now + wait;
            }
            Ok(()) => assert!(account <= 20, "{account}"),
        }
        fails(&mut logins, &stranger, now);
    }
    assert_eq!(locked, Some((50, 15 * MINUTE)));
    assert_eq!(logins.check(&who("ann", 2), now), Ok(()));
}

#[test]
fn what_cannot_be_a_name_is_counted_as_one_account() {
    let mut logins = Logins::default();
    for name in ["Ann", "../..", "", "\u{202e}"] {
        assert_eq!(who(name, 1).account, None);
        fails(&mut logins, &who(name, 1), Moment::START);
    }
    assert_eq!(logins.check(&who("not a name", 1), Moment::START), Err(slow(1)));
}

#[test]
fn many_at_once_gain_nothing() {
    let mut logins = Logins::default();
    let ann = who("ann", 1);
    let allowed = (0..1000).filter(|_| logins.handle_try(&ann, Moment::START).is_ok()).count();
    assert_eq!(allowed, 4);
    for _ in 0..allowed {
        logins.handle_failed(&ann, Moment::START);
    }
    assert_eq!(logins.check(&ann, Moment::START), Err(slow(1)));
}

#[test]
fn success_forgets_the_account_but_not_what_the_address_did_to_others() {
    let mut logins = Logins::default();
    let now = Moment::START;
    for _ in 0..4 {
        fails(&mut logins, &who("ann", 1), now);
        // Mallory has an account, too, and logs in to it between the guesses.
        logins.handle_try(&who("mallory", 1), now).expect("it may try");
        logins.handle_success(&who("mallory", 1));
        // And ann comes from elsewhere.
        logins.handle_try(&who("ann", 2), now).expect("it may try");
        logins.handle_success(&who("ann", 2));
    }
    assert_eq!(logins.check(&who("ann", 1), now), Err(slow(1)));
    assert_eq!(logins.check(&who("bob", 1), now), Ok(()));
    for other in 0..17 {
        fails(&mut logins, &who(&format!("user{other}"), 1), now);
    }
    assert_eq!(logins.check(&who("mallory", 1), now), Err(slow(1)), "as an address");
    let mut logins = Logins::default();
    for _ in 0..20 {
        for _ in 0..3 {
            fails(&mut logins, &who("ann", 2), Moment::START);
        }
        logins.handle_try(&who("ann", 2), Moment::START).expect("it may try");
        logins.handle_success(&who("ann", 2));
        logins.addresses = Counts::new();
    }
    assert!(logins.pairs.0.is_empty() && logins.accounts.0.is_empty());
}

#[test]
fn what_was_not_decided_is_no_failure() {
    let mut logins = Logins::default();
    for _ in 0..100 {
        logins.handle_try(&who("ann", 1), Moment::START).expect("it may try");
        logins.handle_undecided(&who("ann", 1));
    }
    assert_eq!(logins.failed(), 0);
    assert!(logins.pairs.0.is_empty() && logins.addresses.0.is_empty());
}

#[test]
fn it_is_forgotten_after_an_hour_and_the_memory_is_bounded() {
    let mut logins = Logins::default();
    let mut now = Moment::START;
    keeps_failing(&mut logins, &who("ann", 1), 9, &mut now);
    now = now + Duration::from_hours(1);
    assert_eq!(keeps_failing(&mut logins, &who("ann", 1), 3, &mut now), [slow(0); 3]);

    // Whoever floods it with names can't make it forget whom it slows.
    fails(&mut logins, &who("ann", 1), now);
    for number in 0..20_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let account = format!("user{number}").parse().ok();
        fails(&mut logins, &Try { account, address: Some([10, a, b, c]) }, now);
    }
    for len in [logins.pairs.0.len(), logins.addresses.0.len(), logins.accounts.0.len()] {
        assert_eq!(len, MAX_REMEMBERED);
    }
    assert_eq!(logins.check(&who("ann", 1), now), Err(slow(1)));

    for number in 0..10_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let account = format!("user{}", number / 20).parse().ok();
        let who = Try { account, address: Some([10, a, b, c]) };
        logins.handle_success(&who);
    }
    assert!(logins.known.values().all(|known| known.len() == MAX_KNOWN));
}

proptest! {
    /// Whatever happens: nobody waits for longer than a lock, who may try after the wait may, and a
    /// hold that is told ends when it is said to.
    #[test]
    fn every_wait_ends_when_it_is_said_to(
        steps in proptest::collection::vec((0..4_u8, 0..3_u8, 0..3_u8, 0..40_u64), 1..200)
    ) {
        let mut logins = Logins::default();
        let mut now = Moment::START;
        for (account, address, outcome, seconds) in steps {
            now = now + Duration::from_secs(seconds);
            let who = match address {
                0 => here(&format!("user{account}")),
                last => who(&format!("user{account}"), last),
            };
            match logins.handle_try(&who, now) {
                Ok(()) => match outcome {
                    0 => logins.handle_success(&who),
                    1 => logins.handle_undecided(&who),
                    _ => logins.handle_failed(&who, now),
                },
                Err(hold) => {
                    prop_assert!(!hold.wait().is_zero() && hold.wait() <= 15 * MINUTE, "{hold:?}");
                    prop_assert!(who.address.is_some() || matches!(hold, Hold::Slow(_)));
                    let then = logins.check(&who, now + hold.wait());
                    // Behind a lock there may be a wait.
                    let is_over = then.is_ok() || matches!(hold, Hold::Locked(_));
                    prop_assert!(is_over, "{:?}, then {:?}", hold, then);
                }
            }
        }
    }
}
