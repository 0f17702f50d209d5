//! The steps of a transfer, the receiver that they go to, and the journal that it is resumed from.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::transfer_step::run(data));
