//! Files of transfers: what is sent, what comes, and the threads that move it.
//!
//! The shells around the [`Sender`](couplet::transfer::send::Sender) and
//! [`Receiver`](couplet::transfer::receive::Receiver) machines, for everybody who moves files: a
//! client's transfers, and the relay's shelf. What a transfer goes through is a [`pipe`]; whether that
//! is sealed is whoever's who opens it, so nothing here can open a seal.
//!
//! | module | owns |
//! | --- | --- |
//! | [`source`] | what is sent: files, folders, a text, standard input |
//! | [`store`] | what comes, on disk: growing, and appearing when it is whole |
//! | [`sending`], [`receiving`] | the threads of one transfer, in either direction |
//! | [`common`] | what they share with whoever runs the transfer |
//! | [`pipe`] | what they need of what a transfer goes through |
//! | [`lane`] | a pipe over a connection that has other things to say, too |
//! | [`target`] | where what is received goes |
//! | [`clock`] | the one clock site of the clients and of whatever moves files |

pub mod clock;
pub mod common;
pub mod lane;
pub mod pipe;
mod pulse;
pub mod receiving;
pub mod sending;
pub mod source;
pub mod store;
pub mod target;
