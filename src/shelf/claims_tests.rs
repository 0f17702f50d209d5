//! What holds for names in transit and for the room, whoever comes and goes.

use super::super::quota::{COUNT_AGE, REFUSING_AGE};
use super::*;
use proptest::prelude::*;
use std::time::Duration;

const NOW: Moment = Moment::START;

fn name(text: &str) -> SafeName {
    SafeName::new(text).expect("a name")
}

/// With so much there.
fn claims(quota: Quota, there: Load) -> Claims {
    let mut claims = Claims::new(quota);
    claims.begin_count();
    claims.end_count(there, NOW);
    claims
}

/// A claim to a file of so many bytes.
fn file(claims: &mut Claims, of: &str, bytes: u64) -> Result<ClaimId, ClaimError> {
    let id = claims.claim(&name(of))?;
    claims.grow(id, Load::file(bytes)).inspect_err(|_| claims.release(id, Left::Nothing))?;
    Ok(id)
}

#[test]
fn a_name_is_one_persons_until_it_is_released() {
    let mut claims = Claims::new(Quota::default());
    let first = claims.claim(&name("Photo.png")).expect("free");
    let again = claims.claim(&name("photo.PNG"));
    assert!(matches!(again, Err(ClaimError::InTransit(_))), "{again:?}");
    assert!(claims.is_in_transit(&name("PHOTO.png")));
    claims.release(first, Left::Nothing);
    let there = claims.claim(&name("photo.png")).expect("free");
    assert_eq!(claims.taken(there), ClaimError::Taken("photo.png".to_owned()));
    assert!(claims.is_empty());
    assert!(claims.claim(&name("photo.png")).is_ok());
    claims.release(first, Left::Whole);
    assert_eq!(claims.len(), 1, "a claim that is over isn't another's");
}

#[test]
fn so_many_names_are_in_transit_and_no_more() {
    let mut claims = Claims::new(Quota::default());
    for number in 0..MAX_CLAIMS {
        claims.claim(&name(&number.to_string())).expect("free");
    }
    assert_eq!(claims.claim(&name("x")), Err(ClaimError::Crowded));
}

#[test]
fn what_does_not_fit_is_refused_with_figures() {
    let quota = Quota { shelf: Some(1000), file: Some(600), entries: None };
    let mut claims = claims(quota, Load::file(300));
    let large = file(&mut claims, "a", 601).expect_err("too large");
    assert!(large.to_string().contains("601 B") && large.to_string().contains("600 B"));
    let first = file(&mut claims, "a", 500).expect("room");
    let full = file(&mut claims, "b", 201).expect_err("no room");
    assert_eq!(full, ClaimError::Full { name: "b".into(), needs: 201, left: 200 });
    // One whose size nobody knows grows until there is no room.
    let second = file(&mut claims, "b", 0).expect("room");
    let grow = |claims: &mut Claims, to| claims.grow(second, Load::file(to));
    assert!(grow(&mut claims, 150).is_ok() && grow(&mut claims, 100).is_ok());
    let full = grow(&mut claims, 201).expect_err("no room");
    assert_eq!(full, ClaimError::Full { name: "b".into(), needs: 51, left: 50 });
    claims.release(first, Left::Whole);
    assert!(grow(&mut claims, 201).is_err(), "it is on the shelf now");
    claims.begin_count();
    claims.end_count(Load::default(), NOW);
    assert!(grow(&mut claims, 600).is_ok());
    assert!(matches!(grow(&mut claims, 601), Err(ClaimError::TooLarge { .. })));
}

#[test]
fn files_are_counted_as_their_bytes_are() {
    let quota = Quota { entries: Some(10), ..Quota::default() };
    let mut claims = claims(quota, Load { bytes: 7, entries: 8 });
    let first = file(&mut claims, "a", 0).expect("room");
    let folder = claims.claim(&name("b")).expect("free");
    let text = claims.grow(folder, Load { bytes: 0, entries: 2 }).expect_err("one is left");
    assert_eq!(
        text.to_string(),
        "the shelf may have 10 files and folders and has room for 1 more, and b is 2; have \
         something removed first"
    );
    claims.release(first, Left::Nothing);
    claims.grow(folder, Load { bytes: 0, entries: 2 }).expect("room");
    claims.release(folder, Left::Whole);
    assert!(matches!(file(&mut claims, "a", 0), Err(ClaimError::TooMany { left: 0, .. })));
}

