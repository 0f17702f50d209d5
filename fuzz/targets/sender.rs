//! See `couplet_fuzz::targets::sender`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::sender::run(data));
