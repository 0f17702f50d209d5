//! What the command line takes and refuses.

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn chat_needs_no_word() {
    let cli = Cli::try_parse_from(["couplet", "--relay", "host:1"]).expect("parsed");
    assert_eq!(cli.chat.at.relay, "host:1");
    let cli = Cli::try_parse_from(["couplet", "chat", "--room", "attic"]).expect("parsed");
    let Some(Command::Chat(chat)) = cli.command else { panic!("no chat") };
    assert_eq!(chat.room.expect("a room").as_str(), "attic");
}

#[test]
fn how_files_come_can_be_said() {
    let cli = Cli::try_parse_from(["couplet", "--limit", "5M", "--existing", "skip"]);
    let chat = cli.expect("parsed").chat;
    assert_eq!((chat.limit, chat.existing), (Some(5 << 20), Existing::Skip));
    assert!(Cli::try_parse_from(["couplet", "chat", "--limit", "0"]).is_err());
}

#[test]
fn a_relay_needs_no_port_and_is_checked() {
    for (given, taken) in [
        ("localhost", "localhost:3647"),
        ("relay.lan:80", "relay.lan:80"),
        ("[::1]", "[::1]:3647"),
        ("[::1]:80", "[::1]:80"),
    ] {
        assert_eq!(relay_address(given), Ok(taken.to_owned()));
    }
    for bad in ["", ":80", "host:", "host:http", "host:70000"] {
        assert!(relay_address(bad).is_err(), "{bad}");
    }
}

#[test]
fn tls_is_chosen_by_a_word() {
    let cli = Cli::try_parse_from(["couplet", "--tls", "never"]).expect("parsed");
    assert_eq!(cli.chat.at.tls, TlsChoice::Never);
    assert!(Cli::try_parse_from(["couplet", "--tls", "perhaps"]).is_err());
}

#[test]
fn host_has_an_address_of_its_own() {
    let cli = Cli::try_parse_from(["couplet", "--host"]).expect("parsed");
    assert_eq!(cli.chat.host.expect("an address").to_string(), DEFAULT_HOST);
    let cli = Cli::try_parse_from(["couplet", "--host=127.0.0.1:0"]).expect("parsed");
    assert_eq!(cli.chat.host.expect("an address").to_string(), "127.0.0.1:0");
    for line in
        [["couplet", "--host", "--relay", "x:1"], ["couplet", "--relay=x:1", "chat", "--host"]]
    {
        assert!(Cli::read_with(line, &Places::default()).is_err(), "{line:?}");
    }
    assert!(
        Cli::read_with(["couplet", "chat", "--relay", "x:1", "--host"], &Places::default())
            .is_err()
    );
    assert!(
        Cli::read_with(["couplet", "send", "--relay", "x:1", "file"], &Places::default()).is_ok()
    );
}

fn wanted(args: &[&str], variable: Option<&str>) -> Result<Wanted, CodeError> {
    let args = std::iter::once(&"couplet").chain(args);
    let chat = Cli::try_parse_from(args).expect("parsed").chat;
    chat.wanted(|name| variable.filter(|_| name == CODE_VARIABLE).map(str::to_owned))
}

#[test]
fn who_is_met_is_said_or_asked() {
    let code = || Wanted::Code(Code::parse("7-otter-lamp").expect("a code"));
    for (args, variable, meets) in [
        (&[][..], None, Wanted::Anybody),
        (&["--relay", "[::1]:9"], None, Wanted::Anybody),
        (&["--relay", "LocalHost"], None, Wanted::Anybody),
        (&["--relay", "relay.lan"], None, Wanted::Ask),
        (&["--relay", "10.0.0.1:9"], Some(""), Wanted::Ask),
        (&["--relay", "10.0.0.1:9", "--new"], None, Wanted::New),
        (&["--host"], None, Wanted::Anybody),
        (&["--host", "--new", "--words", "3"], None, Wanted::New),
        (&["7 Otter lamp"], None, code()),
        (&["--code", "7-otter-lamp"], Some("8-lamp-lamp"), code()),
        (&["--code"], Some("8-lamp-lamp"), Wanted::Ask),
        (&["--relay", "relay.lan"], Some("7.otter.lamp"), code()),
        (&["--new"], Some("nonsense"), Wanted::New),
    ] {
        assert_eq!(wanted(args, variable), Ok(meets), "{args:?} {variable:?}");
    }
    assert!(wanted(&["7-oter-lamp"], None).is_err());
    assert!(wanted(&[""], None).is_err());
    assert!(wanted(&[], Some("otter")).is_err());
}

#[test]
fn contradictions_and_wrong_counts_are_refused() {
    for args in [
        &["7-otter-lamp", "--new"][..],
        &["7-otter-lamp", "--room", "attic"],
        &["7-otter-lamp", "--code", "7-otter-lamp"],
        &["--code", "7-otter-lamp", "--new"],
        &["--new", "--room", "attic"],
        &["--new", "--words", "1"],
        &["--new", "--words", "9"],
        &["--plain-room", "--new"],
        &["--plain-room", "7-otter-lamp"],
        &["--plain-room", "--room", "attic"],
        &["--plain-room", "--host"],
        &["--plain-room", "--last"],
        &["--last", "7-otter-lamp"],
        &["web", "--last", "7-otter-lamp"],
        &["web", "--last", "--new"],
        &["web", "--last", "--room", "attic"],
    ] {
        let args = std::iter::once(&"couplet").chain(args);
        assert!(Cli::try_parse_from(args).is_err());
    }
    let cli = Cli::try_parse_from(["couplet", "chat", "7-otter-lamp"]).expect("parsed");
    assert!(!format!("{cli:?}").contains("otter"));
}
