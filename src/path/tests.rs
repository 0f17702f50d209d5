use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> SafeName {
    SafeName::new(text).expect(text)
}

fn path(text: &str) -> SafePath {
    SafePath::new(text).expect(text)
}

#[test]
fn lawful_names() {
    for lawful in [
        "photo.png",
        "a",
        ".bashrc",
        "..a",
        "a..b",
        "...a",
        "12:30 notes.txt",
        "12:30",
        "ab:c",
        "two words.txt",
        "naïve.txt",
        "日本語.txt",
        "שלום.pdf",
        "می\u{200c}خواهم.txt",
        "क्\u{200d}ष.txt",
        "👨\u{200d}👩\u{200d}👧.png",
        "CONSOLE",
        "COM",
        "COM10",
        "LPTA",
        "com1a.txt",
        "nulls",
        "a.con",
        "conin",
        ".couplet",
        "couplet-x",
        "-rf",
        "~",
        "*?\"<>|",
        "$(x)",
        "é\u{301}",
    ] {
        assert_eq!(name(lawful).as_str(), lawful);
        assert_eq!(name(lawful).to_string(), lawful);
        assert_eq!(path(lawful).last(), lawful.as_bytes());
    }
    assert!(SafeName::new(&"x".repeat(255)).is_ok());
}

#[test]
fn refused_names() {
    type Refusal = fn(String) -> NameError;
    let cases: &[(Refusal, &[&str])] = &[
        (NameError::Outside, &[".", ".."]),
        (NameError::Separator, &["a/b", "/", "..\\x", "\\\\server\\share", "a/"]),
        (
            NameError::Control,
            &["a\0b", "a\nb", "a\tb", "a\x7f", "a\u{85}", "\x1b[31mred", "\u{9b}1m"],
        ),
        (NameError::Drive, &["C:", "c:x.txt", "Z:..", "a:b"]),
        (
            NameError::Device,
            &[
                "CON",
                "con",
                "Nul.txt",
                "aux.tar.gz",
                "PRN",
                "com1",
                "COM0.x",
                "lpt9",
                "LPT¹",
                "com²",
                "COM³.txt",
                "CONIN$",
                "conout$.txt",
                "NUL ",
                "nul .txt",
                "NUL:x",
                "con.",
            ],
        ),
        (NameError::Edge, &["a.", "a ", " a", "...", " ", "\u{a0}a", "a\u{3000}", "\u{2800}"]),
        (NameError::Ours, &[".couplet-x", ".couplet-", ".COUPLET-x"]),
        (
            NameError::Misleading,
            &[
                "invoice\u{202e}gpj.exe",
                "a\u{200b}",
                "\u{feff}a",
                "a\u{ad}b",
                "pay\u{200d}pal",
                "\u{301}a",
                "a\u{300}\u{300}\u{300}\u{300}\u{300}",
                "a\u{3164}",
                "a\u{e0041}",
            ],
        ),
    ];
    for (refusal, names) in cases {
        for refused in *names {
            assert_eq!(SafeName::new(refused), Err(refusal(shown(refused))), "{refused:?}");
        }
    }
    assert_eq!(SafeName::new(""), Err(NameError::Empty));
    let long = "x".repeat(256);
    assert_eq!(
        SafeName::new(&long),
        Err(NameError::NameTooLong { name: shown(&long), bytes: 256 })
    );
}

#[test]
fn a_refusal_says_what_to_do_and_is_safe_to_show() {
    let said = SafeName::new("..").unwrap_err().to_string();
    assert_eq!(
        said,
        "the name \"..\" points outside the folder; rename the file before sending it"
    );
    let said = SafeName::new("\x1b]52;c;eA==\x07\u{202e}x\n").unwrap_err().to_string();
    assert!(text::is_clean(&said) && !said.contains("52;c"), "{said}");
    let said = SafeName::new(".couplet-x").unwrap_err().to_string();
    assert!(said.contains("\".couplet-\""), "{said}");
    assert!(SafePath::new("x".repeat(1 << 20)).unwrap_err().to_string().len() < 300);
}

#[test]
fn numbers_go_before_the_extension() {
    for (plain, numbered) in [
        ("photo.png", "photo (2).png"),
        ("site.tar.gz", "site (2).tar.gz"),
        ("SITE.TAR.ZST", "SITE (2).TAR.ZST"),
        ("a.b.gz", "a.b (2).gz"),
        (".tar.gz", ".tar (2).gz"),
        (".bashrc", ".bashrc (2)"),
        ("README", "README (2)"),
        ("Dr. Who", "Dr. Who (2)"),
        ("photo (2).png", "photo (2) (2).png"),
        ("日本語.txt", "日本語 (2).txt"),
    ] {
        assert_eq!(name(plain).numbered(2).as_str(), numbered);
    }
    let long = name(&format!("{}.tar.gz", "日".repeat(82)));
    assert_eq!(long.numbered(7).as_str(), format!("{} (7).tar.gz", "日".repeat(81)));
    let joined = name(&format!("{}.x", "م\u{200c}".repeat(50) + "م"));
    assert!(SafeName::new(joined.numbered(u32::MAX).as_str()).is_ok());
}

#[test]
fn lawful_paths() {
    let deep = path("project/src/main.rs");
    assert!(deep.parts().eq(["project", "src", "main.rs"].map(str::as_bytes)));
    assert_eq!((deep.first(), deep.last()), (&b"project"[..], &b"main.rs"[..]));
    assert_eq!(deep.parent(), Some(path("project/src")));
    assert_eq!(path("x").parent(), None);
    assert_eq!(path("x").join("y"), Ok(path("x/y")));
    assert_eq!(SafePath::from(name("x")), path("x"));
    assert_eq!(deep.to_string(), "project/src/main.rs");
    assert!(SafePath::new(vec!["x"; 64].join("/")).is_ok());
    assert_eq!(path(&format!("{}{}", "x".repeat(255) + "/", "y")).parts().count(), 2);
}

