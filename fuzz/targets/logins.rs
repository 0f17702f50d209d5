//! See `couplet_fuzz::targets::logins`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::logins::run(data));
