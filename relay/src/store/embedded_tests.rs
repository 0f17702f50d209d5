//! The database file: what it keeps, whom it refuses, and what survives a killed process.

use super::super::keeper::Keeper;
use super::*;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Set in the child that is killed: where its file is.
const CHILD: &str = "COUPLET_TEST_STORE_CHILD";

fn put(room: u64, record: &[u8]) -> Change {
    Change::Put { room, record: record.to_vec() }
}

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open_well(dir: &Path) -> Embedded {
    let (store, warning) = open(dir).expect("it opens");
    assert!(warning.is_none(), "{warning:?}");
    store
}

/// What the attempt must not give.
fn refused(dir: &Path) -> StoreError {
    open(dir).map(|(_, warning)| warning).expect_err("it is refused")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn what_is_committed_is_there_after_opening_anew() {
    let temp = temp();
    let dir = temp.path().join("new/data");
    let mut store = open_well(&dir);
    assert_eq!(store.load().expect("loads"), []);
    let large = vec![7; 180 * 1024];
    store.commit(&[put(1, b"one"), put(u64::MAX, b""), put(2, &large)]).expect("commits");
    store.commit(&[Change::Remove { room: 1 }, Change::Remove { room: 99 }]).expect("commits");
    store.commit(&[put(3, b"old"), put(3, b"new")]).expect("commits");
    store.commit(&[]).expect("commits");
    let kept = vec![(2, large), (3, b"new".to_vec()), (u64::MAX, vec![])];
    assert_eq!(store.load().expect("loads"), kept);
    drop(store);
    assert_eq!(open_well(&dir).load().expect("loads"), kept);
    assert_eq!((mode(&dir), mode(&dir.join(FILE))), (0o700, 0o600));
}

#[test]
fn a_file_that_others_could_read_is_taken_from_them() {
    let temp = temp();
    drop(open_well(temp.path()));
    let path = temp.path().join(FILE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changes");
    drop(open_well(temp.path()));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn it_goes_on_after_a_failure_by_opening_anew() {
    let temp = temp();
    let mut store = open_well(temp.path());
    store.commit(&[put(1, b"one")]).expect("commits");
    // As after any error.
    store.database = None;
    store.commit(&[put(2, b"two")]).expect("commits");
    assert_eq!(store.load().expect("loads").len(), 2);
}

#[test]
fn a_second_relay_is_refused_and_the_first_goes_on() {
    let temp = temp();
    let mut store = open_well(temp.path());
    let error = refused(temp.path());
    assert!(matches!(&error, StoreError::Locked(_)), "{error:?}");
    assert!(error.to_string().contains("in use by another relay"), "{error}");
    store.commit(&[put(1, b"one")]).expect("commits");
    drop(store);
    assert_eq!(open_well(temp.path()).load().expect("loads").len(), 1);
}

#[test]
fn a_later_format_is_refused_and_left_alone() {
    let temp = temp();
    let mut store = open_well(temp.path());
    store.commit(&[put(1, b"one")]).expect("commits");
    let transaction = store.database().expect("open").begin_write().expect("begins");
    transaction.open_table(META).expect("opens").insert(META_FORMAT, 2).expect("goes in");
    transaction.commit().expect("commits");
    drop(store);
    for _ in 0..2 {
        let error = refused(temp.path());
        assert!(matches!(error, StoreError::Later { found: 2, known: 1, .. }), "{error:?}");
    }
    assert_eq!(fs::read_dir(temp.path()).expect("lists").count(), 1, "nothing was moved aside");
}

#[test]
fn a_place_that_is_no_directory_is_refused() {
    let temp = temp();
    let file = temp.path().join("file");
    fs::write(&file, "").expect("writes");
    for place in [file.clone(), file.join("below")] {
        let error = refused(&place);
        assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");
    }
}

#[test]
fn what_the_operating_system_says_is_told_apart() {
    let kind = |kind| not_opened(Path::new("x"), io::Error::from(kind));
    assert!(matches!(kind(io::ErrorKind::StorageFull), StoreError::Full(_)));
    assert!(matches!(kind(io::ErrorKind::PermissionDenied), StoreError::NotWritable { .. }));
    assert!(matches!(kind(io::ErrorKind::BrokenPipe), StoreError::Other { .. }));
}

#[test]
fn a_broken_file_is_moved_aside_and_another_begun() {
    let temp = temp();
    let path = temp.path().join(FILE);
    for number in 1..=2 {
        fs::write(&path, "this is no database\n".repeat(1000)).expect("writes");
        let (mut store, warning) = open(temp.path()).expect("it opens");
        let Some(StoreWarning::BegunAnew { aside, .. }) = warning else { panic!("{warning:?}") };
        assert!(aside.ends_with(&format!("rooms.broken-{number}")), "{aside}");
        assert_eq!(fs::metadata(&aside).expect("it is kept").len(), 20_000);
        assert_eq!(store.load().expect("loads"), []);
        store.commit(&[put(1, b"one")]).expect("commits");
        drop(store);
        assert_eq!(open_well(temp.path()).load().expect("loads").len(), 1);
    }
}

/// Wherever bytes are wrong or missing: it opens with what was committed, or as a new one, or is
/// refused, but never panics or gives other records.
#[test]
fn no_damage_gives_wrong_records_or_a_panic() {
    let temp = temp();
    let path = temp.path().join(FILE);
    let mut store = open_well(temp.path());
    let records: Vec<_> = (0..200).map(|room| put(room, &room.to_le_bytes().repeat(40))).collect();
    store.commit(&records).expect("commits");
    let whole = store.load().expect("loads");
    let in_use = fs::read(&path).expect("reads");
    drop(store);
    let closed = fs::read(&path).expect("reads");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    let mut begun_anew = 0;
    for round in 0..160 {
        let mut bytes = if round % 2 == 0 { in_use.clone() } else { closed.clone() };
        match round % 8 {
            0 | 1 => bytes.truncate(next(bytes.len())),
            // The header, where most of what can go wrong is.
            2 | 3 => bytes[next(400)] ^= 1 << next(8),
            4 | 5 => {
                let (from, len) = (next(bytes.len() - 5000), next(5000));
                bytes[from..from + len].fill(0);
            }
            _ => {
                let place = next(bytes.len());
                bytes[place] = bytes[place].wrapping_add(1);
            }
        }
        let dir = tempfile::tempdir_in(temp.path()).expect("a directory");
        fs::write(dir.path().join(FILE), &bytes).expect("writes");
        match open(dir.path()) {
            Ok((mut store, None)) => {
                let found = store.load().expect("loads what was found whole");
                assert!(found == whole || found.is_empty(), "round {round}: {}", found.len());
                store.commit(&[put(1000, b"more")]).expect("commits");
            }
            Ok((mut store, Some(_))) => {
                begun_anew += 1;
                assert_eq!(store.load().expect("loads"), [], "round {round}");
            }
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    assert!(begun_anew > 20, "only {begun_anew} of the damages were found");
}

/// Not a test by itself: the child of the one below, which it kills.
#[test]
fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let counts: Arc<[AtomicU64; 8]> = Arc::default();
    let rooms = Arc::clone(&counts);
    let snapshot = move |room: u64| {
        let count = rooms[usize::try_from(room).expect("small")].load(Ordering::SeqCst);
        Some(count.to_le_bytes().repeat(40))
    };
    let store = Box::new(open_well(Path::new(&dir)));
    let keeper = Keeper::start(store, Box::new(snapshot)).expect("a thread");
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().expect("a runtime");
    for number in 1_u64.. {
        let room = number % 8;
        counts[usize::try_from(room).expect("small")].store(number, Ordering::SeqCst);
        let ticket = keeper.changed(room);
        // Others change meanwhile and are waited for by nobody.
        keeper.changed(number * 5 % 8);
        runtime.block_on(keeper.flush(ticket));
        println!("kept {room} {number}");
    }
}

#[test]
fn what_was_flushed_survives_a_killed_process() {
    let temp = temp();
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["store::embedded::tests::child_that_is_killed", "--exact", "--nocapture"])
            .env(CHILD, temp.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut kept = BTreeMap::new();
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut read = |line: &str| {
            let mut words = line.rsplit("kept ").next().unwrap_or_default().split(' ');
            let room: Option<u64> = words.next().and_then(|word| word.parse().ok());
            let number: Option<u64> = words.next().and_then(|word| word.parse().ok());
            if let (Some(room), Some(number), true) = (room, number, line.contains("kept ")) {
                kept.insert(room, number);
            }
        };
        // Where in a commit it is killed differs from round to round.
        for line in lines.by_ref().take(100 + round * 37) {
            read(&line.expect("a line"));
        }
        child.kill().expect("is killed");
        child.wait().expect("ends");
        // All but the last, which may be cut short.
        let rest: Vec<_> = lines.map_while(Result::ok).collect();
        rest.iter().rev().skip(1).for_each(|line| read(line));
        assert_eq!(kept.len(), 8, "every room was kept: {kept:?}");
        let records: BTreeMap<_, _> =
            open_well(temp.path()).load().expect("loads").into_iter().collect();
        for (room, number) in kept {
            let record = &records[&room];
            let found = u64::from_le_bytes(record[..8].try_into().expect("eight"));
            assert!(found >= number, "room {room} was at {number} and is at {found}");
            assert_eq!(*record, found.to_le_bytes().repeat(40), "room {room} is whole");
        }
    }
}
