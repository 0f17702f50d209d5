//! What a frame costs behind which 100,000 messages lie, and what these take in memory: `cargo bench
//! -p couplet-ui`.
//!
//! Each frame is the whole face, drawn into a buffer and compared with the one before. What goes to
//! a terminal isn't part of it. docs/BENCHMARKS.md has the figures.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it found")]

use couplet_ui::terminal::Rehearsal;
use criterion::{Criterion, criterion_group, criterion_main};

const COUNT: usize = 100_000;
/// What a message may take beside its text, in bytes.
const MOST: usize = 150;
const TEXT: &str =
    "a message of some length that has to be wrapped at eighty columns, and then some";

fn frames(criterion: &mut Criterion) {
    let before = resident();
    let mut face = Rehearsal::new(120, 40);
    for _ in 0..COUNT {
        face.hear(TEXT);
    }
    let taken = resident().saturating_sub(before) / COUNT;
    println!(
        "memory: {} bytes a message beside its {} of text",
        taken.saturating_sub(TEXT.len()),
        TEXT.len()
    );
    assert!(taken <= TEXT.len() + MOST, "a message takes too much");
    face.draw();
    let mut group = criterion.benchmark_group("100,000 messages");
    group.bench_function("a new message", |bencher| {
        bencher.iter(|| {
            face.hear(TEXT);
            face.draw();
        });
    });
    group.bench_function("a page up", |bencher| {
        bencher.iter(|| {
            face.page_up();
            face.draw();
        });
    });
    face.newest();
    let mut width = 60;
    group.bench_function("a resize", |bencher| {
        bencher.iter(|| {
            width = if width == 160 { 60 } else { width + 1 };
            face.resize(width, 40);
            face.draw();
        });
    });
    for _ in 0..40 {
        face.hear(&"wörd ".repeat(10_000));
    }
    group.bench_function("a resize in the longest messages", |bencher| {
        bencher.iter(|| {
            width = if width == 160 { 60 } else { width + 1 };
            face.resize(width, 40);
            face.draw();
        });
    });
    for _ in 0..10 {
        face.hear(&format!("http://{}", "()".repeat(15_000)));
        face.hear(&format!("see https://example.org/{} ", "long/".repeat(190)).repeat(30));
    }
    group.bench_function("a resize in the longest links", |bencher| {
        bencher.iter(|| {
            width = if width == 160 { 60 } else { width + 1 };
            face.resize(width, 40);
            face.draw();
        });
    });
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<usize>().ok());
    kib.unwrap_or(0) * 1024
}

criterion_group!(benches, frames);
criterion_main!(benches);
