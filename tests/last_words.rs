//! What is said while a session ends: each word was said, or goes back to the one who said it.

mod support;

use couplet::session::{Ending, Event as SessionEvent};
use couplet_ui::engine::{Command, Engine, Event};
use std::net::TcpListener;
use std::sync::Arc;
use support::PATIENCE;
use support::headless::Client;
use support::relay::Relay;
use tokio::sync::{Semaphore, mpsc};

/// How many words may be unanswered: more than fit into the engine's queue, so that there are always
/// some in it, and few enough for the engine to go on reading from the relay.
const UNANSWERED: usize = 128;

/// Says 1, 2, 3, … until nobody listens; gives how many were taken.
async fn says_on(commands: mpsc::Sender<Command>, answered: Arc<Semaphore>) -> u64 {
    let mut taken = 0;
    loop {
        answered.acquire().await.expect("it is never closed").forget();
        if commands.send(Command::Say(format!("{}", taken + 1))).await.is_err() {
            return taken;
        }
        taken += 1;
    }
}

/// Hears all there is, and when `enough` was taken back ends the relay; gives what was said or taken
/// back, and the ending.
async fn hears(
    mut events: mpsc::Receiver<Event>,
    answered: &Semaphore,
    (relay, enough): (&Relay, usize),
) -> (Vec<String>, Option<Ending>) {
    let (mut told, mut ending, mut back) = (Vec::new(), None, 0);
    while let Some(event) = events.recv().await {
        let Event::Session(event) = event else { continue };
        if let SessionEvent::Held { .. } | SessionEvent::TakenBack { .. } = event {
            answered.add_permits(1);
        }
        if let SessionEvent::TakenBack { .. } = event {
            back += 1;
            if back == enough {
                relay.interrupt();
            }
        }
        if let SessionEvent::TakenBack { text, .. } | SessionEvent::Said { text, .. } = event {
            told.push(text);
        } else if let SessionEvent::Ended(how) = event {
            ending = Some(how);
        }
    }
    (told, ending)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_word_that_was_taken_while_the_relay_ends_is_somewhere() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let mut alone = Client::start(&relay.address, dir.path());
    alone.next(|event| matches!(event, SessionEvent::Seated { .. }).then_some(())).await;
    let (Engine { commands, events }, rest) = alone.into_parts();
    let answered = Arc::new(Semaphore::new(UNANSWERED));
    let saying = tokio::spawn(says_on(commands, Arc::clone(&answered)));
    let hearing = hears(events, &answered, (&relay, 100));
    let (mut all, ending) = tokio::time::timeout(PATIENCE, hearing).await.expect("it ends");
    assert_eq!(ending, Some(Ending::RelayExit));
    let rest = rest.await.expect("what is left");
    all.extend(rest.unsaid);
    all.extend(rest.unread);
    let mut all: Vec<u64> = all.iter().map(|text| text.parse().expect("a number")).collect();
    all.sort_unstable();
    let taken = saying.await.expect("it has said");
    assert!(all.iter().copied().eq(1..=taken), "1 to {taken} once each, not {all:?}");
}

#[tokio::test]
async fn what_is_said_behind_the_last_command_comes_back() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("its address").to_string();
    let dir = tempfile::tempdir().expect("a directory");
    let (mut engine, rest) = Client::start(&address, dir.path()).into_parts();
    // The engine begins to read when this waits for it.
    let spoken = ["one", "two", "three"];
    for command in [Command::Say("zero".to_owned()), Command::Fin] {
        engine.commands.try_send(command).expect("room");
    }
    for text in spoken {
        engine.commands.try_send(Command::Say(text.to_owned())).expect("room");
    }
    let ending = async {
        while let Some(event) = engine.events.recv().await {
            if let Event::Session(SessionEvent::Ended(ending)) = event {
                return Some(ending);
            }
        }
        None
    };
    assert_eq!(tokio::time::timeout(PATIENCE, ending).await, Ok(Some(Ending::Fin)));
    let rest = rest.await.expect("what is left");
    assert_eq!(rest.unsaid, ["zero"]);
    assert_eq!(rest.unread, spoken);
    assert!(!rest.goes_back);
}