#[test]
fn refused_paths() {
    for absolute in ["/", "/etc/passwd", "//x"] {
        assert_eq!(SafePath::new(absolute), Err(NameError::Absolute(absolute.to_owned())));
    }
    for empty in ["a//b", "a/", "a/b//"] {
        assert_eq!(SafePath::new(empty), Err(NameError::EmptyPart(empty.to_owned())));
    }
    for outside in ["..", "a/../b", "a/..", "./a", "a/."] {
        assert!(matches!(SafePath::new(outside), Err(NameError::Outside(_))), "{outside}");
    }
    assert_eq!(SafePath::new(""), Err(NameError::Empty));
    assert!(matches!(SafePath::new("a/b\0"), Err(NameError::Control(_))));
    assert!(matches!(SafePath::new("a/.couplet-1"), Err(NameError::Ours(_))));
    let deep = vec!["x"; 65].join("/");
    assert!(matches!(SafePath::new(&deep), Err(NameError::TooDeep { parts: 65, .. })));
    let long = vec!["x".repeat(250); 17].join("/");
    assert!(matches!(SafePath::new(&long), Err(NameError::PathTooLong { bytes: 4266, .. })));
}

#[test]
fn reading_checks() {
    assert!(serde_json::from_str::<SafeName>("\"..\"").is_err());
    assert!(serde_json::from_str::<SafePath>("\"a/../b\"").is_err());
    assert_eq!(serde_json::from_str::<SafePath>("\"a/b\"").unwrap(), path("a/b"));
    assert_eq!(serde_json::to_string(&path("a/\x1b")).unwrap(), "\"a/\\u001b\"");
    let odd = SafePath::new(b"caf\xe9/x").expect("any bytes");
    let json = serde_json::to_string(&odd).unwrap();
    assert_eq!(json, r#"{"bytes":"Y2Fm6S94"}"#);
    assert_eq!(serde_json::from_str::<SafePath>(&json).unwrap(), odd);
    assert!(serde_json::from_str::<SafePath>(r#"{"bytes":"Li4vYQ=="}"#).is_err());
    assert_eq!(odd.to_string(), "caf\u{fffd}/x");
    assert_eq!(SafeName::try_from("a".to_owned()), Ok(name("a")));
}

fn hard_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            ".", "..", " ", ":", "C", "a", "x.txt", ".tar.gz", "con", "COM1", "\\", "\0", "é", "日",
            "\u{301}", "\u{200d}", "\u{200c}", "م", "क", "्", "👩", "❤", "\u{fe0f}", "🏴",
            "\u{e0067}\u{e0062}\u{e0065}\u{e007f}", "\u{202e}", ".couplet-", "(2)", "~",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,8}",
        1 => any::<char>().prop_map(String::from),
        1 => ("[aم日👩]", 1_usize..90).prop_map(|(text, times)| text.repeat(times)),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn hard_path() -> impl Strategy<Value = String> {
    prop::collection::vec(hard_name(), 0..5).prop_map(|names| names.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_accepted_path_stays_below_its_root(text in hard_path()) {
        if let Ok(safe) = SafePath::new(&text) {
            let root = Path::new("/root/downloads");
            let joined = root.join(OsStr::from_bytes(safe.as_bytes()));
            let below: Vec<_> = joined.strip_prefix(root).unwrap().components().collect();
            prop_assert!(below.iter().all(|part| matches!(part, Component::Normal(_))));
            prop_assert_eq!(below.len(), safe.parts().count());
            prop_assert_eq!(safe.as_bytes(), text.as_bytes());
            prop_assert!(text::is_clean(&safe.to_string()));
            let json = serde_json::to_string(&safe).unwrap();
            prop_assert_eq!(serde_json::from_str::<SafePath>(&json).unwrap(), safe);
        }
    }

    #[test]
    fn numbered_names_are_lawful_and_distinct(
        text in hard_name(), first in any::<u32>(), second in any::<u32>(),
    ) {
        if let Ok(safe) = SafeName::new(&text) {
            let numbered = safe.numbered(first);
            prop_assert_eq!(SafeName::new(numbered.as_str()), Ok(numbered.clone()));
            prop_assert_eq!(numbered == safe.numbered(second), first == second);
            let json = serde_json::to_string(&safe).unwrap();
            prop_assert_eq!(serde_json::from_str::<SafeName>(&json).unwrap(), safe);
        }
    }

    #[test]
    fn any_text_is_judged_and_the_judgement_is_showable(text in any::<String>()) {
        for judged in [SafeName::new(&text).map(SafePath::from), SafePath::new(&text)] {
            let said = judged.map_or_else(|refusal| refusal.to_string(), |safe| safe.to_string());
            prop_assert!(text::is_clean(&said));
        }
    }
}

#[test]
fn links_stay_below_the_first_name() {
    for (link, target, stays) in [
        ("top/link", "file", true),
        ("top/link", "./a/b", true),
        ("top/a/link", "../b", true),
        ("top/a/b/link", "../..", true),
        ("top/link", "..", false),
        ("top/a/link", "../../top/b", false),
        ("top/link", "/etc/passwd", false),
        ("top/link", "", false),
        // `a` may be a link to `.`, and then this is the folder above.
        ("top/link", "a/..", false),
        ("top/b/link", "../a/../..", false),
        // Beside it is whatever was there before.
        ("link", "somebodys", false),
    ] {
        let path = SafePath::new(link).expect("a lawful path");
        assert_eq!(path.holds_link_to(target.as_bytes()), stays, "{link} -> {target}");
    }
}
