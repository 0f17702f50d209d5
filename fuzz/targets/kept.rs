//! See `couplet_fuzz::targets::kept`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::kept::run(data));
