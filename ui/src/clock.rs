//! The client's one clock site and one source of randomness: those of the threads that move its files.

pub use couplet_files::clock::{entropy, now, random, wall};
