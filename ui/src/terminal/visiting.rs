//! The visit to the relay's shelf, beside the conversation.
//!
//! Owns when there is one: from the first time that something is wanted of it until it is over, and
//! again when more is wanted. What is asked waits in an own queue while the visit's is full.

use crate::engine::shelf::{self, Command, Event, Options, Shelf};
use couplet::shelf::visit::Event as VisitEvent;
use couplet::transfer::offer::OnCollision;
use std::collections::VecDeque;

/// The visit, if there is one, and what it will be like.
#[derive(Debug)]
pub(crate) struct Visiting {
    options: Options,
    shelf: Option<Shelf>,
    outbox: VecDeque<Command>,
}

impl Visiting {
    /// None yet.
    pub(crate) fn new(mut options: Options) -> Self {
        // What is here already needn't be fetched; who wants more than that has said so.
        if options.on_collision == OnCollision::Rename {
            options.on_collision = OnCollision::Refuse;
        }
        Self { options, shelf: None, outbox: VecDeque::new() }
    }

    /// Asks for something; the visit begins if there is none, with this limit for its transfers.
    pub(crate) fn ask(&mut self, command: Command, limit: Option<u64>) {
        if self.shelf.is_none() {
            if let Command::Limit(_) | Command::Cancel(_) | Command::RelayMet | Command::Leave =
                command
            {
                return;
            }
            self.options.limit = limit;
            self.shelf = Some(shelf::start(self.options.clone()));
        }
        self.outbox.push_back(command);
    }

    /// Ends it at once; what has come is kept.
    pub(crate) fn end(&mut self) {
        self.shelf = None;
        self.outbox.clear();
    }

    /// What is heard next. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Event {
        let over = Event::Visit(VisitEvent::Over);
        loop {
            let Some(shelf) = &mut self.shelf else { return std::future::pending().await };
            let event = tokio::select! {
                event = shelf.events.recv() => event.unwrap_or_else(|| over.clone()),
                room = shelf.commands.reserve(), if !self.outbox.is_empty() => {
                    if let (Ok(room), Some(command)) = (room, self.outbox.pop_front()) {
                        room.send(command);
                    } else {
                        // It is over; its last events say why.
                        self.outbox.clear();
                    }
                    continue;
                }
            };
            if event == over {
                self.end();
            }
            return event;
        }
    }
}
