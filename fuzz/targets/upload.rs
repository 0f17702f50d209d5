//! A ZeroMQ client that says anything, in any pieces, and the uploads that come of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::upload::run(data));
