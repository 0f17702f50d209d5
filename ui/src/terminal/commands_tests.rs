//! What lines mean, and what mistakes are told.

use super::*;

fn parsed(text: &str) -> Result<Line, Mistake> {
    parse(text, Some(Path::new("/home/ann")))
}

#[test]
fn words_and_fin() {
    assert_eq!(parsed("hello"), Ok(Line::Words("hello".into())));
    assert_eq!(parsed("//etc is a slash"), Ok(Line::Words("/etc is a slash".into())));
    assert_eq!(parsed("  \n "), Ok(Line::Empty));
    for fin in ["fin", "  fin \n", "/fin", "/quit", "/leave", "/exit"] {
        assert_eq!(parsed(fin), Ok(Line::Fin), "{fin}");
    }
    assert_eq!(parsed("fin."), Ok(Line::Words("fin.".into())));
    assert_eq!(parsed("the fin"), Ok(Line::Words("the fin".into())));
}

#[test]
fn commands() {
    assert_eq!(
        parsed("/send a 'b c' ~/d"),
        Ok(Line::Send(["a", "b c", "/home/ann/d"].map(PathBuf::from).into()))
    );
    assert_eq!(parsed("/send "), Ok(Line::Pick(Purpose::Send)));
    assert_eq!(parsed("/put"), Ok(Line::Pick(Purpose::Put)));
    assert_eq!(parsed("/accept"), Ok(Line::Accept(None, None)));
    let three = Some(TransferId(3));
    assert_eq!(parsed("/accept 3"), Ok(Line::Accept(three, None)));
    for text in ["/accept 3 skip", "/accept skip  #3", "/accept 3 SKIP "] {
        assert_eq!(parsed(text), Ok(Line::Accept(three, Some(OnCollision::Skip))), "{text}");
    }
    assert_eq!(parsed("/accept overwrite"), Ok(Line::Accept(None, Some(OnCollision::Overwrite))));
    let twelve = Some(TransferId(12));
    assert_eq!(parsed("/cancel #12 "), Ok(Line::Cancel { id: twelve, keep: true }));
    assert_eq!(parsed("/cancel 12 drop"), Ok(Line::Cancel { id: twelve, keep: false }));
    assert_eq!(parsed("/cancel drop"), Ok(Line::Cancel { id: None, keep: false }));
    assert_eq!(parsed("/pause"), Ok(Line::Pause(None)));
    assert_eq!(parsed("/resume 3"), Ok(Line::Resume(three)));
    for (text, limit) in [("5M", Some(5 << 20)), ("500k/s", Some(500 << 10)), ("off", None)] {
        assert_eq!(parsed(&format!("/limit {text}")), Ok(Line::Limit(limit)), "{text}");
    }
    assert_eq!(parsed("/?"), Ok(Line::Help(String::new())));
    let code = Code::parse("7-otter-lamp").expect("a code");
    assert_eq!(parsed("/code 7 Otter lamp"), Ok(Line::Code(code)));
}

#[test]
fn every_row_of_the_table_is_understood() {
    for command in COMMANDS {
        for name in std::iter::once(&command.name).chain(command.aliases) {
            let text = match command.argument {
                Argument::Paths | Argument::Shelved => format!("{name} file"),
                Argument::Code => format!("{name} 7-otter-lamp"),
                Argument::Rate => format!("{name} 5M"),
                Argument::Switch => format!("{name} on"),
                Argument::None
                | Argument::Said
                | Argument::Topic
                | Argument::User
                | Argument::Offer
                | Argument::Acceptance
                | Argument::Cancellation
                | Argument::Running
                | Argument::Any
                | Argument::Picture
                | Argument::Paused => (*name).to_owned(),
            };
            assert!(parsed(&text).is_ok_and(|line| !matches!(line, Line::Words(_))), "{text}");
        }
    }
}

#[test]
fn mistakes_say_what_to_do() {
    let said = |text: &str| parsed(text).unwrap_err().to_string();
    assert_eq!(
        said("/sned x"),
        "there is no /sned; did you mean /send? (//sned says it to the peer)"
    );
    assert_eq!(
        said("/etc/hosts"),
        "there is no command /etc/hosts; F1 lists them (//etc/hosts says it to the peer)"
    );
    for typed in ["Fin", " FIN ", "fIN"] {
        let typed = typed.trim();
        assert_eq!(
            said(typed),
            format!("fin in small letters leaves; to say {typed}, write something beside it")
        );
    }
    assert_eq!(
        said("/decline it"),
        "/decline takes a transfer's number, such as /decline 1, not it"
    );
    for text in ["/accept it", "/accept 1 it", "/accept skip it"] {
        assert_eq!(
            said(text),
            "/accept takes a transfer's number and rename, skip or overwrite, such as /accept 1 \
             skip, not it"
        );
    }
    assert_eq!(
        said("/cancel 1 2"),
        "/cancel takes a transfer's number and drop, such as /cancel 1 drop, not 2"
    );
    for text in ["/limit", "/limit 0", "/limit fast", "/limit 5 M"] {
        assert!(said(text).starts_with("/limit takes bytes a second, such as"), "{text}");
    }
    assert_eq!(said("/pass now"), "/pass takes nothing after it; send it alone on its line");
    assert_eq!(
        said("/fin\nx"),
        "/fin must be alone on one line; a message can't start with it (//fin can)"
    );
    assert!(said("/send 'x").contains("isn't closed"));
}

#[test]
fn several_lines_that_begin_with_a_slash_are_words() {
    let listing = "/etc/hosts\n/etc/passwd";
    assert_eq!(parsed(listing), Ok(Line::Words(listing.into())));
}

#[test]
fn codes_are_known_wherever_they_stand() {
    for text in ["/code 7-otter-lamp", " /cdoe 7-oter", "/join x", "/new 7-otter-lamp", "/code"] {
        assert!(has_code(text), "{text}");
    }
    for text in ["", "7-otter-lamp", "/send 7", "/who", "words /code"] {
        assert!(!has_code(text), "{text}");
    }
}

#[test]
fn slips_are_near() {
    assert_eq!(nearest("/acept"), Some("/accept"));
    assert_eq!(nearest("/hlep"), Some("/help"));
    assert_eq!(nearest("/puase"), Some("/pause"));
    assert_eq!(nearest("/resum"), Some("/resume"));
    assert_eq!(nearest("/limt"), Some("/limit"));
    assert_eq!(nearest("/xyzzy"), None);
    assert_eq!(nearest("/"), None);
}

proptest::proptest! {
    /// Any line is words, a command, or a mistake that is told in clean text; words stay as they are.
    #[test]
    fn any_line_means_something(
        command in "(/[a-zé]{0,8}|//|fin|)",
        rest in "(\\PC|[ \t\n'\"~\\\\0-9kKmMgG/.-]){0,40}",
    ) {
        for text in [format!("{command}{rest}"), format!("{command} {rest}")] {
            match parsed(&text) {
                Ok(Line::Words(words)) => {
                    let slash = words.starts_with('/') && text.strip_prefix('/') == Some(&words);
                    proptest::prop_assert!(words == text || slash, "{:?}: {:?}", text, words);
                }
                Ok(_) => {}
                Err(mistake) => {
                    let told = mistake.to_string();
                    proptest::prop_assert!(!told.is_empty() && !told.contains('\n'), "{told:?}");
                }
            }
            let _ = has_code(&text);
        }
    }
}