#[test]
fn a_part_that_was_counted_is_not_counted_twice() {
    let quota = Quota { shelf: Some(100), file: None, entries: Some(3) };
    let mut claims = claims(quota, Load { bytes: 60, entries: 3 });
    let id = claims.claim(&name("a")).expect("free");
    assert!(claims.grow(id, Load::file(80)).is_err());
    claims.found_part(id, Load::file(40));
    claims.grow(id, Load::file(80)).expect("it needs 40 more");
    assert!(matches!(file(&mut claims, "b", 1), Err(ClaimError::Full { left: 0, .. })));
    claims.release(id, Left::Whole);
    assert!(matches!(file(&mut claims, "b", 1), Err(ClaimError::Full { left: 0, .. })));
    // A part that is smaller than what was there before frees nothing that isn't known to be free.
    let id = claims.claim(&name("c")).expect("free");
    claims.found_part(id, Load::file(40));
    claims.grow(id, Load::file(10)).expect("it needs nothing more");
    claims.release(id, Left::Nothing);
}

#[test]
fn it_is_counted_when_that_was_long_ago_or_matters() {
    let unbounded = Claims::new(Quota { file: Some(1), ..Quota::default() });
    assert!(!unbounded.wants_count(NOW, None), "nothing depends on it");
    let quota = Quota { entries: Some(1), ..Quota::default() };
    let mut claims = Claims::new(quota);
    assert!(claims.wants_count(NOW, None));
    claims.begin_count();
    claims.end_count(Load::default(), NOW);
    let at = |age: Duration| NOW + age;
    let just_before = |age: Duration| NOW + age.saturating_sub(Duration::from_millis(1));
    assert!(!claims.wants_count(just_before(COUNT_AGE), None));
    assert!(claims.wants_count(at(COUNT_AGE), None));
    let id = file(&mut claims, "a", 5).expect("room");
    let refused = file(&mut claims, "b", 5).expect_err("one is all");
    assert!(!claims.wants_count(just_before(REFUSING_AGE), Some(&refused)));
    assert!(claims.wants_count(at(REFUSING_AGE), Some(&refused)));
    assert!(
        !claims.wants_count(at(COUNT_AGE), Some(&ClaimError::Crowded)),
        "it says nothing of that"
    );
    // What leaves nothing changes nothing; a part, or what was removed, does.
    claims.release(id, Left::Nothing);
    assert!(!claims.wants_count(NOW, Some(&refused)));
    let id = file(&mut claims, "a", 5).expect("room");
    claims.release(id, Left::Part);
    assert!(claims.wants_count(NOW, None));
    claims.end_count(Load::default(), NOW);
    claims.removed();
    assert!(claims.wants_count(NOW, None));
}

#[test]
fn what_lands_while_it_is_counted_is_not_forgotten() {
    let quota = Quota { shelf: Some(10), ..Quota::default() };
    let mut claims = claims(quota, Load::default());
    let id = file(&mut claims, "a", 6).expect("room");
    assert_eq!(claims.begin_count(), ["a".to_owned()].into(), "it may have its place");
    claims.release(id, Left::Whole);
    claims.end_count(Load::default(), NOW);
    assert!(matches!(file(&mut claims, "b", 5), Err(ClaimError::Full { left: 4, .. })));
    claims.begin_count();
    claims.end_count(Load::file(6), NOW);
    file(&mut claims, "b", 4).expect("it is counted once");
}

proptest! {
    /// Against a model that only adds up.
    #[test]
    fn nothing_is_promised_twice(steps in prop::collection::vec((0_u8..3, 0_u64..40, 0_usize..6), 1..60)) {
        let quota = Quota { shelf: Some(100), file: Some(30), entries: Some(5) };
        let mut claims = claims(quota, Load::default());
        let mut open: Vec<(ClaimId, u64)> = Vec::new();
        let mut there = Load::default();
        for (step, bytes, which) in steps {
            match step {
                0 => {
                    if let Ok(id) = file(&mut claims, &format!("f{which}"), bytes) {
                        open.push((id, bytes));
                    }
                }
                1 if !open.is_empty() => {
                    let at = which % open.len();
                    if claims.grow(open[at].0, Load::file(bytes)).is_ok() {
                        open[at].1 = open[at].1.max(bytes);
                    }
                }
                _ if !open.is_empty() => {
                    let (id, bytes) = open.swap_remove(which % open.len());
                    let is_whole = bytes % 2 == 0;
                    claims.release(id, if is_whole { Left::Whole } else { Left::Nothing });
                    there = if is_whole { there.and(Load::file(bytes)) } else { there };
                }
                _ => {}
            }
            let reserved: u64 = open.iter().map(|(_, bytes)| bytes).sum();
            prop_assert!(there.bytes + reserved <= 100);
            prop_assert!(there.entries + open.len() as u64 <= 5);
            prop_assert!(open.iter().all(|(_, bytes)| *bytes <= 30));
            prop_assert_eq!(claims.len(), open.len());
        }
    }
}
