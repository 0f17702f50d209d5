use proptest::prelude::*;
use unicode_width::UnicodeWidthChar as _;

use super::*;

fn all(input: &str) -> String {
    message(input, usize::MAX)
}

/// Input, and what [`message`] makes of it.
const CASES: &[(&str, &str)] = &[
    // Escape sequences, 7-bit.
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x1b[1;38;2;1;2;3mx\x1b[?25l\x1b[2 q\x1b[>cy", "xy"),
    ("\x1b[3\x001\x07mx", "x"),
    ("\x1b\0[31mx", "x"),
    ("a\x1b[31é", "aé"),
    ("a\x1b[31", "a"),
    ("a\x1b", "a"),
    ("a\x1bcb\x1b7\x1b8\x1b=c", "abc"),
    ("a\x1b(0b\x1b%Gc\x1b#8d\x1b $Be", "abcde"),
    ("a\x1b\x1b[31mb", "ab"),
    ("a\x1b\nb", "a\nb"),
    ("a\x1b日", "a日"),
    ("\x1b[31\nm", "\nm"),
    // Control strings: clipboard, title, link, tmux passthrough, sixel, APC, PM, SOS.
    ("a\x1b]52;c;cm0gLXJmIH4=\x07b", "ab"),
    ("a\x1b]52;c;cm0gLXJmIH4=\x1b\\b", "ab"),
    ("a\x1b]0;title\u{9c}b", "ab"),
    ("\x1b]8;;https://e.org\x1b\\link\x1b]8;;\x1b\\!", "link!"),
    ("a\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\b", "ab"),
    ("a\x1bPq#0;2;0;0;0~~\x1b\\b\x1b_Gx\x1b\\c\x1b^p\x1b\\d\x1bXs\x1b\\e\x1bkt\x1b\\f", "abcdef"),
    ("a\x1b]0;torn\nb", "a\nb"),
    ("a\x1b]0;torn", "a"),
    ("a\x1b]0;t\x1b[31mb", "ab"),
    ("a\x1b]0;t\x18b", "ab"),
    // 8-bit forms.
    ("a\u{9b}31mb\u{9b}0mc", "abc"),
    ("a\u{9d}52;c;eA==\u{9c}b\u{90}q\x1b\\c\u{98}s\u{9c}d\u{9e}p\u{9c}e\u{9f}a\x07f", "abcdef"),
    // Other controls and line ends.
    ("a\0\x07\x08\x7f\u{84}\u{9c}b", "ab"),
    ("a\r\nb\rc\n\rd\u{b}e\u{c}f\u{85}g\u{2028}h\u{2029}i", "a\nb\nc\n\nd\ne\nf\ng\nh\ni"),
    ("a\r\x1b[mb", "a\nb"),
    ("  keep   spaces  \n\n  ", "  keep   spaces  \n\n  "),
    // Tabs.
    ("\tx", "    x"),
    ("a\tb\tc", "a   b   c"),
    ("abcd\tx", "abcd    x"),
    ("日\tx", "日  x"),
    ("e\u{301}\tx", "e\u{301}   x"),
    ("abc\na\tb", "abc\na   b"),
    ("\x1b[31mab\x1b[0m\tx", "ab  x"),
    // Bidirectional controls and things unseen.
    ("a\u{202e}gpj.exe\u{202c}\u{2066}x\u{2069}\u{200e}\u{200f}\u{61c}b", "agpj.exexb"),
    ("a\u{200b}\u{2060}\u{2064}\u{feff}\u{ad}\u{180e}\u{fff9}\u{fffb}\u{34f}b", "ab"),
    ("a\u{115f}\u{1160}\u{3164}\u{ffa0}\u{fffe}\u{fdd0}\u{10ffff}b", "ab"),
    ("hi\u{e0068}\u{e0069}\u{e007f}!", "hi!"),
    // Scripts.
    ("שלום עולם", "שלום עולם"),
    ("שָׁלוֹם", "שָׁלוֹם"),
    ("می\u{200c}خواهم", "می\u{200c}خواهم"),
    ("क्\u{200d}ष", "क्\u{200d}ष"),
    ("क्\u{200c}ष", "क्\u{200c}ष"),
    ("র\u{200d}্য", "র\u{200d}্য"),
    ("അവന്\u{200d} ", "അവന്\u{200d} "),
    ("ප්\u{200d}රේම", "ප්\u{200d}රේම"),
    ("สวัสดีน้ำ", "สวัสดีน้ำ"),
    ("\u{1112}\u{1161}\u{11ab}", "\u{1112}\u{1161}\u{11ab}"),
    ("葛\u{e0100}", "葛\u{e0100}"),
    ("pay\u{200d}pal\u{200c}", "paypal"),
    ("\u{200d}a", "a"),
    ("می\u{200c} x", "می x"),
    ("می\u{200c}\u{200d}\u{200c}خ", "می\u{200c}خ"),
    // Marks.
    ("e\u{301}", "e\u{301}"),
    ("\u{301}e", "e"),
    ("a\n\u{301}e", "a\ne"),
    ("a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}b", "a\u{300}\u{301}\u{302}\u{303}b"),
    // Emoji.
    ("👨\u{200d}👩\u{200d}👧\u{200d}👦", "👨\u{200d}👩\u{200d}👧\u{200d}👦"),
    ("👩🏽\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨🏻", "👩🏽\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨🏻"),
    ("🏳\u{fe0f}\u{200d}🌈 🇩🇪 👍🏽", "🏳\u{fe0f}\u{200d}🌈 🇩🇪 👍🏽"),
    ("🙂\u{200d}↔\u{fe0f}", "🙂\u{200d}↔\u{fe0f}"),
    ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
    (
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    ),
    ("🏴\u{e0067}\u{e0062}x\u{e007f}", "🏴x"),
    ("🏴\u{e0067}\u{e007f}", "🏴"),
    ("🏴\u{e0061}\u{e0061}\u{e0061}\u{e0061}\u{e0061}\u{e0061}\u{e0061}\u{e007f}", "🏴"),
    ("👨\u{200d}x", "👨x"),
    ("a\u{fe0f}b \u{fe0f}\u{fe0f}❤\u{fe0f}\u{fe0f}", "ab ❤\u{fe0f}"),
    ("a\u{e0100}", "a"),
    ("👍🏽🏽🏽🏽🏽🏽", "👍🏽🏽🏽🏽"),
];

#[test]
fn concrete_cases() {
    for (input, expected) in CASES {
        assert_eq!(all(input), *expected, "{}", input.escape_unicode());
        assert_eq!(is_clean(input), input == expected, "{}", input.escape_unicode());
    }
}

#[test]
fn a_string_without_end_takes_little_with_it_and_an_ended_one_all() {
    let honest = "x".repeat(5_000);
    let torn = all(&format!("\x1b]0;{honest}"));
    assert_eq!(torn.len(), honest.len() + 2 - MAX_UNENDED_CHARS);
    assert_eq!(all(&format!("a\x1b]52;c;{honest}\x07b")), "ab");
    let at_the_limit = "y".repeat(MAX_UNENDED_CHARS);
    assert_eq!(all(&format!("a\x1b]{at_the_limit}\nb")), "a\nb");
}

#[test]
fn many_introducers_take_linear_time() {
    for introducer in ["\x1b]", "\u{9d}", "\x1b[", "\x1bP", "\x1b(", "\t"] {
        assert!(all(&introducer.repeat(200_000)).trim().len() <= 1);
    }
}

#[test]
fn endless_emoji_sequences_are_split() {
    let chain = all(&"👩\u{200d}".repeat(50));
    let clusters: Vec<_> = chain.graphemes(true).collect();
    assert_eq!(clusters.len(), 10);
    assert!(clusters.iter().all(|cluster| cluster.matches('\u{200d}').count() <= 4));
}

#[test]
fn cut_to_bytes_between_clusters() {
    for (input, max, expected) in [
        ("hello", 5, "hello"),
        ("hello", 4, "h…"),
        ("hello", 3, "…"),
        ("hello", 2, "he"),
        ("hello", 0, ""),
        ("é日", 2, "é"),
        ("日本語", 8, "日…"),
        ("ab👨\u{200d}👩\u{200d}👧", 12, "ab…"),
        ("ae\u{301}xyz", 6, "a…"),
        ("می\u{200c}خواهم", 10, "می…"),
        ("\x1b[31mabc", 3, "abc"),
    ] {
        assert_eq!(message(input, max), expected, "{input} in {max}");
    }
}

#[test]
fn one_line() {
    for (input, max, expected) in [
        ("one\ntwo", 80, "one two"),
        ("\n\none\r\n\r\ntwo\n", 80, "one two"),
        ("hello", 5, "hello"),
        ("hello", 4, "hel…"),
        ("hello", 1, "…"),
        ("hello", 0, ""),
        ("", 0, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("👨\u{200d}👩\u{200d}👧x", 3, "👨\u{200d}👩\u{200d}👧x"),
        ("a\tb\x1b[2J", 80, "a   b"),
        ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ] {
        assert_eq!(line(input, max), expected, "{input} in {max}");
    }
}

/// Text made of what is hard: introducers, joiners, marks, flags, scripts, and anything at all.
fn hard_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x07", "\u{9b}", "\u{9c}", "\u{9d}", "\x18", "\r",
            "\n", "\t", "\u{2028}", "31m", ";", "\\", " ", "a", "é", "日", "\u{301}", "\u{20e3}",
            "\u{200d}", "\u{200c}", "\u{200b}", "\u{202e}", "\u{fe0f}", "\u{fe0e}", "\u{e0100}",
            "🏴", "\u{e0067}", "\u{e0062}\u{e0065}", "\u{e007f}", "👩", "🏽", "❤", "🇩", "क", "्",
            "ষ", "م", "ل", "ا", "\u{600}", "ः", "\u{1100}", "\u{1161}", "\u{11a8}", "ᠠ", "\u{180b}",
            "7", "葛", "\u{ff9e}", "\u{17d2}", "ក",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[ -~]{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn is_forbidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[test]
fn every_character_alone_and_on_a_base() {
    for c in '\0'..=char::MAX {
        for input in [c.to_string(), format!("a{c}b")] {
            let text = all(&input);
            assert!(!text.contains(is_forbidden), "{}", c.escape_unicode());
            assert_eq!(all(&text), text, "{}", c.escape_unicode());
            assert!(columns(&text) > 0 || text.trim().is_empty(), "{}", c.escape_unicode());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_but_text_comes_out(input in hard_text()) {
        let text = all(&input);
        prop_assert!(!text.contains(is_forbidden), "{:?}", text);
        for row in text.split('\n') {
            prop_assert!(row.chars().next().is_none_or(|c| c.width() != Some(0)), "{:?}", row);
        }
    }

    #[test]
    fn cleaning_again_changes_nothing(input in hard_text(), max in 0_usize..200) {
        let text = all(&input);
        prop_assert_eq!(&all(&text), &text);
        prop_assert!(is_clean(&text));
        let cut = message(&input, max);
        prop_assert!(cut.len() <= max);
        prop_assert_eq!(&all(&cut), &cut);
        prop_assert_eq!(&message(&cut, max), &cut);
        let mut expected = text;
        cut_to_bytes(&mut expected, max);
        prop_assert_eq!(cut, expected);
    }

    #[test]
    fn a_line_is_one_clean_line_and_fits(input in hard_text(), max in 0_usize..60) {
        let text = line(&input, max);
        prop_assert!(!text.contains('\n'));
        prop_assert!(columns(&text) <= max);
        prop_assert!(is_clean(&text));
        prop_assert_eq!(&line(&text, max), &text);
    }

    #[test]
    fn any_text_at_all_is_taken(input in any::<String>(), max in any::<usize>()) {
        prop_assert!(message(&input, max).len() <= max);
        prop_assert!(columns(&line(&input, max)) <= max);
    }

    #[test]
    fn plain_text_stays(input in "[ -~\n]{0,200}") {
        prop_assert_eq!(all(&input), input.clone());
        prop_assert!(is_clean(&input));
    }

    #[test]
    fn marks_never_stack_deeper(input in "[a\u{300}-\u{315}\u{200d}\u{200b}\n]{0,60}") {
        let deepest = all(&input)
            .split(|c: char| c.width() != Some(0))
            .map(|marks| marks.chars().count())
            .max();
        prop_assert!(deepest <= Some(usize::from(MAX_MARKS)));
    }
}
