//! The one sanitiser: whatever a stranger writes, nothing but text comes out.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::text::run(data));
