//! The page, as people use it: real programs, a real relay, and a real Chromium without a window.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod apart;
mod back;
mod cuts;
mod hostile;
mod leavings;
mod lines;
mod lost;
mod pages;
mod scene;
mod sending;
mod shelf;
mod talking;
