//! What a user is told the first time, and never again.
//!
//! Owns the four things to know. They are lines of the conversation, so they make way for it and can
//! be scrolled back to.

use super::super::conversation::{Sign, Who};
use super::App;

/// What there is to know, in the order in which it is needed.
const THINGS: [&str; 4] = [
    "You talk in turns. Enter sends, and then the turn is the other's. What you enter out of turn is \
     held, and goes out when your turn comes.",
    "/send PATH offers a file or a folder at any time; so does dropping one here. Alt-A accepts what \
     is offered to you.",
    "All of it is sealed, and the relay can't read it. The same three words on both screens say that \
     nobody is in between: /verify.",
    "F1 is the help: all commands and keys. fin alone on a line leaves.",
];

impl App {
    /// Welcomes somebody who has never been here.
    pub(crate) fn welcome(&mut self) {
        let mut tell = |sign, text: &str| {
            self.conversation.push(self.now.wall, Who::System(sign), text.to_owned());
        };
        tell(Sign::Info, "Welcome to couplet. Four things to know; this is said only once.");
        for (number, thing) in (1_u8..).zip(THINGS) {
            tell(Sign::Step(number), thing);
        }
    }
}
