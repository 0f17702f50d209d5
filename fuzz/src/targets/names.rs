//! The short words of couplet: rooms, accounts, passwords, tokens, fingerprints, and sizes as people write them.
//!
//! What is read is written again as it came, or in the one form that there is; sizes are told in few
//! letters, whatever the number.

use arbitrary::{Arbitrary as _, Unstructured};
use couplet::account::{
    AccountName, MAX_ACCOUNT_BYTES, MAX_PASSWORD_BYTES, MIN_PASSWORD_BYTES, Rights, normal_password,
};
use couplet::fingerprint::Fingerprint;
use couplet::limits::MAX_ROOM_NAME;
use couplet::message::{RoomName, Token};
use couplet::{nearness, units};
use std::time::Duration;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Ok(input) = <(u64, u64, &str)>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let (one, two, text) = input;
    if let Ok(name) = RoomName::new(text) {
        assert!(name.as_str() == text && (1..=MAX_ROOM_NAME).contains(&text.len()));
        let json = serde_json::to_string(&name).expect("JSON");
        assert_eq!(serde_json::from_str::<RoomName>(&json).expect("a name"), name);
    }
    accounts(text);
    if let Ok(token) = Token::try_from(text.to_owned()) {
        let written = String::from(token);
        assert_eq!(written, text.to_ascii_lowercase());
        assert!(!format!("{token:?}").contains(&written), "a secret in a log");
        assert_eq!(Token::try_from(written), Ok(token));
    }
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert_eq!(fingerprint.to_string(), text);
    }
    if let Some(bytes) = units::parse_bytes(text) {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        assert!(digits.parse::<u64>().is_ok_and(|number| number <= bytes), "{text:?}: {bytes}");
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text:?}");
    }
    sizes(one, two);
    let (typed, meant) = text.split_at(text.floor_char_boundary(text.len() / 2));
    // The case of what was typed doesn't count, and more letters than a word has aren't compared.
    let typed_small = typed.to_lowercase();
    if text.len() < 64 {
        let distance = nearness::distance(typed, meant);
        assert_eq!(distance == 0, typed_small == meant, "{typed:?} {meant:?}");
        assert!(distance <= typed_small.chars().count().max(meant.chars().count()));
    }
}

fn accounts(text: &str) {
    if let Ok(name) = text.parse::<AccountName>() {
        assert!(name.as_str() == text && (1..=MAX_ACCOUNT_BYTES).contains(&text.len()));
        assert!(RoomName::new(text).is_ok(), "harmless wherever names of rooms are: {text}");
    }
    if let Ok(rights) = text.parse::<Rights>() {
        assert_eq!(rights.to_string().parse(), Ok(rights));
        assert_eq!(Rights::from_bits(rights.bits()), Some(rights));
    }
    let mut once = String::with_capacity(MAX_PASSWORD_BYTES);
    let room = once.capacity();
    if normal_password(text, &mut once).is_ok() {
        assert!((MIN_PASSWORD_BYTES..=MAX_PASSWORD_BYTES).contains(&once.len()));
        let mut twice = String::new();
        assert_eq!(normal_password(&once, &mut twice), Ok(()));
        assert_eq!(once, twice, "its normal form is its own");
    } else {
        assert!(once.is_empty());
    }
    assert_eq!(once.capacity(), room, "moved, and not wiped where it was");
}

fn sizes(one: u64, two: u64) {
    assert!(units::bytes(one).len() <= "99.9 KiB".len(), "{one}");
    assert!(units::rate(one).ends_with("/s"));
    assert!(units::part_of(one, two).contains('/'));
    let percent = units::percent(one, two);
    assert!(percent <= 100 && (percent == 100) == (one >= two), "{one} of {two}: {percent}");
    let span = Duration::from_millis(one);
    assert!(!units::remaining(Some(span)).is_empty());
    assert!(Duration::from_secs(units::countdown(span)) >= span);
    assert_eq!(units::grouped(one).replace(',', ""), one.to_string());
}
