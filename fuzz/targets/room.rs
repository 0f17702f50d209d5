//! See `couplet_fuzz::targets::room`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::room::run(data));
