//! Very many small files with names of all kinds, through real programs: they arrive as they were, in
//! bounded memory, also if the receiver is killed on the way.
//!
//! `COUPLET_MANY_FILES` says how many, a hundred to a folder at the full size of 200,000;
//! `docs/LONG_RUNS.md` has the command.

mod support;

use rustix::process::Signal;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};
use support::contents;
use support::field::{Field, MIB, Random, setting};
use support::memory::Peak;
use support::one_shot::OneShot;

/// The most memory that any of the processes may ever have, in MiB.
const MEMORY: u64 = 128;

/// What may travel twice for a kill.
const TWICE: u64 = 8 * MIB;

/// And of each entry its description, since after a kill each is asked about before it is sent.
const DESCRIBED: u64 = 400;

/// How long it may take.
const LONG: Duration = Duration::from_mins(20);

/// The longest name that file systems take.
const LONGEST: usize = 255;

/// What is there under one path.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    is_folder: bool,
    mode: u32,
    mtime: (i64, i64),
    /// Of its bytes, as all of them are a lot.
    hash: blake3::Hash,
}

/// A name with `number` in it, and the byte of its turn: each that may be in a name has many.
fn name(number: u64) -> Vec<u8> {
    let lawful: Vec<u8> = (1..=u8::MAX).filter(|byte| *byte != b'/').collect();
    let byte = lawful[usize::try_from(number).expect("a number") % lawful.len()];
    // The form changes whenever all bytes had their turn.
    let form = number / lawful.len() as u64 % 8;
    let digits = number.to_string().into_bytes();
    let byte = &[byte][..];
    let mut name = match form {
        0 => [byte, &b"a"[..], &digits[..]].concat(),
        1 => [&digits[..], b"b", byte].concat(),
        2 => [&b"--c"[..], &digits[..], byte, b"-"].concat(),
        3 => [&b" d "[..], &digits[..], byte, b" "].concat(),
        4 => [&b"\ne\n"[..], &digits[..], byte, b"\r\n"].concat(),
        5 => [&b"\xff\xfef"[..], &digits[..], byte, b"\x80\xc3"].concat(),
        6 => [&b"..g"[..], &digits[..], byte, b".."].concat(),
        _ => [&b"h"[..], &digits[..], b"h"].concat(),
    };
    if form == 7 {
        name.resize(LONGEST, byte[0]);
    }
    name
}

fn set_time(path: &Path, number: u64) {
    // From 1970 to 2069, and nanoseconds of all sizes.
    let since = Duration::new(
        number * 7919 % 3_155_760_000,
        u32::try_from(number * 1_000_003 % 1_000_000_000).expect("less"),
    );
    File::open(path).expect("opened").set_modified(UNIX_EPOCH + since).expect("its time");
}

fn set_mode(path: &Path, modes: &[u32], number: u64) {
    let mode = modes[usize::try_from(number).expect("a number") % modes.len()];
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
}

/// Makes so many files below `root`, and a fiftieth as many folders, or a hundredth of many. Gives the
/// bytes in all.
fn plant(root: &Path, files: u64, random: &mut Random) -> u64 {
    let folders = if files > 20_000 { files / 100 } else { (files / 40).max(1) };
    fs::create_dir(root).expect("a directory");
    let folder = |number: u64| root.join(OsStr::from_bytes(&name(number)));
    let mut total = 0;
    for number in 0..folders {
        fs::create_dir(folder(number)).expect("a directory");
        let empty = folder(number).join("empty");
        fs::create_dir(&empty).expect("a directory");
        set_mode(&empty, &[0o700, 0o755], number);
        set_time(&empty, number);
    }
    for number in 0..files {
        let path = folder(number % folders).join(OsStr::from_bytes(&name(number)));
        let len = match number % 100 {
            0 => 0,
            1 => 8192,
            _ => random.between(1, 8192),
        };
        total += len;
        let bytes = contents(usize::try_from(len).expect("8 KiB"), number + 1);
        assert!(!path.exists(), "two files of one name: {}", path.display());
        fs::write(&path, bytes).expect("written");
        set_time(&path, number);
        set_mode(&path, &[0o644, 0o600, 0o755, 0o400, 0o664, 0o711, 0o500, 0o444], number);
    }
    // Last, as what is made in a folder changes its time.
    for number in 0..folders {
        set_mode(&folder(number), &[0o755, 0o700, 0o750, 0o711], number);
        set_time(&folder(number), number + 5);
    }
    set_time(root, 99);
    total
}

