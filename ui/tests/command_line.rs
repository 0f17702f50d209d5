//! The command line of the real program, where it needs no relay and no terminal.

use couplet::fingerprint::Fingerprint;
use couplet_ui::known_relays::KnownRelays;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn couplet(args: &[&str]) -> Output {
    couplet_with("", args)
}

#[test]
fn a_host_has_its_own_relay_whatever_the_environment_says() {
    for args in [&["--host=127.0.0.1:0"][..], &["chat", "--host=127.0.0.1:0"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_couplet"))
            .args(args)
            .env("COUPLET_RELAY", "elsewhere:1")
            .env_remove("COUPLET_CODE")
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        // As far as to a seat, where there is nothing to say.
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        let said = text(&output.stdout);
        assert!(said.contains("seat 1") && said.contains("you left (fin)"), "{said}");
    }
}

/// The program with this in `COUPLET_CODE`.
fn couplet_with(code: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_couplet"))
        .args(args)
        .env_remove("COUPLET_RELAY")
        .env_remove("COUPLET_CONFIG")
        // No configuration of whoever runs the tests.
        .env("XDG_CONFIG_HOME", "/nowhere")
        .env("COUPLET_CODE", code)
        .env_remove("COUPLET_TLS")
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_and_version_go_to_standard_output() {
    for args in [&["--help"][..], &["chat", "--help"]] {
        let help = couplet(args);
        assert_eq!(help.status.code(), Some(0));
        for option in [
            "--relay",
            "--host",
            "--room",
            "--code",
            "--new",
            "--words",
            "COUPLET_CODE",
            "--name",
            "--downloads",
            "--plain",
            "--tls",
            "--config",
            "--theme",
            "--symbols",
            "--mouse",
            "--notify",
        ] {
            assert!(text(&help.stdout).contains(option), "{option} in {args:?}");
        }
    }
    let version = couplet(&["--version"]);
    assert_eq!(text(&version.stdout), format!("couplet {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_has_its_own_status_and_a_sentence() {
    for (args, said) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["--room", "two words"], "a room's name is"),
        (&["--host", "--relay", "x:1"], "cannot be used with"),
        (&["--host=nowhere"], "nowhere"),
        (&["--new", "--room", "attic"], "cannot be used with"),
        (&["--new", "--words", "9"], "2..=8"),
    ] {
        let output = couplet(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(said), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_mistake_in_the_configuration_is_one_sentence_with_its_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    let config = path.to_str().expect("text");
    for (contents, said) in [
        ("\nrelai = 'x'", "line 2: the configuration has no setting relai; did you mean relay?"),
        ("theme = 'dark'", "there is no theme dark"),
        ("mouse = ", "line 1: "),
    ] {
        std::fs::write(&path, contents).expect("a file");
        for args in [&["--config", config][..], &["chat", "--config", config]] {
            let output = couplet(args);
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            let told = text(&output.stderr);
            assert!(told.contains(said) && told.lines().count() == 1, "{told}");
        }
    }
    std::fs::write(&path, format!("relay = '{}'", nobody())).expect("a file");
    let output = couplet(&["--config", config]);
    assert_eq!(output.status.code(), Some(3), "the relay of the file is tried");
    let output = couplet(&["--config", "/nowhere/config.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

/// Where nobody listens: a port that was free a moment ago.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn without_a_terminal_chat_goes_line_by_line() {
    let nobody = nobody();
    for plain in [&[][..], &["--plain"]] {
        let output = couplet(&[&["--relay", &nobody], plain].concat());
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
        let said = text(&output.stdout);
        assert!(!said.contains('\u{1b}'), "{said}");
        assert!(text(&output.stderr).contains("no relay answers"), "{}", text(&output.stderr));
    }
}

#[test]
fn where_nothing_can_be_written_chat_says_so() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let output = Command::new(env!("CARGO_BIN_EXE_couplet"))
        .args(["--host=127.0.0.1:0"])
        .env_remove("COUPLET_RELAY")
        .env_remove("COUPLET_CODE")
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("it runs");
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("terminal"), "{}", text(&output.stderr));
}

#[test]
fn a_bad_code_is_told_in_one_sentence_wherever_it_was_given() {
    let said = "couplet: no code has the word oter; did you mean otter?\n";
    for (variable, args) in [
        ("", &["7-oter-lamp"][..]),
        ("", &["chat", "7-oter-lamp"]),
        ("", &["--code", "7-oter-lamp"]),
        ("7-oter-lamp", &["chat"]),
    ] {
        let output = couplet_with(variable, args);
        assert_eq!(output.status.code(), Some(2), "{variable} {args:?}");
        assert_eq!(text(&output.stderr), said, "{variable} {args:?}");
    }
}

#[test]
fn a_code_never_shows_in_the_help_or_in_complaints() {
    for args in [&["--help"][..], &["chat", "--help"], &["--nonsense"], &["--new", "--room", "x"]] {
        let output = couplet_with("7-reef-reef", args);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains("reef"), "{args:?}: {said}");
    }
    let output = couplet(&["7-reef-reef", "--new"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!text(&output.stderr).contains("reef"), "{}", text(&output.stderr));
}

/// `couplet relays` with the data directory `data`; status, standard output, standard error.
fn relays(data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_couplet"))
        .arg("relays")
        .args(args)
        // Options of chat that come from the environment are no obstacle.
        .env("COUPLET_RELAY", "elsewhere:1")
        .env("COUPLET_TLS", "never")
        .env("XDG_DATA_HOME", data)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn known_relays_are_listed_and_forgotten_without_a_terminal() {
    let data = tempfile::tempdir().expect("a directory");
    let (status, out, _) = relays(data.path(), &[]);
    assert!(status == Some(0) && out.contains("no relay is remembered"), "{out}");
    assert!(!data.path().join("couplet").exists(), "looking makes nothing");
    let store = KnownRelays::at(data.path().join("couplet/known_relays"));
    let (one, two) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
    store.remember("Relay.example:3647", one).expect("written");
    store.remember("[::1]:80", two).expect("written");
    let (status, out, _) = relays(data.path(), &[]);
    assert_eq!(status, Some(0));
    assert_eq!(out, format!("relay.example:3647  {one}\n[::1]:80            {two}\n"));
    // The port and the letters are as for --relay.
    let (status, out, _) = relays(data.path(), &["forget", "RELAY.example"]);
    assert!(status == Some(0) && out.contains("forgotten"), "{out}");
    let (status, out, said) = relays(data.path(), &["forget", "relay.example"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(said.contains("relay.example:3647 isn't among"), "{said}");
    assert_eq!(store.list().expect("read").len(), 1);
    let (status, ..) = relays(data.path(), &["forget"]);
    assert_eq!(status, Some(2));
    let (status, ..) = relays(data.path(), &["forget", "relay:http"]);
    assert_eq!(status, Some(2));
}
