//! Errands as scenes: what an engine tells, and what becomes of it.

#[path = "errand_tests/ending.rs"]
mod ending;
#[path = "errand_tests/meeting.rs"]
mod meeting;
#[path = "errand_tests/moving.rs"]
mod moving;
#[path = "errand_tests/scene.rs"]
mod scene;
