//! Sealed end to end, against somebody between: what a relay sees, what one in the middle gets, and
//! what becomes of a pipe that is tampered with.

mod support;

use couplet::message::RoomName;
use couplet::session::{Ending, Event as SessionEvent, Meet, Seal, Verdict};
use couplet::transfer::book::TransferState;
use couplet_ui::engine::{Command, Outgoing};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use support::contents;
use support::headless::Client;
use support::middle::{Deed, Meddle, Middle};
use support::relay::Relay;
use support::terminal::Terminal;

/// Whether any `run` bytes in a row of the secret were recorded.
fn leaks(recorded: &[Vec<u8>], secret: &[u8]) -> bool {
    const RUN: usize = 8;
    let runs: HashSet<&[u8]> = secret.windows(RUN).collect();
    recorded.iter().any(|bytes| bytes.windows(RUN).any(|window| runs.contains(window)))
}

#[test]
fn a_relay_that_records_everything_holds_nothing_of_it() {
    let relay = Relay::start(&[]);
    let middle = Middle::looking(&relay.address);
    let root = tempfile::tempdir().expect("a directory");
    let [ann_dir, bob_dir] = ["ann", "bob"].map(|name| root.path().join(name));
    fs::create_dir(&ann_dir).expect("a directory");
    fs::create_dir(&bob_dir).expect("a directory");
    let words = "under the third stone";
    let answer = "nobody else must know";
    let name = "lighthouse-construction-drawings.bin";
    let content = contents(3_000_000, 11);
    fs::write(ann_dir.join(name), &content).expect("written");

    let mut ann = Terminal::client("ann", &middle.address, &ann_dir);
    ann.sees("seat 1");
    let mut bob = Terminal::client("bob", &middle.address, &bob_dir);
    ann.sees("YOUR TURN  emi");
    ann.line(words);
    bob.sees(words);
    bob.sees("YOUR TURN  emi");
    bob.line(answer);
    ann.sees(answer);
    ann.line(&format!("/send {name}"));
    bob.sees("/accept 1");
    bob.line("/accept 1");
    for screen in [&ann, &bob] {
        screen.sees("verified ✓");
    }
    assert!(fs::read(bob_dir.join("downloads").join(name)).expect("there") == content);

    let recorded = middle.recorded();
    let bytes: usize = recorded.iter().map(Vec::len).sum();
    assert!(bytes > 2 * content.len(), "the recorder saw only {bytes} bytes");
    for secret in [words.as_bytes(), answer.as_bytes(), name.as_bytes(), &content] {
        assert!(!leaks(&recorded, secret), "{:?} was seen", &secret[..8]);
    }
    // And it does find what isn't sealed.
    assert!(leaks(&recorded, br#"{"type":"open_pipe""#));
}

/// Two relays with an accomplice at each: a relay in the middle, with an exchange of its own on
/// either side.
struct InTheMiddle {
    _relays: [Relay; 2],
    victims: [Client; 2],
    accomplices: [Client; 2],
}

impl InTheMiddle {
    async fn new(dir: &Path, room: Option<&str>, code: &str, guess: &str) -> Self {
        let relays = [Relay::start(&[]), Relay::start(&[])];
        let meet = || match room {
            Some(room) => Meet::In(RoomName::new(room).expect("a name")),
            None => Meet::Anybody,
        };
        let mut victims =
            relays.each_ref().map(|relay| Client::start_to_meet(&relay.address, dir, meet(), code));
        for victim in &mut victims {
            let seated =
                |event: &SessionEvent| matches!(event, SessionEvent::Seated { .. }).then_some(());
            victim.next(seated).await;
        }
        let accomplices = relays
            .each_ref()
            .map(|relay| Client::start_to_meet(&relay.address, dir, meet(), guess));
        Self { _relays: relays, victims, accomplices }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_in_the_middle_shows_by_the_words_where_there_is_no_code() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut middle = InTheMiddle::new(dir.path(), None, "", "").await;
    let [one, two] = &mut middle.victims;
    assert_ne!(one.sealed().await, two.sealed().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_in_the_middle_fails_on_both_sides_where_there_is_a_code() {
    let dir = tempfile::tempdir().expect("a directory");
    let middle = InTheMiddle::new(dir.path(), Some("7"), "otter-lamp", "otter-lamb").await;
    for mut victim in middle.victims {
        let text = victim.trouble().await;
        assert!(text.contains("wrong code"), "{text}");
        // It is never sealed, and the room is still there.
        let seal = victim
            .next(|event| {
                let SessionEvent::Seal(seal) = event else { return None };
                (!matches!(seal, Seal::Agreeing | Seal::Failed)).then_some(*seal)
            })
            .await;
        assert_eq!(seal, Seal::Nobody);
    }
    for mut accomplice in middle.accomplices {
        let ending = accomplice.ending().await;
        assert!(matches!(ending, Ending::WrongCode { .. }), "{ending:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_are_the_same_and_each_user_marks_the_other() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let meet = || Meet::In(RoomName::new("7").expect("a name"));
    let mut one = Client::start_to_meet(&relay.address, dir.path(), meet(), "otter-lamp");
    let mut two = Client::start_to_meet(&relay.address, dir.path(), meet(), "otter-lamp");
    let words = one.sealed().await;
    assert_eq!(two.sealed().await, words);
    one.tell(Command::Compare).await;
    two.next(|event| (*event == SessionEvent::PeerCompares).then_some(())).await;
    one.tell(Command::Verify(Verdict::Same)).await;
    let verified = Seal::Sealed { words, by_code: true, verdict: Some(Verdict::Same) };
    one.next(|event| (*event == SessionEvent::Seal(verified)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_a_full_room_is_taken() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let meet = || Meet::In(RoomName::new("7").expect("a name"));
    let mut host = Client::start_to_meet(&relay.address, dir.path(), meet(), "otter-lamp");
    host.next(|event| matches!(event, SessionEvent::Seated { .. }).then_some(())).await;
    let mut endings = Vec::new();
    for guess in ["acid", "acorn", "acre", "acts", "afar"] {
        let mut guesser = Client::start_to_meet(&relay.address, dir.path(), meet(), guess);
        let ending = guesser.ending().await;
        let burnt = matches!(ending, Ending::WrongCode { .. });
        if burnt {
            host.trouble().await;
        }
        endings.push(ending);
    }
    assert!(endings[..4].iter().all(|ending| matches!(ending, Ending::WrongCode { .. })));
    let Ending::Refused { code, text, .. } = &endings[4] else { panic!("{endings:?}") };
    assert_eq!(*code, couplet::message::ErrorCode::SlowDown);
    assert!(text.contains("try again in"), "{text}");

    // In a room of its own, two sit and a third is told so.
    let meet = || Meet::In(RoomName::new("8").expect("a name"));
    let mut pair = Vec::new();
    for _ in 0..2 {
        pair.push(Client::start_to_meet(&relay.address, dir.path(), meet(), "otter-lamp"));
    }
    for client in &mut pair {
        client.sealed().await;
    }
    let mut third = Client::start_to_meet(&relay.address, dir.path(), meet(), "otter-lamp");
    let ending = third.ending().await;
    let Ending::Refused { code, .. } = ending else { panic!("{ending:?}") };
    assert_eq!(code, couplet::message::ErrorCode::RoomTaken);
}

/// A record long enough to be a chunk of a file.
const CHUNK: usize = 100_000;

/// Sends files one after the other through somebody who meddles; gives how each ended at the
/// receiver, and what lies in its downloads directory then.
async fn meddled(files: &[&str], meddle: Box<Meddle>) -> (Vec<TransferState>, Vec<String>) {
    let relay = Relay::start(&[]);
    let middle = Middle::meddling(&relay.address, meddle);
    let root = tempfile::tempdir().expect("a directory");
    let (source, downloads) = (root.path().join("files"), root.path().join("downloads"));
    fs::create_dir(&source).expect("a directory");
    let [mut a, mut b] = Client::pair(&middle.address, [&source, &downloads]).await;
    let mut states = Vec::new();
    for (number, name) in files.iter().enumerate() {
        let path = source.join(name);
        fs::write(&path, contents(8 << 20, number as u64)).expect("written");
        a.tell(Command::Send(Outgoing::Each(vec![path]))).await;
        let id = b.offered(name).await;
        b.tell(Command::Accept { id: Some(id), on_collision: None }).await;
        let state = b.ended(id).await;
        if !matches!(state, TransferState::Verified { .. }) {
            // The sender is told, too.
            let sent = a
                .transfer(|_, info| {
                    let this = info.name().as_str() == *name;
                    (this && info.state.is_over()).then(|| info.state.clone())
                })
                .await;
            assert!(matches!(sent, TransferState::Failed { .. }), "{sent:?}");
        }
        states.push(state);
    }
    let left = fs::read_dir(&downloads).map_or_else(
        |_| Vec::new(),
        |entries| {
            let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
            entries.map(|entry| name(entry.expect("an entry"))).collect()
        },
    );
    (states, left)
}

/// Does something to the chunks of the only file: it must fail, say `why`, and leave nothing.
async fn stopped(why: &str, mut deed: impl FnMut(usize, Vec<u8>) -> Deed + Send + 'static) {
    let mut chunk = 0;
    let meddle = move |_, record: Vec<u8>| {
        if record.len() < CHUNK {
            return Deed::Send(vec![record]);
        }
        chunk += 1;
        deed(chunk, record)
    };
    let (states, left) = meddled(&["file"], Box::new(meddle)).await;
    let TransferState::Failed { reason, .. } = &states[0] else { panic!("{states:?}") };
    assert!(reason.contains(why), "{reason}");
    assert!(left.is_empty(), "{left:?} is left in the downloads directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_on_a_live_pipe_is_named_and_nothing_is_kept() {
    for at in [4, 5, 9, 17, 60, 99_000] {
        let why = match at {
            5 => "another pipe",
            9 => "wrong order",
            _ => "altered on the way",
        };
        stopped(why, move |chunk, mut record| {
            if chunk == 3 {
                record[at] ^= 0x10;
            }
            Deed::Send(vec![record])
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_left_out_of_a_live_pipe_is_named_and_nothing_is_kept() {
    stopped("missing or in the wrong order", |chunk, record| {
        Deed::Send(if chunk == 3 { Vec::new() } else { vec![record] })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_in_another_order_are_named_and_nothing_is_kept() {
    let mut held = None;
    stopped("missing or in the wrong order", move |chunk, record| {
        if chunk == 3 {
            held = Some(record);
            return Deed::Send(Vec::new());
        }
        Deed::Send([Some(record), held.take()].into_iter().flatten().collect())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_record_is_named_and_nothing_is_kept() {
    stopped("a second time", |chunk, record| {
        Deed::Send(if chunk == 3 { vec![record.clone(), record] } else { vec![record] })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_is_cut_off_is_replaced_and_the_file_comes_whole() {
    let mut chunk = 0;
    let meddle = move |_, record: Vec<u8>| {
        let is_chunk = record.len() >= CHUNK;
        chunk += usize::from(is_chunk);
        // A cut is nothing that only somebody who meddles can do.
        if is_chunk && chunk == 3 { Deed::Cut } else { Deed::Send(vec![record]) }
    };
    let (states, left) = meddled(&["file"], Box::new(meddle)).await;
    assert!(matches!(&states[0], TransferState::Verified { .. }), "{states:?}");
    assert_eq!(left, ["file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_pipe_in_another_are_named_and_nothing_is_kept() {
    let mut first: Option<(usize, Vec<Vec<u8>>)> = None;
    let mut chunk = 0;
    let meddle = move |pipe, record: Vec<u8>| {
        if record.len() < CHUNK {
            return Deed::Send(vec![record]);
        }
        let (of, records) = first.get_or_insert((pipe, Vec::new()));
        if *of == pipe {
            records.push(record.clone());
            return Deed::Send(vec![record]);
        }
        chunk += 1;
        // The same place in the order, but from the pipe before.
        Deed::Send(vec![if chunk == 3 { records[2].clone() } else { record }])
    };
    let (states, left) = meddled(&["first", "second"], Box::new(meddle)).await;
    assert!(matches!(&states[0], TransferState::Verified { .. }), "{states:?}");
    let TransferState::Failed { reason, .. } = &states[1] else { panic!("{states:?}") };
    assert!(reason.contains("of another pipe"), "{reason}");
    assert_eq!(left, ["first"]);
}
