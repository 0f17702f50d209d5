//! The names and paths that a peer may give to files.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::safe_path::run(data));
