//! The exchange of keys, with somebody between both seats who decides on every step that comes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::exchange::run(data));
