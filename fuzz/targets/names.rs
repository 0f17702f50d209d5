//! See `couplet_fuzz::targets::names`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::names::run(data));
