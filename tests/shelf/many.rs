//! Many at once: everybody gets everything, fairly, in bounded memory; and what is held for somebody is
//! freed when they are gone.

use super::support::PATIENCE;
use super::support::field::setting;
use super::support::one_shot::{Ended, OneShot};
use super::support::proc_status_kib;
use super::support::shelf::{PASSWORD, ShelfPlace, at, failed, told};
use super::support::terminal::now;
use super::support::valve::{Valve, Way};
use super::{MIB, same};
use couplet_ui::config::exit;
use rustix::process::Signal;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const METRICS: &[&str] = &["--metrics-listen", "127.0.0.1:0"];

const CLIENTS: usize = 32;

const NAMES: [&str; 8] = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"];

/// Those that measure take the machine one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody is there, and nothing is held for anybody.
fn is_empty(place: &ShelfPlace) {
    for metric in [
        "couplet_shelf_clients",
        "couplet_shelf_waiting",
        "couplet_shelf_claims",
        "couplet_clients",
        "couplet_connections",
    ] {
        place.relay().has(metric, 0);
    }
}

/// 32 clients fetch eight files each, from a relay that moves so many transfers at once.
#[expect(clippy::print_stdout, reason = "a test tells what it has measured")]
fn all_fetch(workers: &str) {
    let _alone = alone();
    let place = ShelfPlace::new(&[METRICS, &["--shelf-workers", workers]].concat());
    let mib = setting("COUPLET_SHELF_MIB", 2);
    let len = usize::try_from(mib * MIB).expect("a length");
    let files: Vec<_> =
        NAMES.iter().enumerate().map(|(n, name)| place.shelve(name, len + n)).collect();
    let dirs: Vec<_> = (0..CLIENTS).map(|n| place.dir(&format!("client-{n}"))).collect();
    for dir in &dirs {
        fs::create_dir(dir).expect("made");
    }
    let args = [&["get"], &NAMES[..], &["--json"]].concat();
    let start = now();
    let clients: Vec<_> = dirs.iter().map(|dir| at(dir, &place.address, None, &args)).collect();
    let mut took = std::thread::scope(|scope| {
        let waits: Vec<_> = clients
            .into_iter()
            .map(|client| {
                scope.spawn(move || {
                    client.ends_within(15 * PATIENCE).well();
                    now() - start
                })
            })
            .collect();
        waits.into_iter().map(|wait| wait.join().expect("no panic")).collect::<Vec<_>>()
    });
    took.sort();
    for dir in &dirs {
        for (name, bytes) in NAMES.iter().zip(&files) {
            same(&dir.join("downloads").join(name), bytes);
        }
    }
    let (fastest, slowest) = (took[0], took[CLIENTS - 1]);
    let had = proc_status_kib(place.relay().pid(), "VmHWM") * 1024;
    let bound = place.relay().metric("couplet_memory_bound_bytes");
    println!(
        "{workers} workers: {CLIENTS} clients, {} files of {mib} MiB each: fastest {:.2} s, slowest \
         {:.2} s; the relay had {} MiB, and says at most {} MiB",
        NAMES.len(),
        fastest.as_secs_f64(),
        slowest.as_secs_f64(),
        had / MIB,
        bound / MIB
    );
    assert!(slowest <= 3 * fastest, "unfair: {took:?}");
    assert!(had < bound, "{had} bytes, and {bound} were promised");
    is_empty(&place);
}

#[test]
fn all_are_served_alike() {
    all_fetch("32");
}

#[test]
fn all_are_served_alike_by_few() {
    all_fetch("4");
}

#[test]
fn who_waits_for_a_worker_is_told_and_served() {
    let place = ShelfPlace::new(&[METRICS, &["--shelf-workers", "1"]].concat());
    let bytes = place.shelve("big.bin", 8 << 20);
    place.shelve("small", 10);
    let valve = Valve::before(&place.address);
    valve.allow(Way::Down, 4 * MIB);
    let first = at(&place.dir("ann"), &valve.address, None, &["get", "big.bin", "--json"]);
    first.moved(MIB);
    let second = place.client(&["get", "small", "--json"]);
    let waiting = second.event("waiting");
    assert_eq!((&waiting["name"], &waiting["before"]), (&"small".into(), &0.into()));
    place.relay().has("couplet_shelf_waiting", 1);
    // One who waits and goes away doesn't wait any more.
    let mut third = at(&place.data(), &place.address, None, &["get", "small", "--json"]);
    assert_eq!(third.event("waiting")["before"], 1);
    place.relay().has("couplet_shelf_waiting", 2);
    third.signal(Signal::KILL);
    third.wait_for_death();
    place.relay().has("couplet_shelf_waiting", 1);
    valve.open();
    first.ends().well();
    second.ends().well();
    same(&place.fetched("big.bin"), &bytes);
    is_empty(&place);
}

#[test]
fn clients_that_are_killed_leave_nothing_behind() {
    let place = ShelfPlace::with_ann(METRICS);
    place.shelve("big.bin", 16 << 20);
    place.own("own.bin", 16 << 20);
    let valve = Valve::before(&place.address);
    let other = Valve::before(&place.address);
    valve.allow(Way::Down, 2 * MIB);
    other.allow(Way::Up, 2 * MIB);
    let login = Some(("ann", PASSWORD));
    let client = |args: &[&str]| at(&place.dir("ann"), &valve.address, login, args);
    let mut clients: Vec<OneShot> =
        (0..4).map(|n| client(&["get", "big.bin", "--to", &format!("to-{n}"), "--json"])).collect();
    place.relay().has("couplet_shelf_clients", 4);
    clients.push(at(&place.dir("ann"), &other.address, login, &["put", "own.bin", "--json"]));
    place.relay().has("couplet_shelf_claims", 1);
    for client in &mut clients {
        client.signal(Signal::KILL);
        client.wait_for_death();
    }
    valve.open();
    other.open();
    is_empty(&place);
    place.ann_ran(&["put", "own.bin"]).well();
    is_empty(&place);
}

#[test]
fn a_full_relay_says_so_and_those_at_the_shelf_are_not_disturbed() {
    let place = ShelfPlace::new(&[METRICS, &["--max-clients", "2"]].concat());
    let bytes = place.shelve("big.bin", 8 << 20);
    let valve = Valve::before(&place.address);
    valve.allow(Way::Down, 6 * MIB);
    let two: Vec<_> = ["one", "two"]
        .iter()
        .map(|to| {
            at(&place.dir("ann"), &valve.address, None, &["get", "big.bin", "--to", to, "--json"])
        })
        .collect();
    place.relay().has("couplet_shelf_clients", 2);
    for _ in 0..3 {
        let ended: Ended = place.ran(&["get", "big.bin", "--json"]).with(exit::REFUSED.into());
        let reason = ended.event("ended")["reason"].as_str().expect("why").to_owned();
        assert!(reason.contains("full") || reason.contains("as many"), "{reason}");
        assert!(failed(&ended).is_empty());
    }
    valve.open();
    for client in two {
        let ended = client.ends().well();
        assert_eq!(told(&ended, "verified"), ["big.bin"]);
        assert!(ended.events().iter().all(|event| event["event"] != "reconnecting"));
    }
    for to in ["one", "two"] {
        same(&place.dir("ann").join(to).join("big.bin"), &bytes);
    }
    is_empty(&place);
    place.client(&["get", "big.bin"]).ends_within(PATIENCE + Duration::from_secs(1)).well();
}
