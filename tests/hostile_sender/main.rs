//! A hostile sender: one that speaks the protocol and lies, against a real relay and the real program
//! `couplet receive`.
//!
//! Whatever it sends, the receiver ends or can be ended, with its documented exit status and one clear
//! sentence; nothing outside of the downloads directory is touched, nothing panics, memory stays
//! bounded, and what is written is safe for a screen. [`scene`] holds every case to that, whatever else
//! the case is about.
//!
//! [`names`] has names and paths, [`links`] symbolic links and whatever leads elsewhere, [`sizes`]
//! numbers near the end of numbers, [`chunks`] the bytes of files, [`lists`] entries without end,
//! [`records`] what isn't a record or a step, [`words`] what is to be shown, and [`again`] the same
//! things over and over; [`pipes`] has what comes through several pipes at once.

#[path = "../support/mod.rs"]
mod support;

mod again;
mod chunks;
mod links;
mod lists;
mod names;
mod pipes;
mod records;
mod scene;
mod sizes;
mod steps;
mod words;
