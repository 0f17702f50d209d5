//! Room for large things: a relay, a meter before it, and a directory for each of two.
//!
//! `COUPLET_TEST_DIR` names where the directories are made; else it is where temporary files go. How
//! large things are, tests read from variables of their own with [`setting`].

use super::contents;
use super::meter::Meter;
use super::one_shot::OneShot;
use super::relay::Relay;
use rustix::fs::SeekFrom;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The code that is met by.
pub const CODE: &str = "7-otter-lamp";

pub const MIB: u64 = 1 << 20;
pub const GIB: u64 = 1 << 30;

/// A relay, a meter between it and ann, and the directories of ann and bob.
pub struct Field {
    pub relay: Option<Relay>,
    pub meter: Meter,
    relay_address: String,
    dir: TempDir,
}

impl Field {
    /// The relay gives the seat of one who was killed to the next soon.
    const RELAY: &[&str] = &["--grace", "1"];

    pub fn new() -> Self {
        let dir = match std::env::var_os("COUPLET_TEST_DIR") {
            Some(place) => TempDir::new_in(place),
            None => tempfile::tempdir(),
        };
        let dir = dir.expect("a directory; COUPLET_TEST_DIR names where");
        for name in ["ann", "bob"] {
            fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        let relay = Relay::start(Self::RELAY);
        let relay_address = relay.address.clone();
        let meter = Meter::start(&relay_address);
        Self { relay: Some(relay), meter, relay_address, dir }
    }

    /// Where ann keeps what she sends.
    pub fn ann_dir(&self) -> PathBuf {
        self.dir.path().join("ann")
    }

    /// Where bob gets it.
    pub fn downloads(&self) -> PathBuf {
        self.dir.path().join("bob/downloads")
    }

    /// `couplet send`, which is metered.
    pub fn send(&self, what: &str, more: &[&str]) -> OneShot {
        let args = [&["send", what, "--code", CODE, "--json"], more].concat();
        OneShot::start(&self.ann_dir(), &self.meter.address, &args)
    }

    /// `couplet receive`.
    pub fn receive(&self) -> OneShot {
        let args = ["receive", CODE, "--json", "--yes"];
        OneShot::start(&self.dir.path().join("bob"), &self.relay_address, &args)
    }

    /// Kills the relay. Until it is there again, it is refused at the meter's address as well.
    pub fn kill_relay(&mut self) {
        self.meter.close();
        let relay = self.relay.take().expect("a relay");
        relay.kill();
        relay.wait();
    }

    /// Starts the relay again.
    pub fn start_relay(&mut self) {
        self.relay = Some(Relay::start_at(&self.relay_address, Self::RELAY));
        self.meter.open();
    }
}

/// A number from the environment.
pub fn setting(name: &str, small: u64) -> u64 {
    let Some(text) = std::env::var_os(name) else { return small };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{name} isn't a number: {}", text.display()))
}

/// Numbers that look random: the same for the same seed. It is told, and `COUPLET_SEED` sets it.
pub struct Random(u64);

impl Random {
    #[expect(clippy::print_stdout, reason = "whoever runs it again wants the seed")]
    pub fn new() -> Self {
        let seed = setting("COUPLET_SEED", RandomState::new().hash_one("seed"));
        println!("COUPLET_SEED={seed}");
        Self(seed)
    }

    /// One from `low` on, below `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (mixed ^ (mixed >> 31)) % (high - low)
    }
}

/// A file of `size` bytes with random bytes in these places, of so many each; holes elsewhere.
pub fn write(path: &Path, size: u64, data: &[(u64, u64)]) {
    let file = File::create(path).expect("created");
    file.set_len(size).expect("a file system with files so large");
    for (number, (start, len)) in data.iter().enumerate() {
        let mut at = *start;
        while at < start + len {
            let part = (start + len - at).min(MIB);
            let seed = at ^ (number as u64) << 48;
            let bytes = contents(usize::try_from(part).expect("a MiB"), seed);
            file.write_all_at(&bytes, at).expect("written; is there room in COUPLET_TEST_DIR?");
            at += part;
        }
    }
}

/// Whether two files have the same bytes. What is a hole in both isn't read.
pub fn identical(one: &Path, two: &Path) -> bool {
    let open = |path: &Path| File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (one, two) = (open(one), open(two));
    let len = |file: &File| file.metadata().expect("its size").len();
    let size = len(&one);
    if len(&two) != size {
        return false;
    }
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut at = 0;
    loop {
        at = data_from(&one, at).unwrap_or(size).min(data_from(&two, at).unwrap_or(size));
        if at >= size {
            return true;
        }
        let part = usize::try_from((size - at).min(MIB)).expect("a MiB");
        for (file, buffer) in [(&one, &mut a), (&two, &mut b)] {
            file.read_exact_at(&mut buffer[..part], at).expect("read");
        }
        if a[..part] != b[..part] {
            return false;
        }
        at += part as u64;
    }
}

/// Where the next byte is that isn't in a hole.
fn data_from(file: &File, at: u64) -> Option<u64> {
    rustix::fs::seek(file, SeekFrom::Data(at)).ok()
}
