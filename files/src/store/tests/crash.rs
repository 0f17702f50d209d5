//! Ends in the middle: what is there is found again, and never more than that.

use super::*;
use couplet::transfer::journal::RECORD_LEN;
use std::path::PathBuf;

/// Set for a copy of this program that is to write to this directory until it is killed.
const WRITER: &str = "COUPLET_TEST_WRITES";

/// A large file of which the first two groups and the last came, with its journal and part.
struct Cut {
    root: TempDir,
    store: Arc<Store>,
    journal: PathBuf,
    part: PathBuf,
}

fn cut() -> Cut {
    let (root, store) = store();
    let incoming = begin(&store, &large_offer());
    let (held, growing) = open(&incoming, &file("a", LARGE));
    assert_eq!(held, []);
    for number in [0, 1, 3] {
        write_group(&growing, number);
    }
    drop((growing, incoming));
    let state = names(root.path()).pop().map(|name| root.path().join(name)).expect("a state");
    let find = |end: &str| {
        let name = names(&state).into_iter().find(|name| name.ends_with(end));
        state.join(name.expect("there"))
    };
    Cut { journal: find(".journal"), part: find(".part"), root, store }
}

fn large_offer() -> Offer {
    offer("a", Form::File, LARGE)
}

/// What the next run finds, and that what it finds is so.
fn found(cut: &Cut) -> u64 {
    let said = cut.store.preflight(&large_offer()).held;
    let incoming = begin(&cut.store, &large_offer());
    let (ranges, growing) = open(&incoming, &file("a", LARGE));
    let bytes = content(LARGE);
    for (offset, len, noted) in growing.held_from_before() {
        let mut there = vec![0; usize::try_from(len).expect("small")];
        growing.read_at(&mut there, offset).expect("it is so long");
        let start = usize::try_from(offset).expect("small");
        assert_eq!(there, bytes[start..start + there.len()], "at {offset}");
        assert_eq!(noted, Some(piece_hash(offset, &there).chain), "at {offset}");
    }
    let sum = ranges.iter().map(|(start, end)| end - start).sum();
    assert_eq!(growing.held_from_before().map(|(_, len, _)| len).sum::<u64>(), sum);
    assert!(said <= sum, "{said} were said and {sum} are there");
    sum
}

#[test]
fn a_large_file_goes_on_where_it_was() {
    let cut = cut();
    let parts = cut.store.parts();
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].held, parts[0].in_use), (2 * GROUP + 5, false));
    assert_eq!(parts[0].offer, large_offer());
    assert_eq!(found(&cut), 2 * GROUP + 5);
    let incoming = begin(&cut.store, &large_offer());
    let (held, growing) = open(&incoming, &file("a", LARGE));
    assert_eq!(held, [(0, 2 * GROUP), (3 * GROUP, LARGE)]);
    write_group(&growing, 2);
    growing.save(&file("a", LARGE)).expect("saved");
    // Before the end of the whole, the file is found to be there.
    drop((growing, incoming));
    let incoming = begin(&cut.store, &large_offer());
    let (opened, _) = incoming.open(0, &file("a", LARGE), true).expect("opened");
    assert_eq!(opened, Opened::Done);
    assert_eq!(incoming.finish(), Ok("a".to_owned()));
    assert_eq!(read(&cut.root, "a"), content(LARGE));
    assert_eq!(names(cut.root.path()), ["a"]);
}

fn is_part(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "part")
}

/// A group that is no other.
fn group_of(number: u64) -> Vec<u8> {
    let mut bytes = content(GROUP);
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}

