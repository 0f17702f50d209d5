//! See `couplet_fuzz::targets::room_record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::room_record::run(data));
