//! What a face has asked for and the engine hasn't read.
//!
//! Owns the queue in which a face's commands wait while the engine's own is full, and that no words are
//! lost in either queue when the session ends: what the engine reads no more goes back to the user.

use super::Command;
use couplet::text;
use std::collections::VecDeque;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::sync::mpsc::{Permit, Receiver, Sender};

/// A face's commands on their way to the engine, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Command>,
    /// The words for which it was too late.
    unsaid: Vec<String>,
}

impl Outbox {
    pub(crate) fn push(&mut self, command: Command) {
        self.waiting.push_back(command);
    }

    /// Tells what stands in the composer. What waits to be told is out of date, so it is replaced.
    pub(crate) fn draft(&mut self, draft: String) {
        self.waiting.pop_back_if(|command| matches!(command, Command::Draft(_)));
        self.push(Command::Draft(draft));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Hands the engine what it has room for.
    pub(crate) fn flush(&mut self, commands: &Sender<Command>) {
        while !self.is_empty() {
            match commands.try_reserve() {
                Ok(room) => self.send(Ok(room)),
                Err(TrySendError::Full(())) => return,
                Err(TrySendError::Closed(())) => self.send(Err(SendError(()))),
            }
        }
    }

    /// Hands over the first, as there is room now; or learns that the engine has ended, whose last
    /// events say why.
    pub(crate) fn send(&mut self, room: Result<Permit<'_, Command>, SendError<()>>) {
        match room {
            Ok(room) => {
                if let Some(command) = self.waiting.pop_front() {
                    room.send(command);
                }
            }
            Err(SendError(())) => self.unsaid.extend(self.waiting.drain(..).filter_map(words)),
        }
    }

    /// The words that never got to the engine, oldest first.
    pub(crate) fn unsaid(mut self) -> Vec<String> {
        self.unsaid.extend(self.waiting.into_iter().filter_map(words));
        self.unsaid
    }
}

/// The words that an engine which has ended was given and hasn't read, oldest first. It is given
/// nothing more.
pub(super) async fn unread(mut commands: Receiver<Command>) -> Vec<String> {
    commands.close();
    let mut unread = Vec::new();
    // A face that has room already may still use it: this waits for it.
    while let Some(command) = commands.recv().await {
        unread.extend(words(command));
    }
    unread
}

/// What the command says, fit to be shown, as no session has seen it.
fn words(command: Command) -> Option<String> {
    let Command::Say(said) = command else { return None };
    Some(text::message(&said, usize::MAX)).filter(|said| !said.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn say(text: &str) -> Command {
        Command::Say(text.to_owned())
    }

    fn draft(text: &str) -> Command {
        Command::Draft(text.to_owned())
    }

    fn filled(commands: impl IntoIterator<Item = Command>) -> Outbox {
        let mut outbox = Outbox::default();
        commands.into_iter().for_each(|command| outbox.push(command));
        outbox
    }

    #[test]
    fn the_engine_is_handed_what_it_has_room_for_in_order() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut outbox = filled([say("one"), Command::Pass, say("two")]);
        outbox.flush(&sender);
        assert_eq!(receiver.try_recv(), Ok(say("one")));
        assert_eq!(receiver.try_recv(), Ok(Command::Pass));
        assert!(receiver.try_recv().is_err() && !outbox.is_empty());
        outbox.send(Ok(sender.try_reserve().expect("room")));
        assert_eq!(receiver.try_recv(), Ok(say("two")));
        assert!(outbox.is_empty() && outbox.unsaid().is_empty());
    }

    #[test]
    fn only_the_last_draft_in_a_row_is_told() {
        let mut outbox = filled([draft("a")]);
        outbox.draft("ab".to_owned());
        outbox.push(say("ab"));
        outbox.draft("c".to_owned());
        outbox.draft("cd".to_owned());
        assert_eq!(outbox.waiting, [draft("ab"), say("ab"), draft("cd")]);
    }

    #[test]
    fn what_never_got_to_the_engine_comes_back_in_order() {
        let (sender, receiver) = mpsc::channel(1);
        let mut outbox = filled([say("read"), say("one"), Command::Typing(true), say("two")]);
        outbox.flush(&sender);
        drop(receiver);
        outbox.flush(&sender);
        assert!(outbox.is_empty(), "nothing waits for an engine that has ended");
        outbox.push(say("three"));
        outbox.send(Err(SendError(())));
        assert!(outbox.is_empty());
        outbox.push(draft("four"));
        outbox.push(say("fo\x1b[31mur"));
        outbox.push(say(" "));
        assert_eq!(outbox.unsaid(), ["one", "two", "three", "four"]);
    }

    #[tokio::test]
    async fn what_an_engine_has_not_read_comes_back_even_if_it_was_on_its_way() {
        let (sender, receiver) = mpsc::channel(4);
        sender.try_send(say("one")).expect("room");
        sender.try_send(Command::Fin).expect("room");
        let room = sender.try_reserve().expect("room");
        let late = async {
            // By now the queue is closed, but there was room.
            assert!(sender.try_send(say("too late")).is_err());
            room.send(say("two"));
        };
        let (unread, ()) = tokio::join!(unread(receiver), late);
        assert_eq!(unread, ["one", "two"]);
    }
}