#[test]
fn a_killed_writer_leaves_nothing_but_what_is_so() {
    const GROUPS: u64 = 96;
    let (size, path) = (GROUPS * GROUP, "a");
    let offer = offer(path, Form::File, size);
    if let Some(root) = std::env::var_os(WRITER) {
        let store = Store::open(Path::new(&root)).expect("opened");
        let incoming = begin(&store, &offer);
        let (held, growing) = open(&incoming, &file(path, size));
        println!("writes");
        for number in
            (0..GROUPS).filter(|n| !held.iter().any(|(s, e)| (*s..*e).contains(&(n * GROUP))))
        {
            let bytes = group_of(number);
            growing.write(number * GROUP, &bytes).expect("written");
            let hash = piece_hash(number * GROUP, &bytes).chain;
            let group = Group { offset: number * GROUP, len: GROUP, hash };
            growing.note(Record::Group(group)).expect("noted");
        }
        std::thread::sleep(std::time::Duration::from_mins(1));
        return;
    }
    let (root, store) = store();
    let name = std::thread::current().name().map(str::to_owned).expect("the test's name");
    let before = std::cell::Cell::new(0);
    // A slow machine may need more of them until one gets as far as a note.
    for run in (0..50).take_while(|run| *run < 8 || before.get() == 0) {
        let mut writer = Command::new(std::env::current_exe().expect("this program"));
        writer.args(["--exact", &name, "--nocapture"]).env(WRITER, root.path());
        let mut writer = start(writer.stdout(Stdio::piped())).expect("started");
        let lines = std::io::BufReader::new(writer.stdout.take().expect("piped"));
        let mut lines = std::io::BufRead::lines(lines).map_while(Result::ok);
        assert!(lines.any(|line| line.contains("writes")), "it ended");
        std::thread::sleep(std::time::Duration::from_millis(run * 7));
        writer.kill().expect("killed");
        writer.wait().expect("ended");
        let incoming = begin(&store, &offer);
        let (_, growing) = open(&incoming, &file(path, size));
        let mut there = vec![0; usize::try_from(GROUP).expect("small")];
        let mut sum = 0;
        for (offset, len, noted) in growing.held_from_before() {
            growing.read_at(&mut there, offset).expect("read");
            assert!(there == group_of(offset / GROUP), "at {offset}");
            assert_eq!(noted, Some(piece_hash(offset, &there).chain));
            sum += len;
        }
        let held = before.replace(sum);
        assert!(sum >= held, "what was held once is held on: {sum} after {held}");
    }
    assert!(before.get() > 0);
}

#[test]
fn a_journal_cut_anywhere_never_claims_more_than_is_there() {
    let cut = cut();
    let (journal, part) =
        (std::fs::read(&cut.journal).expect("read"), std::fs::read(&cut.part).expect("read"));
    for len in 0..=journal.len() {
        std::fs::write(&cut.journal, &journal[..len]).expect("written");
        std::fs::write(&cut.part, &part).expect("written");
        let groups = (len / RECORD_LEN).saturating_sub(1);
        let expected = [0, GROUP, 2 * GROUP, 2 * GROUP + 5][groups];
        assert_eq!(found(&cut), expected, "{len}");
        assert_eq!(found(&cut), expected, "{len}, once more");
    }
}

#[test]
fn a_journal_that_is_damaged_anywhere_never_claims_more_than_is_there() {
    let cut = cut();
    let (journal, part) =
        (std::fs::read(&cut.journal).expect("read"), std::fs::read(&cut.part).expect("read"));
    for at in 0..journal.len() {
        let mut damaged = journal.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&cut.journal, &damaged).expect("written");
        std::fs::write(&cut.part, &part).expect("written");
        let groups = (at / RECORD_LEN).saturating_sub(1);
        assert_eq!(found(&cut), [0, GROUP, 2 * GROUP][groups], "{at}");
    }
}

#[test]
fn a_part_that_is_shorter_than_its_journal_says_is_begun_anew() {
    for len in [0, 1, GROUP, LARGE - 1] {
        let cut = cut();
        let part = std::fs::File::options().write(true).open(&cut.part).expect("opened");
        part.set_len(len).expect("cut");
        assert_eq!(found(&cut), 0, "{len}");
        assert_eq!(found(&cut), 0, "{len}, once more");
    }
    let cut = cut();
    std::fs::remove_file(&cut.part).expect("removed");
    assert_eq!(found(&cut), 0, "without a part");
    assert_eq!(found(&cut), 0, "without a part, once more");
}

#[test]
fn what_another_run_of_the_system_wrote_counts_as_far_as_it_was_flushed() {
    let cut = cut();
    let records = std::fs::read(&cut.journal).expect("read");
    let mut journal = Record::Boot([7; 32]).to_bytes().to_vec();
    journal.extend_from_slice(&records[RECORD_LEN..2 * RECORD_LEN]);
    journal.extend_from_slice(&Record::Flush.to_bytes());
    journal.extend_from_slice(&records[2 * RECORD_LEN..]);
    std::fs::write(&cut.journal, journal).expect("written");
    assert_eq!(found(&cut), GROUP);
}

