//! Sealed says and signals, for one fixed pair of keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::sealed_body::run(data));
