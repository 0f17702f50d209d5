//! `couplet-relay account …` as real processes, with and without a relay on the same directory.
#![cfg(unix)]

use couplet_relay::accounts::{Accounts, FILE, LoginRefused};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn temp() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_couplet-relay"));
    command.env_remove("RUST_LOG").env_remove("COUPLET_PASSWORD").env("TZ", "UTC");
    command.arg("account").args(args).arg("--data").arg(data).stdin(Stdio::null());
    command
}

/// Without a terminal and without a password in the environment.
fn account(data: &Path, args: &[&str]) -> Output {
    command(data, args).output().expect("the program runs")
}

/// With this password in the environment.
fn account_with(data: &Path, args: &[&str], password: &str) -> Output {
    command(data, args).env("COUPLET_PASSWORD", password).output().expect("the program runs")
}

fn well(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.is_empty(), "{said}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// One sentence on standard error, and this status.
fn ill(output: &Output, status: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(output.stdout.is_empty());
    assert!(said.starts_with("couplet-relay: ") && said.lines().count() == 1, "{said}");
    said
}

/// A relay on that directory; it is killed with the test.
struct Relay(Child);

impl Relay {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_couplet-relay"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("a first line");
        let address = line.trim_end().strip_prefix("listening on ").expect("the first line");
        TcpStream::connect(address).expect("it serves");
        Self(child)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn lets_in(accounts: &std::sync::Arc<Accounts>, name: &str, password: &str) -> bool {
    match accounts.login(name, password.as_bytes(), HERE).await {
        Ok(_) => true,
        Err(LoginRefused::Wrong) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn accounts_are_made_changed_and_removed_beside_a_relay_that_runs() {
    let data = temp();
    let data = data.path();
    let _relay = Relay::start(data);
    // As a relay has them, which reads them before there are any.
    let accounts = Accounts::new(Some(data.to_owned())).expect("randomness");
    assert!(!accounts.any().await.expect("nothing is wrong"));

    let said = well(&account_with(data, &["add", "ann", "--rights", "get,put"], "correct horse"));
    assert_eq!(said, format!("made the account ann (get,put) in {}\n", data.display()));
    assert!(accounts.any().await.expect("it is whole"));
    let mut session = accounts.login("ann", b"correct horse", HERE).await.expect("she is let in");
    assert_eq!(session.rights().to_string(), "get,put");

    let said = well(&account(data, &["rights", "ann", "get"]));
    assert_eq!(said, "ann may now: get\n");
    assert_eq!(session.still_valid().await.expect("still").to_string(), "get");

    let said = well(&account_with(data, &["passwd", "ann"], "another horse"));
    assert_eq!(said, "changed the password of ann\n");
    let over = session.still_valid().await.expect_err("it was changed").to_string();
    assert!(over.contains("password of your account was changed"), "{over}");
    assert!(!lets_in(&accounts, "ann", "correct horse").await);
    assert!(lets_in(&accounts, "ann", "another horse").await);

    let said = well(&account(data, &["remove", "ann"]));
    let last = "; it was the last one, so a shelf asks nobody for a login from now on\n";
    assert_eq!(said, format!("removed the account ann{last}"));
    assert!(!lets_in(&accounts, "ann", "another horse").await);
    assert!(!accounts.any().await.expect("it is whole"));
}

#[test]
fn the_list_is_a_table_or_json_and_never_shows_a_hash() {
    let data = temp();
    let data = data.path();
    assert!(well(&account(data, &["list"])).contains("there are no accounts"));
    assert_eq!(std::fs::read_dir(data).expect("lists").count(), 0, "looking makes nothing");
    well(&account_with(data, &["add", "bob", "--rights", "get,put,delete"], "12345678"));
    well(&account_with(data, &["add", "ann-with-a-long-name"], "12345678"));
    let table = well(&account(data, &["list"]));
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("NAME                  RIGHTS          MADE"), "{table}");
    assert!(lines[1].starts_with("ann-with-a-long-name  get             20"), "{table}");
    assert!(lines[2].starts_with("bob                   get,put,delete  20"), "{table}");
    let json = well(&account(data, &["list", "--json"]));
    assert!(json.starts_with(r#"{"accounts":[{"changed_ms":"#), "{json}");
    assert!(json.contains(r#""name":"bob","rights":["get","put","delete"]"#), "{json}");
    assert!(!table.contains("argon") && !json.contains("argon"));
    assert_eq!(well(&account(data, &["remove", "bob"])), "removed the account bob\n");
}

#[test]
fn a_password_comes_from_a_file_or_standard_input_and_never_from_the_command_line() {
    let (data, elsewhere) = (temp(), temp());
    let data = data.path();
    let file = elsewhere.path().join("password");
    std::fs::write(&file, "from a file\nand more\n").expect("writes");
    let file = file.to_str().expect("text");
    // What is said goes before the environment.
    well(&account_with(data, &["add", "ann", "--password-file", file], "no"));
    let mut child = command(data, &["passwd", "ann", "--password-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("piped").write_all(b"from standard input").expect("it reads");
    assert_eq!(child.wait().expect("a status").code(), Some(0));

    let said = ill(&account(data, &["add", "bob"]), 2);
    assert!(said.contains("no terminal") && said.contains("COUPLET_PASSWORD"), "{said}");
    let said = ill(&account(data, &["add", "bob", "--password-file", "/nowhere/x"]), 2);
    assert!(said.contains("/nowhere/x can't be read"), "{said}");
    let said = ill(&account_with(data, &["add", "bob"], "1234567"), 2);
    assert!(said.contains("too short: it needs at least 8"), "{said}");
    let said = ill(&account_with(data, &["add", "bob"], &"x".repeat(257)), 2);
    assert!(said.contains("too long"), "{said}");
    let output = account(data, &["add", "bob", "--password", "12345678"]);
    assert_eq!(output.status.code(), Some(2), "there is no such option");
    assert!(!well(&account(data, &["list"])).contains("bob"));
}

#[test]
fn names_that_there_are_and_are_not_have_a_status_of_their_own() {
    let data = temp();
    let data = data.path();
    for command in [&["remove", "ann"][..], &["passwd", "ann"], &["rights", "ann", "get"]] {
        let said = ill(&account(data, command), 4);
        assert!(said.contains("there is no account ann"), "{said}");
    }
    well(&account_with(data, &["add", "ann"], "12345678"));
    // Before a password is asked for.
    let said = ill(&account(data, &["add", "ann"]), 4);
    assert!(said.contains("there is an account ann already"), "{said}");
    for command in [&["add", "Ann"][..], &["remove", "a/b"], &["rights", "ann", "all"]] {
        let output = account(data, command);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("expected"), "{said}");
    }
    let help = well(&account(data, &["--help"]));
    for part in ["add", "remove", "list", "passwd", "rights", "Exit status: 0 done; 1"] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

#[test]
fn what_is_wrong_with_the_file_is_one_sentence_and_it_stays_as_it_is() {
    let data = temp();
    let data = data.path();
    for contents in ["", "this is no database"] {
        std::fs::write(data.join(FILE), contents).expect("writes");
        for command in
            [&["list"][..], &["add", "ann"], &["remove", "ann"], &["rights", "ann", "get"]]
        {
            let said = ill(&account_with(data, command, "12345678"), 1);
            assert!(said.contains("are broken") && said.contains("move it away"), "{said}");
        }
        assert_eq!(std::fs::read_to_string(data.join(FILE)).expect("reads"), contents);
    }
    let said = ill(&account_with(&data.join(FILE), &["add", "ann"], "12345678"), 1);
    assert!(said.contains("can't be used"), "{said}");
}

/// Killed while it writes, again and again: what is there is always whole.
#[test]
fn a_command_that_is_killed_leaves_whole_accounts() {
    let data = temp();
    let data = data.path();
    well(&account_with(data, &["add", "ann"], "12345678"));
    let mut rights = "get".to_owned();
    for round in 0..12 {
        let wanted = if rights == "get" { "put" } else { "get" };
        let mut child = command(data, &["rights", "ann", wanted])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program runs");
        // Somewhere on its way: before, while or after it writes.
        for _ in 0..round * 400 {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().expect("a status");
        let table = well(&account(data, &["list"]));
        let now = table.lines().nth(1).and_then(|line| line.split_whitespace().nth(1));
        let now = now.expect("ann's rights").to_owned();
        assert!(now == rights || now == wanted, "{table}");
        rights = now;
    }
    well(&account_with(data, &["add", "bob"], "12345678"));
}
