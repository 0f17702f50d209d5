//! Clients and a relay over TLS: talking, files, the first meeting and the change of a certificate.

mod support;

use couplet::fingerprint::Fingerprint;
use couplet::message::Role;
use couplet::session::{Ending, Event as SessionEvent};
use couplet::transfer::book::TransferState;
use couplet_relay::config::Config;
use couplet_relay::server;
use couplet_relay::tls::TlsIdentity;
use couplet_ui::engine::{Command, Outgoing, TlsChoice};
use couplet_ui::known_relays::KnownRelays;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use support::headless::Client;
use support::relay::Relay;
use support::terminal::Terminal;
use support::{contents, program};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

fn temp() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// A relay in this process at `listen`, which ends with the token's guard.
async fn relay(listen: &str) -> (String, Fingerprint, tokio_util::sync::DropGuard) {
    let identity = TlsIdentity::for_this_run().expect("a certificate");
    let fingerprint = identity.fingerprint();
    let config = Config { listen: listen.to_owned(), tls: Some(identity), ..Config::default() };
    let listener = server::listen(&config.listen).await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let shutdown = CancellationToken::new();
    tokio::spawn(server::run(config, listener, shutdown.clone()));
    (address, fingerprint, shutdown.drop_guard())
}

/// A client that speaks TLS and remembers relays in `known`.
fn client(relay: &str, downloads: &Path, known: Option<PathBuf>) -> Client {
    Client::start_with(relay, downloads, |options| {
        options.tls = TlsChoice::Always;
        options.known_relays = known;
    })
}

async fn notice(client: &mut Client) -> String {
    client
        .next(|event| {
            let SessionEvent::Notice(text) = event else { return None };
            Some(text.clone())
        })
        .await
}

async fn ending(client: &mut Client) -> Ending {
    client
        .next(|event| {
            let SessionEvent::Ended(ending) = event else { return None };
            Some(ending.clone())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_talk_and_pass_a_file_over_tls() {
    let (relay, fingerprint, _relay) = relay("127.0.0.1:0").await;
    let (ann_dir, bob_dir) = (temp(), temp());
    let known = ann_dir.path().join("known_relays");
    let mut ann = client(&relay, ann_dir.path(), Some(known.clone()));
    assert!(notice(&mut ann).await.contains(&fingerprint.to_string()));
    ann.next(|event| matches!(event, SessionEvent::Seated { .. }).then_some(())).await;
    // A plain client and one over TLS meet like any two.
    let mut bob = Client::start(&relay, bob_dir.path());
    ann.role(Role::Emi).await;
    for turn in 0..5 {
        let long = "word ".repeat(5_000);
        ann.say(&format!("{turn} {long}")).await;
        assert!(bob.words().await.starts_with(&turn.to_string()));
        bob.say("heard").await;
        assert_eq!(ann.words().await, "heard");
    }
    let file = ann_dir.path().join("picture");
    std::fs::write(&file, contents(3_000_000, 7)).expect("written");
    ann.tell(Command::Send(Outgoing::Each(vec![file]))).await;
    let id = bob.offered("picture").await;
    bob.tell(Command::Accept { id: Some(id), on_collision: None }).await;
    let ended = bob.ended(id).await;
    assert!(matches!(ended, TransferState::Verified { .. }), "{ended:?}");
    let list = KnownRelays::at(known).list().expect("a list");
    assert_eq!((list.len(), list[0].fingerprint), (1, fingerprint));
    ann.leaves().await;
    bob.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_certificate_ends_the_session_until_it_is_forgotten() {
    let dir = temp();
    let known = dir.path().join("known_relays");
    let (address, fingerprint, relay_at_first) = relay("127.0.0.1:0").await;
    let mut ann = client(&address, dir.path(), Some(known.clone()));
    notice(&mut ann).await;
    ann.leaves().await;
    let (other_address, other, _other) = relay("127.0.0.1:0").await;
    // The other relay is known by the first one's certificate, as if it had taken its place.
    let store = KnownRelays::at(known.clone());
    store.remember(&other_address, fingerprint).expect("a list");
    let before = std::fs::read(&known).expect("a list");
    let mut ann = client(&other_address, dir.path(), Some(known.clone()));
    let Ending::Distrusted { text } = ending(&mut ann).await else { panic!("not distrusted") };
    for part in [fingerprint.to_string(), other.to_string(), other_address.clone()] {
        assert!(text.contains(&part), "{part} in {text}");
    }
    assert_eq!(std::fs::read(&known).expect("a list"), before);
    assert!(store.forget(&other_address).expect("a list"));
    let mut ann = client(&other_address, dir.path(), Some(known));
    assert!(notice(&mut ann).await.contains(&other.to_string()));
    ann.leaves().await;
    drop(relay_at_first);
}

#[test]
fn the_programs_refuse_a_changed_certificate_with_status_8() {
    let dir = temp();
    let known = dir.path().join(".data/couplet/known_relays");
    let at = |relay: &str| {
        Terminal::run("ann", (100, 30), dir.path(), &["--relay", relay, "--tls", "always"])
    };
    let relay = Relay::start(&[]);
    let address = relay.address.clone();
    let mut ann = at(&address);
    ann.sees("for the first time");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
    let before = std::fs::read_to_string(&known).expect("a list");
    assert!(before.starts_with(&address), "{before}");
    // Where it was, another one: it has other data.
    relay.interrupt();
    assert!(relay.wait().success());
    let relay = Relay::start_at(&address, &[]);
    let (status, screen) = at(&address).ends();
    assert_eq!(status, 8, "{screen}");
    assert!(screen.contains("another certificate"), "{screen}");
    assert_eq!(std::fs::read_to_string(&known).expect("a list"), before);
    let forgotten = Process::new(program("couplet"))
        .args(["relays", "forget", &address])
        .env("XDG_DATA_HOME", dir.path().join(".data"))
        .output()
        .expect("it runs");
    assert!(forgotten.status.success());
    let mut ann = at(&address);
    ann.sees("for the first time");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
    drop(relay);
}
