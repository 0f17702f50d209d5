//! What a client's user is shown, and what must be true of it.

use crate::weather::Place;
use crate::world::{Event, World};
use couplet::session::{self, Ending, Link, Mark, Peer, Seal};
use couplet::transfer::book::{Direction, TransferState};
use std::time::Duration;

impl World {
    /// A session tells something.
    pub(crate) fn face(&mut self, index: usize, event: session::Event) {
        self.note(|| format!("  {index} shows {event:?}"));
        let life = self.clients[index].lives;
        let crashes = self.audit.tally.relay_crashes;
        let Some(program) = &mut self.clients[index].program else { return };
        let number = program.number;
        match event {
            session::Event::Link(link) => program.online = link == Link::Online,
            session::Event::Seated { room, returned, .. } => {
                program.sequences.clear();
                if self.weather.place == Place::Numbered && room.is_some() {
                    self.clients[index].room = room;
                }
                if !returned {
                    self.audit.boundary(index);
                }
            }
            session::Event::Role(role) => program.role = Some(role),
            session::Event::Peer { peer, newcomer } => {
                program.peer = Some(peer);
                if newcomer || peer == Peer::Gone {
                    self.audit.boundary(index);
                }
            }
            session::Event::Seal(seal) => {
                program.seal = Some(seal);
                if matches!(seal, Seal::Nobody) {
                    self.audit.verified(index, None);
                }
            }
            session::Event::Words { sequence, text, kept } => {
                self.audit.came(index, life, &text);
                let program = self.program(index, number).expect("it runs");
                program.screen.push_back((sequence, text, kept));
                let wait = self.chance.millis(0, 300);
                self.after(wait, Event::Display { client: index, program: number });
            }
            session::Event::Held { draft, text } => {
                let message = self.audit.held(index, &text);
                let program = self.program(index, number).expect("it runs");
                program.drafts.insert(draft, message);
                program.sequences.remove(&draft);
            }
            session::Event::TakenBack { text, .. } => self.audit.taken_back(index, &text),
            session::Event::Said { draft, text } => {
                let message = self.audit.said(index, number, &text);
                let program = self.program(index, number).expect("it runs");
                program.drafts.insert(draft, message);
                if let Some(sequence) = program.last_say.take() {
                    program.sequences.insert(draft, sequence);
                }
            }
            session::Event::Marked { draft, mark } => {
                let message = program.drafts.get(&draft).copied();
                let sequence = program.sequences.get(&draft).copied();
                let message = message.unwrap_or_else(|| panic!("{draft:?} of {index} is nothing"));
                if mark == Mark::Sent
                    && let Some(program) = self.program(index, number)
                {
                    program.sequences.remove(&draft);
                }
                self.audit.marked(index, number, message, mark, sequence, crashes);
            }
            session::Event::Transfer { id, info } => {
                if info.direction == Direction::Incoming && info.state == TransferState::Offered {
                    let wait = self.chance.millis(0, 3000);
                    let answer = Event::Answer { client: index, program: number, transfer: id.0 };
                    self.after(wait, answer);
                }
                self.transfer_told(index, id, &info);
            }
            session::Event::Ended(ending) => self.ended(index, &ending),
            session::Event::PeerCompares
            | session::Event::PeerName(_)
            | session::Event::PeerTyping(_)
            | session::Event::RoundTrip(_)
            | session::Event::Passed
            | session::Event::Notice(_)
            | session::Event::Trouble(_) => {}
        }
    }

    /// The user sees the next words.
    pub(crate) fn display(&mut self, index: usize, number: u64) {
        let life = self.clients[index].lives;
        let Some(program) = self.program(index, number) else { return };
        let Some((sequence, text, kept)) = program.screen.pop_front() else { return };
        self.note(|| format!("  {index} SEES {text:?}"));
        self.audit.displayed(index, life, number, sequence, &text, kept);
        if self.dies(index) {
            return;
        }
        let program = self.program(index, number).expect("it runs");
        program.session.shown(sequence);
        self.pump(index);
    }

    /// The program ends, and gives back what wasn't said.
    fn ended(&mut self, index: usize, ending: &Ending) {
        let Some(program) = self.clients[index].program.take() else { return };
        match ending {
            // With a wrong code: by an impostor who came first, or by an exchange that took too long.
            Ending::Fin
            | Ending::WrongCode { .. }
            | Ending::RelayExit
            | Ending::Refused { .. }
            | Ending::Unreachable { .. } => {}
            // By an exchange that wasn't answered in time.
            Ending::Protocol { text } => {
                assert!(text.ends_with("try again"), "{index} ends with {text}");
            }
            Ending::Superseded | Ending::Distrusted { .. } => {
                panic!("{index} ends with {ending:?}, though there is but one of it")
            }
        }
        let unsaid: Vec<&str> = program.session.unsaid().collect();
        self.audit.ended(index, &unsaid);
        if let Some(conn) = program.conn {
            self.close_up(conn);
        }
        self.pipes_of_dead(index, program.number, crate::weather::Death::Killed);
        let client = &mut self.clients[index];
        client.disk.kept = None;
        client.disk.transfers.clear();
        client.endings += 1;
        let gives_up = index == 2 && (self.healed || client.endings > 4);
        if client.user.left_for_good || gives_up {
            client.retired = true;
        } else {
            let wait = self.chance.millis(500, 8000);
            self.after(wait, Event::Start { client: index });
        }
    }

    /// Waits that users take.
    pub(crate) fn pause(&mut self) -> Duration {
        let most = self.weather.pause_ms * 2;
        self.chance.millis(0, most + 1)
    }
}
