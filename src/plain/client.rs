//! One client of the plain door: netcat, telnet, or a program that reads and writes lines.
//!
//! Owns what such a client is told and when, and what its lines do. Bytes come in from its socket and
//! messages from its room; lines for the socket and messages for the room go out. It is told its number
//! and its role once, then the last message to its seat if there is one, and from then on what the other
//! says. Nothing it said is dropped in silence: what isn't passed on when it leaves is named to it.

use super::lines::{LineError, Lines};
use super::speaker::Speaker;
use super::{ERROR, EXIT, FIN, check};
use crate::limits::{MAX_HELD, MAX_REASON_COLUMNS};
use crate::message::{ClientControl, ClientToRelay, ExitReason, RelayControl, RelayToClient};
use crate::text;
use bytes::Bytes;
use std::collections::VecDeque;

/// Characters of each line that isn't passed on by which it is named.
const NAMED_BY: usize = 40;

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write this line to the client; it has its end.
    Write(Bytes),
    /// Give this to the client's room.
    Tell(ClientToRelay),
}

/// What a client did wrong, or what it can't be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes that are no line.
    #[error(transparent)]
    Line(#[from] LineError),
    /// More lines out of turn than are held.
    #[error(
        "{MAX_HELD} lines wait for your turn already, and no more are held; wait until the other \
         has said something before you say more"
    )]
    TooManyHeld,
    /// The relay has no memory for what waits for this client's turn.
    #[error("the relay is short of memory, and what waits for your turn takes some; connect again")]
    NoMemory,
}

/// The machine.
#[derive(Debug, Default)]
pub struct Client {
    lines: Lines,
    speaker: Speaker<String>,
    role_is_told: bool,
    /// The last message to the seat, until the role has been told.
    kept: Option<Bytes>,
    stage: Stage,
    /// What will not be passed on, oldest first.
    unsaid: VecDeque<String>,
    fault: Option<Fault>,
    commands: VecDeque<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// It says what it likes.
    #[default]
    Open,
    /// It leaves once the relay has taken the line that is out.
    Leaving,
    /// Nothing comes from it any more.
    Over,
}

