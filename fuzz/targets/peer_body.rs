//! What peers say to each other, once it is opened: the bodies of says and signals.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::targets::peer_body::run(data));
