//! Two clients that have agreed on keys, the same in every run.
//!
//! Everything comes through the public API, as a client would use it; the randomness is fixed, so an
//! input that fails once always does.

use bytes::Bytes;
use couplet::message::Seat;
use couplet::seal::{Agreed, Exchange, Password, Progress, Setup, Suites};

/// The password of both clients, which no input knows.
pub const PASSWORD: &str = "otter-lamp";

/// One client's side of an exchange, and what it sends first.
#[must_use]
pub fn side(seat: Seat) -> (Exchange, Option<Bytes>) {
    let password = Password::new(PASSWORD.to_owned());
    let random = [seat.number(); 32];
    Exchange::new(&Setup {
        seat,
        room: "7",
        pairing: 1,
        password: &password,
        suites: Suites::new(true),
        random: &random,
    })
}

/// An exchange that nobody disturbs: its four steps in order, and the keys of seat 1 and seat 2.
///
/// # Panics
/// If it fails, which would be a find.
#[must_use]
pub fn undisturbed() -> ([Bytes; 4], [Agreed; 2]) {
    let (mut one, commit) = side(Seat::One);
    let (mut two, _) = side(Seat::Two);
    let commit = commit.expect("seat 1 begins");
    let Ok(Progress::Send(start)) = two.handle(&commit) else { panic!("no start") };
    let Ok(Progress::Send(reveal)) = one.handle(&start) else { panic!("no reveal") };
    let Ok(Progress::Done(Some(proof), agreed_two)) = two.handle(&reveal) else {
        panic!("no proof")
    };
    let Ok(Progress::Done(None, agreed_one)) = one.handle(&proof) else { panic!("no end") };
    ([commit, start, reveal, proof], [*agreed_one, *agreed_two])
}
