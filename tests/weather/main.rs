//! Conversations over bad links: the real relay and two real engines, each behind a link of its own that
//! is cut, goes silent, is slow, hangs up, or delivers late what an old connection said.
//!
//! `tests/simulation` does this to the machines, in virtual time. Here it is done to the shells, with
//! the sockets and threads that they really have, so over loopback and in real time. What goes wrong
//! when is drawn from a seed and counted in events; what time it takes is the link's.
//!
//! Held to: every message that is taken in arrives once and in order, both files come whole and once,
//! no engine ends, and in fair weather both soon hear a last message, and that theirs was shown.
//!
//! `COUPLET_WEATHER_RUNS` says how many conversations there are, `COUPLET_WEATHER_SEED` with which seed
//! they begin. See `docs/LONG_RUNS.md`.

#[path = "../simulation/chance.rs"]
#[allow(dead_code, reason = "the simulation uses all of it")]
mod chance;
mod lane;
mod link;
mod person;
mod scene;
mod sky;
#[path = "../support/mod.rs"]
mod support;

use scene::{Scene, Story, Tally};
use sky::Sky;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Conversations at once. They mostly wait until it is time to connect again.
const AT_ONCE: usize = 12;

/// Lines of a failed conversation that are told.
const TOLD: usize = 150;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// Lets one conversation happen; gives what went wrong, if something did.
fn converse(seed: u64, story: &Story) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let talk = || runtime.block_on(Scene::happens(Sky::new(seed), story));
    let result = catch_unwind(AssertUnwindSafe(talk)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.unwrap_or_else(|| "it panicked; what it said is above".to_owned()))
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

#[test]
fn whatever_the_weather_every_word_comes_once_and_every_file_whole() {
    let runs = setting("COUPLET_WEATHER_RUNS").unwrap_or(12);
    let first = setting("COUPLET_WEATHER_SEED").unwrap_or(1);
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    let total = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        break;
                    }
                    let story = Story::default();
                    match converse(seed, &story) {
                        Ok(tally) => total.lock().expect("unharmed").add(&tally),
                        Err(text) => {
                            failures.lock().expect("unharmed").push((seed, text, story.told()));
                        }
                    }
                }
            });
        }
    });
    let (failures, total) = (failures.into_inner().unwrap(), total.into_inner().unwrap());
    println!("{runs} conversations: {total:?}");
    for (seed, text, story) in &failures {
        println!("\nseed {seed}: {text}\n{:#?}", Sky::new(*seed));
        for line in story.iter().skip(story.len().saturating_sub(TOLD)) {
            println!("{line}");
        }
        println!(
            "again: COUPLET_WEATHER_SEED={seed} COUPLET_WEATHER_RUNS=1 cargo test --test weather -- --nocapture"
        );
    }
    let seeds: Vec<_> = failures.iter().map(|(seed, text, _)| format!("{seed}: {text}")).collect();
    assert!(failures.is_empty(), "{} of {runs} went wrong: {seeds:#?}", failures.len());
    // Of the many; one may be lucky.
    let was_bad = runs < 12 || (total.lost > runs && total.cut > 0 && total.late > 0);
    assert!(was_bad, "the weather was too fair to show anything: {total:?}");
}
