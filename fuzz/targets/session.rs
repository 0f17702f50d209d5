//! See `couplet_fuzz::targets::session`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::session::run(data));
