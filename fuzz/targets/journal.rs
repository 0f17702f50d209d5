//! See `couplet_fuzz::targets::journal`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::journal::run(data));