impl Client {
    /// Bytes have come from the client.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        if self.stage != Stage::Open {
            return;
        }
        self.lines.push(bytes);
        while self.stage == Stage::Open {
            match self.lines.poll_line() {
                Ok(Some(line)) => self.handle_line(line),
                Ok(None) => return,
                Err(error) => self.leave(Some(error.into())),
            }
        }
        self.lines = Lines::default();
    }

    /// The client says nothing more, or is gone: that is leaving.
    pub fn handle_end(&mut self) {
        self.leave(None);
    }

    /// There is no memory for what is held.
    pub fn handle_short(&mut self) {
        self.leave(Some(Fault::NoMemory));
    }

    /// The room tells something.
    pub fn handle_message(&mut self, message: RelayToClient) {
        match message {
            RelayToClient::Control(control) => self.handle_control(control),
            RelayToClient::Message { body, .. } if self.role_is_told => self.write(&body),
            // The role comes before it here, and behind it from the room.
            RelayToClient::Message { body, .. } => self.kept = Some(body),
            // Nobody in a plain room may send one.
            RelayToClient::Signal { .. } => {}
        }
    }

    /// The next thing to do. Call it after every `handle_*` until it has nothing.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// Whether nothing more is taken from the client. What it sends still is of no use.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Why it was made to leave, if it was.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Bytes of memory that wait in here: half a line, and what is held.
    #[must_use]
    pub fn memory(&self) -> usize {
        let lines = self.speaker.unsaid().chain(&self.unsaid);
        self.lines.memory() + lines.map(|line| line.capacity() + size_of::<String>()).sum::<usize>()
    }

    fn handle_line(&mut self, line: String) {
        if line == FIN {
            return self.leave(None);
        }
        match self.speaker.hold(line) {
            Ok(()) => self.say_next(),
            Err(line) => {
                self.unsaid.push_back(line);
                self.leave(Some(Fault::TooManyHeld));
            }
        }
    }

    fn handle_control(&mut self, control: RelayControl) {
        match control {
            RelayControl::Welcome { seat, pairing, next_sequence, .. } => {
                // It has but one seat, so nothing can be out from another.
                let _ = self.speaker.seated(pairing, next_sequence);
                self.write(seat.number().to_string().as_bytes());
            }
            RelayControl::Role { role, .. } => {
                if !std::mem::replace(&mut self.role_is_told, true) {
                    self.write(role.to_string().as_bytes());
                    if let Some(kept) = self.kept.take() {
                        self.write(&kept);
                    }
                }
                self.speaker.set_role(Some(role));
            }
            RelayControl::Peer { pairing, .. } => self.speaker.meet(pairing),
            RelayControl::Taken { sequence } => {
                self.speaker.taken(sequence);
                self.leave_if_taken();
            }
            // The client left, and its room lets it go; whatever there was to be said has been.
            RelayControl::Exit { reason: ExitReason::Fin } => return self.stage = Stage::Over,
            RelayControl::Exit {
                reason:
                    ExitReason::Shutdown
                    | ExitReason::Restart
                    | ExitReason::Superseded
                    | ExitReason::Rejoin,
            } => {
                if let Some(unsaid) = self.end() {
                    self.complain(&format!("{unsaid}, as the relay is being ended"));
                }
                return self.write(EXIT.as_bytes());
            }
            RelayControl::Error { code, text, .. } if code.is_final() => {
                let text = text::line(&text, MAX_REASON_COLUMNS);
                let unsaid = self.end().map(|unsaid| format!(" ({unsaid})")).unwrap_or_default();
                return self.complain(&(text + &unsaid));
            }
            RelayControl::Error { .. } => {
                self.speaker.refused();
            }
            // Not for one who speaks in lines: nothing is lost, and nothing can be done about it.
            RelayControl::Notice { .. }
            | RelayControl::Pipe { .. }
            | RelayControl::Joined
            | RelayControl::Pong => {}
        }
        self.say_next();
    }

    fn say_next(&mut self) {
        if self.stage == Stage::Over {
            return;
        }
        while let Some(say) = self.speaker.poll_say() {
            let body = Bytes::copy_from_slice(say.line.as_bytes());
            let (pairing, sequence) = (say.pairing, say.sequence);
            let say = ClientToRelay::Say { pairing, sequence, body };
            self.commands.push_back(Command::Tell(say));
        }
    }

    /// The client leaves, or is made to; what is out is taken first.
    fn leave(&mut self, fault: Option<Fault>) {
        if self.stage != Stage::Open {
            return;
        }
        self.stage = Stage::Leaving;
        self.fault = fault;
        // One that was one too many is there already, and comes last.
        let behind = std::mem::replace(&mut self.unsaid, self.speaker.take_all());
        self.unsaid.extend(behind);
        if fault.is_none() && !self.lines.rest().is_empty() {
            self.unsaid.push_back(String::from_utf8_lossy(self.lines.rest()).into_owned());
        }
        self.lines = Lines::default();
        self.leave_if_taken();
    }

    fn leave_if_taken(&mut self) {
        if self.stage != Stage::Leaving || self.speaker.is_waiting() {
            return;
        }
        let fault = self.fault;
        let sentence = match (fault, self.end()) {
            (Some(fault), Some(unsaid)) => {
                Some(format!("{fault} ({unsaid}, and whatever came after)"))
            }
            (Some(fault), None) => Some(fault.to_string()),
            (None, Some(unsaid)) => {
                Some(format!("{unsaid}, as you left before it was your turn to say that"))
            }
            (None, None) => None,
        };
        if let Some(sentence) = sentence {
            self.complain(&sentence);
        }
        self.commands.push_back(Command::Tell(ClientToRelay::Control(ClientControl::Fin)));
    }

    /// Nothing more is taken from the client. Names what isn't passed on, each line by its beginning, in
    /// less than a line may have.
    fn end(&mut self) -> Option<String> {
        self.stage = Stage::Over;
        self.unsaid.extend(self.speaker.unsaid().cloned());
        self.lines = Lines::default();
        self.speaker = Speaker::default();
        let unsaid = std::mem::take(&mut self.unsaid);
        let named: Vec<_> = unsaid.iter().map(|line| format!("\"{}\"", beginning(line))).collect();
        (!named.is_empty()).then(|| format!("not passed on: {}", named.join(", ")))
    }

    fn complain(&mut self, sentence: &str) {
        self.write(format!("{ERROR}{sentence}").as_bytes());
    }

    fn write(&mut self, line: &[u8]) {
        // The room lets in nothing else; if it ever did, that couldn't pass for two lines.
        if check(line).is_ok() {
            self.commands.push_back(Command::Write([line, b"\n"].concat().into()));
        }
    }
}

/// The beginning of a line, by which whoever said it will know it.
fn beginning(line: &str) -> String {
    let mut characters = line.chars();
    let kept: String = characters.by_ref().take(NAMED_BY).collect();
    if characters.next().is_some() { kept + "…" } else { kept }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
