//! `couplet send -` and `couplet receive --to -` between other programs, as a shell joins them.
//!
//! `COUPLET_STREAM_MIB` says how much goes through; `docs/LONG_RUNS.md` has the command for 1 GiB.

use super::support::field::{MIB, setting, write};
use super::support::memory::Peak;
use super::support::one_shot::OneShot;
use super::{CODE, Place};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The most memory that any of the processes may ever have, in MiB.
const MEMORY: u64 = 64;

const LONG: Duration = Duration::from_mins(5);

/// Another program of the pipeline; what it doesn't read or write elsewhere goes nowhere.
fn program(line: &[&str], dir: &Path, input: Stdio, output: Stdio) -> Child {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(dir).stdin(input).stdout(output);
    command.spawn().unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

#[test]
fn a_pipeline_moves_much_in_little_memory() {
    let place = Place::new();
    let size = setting("COUPLET_STREAM_MIB", 64) * MIB;
    let dir = place.ann.path();
    write(&dir.join("big.bin"), size, &[(0, size)]);
    // cat big.bin | couplet send -       couplet receive --to - | cmp - big.bin
    let mut cat = program(&["cat", "big.bin"], dir, Stdio::null(), Stdio::piped());
    let ann =
        OneShot::start_with(dir, &place.relay.address, &["send", "-", "--code", CODE], |to| {
            to.stdin(cat.stdout.take().expect("its output"));
        });
    let mut cmp = program(&["cmp", "-", "big.bin"], dir, Stdio::piped(), Stdio::null());
    let args = ["receive", CODE, "--to", "-"];
    let bob = OneShot::start_with(place.bob.path(), &place.relay.address, &args, |to| {
        to.stdout(cmp.stdin.take().expect("its input"));
    });
    let pids = [("sender", ann.pid()), ("receiver", bob.pid()), ("relay", place.relay.pid())];
    let peaks = pids.map(|(name, pid)| Peak::of(name, pid));
    bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    assert!(cat.wait().expect("a child").success());
    // It has read to the end of both, so what came is all of it and nothing else.
    assert!(cmp.wait().expect("a child").success(), "what came differs");
    for peak in peaks {
        peak.stays_below(MEMORY);
    }
}
