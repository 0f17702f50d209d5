//! The command line of the real program, where it needs no relay and no terminal.

use std::process::{Command, Output, Stdio};

fn couplet(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_couplet"))
        .args(args)
        .env_remove("COUPLET_RELAY")
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
        for option in ["--relay", "--host", "--room", "--name", "--downloads"] {
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
    ] {
        let output = couplet(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(said), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn without_a_terminal_chat_says_so() {
    let output = couplet(&[]);
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("terminal"), "{}", text(&output.stderr));
}
