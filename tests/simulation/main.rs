//! Whole conversations, simulated: both machines, the room, the transfers, and everything between
//! them that can fail, in virtual time and from a seed.
//!
//! Each conversation has a weather of its own, drawn from its seed: connections that are cut, stall or
//! die without a word, a relay that is killed and started again from what it had written down, clients
//! that are killed between any two of their steps, users who leave, newcomers and impostors who come
//! at the worst moment. When all is well again everything must come to rest, and be right.
//!
//! `COUPLET_SIM_RUNS` says how many conversations there are, `COUPLET_SIM_FIRST` which is the first.
//! `COUPLET_SIM_SEED=n cargo test --test simulation -- replay --nocapture` shows one of them step by
//! step. See `docs/LONG_RUNS.md`.

mod audit;
mod bulk;
mod chance;
mod client;
mod ending;
mod face;
mod faults;
mod relay;
mod store;
mod users;
mod weather;
mod wire;
mod world;

use audit::Tally;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use weather::Weather;
use world::World;

/// Failing seeds that are told.
const TOLD: usize = 12;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// Lets one conversation happen; gives what went wrong, if something did.
fn converse(seed: u64, trace: bool) -> (Result<Tally, String>, Vec<String>) {
    let mut world = World::new(Weather::new(seed), trace);
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let result = result.map(|()| world.audit.tally).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "it panicked".to_owned())
    });
    (result, world.trace.take().unwrap_or_default())
}

#[test]
fn conversations() {
    let runs = setting("COUPLET_SIM_RUNS").unwrap_or(10_000);
    let first = setting("COUPLET_SIM_FIRST").unwrap_or(0);
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    let total = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Failures are told once, below.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut tally = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        break;
                    }
                    match converse(seed, false).0 {
                        Ok(one) => tally.add(&one),
                        Err(text) => failures.lock().expect("unharmed").push((seed, text)),
                    }
                }
                total.lock().expect("unharmed").add(&tally);
            });
        }
    });
    std::panic::set_hook(hook);
    let mut failures = failures.into_inner().expect("unharmed");
    failures.sort();
    println!("{runs} conversations: {:?}", total.into_inner().expect("unharmed"));
    for (seed, text) in failures.iter().take(TOLD) {
        println!("\nseed {seed}: {text}\n{:?}", Weather::new(*seed));
        println!(
            "replay: COUPLET_SIM_SEED={seed} cargo test --test simulation -- replay --nocapture"
        );
    }
    assert!(failures.is_empty(), "{} of {runs} conversations went wrong", failures.len());
}

/// Shows one conversation step by step.
#[test]
fn replay() {
    let seed = setting("COUPLET_SIM_SEED").unwrap_or(1);
    let (result, trace) = converse(seed, true);
    println!("{:?}", Weather::new(seed));
    for line in &trace {
        println!("{line}");
    }
    let (again, same) = converse(seed, true);
    assert_eq!(result.is_ok(), again.is_ok());
    assert!(trace == same, "the same seed gives the same conversation");
    result.unwrap_or_else(|text| panic!("seed {seed}: {text}"));
}