/// All that is there, by the path's bytes.
fn seen(root: &Path) -> BTreeMap<Vec<u8>, Seen> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a directory") {
            let path = entry.expect("an entry").path();
            let about = path.symlink_metadata().expect("looked at");
            let bytes = if about.is_file() { fs::read(&path).expect("read") } else { Vec::new() };
            let hash = blake3::hash(&bytes);
            let seen = Seen {
                is_folder: about.is_dir(),
                mode: about.mode() & 0o7777,
                mtime: (about.mtime(), about.mtime_nsec()),
                hash,
            };
            let below = path.strip_prefix(root).expect("below").as_os_str().as_bytes().to_owned();
            all.insert(below, seen);
            if about.is_dir() {
                folders.push(path);
            }
        }
    }
    all
}

fn compare(field: &Field, files: u64) {
    let (sent, received) =
        (seen(&field.ann_dir().join("tree")), seen(&field.downloads().join("tree")));
    let are_files = sent.values().filter(|seen| !seen.is_folder).count();
    assert_eq!(are_files as u64, files);
    for (path, there) in &sent {
        let shown = path.escape_ascii();
        let here = received.get(path).unwrap_or_else(|| panic!("{shown} is missing"));
        assert!(here.hash == there.hash, "{shown} has other bytes");
        let looks = |seen: &Seen| (seen.is_folder, seen.mode, seen.mtime);
        assert_eq!(looks(here), looks(there), "{shown}: is a folder, mode, time");
    }
    let more: Vec<_> = received.keys().filter(|path| !sent.contains_key(*path)).collect();
    assert!(more.is_empty(), "{more:?}");
    let used: std::collections::BTreeSet<u8> = sent.keys().flatten().copied().collect();
    let least = if files >= 2000 { 255 } else { 0 };
    assert!(used.len() >= least, "only {} of all bytes are in names", used.len());
    let left: Vec<_> = fs::read_dir(field.downloads()).expect("a directory").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// Bounded memory of all three.
struct Peaks(Vec<Peak>);

impl Peaks {
    fn of(field: &Field, ann: &OneShot, bob: &OneShot) -> Self {
        let relay = field.relay.as_ref().expect("a relay").pid();
        let pids = [("sender", ann.pid()), ("receiver", bob.pid()), ("relay", relay)];
        Self(pids.map(|(name, pid)| Peak::of(name, pid)).into())
    }

    fn are_small(self) {
        for peak in self.0 {
            peak.stays_below(MEMORY);
        }
    }
}

#[test]
fn very_many_files_arrive_as_they_were_in_little_memory() {
    let files = setting("COUPLET_MANY_FILES", 2000);
    let field = Field::new();
    let mut random = Random::new();
    let total = plant(&field.ann_dir().join("tree"), files, &mut random);
    let ann = field.send("tree", &[]);
    let bob = field.receive();
    let peaks = Peaks::of(&field, &ann, &bob);
    bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    peaks.are_small();
    compare(&field, files);
    let once = field.meter.total();
    fs::remove_dir_all(field.downloads()).expect("removed");

    // Once more, with a receiver that is killed; so slowly that there is a middle to be killed in.
    let limit = (total / 8).to_string();
    let ann = field.send("tree", &["--limit", &limit]);
    let mut bob = field.receive();
    let peaks = Peaks::of(&field, &ann, &bob);
    let killed_at = random.between(once / 4, once * 3 / 4);
    field.meter.reaches(once + killed_at);
    bob.signal(Signal::KILL);
    bob.wait_for_death();
    let bob = field.receive();
    let again = Peak::of("receiver, started again", bob.pid());
    bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    peaks.are_small();
    again.stays_below(MEMORY);
    compare(&field, files);
    let twice = (field.meter.total() - once).saturating_sub(once);
    println!("killed at {killed_at} of {once} bytes: {twice} bytes went twice");
    let asked = files * DESCRIBED;
    let most = TWICE + asked;
    assert!(twice < killed_at && twice <= most, "{twice} bytes went twice, killed at {killed_at}");
}
