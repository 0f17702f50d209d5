//! Messages between a client and the relay, in both directions.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::message::run(data));
