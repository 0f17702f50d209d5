//! Sender and receiver against each other in a world that loses, delays, repeats and damages, and
//! each against a peer that lies.

#[path = "machine_tests/disk.rs"]
mod disk;
#[path = "machine_tests/holes.rs"]
mod holes;
#[path = "machine_tests/liars.rs"]
mod liars;
#[path = "machine_tests/properties.rs"]
mod properties;
#[path = "machine_tests/receiving.rs"]
mod receiving;
#[path = "machine_tests/scenes.rs"]
mod scenes;
#[path = "machine_tests/world.rs"]
mod world;
