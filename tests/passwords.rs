//! Passwords as people give them: typed in real (pseudo-)terminals, and from a real keyring.
//!
//! The client's side is seen through the example `shelf_password`, which takes a password as
//! `couplet shelf` does. The keyring is GNOME's, on a session bus of its own: Debian's packages
//! `gnome-keyring` and `dbus` are needed, which the gate installs.
#![cfg(unix)]

mod support;

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use support::program;
use support::terminal::Terminal;
use tempfile::TempDir;

const SIZE: (u16, u16) = (100, 24);
const CLIENT: &str = "examples/shelf_password";
/// No bus is there, so no keyring.
const NO_BUS: (&str, &str) = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");

fn temp() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn client(dir: &Path, args: &[&str]) -> Terminal {
    Terminal::of(CLIENT, "client", SIZE, dir, args, &[NO_BUS])
}

fn account(dir: &Path, args: &[&str]) -> Terminal {
    let args: Vec<_> = ["account"].iter().chain(args).chain(&["--data", "data"]).copied().collect();
    Terminal::of("couplet-relay", "account", SIZE, dir, &args, &[])
}

#[test]
fn a_password_is_typed_unseen() {
    let dir = temp();
    let mut client = client(dir.path(), &["ann", "relay.example:3647"]);
    client.sees("password of ann at relay.example:3647 (it isn't shown):");
    client.keys("correct horse");
    assert!(!client.screen().contains("horse"), "{}", client.screen());
    client.line("");
    let (status, screen) = client.ends();
    assert_eq!(status, 0, "{screen}");
    // The example prints it, once.
    assert!(screen.contains("Typed: correct horse"), "{screen}");
    assert_eq!(screen.matches("horse").count(), 1, "{screen}");
}

#[test]
fn what_is_typed_may_be_nothing_or_none_and_ctrl_c_gives_the_terminal_back() {
    let dir = temp();
    for (typed, says) in [
        ("\r", "no password was typed"),
        ("\u{3}", "interrupted while the password was asked for"),
        ("\u{4}", "no password was typed"),
    ] {
        let mut client = client(dir.path(), &["ann", "relay:1"]);
        client.sees("(it isn't shown):");
        client.keys(typed);
        // That the terminal is as it was is checked there.
        let (status, screen) = client.ends();
        assert_eq!(status, 1, "{screen}");
        assert!(screen.contains(says), "{typed:?}: {screen}");
    }
}

#[test]
fn what_cannot_be_a_password_is_asked_for_again_a_few_times() {
    let dir = temp();
    let again = "too short: it needs at least 8 characters; type it again";
    let mut right = client(dir.path(), &["ann", "relay:1"]);
    let mut wrong = client(dir.path(), &["ann", "relay:1"]);
    for client in [&mut right, &mut wrong] {
        client.sees("(it isn't shown):");
        client.line("short");
        client.waits("asked again", |screen| screen.contents().matches("shown):").count() == 2);
        assert!(client.screen().contains(again), "{}", client.screen());
    }
    right.line("correct horse");
    let (status, screen) = right.ends();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("Typed: correct horse"), "{screen}");
    wrong.line("short");
    wrong.waits("asked again", |screen| screen.contents().matches("shown):").count() == 3);
    wrong.line("short");
    let (status, screen) = wrong.ends();
    assert_eq!(status, 1, "{screen}");
    assert!(screen.contains("what the terminal has can't be a password"), "{screen}");
}

#[test]
fn without_a_keyring_it_says_so_and_goes_on() {
    let dir = temp();
    let output = Command::new(program(CLIENT))
        .args(["ann", "relay:1", "remember"])
        .envs([NO_BUS, ("COUPLET_PASSWORD", "correct horse")])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[1].starts_with("there is no system keyring here ("), "{said}");
    assert!(lines[1].ends_with("), so the password isn't remembered"), "{said}");
}

#[test]
fn the_relays_command_asks_twice_and_shows_nothing() {
    let dir = temp();
    let mut added = account(dir.path(), &["add", "ann"]);
    added.sees("new password for ann (it isn't shown):");
    added.line("correct horse");
    added.sees("the same again:");
    added.line("correct horse");
    let (status, screen) = added.ends();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("made the account ann (get)"), "{screen}");
    assert!(!screen.contains("horse"), "{screen}");

    let mut differs = account(dir.path(), &["passwd", "ann"]);
    differs.sees("new password for ann");
    differs.line("another horse");
    differs.sees("the same again:");
    differs.line("another house");
    let (status, screen) = differs.ends();
    assert_eq!(status, 2, "{screen}");
    assert!(screen.contains("the two passwords differ"), "{screen}");

    let mut interrupted = account(dir.path(), &["passwd", "ann"]);
    interrupted.sees("new password for ann");
    interrupted.keys("anoth\u{3}");
    let (status, screen) = interrupted.ends();
    assert_eq!(status, 130, "{screen}");
    assert!(!screen.contains("anoth"), "{screen}");

    // Nobody is asked for a password in vain.
    let (status, screen) = account(dir.path(), &["add", "ann"]).ends();
    assert_eq!(status, 4, "{screen}");
    let (status, screen) = account(dir.path(), &["passwd", "bob"]).ends();
    assert_eq!(status, 4, "{screen}");
}

