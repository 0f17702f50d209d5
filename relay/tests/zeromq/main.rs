//! Chunked upload over ZeroMQ with clients that aren't couplet's: pyzmq, and czmq in a C program.
//!
//! They need python3 with pyzmq, and libczmq with its headers; `.ci/run` installs what is missing.

#[path = "../common/mod.rs"]
mod common;
mod czmq;
mod door;
mod doors;
mod giants;
mod many;
#[cfg(target_os = "linux")]
mod program;
mod rules;
#[path = "../common/shelf.rs"]
mod shelf;
mod silence;
