//! Real processes that are killed while they move a large file, and started again: it goes on where it
//! was, and what that costs.
//!
//! All of one kind one after the other, as times are measured. Small by default;
//! `docs/LONG_RUNS.md` has the commands for the full size.

#[path = "../support/mod.rs"]
mod support;

mod sparse;

use rustix::process::Signal;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use support::field::{Field, MIB, Random, identical, setting, write};
use support::one_shot::OneShot;

/// What may travel twice for a kill. The meter's figure has the heads and seals of all records in it
/// as well, which is about 1 in 2,000: stricter by that much.
const TWICE: u64 = 8 * MIB;

/// How long after both are there the first new byte may take.
const SOON: Duration = Duration::from_secs(1);

/// How long one transfer may take in all.
const LONG: Duration = Duration::from_mins(10);

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Sender,
    Receiver,
    Relay,
}

/// What came of it.
struct Row {
    victim: Victim,
    killed_at: u64,
    size: u64,
    /// More than the file's bytes: those that went twice, and all heads and seals.
    twice: u64,
    /// From when both were there to when a byte moved that hadn't before.
    took: Duration,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { victim, killed_at, size, twice, took } = self;
        let victim = format!("{victim:?}");
        write!(
            f,
            "{victim:<9} killed at {:>7.1} of {} MiB, {:>5.2} MiB twice, first new byte after {:>4} ms",
            mib(*killed_at),
            size / MIB,
            mib(*twice),
            took.as_millis()
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "to be looked at")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}

/// Only one at a time: the others would take the processors.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends `name`, which has so many bytes in it that travel, kills the victim when `killed_at` of them
/// have left the sender, starts it again, and waits for the end.
fn kill(field: &mut Field, victim: Victim, name: &str, killed_at: u64, travels: u64) -> Row {
    let before = field.meter.total();
    let mut ann = field.send(name, &[]);
    let mut bob = field.receive();
    for one in [&ann, &bob] {
        one.event("met");
    }
    field.meter.reaches(before + killed_at);
    let met = [ann.count("met"), bob.count("met")];
    // The one who is new meets for the first time.
    let (mut met_at_ann, mut met_at_bob) = (met[0], met[1]);
    let kill = |one: &mut OneShot| {
        one.signal(Signal::KILL);
        one.wait_for_death();
    };
    let pipes;
    match victim {
        Victim::Sender => {
            kill(&mut ann);
            pipes = field.meter.pipes();
            (ann, met_at_ann) = (field.send(name, &[]), 0);
        }
        Victim::Receiver => {
            kill(&mut bob);
            pipes = field.meter.pipes();
            (bob, met_at_bob) = (field.receive(), 0);
        }
        Victim::Relay => {
            field.kill_relay();
            pipes = field.meter.pipes();
            field.start_relay();
        }
    }
    // The earlier of the two: so the time can only come out longer than it was.
    let both = ann.heard("met", met_at_ann).min(bob.heard("met", met_at_bob));
    // Only behind what may have gone before a byte is new for certain.
    let took = field.meter.passes(pipes, TWICE) - both;
    let bob = bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    assert!(bob.event("started")["held"].as_u64().is_some(), "{:?}", bob.events());
    let twice =
        (field.meter.total() - before).checked_sub(travels).expect("all of it has travelled");
    let size = std::fs::metadata(field.ann_dir().join(name)).expect("a file").len();
    Row { victim, killed_at, size, twice, took }
}

/// Checks what has come, and makes room for the next.
fn compare(field: &Field, name: &str) {
    let received = field.downloads().join(name);
    assert!(identical(&field.ann_dir().join(name), &received), "{name} differs");
    let left: Vec<_> = std::fs::read_dir(field.downloads()).expect("a directory").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    remove(&received);
}

fn remove(path: &Path) {
    std::fs::remove_file(path).expect("removed");
}

/// All that were killed, before any is judged.
#[expect(clippy::print_stdout, reason = "a test tells what it has measured")]
fn judge(rows: &[Row]) {
    for row in rows {
        println!("{row}");
    }
    for row in rows {
        assert!(row.twice <= TWICE, "too much went twice: {row}");
        assert!(row.took < SOON, "too late: {row}");
    }
}

#[test]
fn whoever_is_killed_it_goes_on_where_it_was() {
    let _alone = alone();
    let kills = setting("COUPLET_KILLS", 2);
    let size = setting("COUPLET_KILL_MIB", 96) * MIB;
    assert!(size >= 64 * MIB, "less is over before it is killed; COUPLET_KILL_MIB");
    let mut random = Random::new();
    let mut field = Field::new();
    write(&field.ann_dir().join("big.bin"), size, &[(0, size)]);
    let mut rows = Vec::new();
    for _ in 0..kills {
        for victim in [Victim::Sender, Victim::Receiver, Victim::Relay] {
            // So much before its end that what is new can be told from what goes twice.
            let killed_at = random.between(0, size - 4 * TWICE);
            let row = kill(&mut field, victim, "big.bin", killed_at, size);
            println!("{row}");
            rows.push(row);
            compare(&field, "big.bin");
        }
    }
    println!("all {}:", rows.len());
    judge(&rows);
}