/// Runs a script on a bus of its own, with the directory as its home; gives what it printed.
///
/// A keyring's daemon may outlive the bus that had it started, and holds what it was given to write to:
/// so that is a file, whose end needn't be waited for, and the daemon is in the group that is killed.
fn on_a_bus(dir: &Path, script: &str) -> String {
    let run = dir.join("run");
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(&run).expect("made");
    let [out, err] = ["out", "err"].map(|name| dir.join(name));
    let mut session = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script])
        .envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"].map(|it| (it, dir)))
        .env("XDG_RUNTIME_DIR", &run)
        .env("CLIENT", program(CLIENT))
        .env_remove("COUPLET_PASSWORD")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .stdout(File::create(&out).expect("made"))
        .stderr(File::create(&err).expect("made"))
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("dbus-run-session: {error}; install Debian's package dbus"));
    let status = session.wait().expect("its end");
    let group = i32::try_from(session.id()).ok().and_then(Pid::from_raw).expect("a group");
    // There may be nobody left in it.
    let _ = kill_process_group(group, Signal::KILL);
    assert!(status.success(), "{}", fs::read_to_string(err).expect("text"));
    fs::read_to_string(out).expect("text")
}

#[test]
fn the_keyring_remembers_by_user_and_relay_and_forgets() {
    let dir = temp();
    let script = r#"
        set -e
        printf 'keyring' | gnome-keyring-daemon --unlock --components=secrets > /dev/null ||
            { echo "install Debian's package gnome-keyring"; exit; }
        COUPLET_PASSWORD='correct horse' "$CLIENT" ann relay:1 remember
        COUPLET_PASSWORD='another horse' "$CLIENT" bob relay:1 remember
        "$CLIENT" ann RELAY:1
        "$CLIENT" bob relay:1
        "$CLIENT" ann relay:2 2>&1 || echo 'none for ann elsewhere'
        COUPLET_PASSWORD='later horse' "$CLIENT" ann relay:1 remember
        COUPLET_PASSWORD='said by hand' "$CLIENT" ann relay:1 forget
        "$CLIENT" ann relay:1 again
        "$CLIENT" ann relay:1 forget
        "$CLIENT" ann relay:1 2>&1 || echo 'none for ann any more'
    "#;
    let said = on_a_bus(dir.path(), script);
    let nobody = "there is no terminal to ask for the password; give it with --password-file FILE (- is standard input), or in COUPLET_PASSWORD";
    let expected = [
        "Variable: correct horse",
        "remembered",
        "Variable: another horse",
        "remembered",
        "Keyring: correct horse",
        "Keyring: another horse",
        nobody,
        "none for ann elsewhere",
        "Variable: later horse",
        "remembered",
        // What the environment has isn't the keyring's fault.
        "Variable: said by hand",
        "forgotten: false",
        "Keyring: later horse",
        // A second try doesn't take the same wrong one again.
        nobody,
        "Keyring: later horse",
        "forgotten: true",
        nobody,
        "none for ann any more",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{said}");
}

/// In a later session the keyring is locked, and there is nobody to unlock it.
#[test]
fn a_locked_keyring_is_told_of_and_does_not_hold_up() {
    let dir = temp();
    let script = r#"
        printf 'keyring' | gnome-keyring-daemon --unlock --components=secrets > /dev/null
        COUPLET_PASSWORD='correct horse' "$CLIENT" ann relay:1 remember
    "#;
    assert!(on_a_bus(dir.path(), script).contains("remembered"));
    let script = r#"
        "$CLIENT" ann relay:1 2>&1
        COUPLET_PASSWORD='correct horse' "$CLIENT" ann relay:1 remember
    "#;
    let said = on_a_bus(dir.path(), script);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("there is no terminal to ask"), "{said}");
    let told =
        "the system keyring is locked; unlock it and try again, so the password isn't remembered";
    assert_eq!(lines[2], told);
}
