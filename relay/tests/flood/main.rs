//! A relay under everything at once: connects by the thousand, garbage, huge frames, clients that
//! never read, and clients that send a byte a second. Its memory stays below its bound, two who talk
//! beside it don't notice, and every refusal is typed and counted.
//!
//! `COUPLET_FLOOD_SECONDS`, `COUPLET_FLOOD_RATE` (connects a second) and `COUPLET_FLOOD_SLOW` (clients
//! that never read, and as many that are slow) make it longer; the full size is in `docs/LONG_RUNS.md`.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a test tells what it has measured")]
#![expect(unreachable_pub, reason = "the parts of a test are nobody else's")]
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever is not looked for is passed over")]

#[path = "../common/mod.rs"]
mod common;
mod hordes;
mod pair;

use common::process::{Process, number, raise_file_limit};
use hordes::{Horde, Tally};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is measured is measured alone.
static MEASURED: Mutex<()> = Mutex::new(());

fn refused(metrics: &BTreeMap<String, u64>, why: &str) -> u64 {
    metrics[&format!("couplet_refused_total{{why=\"{why}\"}}")]
}

#[test]
fn a_flood_is_refused_in_order_and_a_pair_beside_it_goes_on_talking() {
    let seconds = u64::try_from(number("COUPLET_FLOOD_SECONDS", 5)).expect("not for ever");
    let rate = number("COUPLET_FLOOD_RATE", 1000);
    let slow = number("COUPLET_FLOOD_SLOW", 100);
    let metrics = flood(1000, &[], slow, rate, Duration::from_secs(seconds));
    assert_eq!(metrics["couplet_throttled_total{why=\"queued\"}"], 0, "there was memory enough");
}

/// With so little memory for queues that the deaf want many times more.
#[test]
fn with_small_limits_the_bound_is_small_and_holds_too() {
    let options = [
        "--max-queued-bytes",
        "8M",
        "--max-pipes",
        "8",
        "--max-handshakes",
        "300",
        "--workers",
        "2",
    ];
    let metrics = flood(200, &options, 196, 400, Duration::from_secs(6));
    assert!(metrics["couplet_memory_bound_bytes"] < 256 << 20, "{metrics:?}");
    assert!(metrics["couplet_throttled_total{why=\"queued\"}"] > 0, "{metrics:?}");
    assert!(metrics["couplet_cut_total{why=\"short\"}"] > 0, "{metrics:?}");
}

/// Floods a relay for some time; what it counts.
fn flood(
    max_clients: usize,
    options: &[&str],
    slow: usize,
    rate: usize,
    time: Duration,
) -> BTreeMap<String, u64> {
    // One that failed has measured all the same.
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    raise_file_limit();
    let limit = max_clients.to_string();
    let options = [&["--log", "warn", "--max-clients", &limit][..], options].concat();
    let relay = Process::start(&options);
    let at_start = relay.memory_kib("VmRSS");

    // They have a thread of their own, as they would have a machine of their own.
    let talk = pair::Talk::start(relay.address);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (tally, took) = runtime.block_on(async {
        let mut horde = Horde::new(relay.address);
        horde.never_read(slow).await;
        horde.trickle(slow);
        // The seats that are left are taken, so that whoever comes now finds the relay full.
        horde.fill(max_clients - slow - 2).await;
        let took = horde.connect(rate, time).await;
        (horde.end().await, took)
    });
    let latency = talk.end();

    let processor = relay.processor_ms();
    let metrics = settled(&relay);
    println!("{tally:#?}\n{latency}");
    for (name, value) in metrics.iter().filter(|(_, value)| **value > 0) {
        println!("{name} {value}");
    }
    let per_second = u128::from(tally.connects) * 1000 / took.as_millis().max(1);
    println!("{per_second} connects a second; {processor} ms of processor time in the relay");
    let (peak, now) = (relay.memory_kib("VmHWM"), relay.memory_kib("VmRSS"));
    let bound = metrics["couplet_memory_bound_bytes"] / 1024;
    println!(
        "memory: {} MiB at the start, {} MiB at most, {} MiB now; the bound is {} MiB",
        at_start >> 10,
        peak >> 10,
        now >> 10,
        bound >> 10
    );
    assert_eq!(bound >> 10, relay.bound_mib);
    assert!(peak < bound, "{peak} KiB of memory, and the bound is {bound} KiB");
    assert!(latency.median < Duration::from_millis(20), "{latency}");
    check(&tally, &metrics);
    metrics
}

/// What the relay counts once all who came have been dealt with, which is a little after they have
/// left.
fn settled(relay: &Process) -> BTreeMap<String, u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(common::soon(async {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        let (mut before, mut same) = (0, 0);
        loop {
            look.tick().await;
            let metrics = relay.metrics();
            let now = metrics["couplet_connections_total"];
            same = if now == before { same + 1 } else { 0 };
            before = now;
            // Who vanished with full queues both ways may be there until it counts as stuck.
            if metrics["couplet_handshakes"] == 0 && same > 5 {
                return metrics;
            }
        }
    }))
}

/// Everything that was refused is counted, and was told why, or closed without a word.
fn check(tally: &Tally, metrics: &BTreeMap<String, u64>) {
    let full = ["clients", "rush", "connections", "address"];
    let full: u64 = full.iter().map(|why| refused(metrics, why)).sum();
    let counts = [
        ("relay_full", full, tally.relay_full),
        ("rooms_full", refused(metrics, "rooms"), tally.rooms_full),
        ("malformed", refused(metrics, "malformed"), tally.malformed),
        ("not_couplet", refused(metrics, "not_couplet"), tally.not_couplet),
        ("handshake_timeout", refused(metrics, "handshake_timeout"), tally.handshake_timeout),
    ];
    let (mut counted, mut heard) = (0, tally.silent);
    for (what, by_relay, by_clients) in counts {
        assert!(by_relay >= by_clients, "{what}: {by_relay} at the relay, {by_clients} heard it");
        counted += by_relay;
        heard += by_clients;
    }
    // Those who left before they could hear may have been refused too; nobody else is missing.
    assert!((heard..=heard + tally.left).contains(&counted), "{counted} refused: {tally:?}");
    let silently = metrics["couplet_turned_away_silently_total"];
    assert!(silently <= tally.silent + tally.left, "{silently} turned away: {tally:?}");
    assert_eq!(tally.untyped, 0, "{tally:?}");
    assert!(tally.relay_full > 0 && tally.malformed > 0 && tally.not_couplet > 0, "{tally:?}");
}
