//! What the tests of whole programs share: a relay and clients as real processes, the clients in
//! real terminals (pseudo-terminals, with a terminal emulator that keeps the screen).
//!
//! Nothing here waits for a time to pass: every wait is for something to happen, and has a limit
//! after which it shows the screen and fails.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

pub mod browser;
pub mod escapes;
pub mod field;
pub mod headless;
pub mod linear;
pub mod memory;
pub mod meter;
pub mod middle;
pub mod mounts;
pub mod netcat;
pub mod one_shot;
pub mod raw;
pub mod raw_pipe;
pub mod raw_shelf;
pub mod relay;
pub mod shelf;
pub mod terminal;
pub mod valve;
pub mod web;
pub mod webdriver;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest that anything may take to happen on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What the environment of whoever runs the tests mustn't say for them.
pub const VARIABLES: &[&str] = &[
    "COUPLET_CODE",
    "COUPLET_CONFIG",
    "COUPLET_DOWNLOADS",
    "COUPLET_NAME",
    "COUPLET_NOTIFY",
    "COUPLET_PASSWORD",
    "COUPLET_RELAY",
    "COUPLET_STARTED_AS",
    "COUPLET_SYMBOLS",
    "COUPLET_THEME",
    "COUPLET_TIMESTAMPS",
    "COUPLET_TLS",
    "COUPLET_USER",
];

/// Where a program in the directory `dir` finds what it reads and leaves what it keeps: both belong to
/// the test.
pub fn places(dir: &Path) -> [(&'static str, PathBuf); 3] {
    [
        ("XDG_CONFIG_HOME", dir.join(".config")),
        ("XDG_DATA_HOME", dir.join(".data")),
        ("XDG_STATE_HOME", dir.join(".state")),
    ]
}

/// A program of this workspace, where cargo has put it.
///
/// # Panics
/// If it isn't built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let dir = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let path = dir.join(name);
    assert!(path.is_file(), "{} isn't built; run `cargo test` for all packages", path.display());
    path
}

/// The bytes of a file that looks random and is the same every time.
pub fn contents(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // Xorshift64 (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A figure in KiB from `/proc/PID/status`, such as `VmHWM`, the most memory that was ever resident.
pub fn proc_status_kib(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a live process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .expect("a figure that Linux gives");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
