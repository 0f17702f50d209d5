//! What is fuzzed of couplet, and what drives it: by libFuzzer, or without it by a test.
//!
//! | module | owns |
//! | --- | --- |
//! | [`targets`] | what is run with an input, and what must hold |
//! | [`keys`] | two clients that have agreed on keys, the same in every run |
//! | [`draw`] | numbers, texts and seats out of an input |
//! | [`mutator`] | new inputs out of old ones, by a seed |

pub mod draw;
pub mod keys;
pub mod mutator;
pub mod targets;
