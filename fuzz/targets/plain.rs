//! Lines of text in any pieces; a client of the plain door, and a room that says anything.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::plain::run(data));
