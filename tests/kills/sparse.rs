//! Files that are mostly holes: how soon a vast one begins and goes on, and that its size on the disk
//! is what counts.

use super::support::field::{Field, GIB, MIB, setting, write};
use super::{Victim, alone, compare, judge, kill};
use couplet::limits;
use couplet_ui::config::exit;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

/// Soon enough for a first byte.
const SOON: Duration = Duration::from_millis(300);

/// More than whatever else a sender says at the beginning, so that there is a byte of a file in it.
const MORE_THAN_HEADS: u64 = 16 * 1024;

#[test]
fn a_sparse_file_of_which_little_is_left_goes_on_soon() {
    let _alone = alone();
    let size = setting("COUPLET_SPARSE_GIB", 2) * GIB;
    // At the full size 1 GiB of data in the holes, and 1 GiB at the end, which is what is left.
    let tail = if size > 100 * GIB { GIB } else { 32 * MIB };
    let pieces = 16;
    // Whole groups: of one with both, the hole travels as zeros, which would look like bytes that went
    // twice.
    let step = (size - tail) / pieces / MIB * MIB;
    let mut data: Vec<_> = (0..pieces).map(|n| (n * step, tail / pieces)).collect();
    data.push((size - tail, tail));
    let mut field = Field::new();
    let path = field.ann_dir().join("sparse.img");
    write(&path, size, &data);
    // By then the receiver has answered to some of the end, as no more than a window is unanswered: so
    // it has been through all holes before that, and only the end is left.
    let killed_at = tail + 2 * limits::MIN_WINDOW;
    let row = kill(&mut field, Victim::Receiver, "sparse.img", killed_at, 2 * tail);
    let received = fs::metadata(field.downloads().join("sparse.img")).expect("a file");
    assert_eq!(received.len(), size);
    // Data, and what a file system adds to say where it is.
    let on_disk = received.blocks() * 512;
    assert!(on_disk < 2 * tail + 64 * MIB, "{on_disk} bytes on disk");
    compare(&field, "sparse.img");
    judge(&[row]);
}

#[test]
fn the_first_byte_of_a_vast_file_leaves_soon() {
    let _alone = alone();
    // What the machine does beside it, it hardly does each time.
    let took = (0..3).map(|_| first_byte()).find(|took| *took < SOON);
    println!("first byte of 100 GiB after {took:?}");
    assert!(took.is_some(), "never within {SOON:?}");
}

/// How long after it was accepted the first byte of such a file came by.
fn first_byte() -> Duration {
    let field = Field::new();
    let size = 100 * GIB;
    write(&field.ann_dir().join("vast.img"), size, &[(0, 64 * MIB), (size / 2, MIB)]);
    let ann = field.send("vast.img", &[]);
    let bob = field.receive();
    // What the disk says comes before it is accepted.
    let accepted = bob.heard("preflight", 0);
    let took = field.meter.passes(0, MORE_THAN_HEADS) - accepted;
    bob.signal(Signal::INT);
    bob.ends().with(exit::INTERRUPTED.into());
    ann.ends().with(exit::CANCELLED.into());
    took
}

#[test]
fn a_hole_is_nothing_that_was_there_before() {
    let _alone = alone();
    let field = Field::new();
    write(&field.ann_dir().join("empty.img"), GIB, &[]);
    let ann = field.send("empty.img", &[]);
    let bob = field.receive().ends().well();
    assert_eq!(bob.event("started")["held"], 0);
    assert_eq!(ann.ends().well().event("started")["held"], 0);
    compare(&field, "empty.img");
}

#[test]
fn a_sparse_file_larger_than_the_disk_is_accepted() {
    let _alone = alone();
    let field = Field::new();
    // Far more than the disks that this runs on, and about the most that an ext4 takes.
    let size = 15 * 1024 * GIB;
    write(&field.ann_dir().join("vast.img"), size, &[(0, 8 * MIB), (size / 2, MIB)]);
    let ann = field.send("vast.img", &[]);
    let bob = field.receive();
    let preflight = bob.event("preflight");
    assert!(preflight["trouble"].is_null(), "{preflight}");
    assert!(
        preflight["free"].as_u64() < Some(size),
        "the disk has room for all of it: {preflight}"
    );
    bob.event("started");
    bob.signal(Signal::INT);
    bob.ends().with(exit::INTERRUPTED.into());
    ann.ends().with(exit::CANCELLED.into());
    assert!(!field.downloads().join("vast.img").exists());
}
