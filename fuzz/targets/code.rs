//! Codes as people type them, or are tricked into pasting.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::code::run(data));
