//! What outlives a session in the same terminal: what was said and entered before.
//!
//! Owns handing it on; what it is made of has files of its own.

use super::super::conversation::{Conversation, Sign, Who};
use super::super::history::History;
use super::super::unfinished;
use super::{App, Next};

/// What outlives a session in the same terminal.
#[derive(Debug, Default)]
pub(crate) struct Past {
    conversation: Conversation,
    history: History,
}

impl App {
    /// Goes on after another session in the same terminal: what was said there stays readable.
    pub(crate) fn go_on_after(&mut self, past: Past) {
        let Past { mut conversation, history } = past;
        conversation.close();
        if conversation.len() > 0 {
            let text = "you went to another room; what is above was said before".to_owned();
            conversation.push(self.now.wall, Who::System(Sign::Info), text);
        }
        self.conversation = conversation;
        self.history = history;
    }

    /// What a session that comes after this one takes over. If the user goes on elsewhere, nobody else
    /// tells what wasn't through here.
    pub(crate) fn take_past(&mut self) -> Past {
        if self.next.is_some() {
            let unfinished = unfinished::lines(&self.transfers, ["incoming", "outgoing"]);
            for line in self.late().chain(unfinished).collect::<Vec<_>>() {
                self.tell(Sign::Trouble, line);
            }
        }
        Past {
            conversation: std::mem::take(&mut self.conversation),
            history: std::mem::take(&mut self.history),
        }
    }

    /// The limit for transfers: bytes a second, or none.
    pub(crate) const fn limit(&self) -> Option<u64> {
        self.setting.limit
    }

    /// Where the user wants to go on instead of leaving; told once.
    pub(crate) fn take_next(&mut self) -> Option<Next> {
        self.next.take()
    }
}
