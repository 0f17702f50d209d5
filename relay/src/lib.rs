//! The relay of couplet: it pairs two clients and moves what it can't read.
//!
//! This crate is the shell around the core's [`couplet::room`] and [`couplet::directory`]: sockets,
//! queues, timers and the operating system. It decides nothing about turns or seats, and it has no
//! code that could open what the clients seal.
//!
//! | module | owns |
//! | --- | --- |
//! | [`cli`], [`config`] | the command line and what follows from it |
//! | [`accounts`] | who may use the shelf: logins, sessions, the `account` commands |
//! | [`server`], `accept` | listening, accepting, and ending in order |
//! | `relay` | what all connections share |
//! | `gate` | how many may be here at once |
//! | [`tls`] | the certificate and its key: the operator's, the one that is kept, or a new one |
//! | `knock` | the first byte: TLS or plain |
//! | `connection` | one client from its first byte to its last |
//! | `line` | one client's socket while it has a seat: frames in, queue out, deadlines |
//! | `outbox` | the bounded queue towards one client |
//! | `budget` | the memory of all queues together |
//! | `throttle`, `manners` | how fast one client may go, and what it is told |
//! | `memory` | what the relay's memory stays below |
//! | [`shelf`] | files that lie ready: the directory, who has which name, a visit |
//! | `rooms` | the rooms, who sits where, and carrying out what they command |
//! | `pipe` | joining two sockets for bulk bytes |
//! | [`counters`], `metrics` | what the relay counts, and telling it to Prometheus |
//! | `doors` | other programs' protocols: lines of text into the same rooms, chunked upload onto the shelf |
//! | `wrong_codes` | how often clients couldn't agree on keys, and who must wait for it |
//! | `refusal` | what a connection that isn't served is told |
//! | `bulk` | the threads that pipes are copied on, and their memory |
//! | `store` | the rooms' records on disk, and when they are written |
//! | `clock` | the one clock and the one source of randomness |
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use couplet_relay::{config::Config, server};
//! use tokio_util::sync::CancellationToken;
//!
//! let config = Config { listen: "127.0.0.1:0".to_owned(), ..Config::default() };
//! let listener = server::listen(&config.listen).await?;
//! let shutdown = CancellationToken::new();
//! server::run(config, listener, shutdown).await?;
//! # Ok(())
//! # }
//! ```

mod accept;
pub mod accounts;
mod budget;
mod bulk;
pub mod cli;
mod clock;
pub mod config;
mod connection;
pub mod counters;
mod doors;
mod gate;
mod knock;
mod line;
mod lock;
mod manners;
mod memory;
mod metrics;
mod outbox;
mod pipe;
mod refusal;
mod relay;
mod rooms;
pub mod server;
pub mod shelf;
mod store;
mod throttle;
pub mod tls;
mod wrong_codes;

pub use memory::memory_bound;
pub use outbox::{HARD_LIMIT_BYTES, SOFT_LIMIT_BYTES, SOFT_LIMIT_FRAMES};
