//! The sealed records of a pipe, for one fixed pair of keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::record::run(data));