#[test]
fn a_file_that_was_changed_begins_anew() {
    let cut = cut();
    let changed = Offer { mtime: Some(Stamp(5, 0)), ..large_offer() };
    assert_eq!(cut.store.preflight(&changed).changed, Some(2 * GROUP + 5));
    let incoming = begin(&cut.store, &changed);
    let mut entry = file("a", LARGE);
    entry.mtime = Some(Stamp(5, 0));
    assert_eq!(open(&incoming, &entry).0, []);
    assert_eq!(cut.store.parts().len(), 1, "the other part is gone");
}

#[test]
fn a_changed_file_of_a_folder_begins_anew_and_the_others_go_on() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    for path in ["t/a", "t/b"] {
        write_group(&open(&incoming, &file(path, LARGE)).1, 0);
    }
    drop(incoming);
    let incoming = begin(&store, &folder_offer());
    let mut changed = file("t/a", LARGE);
    changed.mtime = Some(Stamp(5, 0));
    assert_eq!(open(&incoming, &changed).0, []);
    assert_eq!(open(&incoming, &file("t/b", LARGE)).0, [(0, GROUP)]);
    let state = names(root.path()).remove(0);
    let parts = names(&root.path().join(state));
    assert_eq!(parts.iter().filter(|name| is_part(name)).count(), 2, "{parts:?}");
}

#[test]
fn holes_take_no_room_and_are_found_again() {
    let (root, store) = store();
    let size = 64 * GROUP + 5;
    let offer = offer("a", Form::File, size);
    let incoming = begin(&store, &offer);
    let entry = file("a", size);
    let (_, growing) = open(&incoming, &entry);
    growing.write(0, &content(GROUP)).expect("written");
    let hash = piece_hash(0, &content(GROUP)).chain;
    growing.note(Record::Group(Group { offset: 0, len: GROUP, hash })).expect("noted");
    growing.skip_hole(GROUP, 62 * GROUP).expect("skipped");
    growing.note(Record::Hole { offset: GROUP, len: 62 * GROUP }).expect("noted");
    // Written and never noted; then it is a hole after all.
    growing.write(63 * GROUP, &content(GROUP)).expect("written");
    drop((incoming, growing));
    let incoming = begin(&store, &offer);
    let (held, growing) = open(&incoming, &entry);
    assert_eq!(held, [(0, 63 * GROUP)]);
    let told: Vec<_> = growing.held_from_before().collect();
    assert_eq!(told[0], (0, GROUP, Some(hash)));
    assert_eq!(told[62], (62 * GROUP, GROUP, None));
    growing.skip_hole(63 * GROUP, GROUP + 5).expect("skipped");
    growing.save(&entry).expect("saved");
    incoming.finish().expect("finished");
    let bytes = read(&root, "a");
    assert_eq!(bytes.len() as u64, size);
    let first = usize::try_from(GROUP).expect("small");
    assert!(bytes[..first] == content(GROUP) && bytes[first..].iter().all(|byte| *byte == 0));
    let blocks = std::fs::metadata(root.path().join("a")).expect("there").blocks();
    assert!(blocks * 512 < 2 * GROUP, "{blocks} blocks");
}

#[test]
fn a_stream_grows_as_it_comes() {
    let (root, store) = store();
    let offer = Offer { size: None, mtime: None, ..offer("s", Form::Stream, 0) };
    let incoming = begin(&store, &offer);
    let mut entry = entry("s", EntryKind::File { size: None });
    entry.mtime = None;
    let (held, growing) = open(&incoming, &entry);
    assert_eq!(held, []);
    growing.write(GROUP, b"end").expect("written");
    growing.skip_hole(0, GROUP).expect("skipped");
    growing.note(Record::Hole { offset: 0, len: GROUP }).expect("nothing is noted");
    growing.save(&entry).expect("saved");
    assert_eq!(incoming.finish(), Ok("s".to_owned()));
    assert_eq!(read(&root, "s").len() as u64, GROUP + 3);
}
