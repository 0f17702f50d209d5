//! The list is sound, codes survive any spelling that people give them, and nothing panics.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

fn read(text: &str) -> Result<String, String> {
    Code::parse(text).map(|code| code.to_string()).map_err(|error| error.to_string())
}

#[test]
fn the_list_is_sorted_plain_and_without_doubles() {
    assert_eq!(WORDS.len(), LEN);
    assert!(WORDS.is_sorted());
    assert_eq!(WORDS.iter().collect::<HashSet<_>>().len(), LEN);
    for word in WORDS {
        assert!((3..=5).contains(&word.len()), "{word}");
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
    }
    assert!(u16::try_from(LEN).is_ok());
}

#[test]
fn every_usual_spelling_is_read() {
    for text in [
        "7-otter-lamp",
        "7 otter lamp",
        "  7--Otter__LAMP \n",
        "007.otter.lamp.",
        "7otter lamp",
        "`7-otter-lamp`",
        "7\u{2013}otter\u{2014}lamp",
        "7\u{a0}otter\u{a0}lamp",
        "7-otte-lamp",
    ] {
        assert_eq!(read(text).as_deref(), Ok("7-otter-lamp"), "{text}");
    }
    assert_eq!(read("4294967295-art-art-art").as_deref(), Ok("4294967295-art-art-art"));
}

#[test]
fn every_mistake_says_what_to_do() {
    for (text, said) in [
        ("", "type the one you were told"),
        (" - ", "type the one you were told"),
        ("otter-lamp", "put the number first"),
        ("７-otter-lamp", "put the number first"),
        ("0-otter-lamp", "0 isn't the number of a room"),
        ("4294967296-otter-lamp", "isn't the number of a room"),
        ("7", "type its words too"),
        ("7-otter", "type the other word too"),
        ("7-a-lamp", "a may be"),
        ("7-otter-lam\u{1b}[2Jp", "no code has the word lam"),
        ("7-oter-lamp", "no code has the word oter; did you mean otter?"),
        ("7-art-art-art-art-art-art-art-art-art", "at most 8 words"),
        (&"7-otter".repeat(100), "longer than any code"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn beginnings_of_several_words_are_told() {
    let said = |text: &str| read(text).expect_err(text);
    assert_eq!(
        said("7-twi-lamp"),
        "twi may be twice, twine, twins, twirl or twist; write the word out"
    );
    assert!(said("7-s-lamp").contains(" and others; "));
}

#[test]
fn secrets_stay_out_of_logs() {
    let code = Code::parse("7-otter-lamp").expect("a code");
    for debug in [
        format!("{code:?}"),
        format!("{:?}", code.words()),
        format!("{:?}", code.words().password()),
        format!("{:?}", Code::parse("7-oter-lamp")),
    ] {
        assert!(!debug.contains("ot") && !debug.contains("lam"), "{debug}");
    }
}

#[test]
fn choosing_is_uniform_and_depends_on_all_entropy() {
    assert_eq!(Words::choose(0, &[1; 32]).count(), Words::FEWEST);
    assert_eq!(Words::choose(99, &[1; 32]).count(), Words::MOST);
    assert_eq!(Words::choose(4, &[1; 32]), Words::choose(4, &[1; 32]));
    let mut counts = vec![0_u32; LEN];
    for round in 0..20_000_u32 {
        let mut entropy = [0; 32];
        entropy[28..].copy_from_slice(&round.to_le_bytes());
        for place in Words::choose(8, &entropy).0.iter() {
            counts[usize::from(*place)] += 1;
        }
    }
    // About 137 of each; seven deviations either way.
    assert!(counts.iter().all(|count| (55..220).contains(count)), "{counts:?}");
}

#[test]
fn numbers_become_words_digit_by_digit() {
    assert_eq!(verification_words(0), [WORDS[0]; 3]);
    assert_eq!(verification_words(1), [WORDS[0], WORDS[0], WORDS[1]]);
    assert_eq!(verification_words(COUNT.pow(3) - 1), [WORDS[LEN - 1]; 3]);
    assert_eq!(verification_words(COUNT.pow(3)), [WORDS[0]; 3]);
    assert_eq!(Words::possibilities(2), COUNT * COUNT);
    assert_eq!(Words::possibilities(3), COUNT.pow(3));
    assert_eq!(Words::possibilities(99), u64::MAX);
}

#[test]
fn completion_goes_as_far_as_it_is_sure() {
    let none = Completion::default();
    for text in ["", "7", "7-", "otter", "ot", "7-otter-", "7-xyz", "7-otterotter"] {
        assert_eq!(complete(text), none, "{text}");
    }
    assert_eq!(complete("7-OTT").rest, Some("er"));
    assert_eq!(complete("7 otter la").rest, None);
    assert_eq!(complete("7-otter"), Completion { rest: None, candidates: vec!["otter"] });
    for word in WORDS {
        let first = &word[..1];
        assert!(complete(&format!("7-{first}")).candidates.len() <= 8);
    }
}

/// Spellings of a code that must all be read as it.
fn spelling() -> impl Strategy<Value = (Code, String)> {
    let separator = prop::sample::select(vec!["-", " ", "--", " - ", "_", ".", "\t", "\u{2014}"]);
    let parts = (1_u32.., 0_usize..4, 2_usize..=8, any::<[u8; 32]>(), any::<bool>());
    (parts, separator).prop_map(|((number, zeros, count, entropy, upper), separator)| {
        let words = Words::choose(count, &entropy);
        let mut text = format!(" {}{number}", "0".repeat(zeros));
        for word in words.iter() {
            text.push_str(separator);
            // As short as it is still the only one, or whole.
            let only = |end: &usize| reading::beginning_with(&word[..*end]).len() == 1;
            let end = (1..=word.len()).find(only).unwrap_or(word.len());
            text.push_str(&if upper { word[..end].to_uppercase() } else { word[..end].to_owned() });
        }
        (Code::new(number, words), text)
    })
}

proptest! {
    #[test]
    fn codes_survive_their_spelling((code, text) in spelling()) {
        prop_assert_eq!(Code::parse(&text).map(|read| read.to_string()), Ok(code.to_string()));
        prop_assert_eq!(Code::parse(&code.to_string()), Ok(code));
    }

    #[test]
    fn nothing_panics(text in prop_oneof!["\\PC{0,60}", "[0-9]{0,12}[-. a-zé\u{1b}]{0,40}"]) {
        let completion = complete(&text);
        if let Some(rest) = completion.rest {
            let completed = complete(&(text.clone() + rest));
            prop_assert!(!completed.candidates.is_empty());
        }
        if let Err(error) = Code::parse(&text) {
            prop_assert!(crate::text::is_clean(&error.to_string()));
        }
    }
}
