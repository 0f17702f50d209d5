//! The first two scenes of what couplet is for, each played twice by the same script with the real
//! programs: once by keys alone, once by commands alone.

#[path = "../support/mod.rs"]
mod support;

mod far_away;
mod first_minute;
mod person;
