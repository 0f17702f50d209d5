//! Frames and the opening, from any bytes in any pieces.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::frame::run(data));
