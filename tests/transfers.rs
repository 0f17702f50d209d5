//! Files between two engines through a real relay: every way that ends well, and every way that
//! doesn't.

mod support;

use couplet::session::Peer;
use couplet::transfer::book::{TransferId, TransferInfo, TransferState};
use couplet_ui::engine::{Command, Event, Outgoing};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use support::contents;
use support::headless::Client;
use support::raw::{Answered, RawPeer};
use support::relay::Relay;

const MIB: usize = 1024 * 1024;

/// Two clients that have met, and a directory for each.
struct Pair {
    _relay: Relay,
    _dir: tempfile::TempDir,
    a: Client,
    b: Client,
    /// Where `a` keeps what it sends.
    files: PathBuf,
    /// Where `b` puts what it gets.
    downloads: PathBuf,
}

impl Pair {
    async fn new() -> Self {
        let relay = Relay::start(&[]);
        let dir = tempfile::tempdir().expect("a directory");
        let (files, downloads) = (dir.path().join("files"), dir.path().join("downloads"));
        fs::create_dir(&files).expect("a directory");
        let [a, b] = Client::pair(&relay.address, [&files, &downloads]).await;
        Self { _relay: relay, _dir: dir, a, b, files, downloads }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.files.join(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    /// A file that takes a while to send, and nothing to make.
    fn sparse(&self, name: &str, gib: u64) -> PathBuf {
        let path = self.files.join(name);
        let file = fs::File::create(&path).expect("created");
        file.set_len(gib << 30).expect("a file system with sparse files");
        path
    }

    /// Offers a file; gives its number at each side.
    async fn offer(&mut self, path: &Path) -> (TransferId, TransferId) {
        let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        self.a.tell(Command::Send(Outgoing::Each(vec![path.to_owned()]))).await;
        (self.a.offered(&name).await, self.b.offered(&name).await)
    }

    async fn send(&mut self, path: &Path) -> (TransferState, TransferState) {
        let (at_a, at_b) = self.offer(path).await;
        self.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
        (self.a.ended(at_a).await, self.b.ended(at_b).await)
    }
}

fn verified(name: &str) -> TransferState {
    TransferState::Verified { saved_as: name.to_owned(), left_out: Vec::new(), left_out_count: 0 }
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .map(|entries| {
            entries
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// Waits for what happens beside the events, such as that files are put away.
async fn eventually(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, waiting).await.expect("it never came to be so");
}

fn failed(state: &TransferState, with: &str) -> bool {
    matches!(state, TransferState::Failed { reason, .. } if reason.contains(with))
}

#[tokio::test]
async fn each_path_is_told_apart_from_others_of_its_name() {
    let mut pair = Pair::new().await;
    for folder in ["one", "two"] {
        fs::create_dir(pair.files.join(folder)).expect("a directory");
    }
    let one = pair.write("one/a.txt", b"one");
    let two = pair.write("two/a.txt", b"the other");
    let missing = pair.files.join("three/a.txt");
    let all = vec![one.clone(), missing.clone(), two.clone()];
    pair.a.tell(Command::Send(Outgoing::Each(all))).await;
    for (path, size) in [(one, 3), (two, 9)] {
        let offered = |event: &Event| {
            let Event::Offered { id, paths } = event else { return None };
            (*paths == [path.clone()]).then_some(*id)
        };
        let id = pair.a.next_of_all(offered).await;
        let sized = |of, info: &TransferInfo| (of == id).then_some(info.offer.size);
        assert_eq!(pair.a.transfer(sized).await, Some(size), "{}", path.display());
    }
    let not_offered = |event: &Event| {
        let Event::NotOffered { paths, .. } = event else { return None };
        Some(paths.clone())
    };
    assert_eq!(pair.a.next_of_all(not_offered).await, [missing]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_shape_of_size_arrive_identical() {
    let mut pair = Pair::new().await;
    for size in [0, 1, 1000, MIB - 1, MIB, MIB + 1, 9 * MIB + 5] {
        let name = format!("file-{size}");
        let bytes = contents(size, size as u64);
        let path = pair.write(&name, &bytes);
        assert_eq!(pair.send(&path).await, (verified(&name), verified(&name)));
        assert!(fs::read(pair.downloads.join(&name)).expect("there") == bytes, "{name} differs");
        // Both sides know by which hash it was checked.
        for client in [&mut pair.a, &mut pair.b] {
            let hash = |event: &Event| {
                if let Event::Hash { hash, .. } = event { Some(*hash) } else { None }
            };
            let told = client.next_of_all(hash).await;
            assert_eq!(told, *blake3::hash(&bytes).as_bytes(), "{name}");
        }
    }
    assert!(!entries(&pair.downloads).iter().any(|name| name.starts_with(".couplet")));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_files_at_once_in_both_directions_accepted_in_any_order() {
    let mut pair = Pair::new().await;
    let names: Vec<_> = (0..20).map(|number| format!("f{number:02}.bin")).collect();
    let mut paths = Vec::new();
    for (number, name) in names.iter().enumerate() {
        paths.push(pair.write(name, &contents(300_000 * number, number as u64)));
    }
    let back = pair.downloads.join("back.bin");
    fs::create_dir_all(&pair.downloads).expect("a directory");
    fs::write(&back, contents(5_000_000, 99)).expect("written");

    pair.a.tell(Command::Send(Outgoing::Each(paths))).await;
    pair.b.tell(Command::Send(Outgoing::Each(vec![back]))).await;
    let mut ids = Vec::new();
    for name in &names {
        ids.push((pair.a.offered(name).await, pair.b.offered(name).await));
    }
    let back_at_a = pair.a.offered("back.bin").await;
    pair.a.tell(Command::Accept { id: Some(back_at_a), on_collision: None }).await;
    // 7 and 20 have no common factor, so this takes each once, in a scattered order.
    for step in 0..20 {
        let (_, at_b) = ids[step * 7 % 20];
        pair.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    }
    // The chat goes on meanwhile.
    pair.a.say("while they move").await;
    assert_eq!(pair.b.words().await, "while they move");
    for ((at_a, at_b), name) in ids.into_iter().zip(&names) {
        assert_eq!(pair.a.ended(at_a).await, verified(name));
        assert_eq!(pair.b.ended(at_b).await, verified(name));
    }
    assert_eq!(pair.a.ended(back_at_a).await, verified("back.bin"));
    for (number, name) in names.iter().enumerate() {
        let expected = contents(300_000 * number, number as u64);
        assert!(fs::read(pair.downloads.join(name)).expect("there") == expected, "{name}");
    }
    assert!(fs::read(pair.files.join("back.bin")).expect("there") == contents(5_000_000, 99));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_file_is_never_overwritten_and_the_new_name_is_said_to_both() {
    let mut pair = Pair::new().await;
    fs::create_dir_all(&pair.downloads).expect("a directory");
    fs::write(pair.downloads.join("notes.tar.gz"), "old").expect("written");
    let path = pair.write("notes.tar.gz", b"new");
    let name = "notes (2).tar.gz";
    assert_eq!(pair.send(&path).await, (verified(name), verified(name)));
    assert_eq!(fs::read(pair.downloads.join("notes.tar.gz")).expect("there"), b"old");
    assert_eq!(fs::read(pair.downloads.join(name)).expect("there"), b"new");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_on_both_sides_and_reaches_the_end() {
    let mut pair = Pair::new().await;
    let size = 64 * 1024 * 1024;
    let path = pair.write("big", &contents(size, 1));
    let (at_a, at_b) = pair.offer(&path).await;
    pair.b.tell(Command::Accept { id: None, on_collision: None }).await;
    for (client, id) in [(&mut pair.a, at_a), (&mut pair.b, at_b)] {
        client
            .next_of_all(|event| {
                let Event::Progress(progress) = event else { return None };
                let whole = progress.done == progress.size && progress.size == size as u64;
                (progress.id == id && whole).then_some(())
            })
            .await;
        assert_eq!(client.ended(id).await, verified("big"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_named_at_once_and_nothing_is_offered() {
    let mut pair = Pair::new().await;
    let fifo = pair.files.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
    assert!(made.success());
    let long = pair.files.join("x".repeat(200) + "\u{202e}.txt");
    fs::write(&long, "x").expect("written");
    let cases = [
        (pair.files.join("missing"), "there is no file"),
        (PathBuf::from("/dev/zero"), "a device, pipe or socket"),
        (fifo, "a device, pipe or socket"),
        (long, "hidden or misleading"),
    ];
    for (path, expected) in cases {
        pair.a.tell(Command::Send(Outgoing::Each(vec![path]))).await;
        let text = pair.a.trouble().await;
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains('\u{202e}'));
    }
    // The line is as good as before.
    let path = pair.write("good", b"good");
    assert_eq!(pair.send(&path).await, (verified("good"), verified("good")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_vanishes_or_changes_after_the_offer_fails_on_both_sides() {
    let mut pair = Pair::new().await;
    let gone = pair.write("gone", b"here for now");
    let (at_a, at_b) = pair.offer(&gone).await;
    fs::remove_file(&gone).expect("removed");
    pair.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    let (sent, received) = (pair.a.ended(at_a).await, pair.b.ended(at_b).await);
    assert!(failed(&sent, "was moved or removed"), "{sent:?}");
    assert!(failed(&received, "was moved or removed"), "{received:?}");

    let changed = pair.write("changed", b"one");
    let (at_a, at_b) = pair.offer(&changed).await;
    fs::write(&changed, "another").expect("written");
    pair.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    assert!(failed(&pair.a.ended(at_a).await, "has changed"));
    assert!(failed(&pair.b.ended(at_b).await, "has changed"));
    assert_eq!(entries(&pair.downloads), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_moves_is_never_verified() {
    let mut pair = Pair::new().await;
    let path = pair.sparse("growing", 8);
    let (at_a, at_b) = pair.offer(&path).await;
    pair.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    // Once bytes move, it is cut to half.
    pair.b.moving(at_b).await;
    let file = fs::OpenOptions::new().write(true).open(&path).expect("opened");
    file.set_len(10 * 1024 * 1024).expect("cut");
    let (sent, received) = (pair.a.ended(at_a).await, pair.b.ended(at_b).await);
    assert!(failed(&sent, "growing"), "{sent:?}");
    assert!(failed(&received, "growing"), "{received:?}");
    assert_eq!(entries(&pair.downloads), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_declined_taken_back_and_cancelled_while_moving() {
    let mut pair = Pair::new().await;
    let path = pair.sparse("big", 64);

    let (at_a, at_b) = pair.offer(&path).await;
    pair.b.tell(Command::Decline(None)).await;
    assert_eq!(pair.a.ended(at_a).await, TransferState::Declined);
    assert_eq!(pair.b.ended(at_b).await, TransferState::Declined);

    let (at_a, at_b) = pair.offer(&path).await;
    pair.a.tell(Command::Cancel { id: None, keep: true }).await;
    assert_eq!(pair.a.ended(at_a).await, TransferState::Cancelled { by_peer: false });
    assert_eq!(pair.b.ended(at_b).await, TransferState::Cancelled { by_peer: true });

    for receiver_cancels in [true, false] {
        let (at_a, at_b) = pair.offer(&path).await;
        pair.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
        pair.b.moving(at_b).await;
        let (canceller, other) = if receiver_cancels {
            ((&mut pair.b, at_b), (&mut pair.a, at_a))
        } else {
            ((&mut pair.a, at_a), (&mut pair.b, at_b))
        };
        // The receiver's user doesn't want what has come; the sender's has no say in that.
        canceller.0.tell(Command::Cancel { id: None, keep: !receiver_cancels }).await;
        let by_us = canceller.0.ended(canceller.1).await;
        assert_eq!(by_us, TransferState::Cancelled { by_peer: false });
        // The broken pipe may be seen first; the peer's word for it comes in any case.
        let cancelled = TransferState::Cancelled { by_peer: true };
        other.0.transfer(|id, info| (id == other.1 && info.state == cancelled).then_some(())).await;
        let parts = usize::from(!receiver_cancels);
        eventually(|| entries(&pair.downloads).len() == parts).await;
    }
    pair.b.leaves().await;
    pair.a.peer(|peer| peer == couplet::session::Peer::Gone).await;
    assert_eq!(entries(&pair.downloads).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downloads_directory_that_is_none_is_said_and_the_offer_stays_open() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let no_dir = dir.path().join("file");
    fs::write(&no_dir, "").expect("written");
    let path = dir.path().join("photo.png");
    fs::write(&path, "x").expect("written");
    let [a, mut b] = Client::pair(&relay.address, [dir.path(), &no_dir]).await;
    a.tell(Command::Send(Outgoing::Each(vec![path]))).await;
    let at_b = b.offered("photo.png").await;
    b.tell(Command::Accept { id: None, on_collision: None }).await;
    let said = b.trouble().await;
    assert!(said.contains("--downloads"), "{said}");
    // Once that is mended it can be accepted.
    fs::remove_file(&no_dir).expect("removed");
    b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    assert_eq!(b.ended(at_b).await, verified("photo.png"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_fit_is_refused_before_a_byte_moves() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let downloads = dir.path().join("downloads");
    let mut b = Client::start(&relay.address, &downloads);
    b.peer(|peer| peer == Peer::Waiting).await;
    // Nobody here has so much to send.
    let huge = json!({ "name": "huge", "form": "file", "size": 1_u64 << 60, "entries": 1 });
    let a = tokio::task::spawn_blocking(move || {
        let mut a = RawPeer::join(&relay.address);
        a.offer(1, &huge);
        a.answered(1)
    });
    let at_b = b.offered("huge").await;
    b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    let said = b.trouble().await;
    assert!(said.contains("the disk is too full"), "{said}");
    b.tell(Command::Decline(Some(at_b))).await;
    assert_eq!(a.await.expect("no panic"), Answered::Declined);
    assert_eq!(entries(&downloads), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_killed_and_stays_away_leaves_a_part_to_go_on_from() {
    let mut pair = Pair::new().await;
    let path = pair.sparse("big", 64);
    let (_, at_b) = pair.offer(&path).await;
    pair.b.tell(Command::Accept { id: Some(at_b), on_collision: None }).await;
    pair.b.moving(at_b).await;
    // Dropping an engine is what a crash does.
    drop(pair.a);
    assert_eq!(pair.b.ended(at_b).await, TransferState::Withdrawn);
    let left = entries(&pair.downloads);
    assert!(left.len() == 1 && left[0].starts_with(".couplet-"), "{left:?}");
}
