//! What a relay can say, in any order.

use super::World;
use crate::draw::{self, Input};
use arbitrary::Result;
use couplet::message::{ErrorCode, ExitReason, PeerState, RelayControl, Role, Seat};

impl World {
    /// The relay says something; of what counts it is remembered.
    pub(super) fn relay_says(&mut self, input: &mut Input<'_>) -> Result<()> {
        let pairing = draw::near32(input, self.pairing)?;
        let control = match input.arbitrary::<u8>()? % 20 {
            // Twice on one connection is the end.
            0 | 1 if !self.seated || input.ratio(1, 8)? => {
                self.pairing = pairing;
                self.seat = draw::seat(input)?;
                self.room = draw::room(input)?;
                RelayControl::Welcome {
                    seat: self.seat,
                    token: draw::token(input)?,
                    room: self.room.clone(),
                    pairing,
                    since: draw::near32(input, pairing)?,
                    next_sequence: draw::near(input, self.said.saturating_add(1))?,
                    grace_ms: input.arbitrary()?,
                    returned: input.arbitrary()?,
                    // One lie more, for which nothing is drawn.
                    plain: pairing % 32 == 31,
                }
            }
            2..=6 => {
                self.turn = draw::near(input, self.turn)?;
                let role = if input.ratio(2, 3)? { Role::Emi } else { Role::Rec };
                RelayControl::Role { role, turn: self.turn }
            }
            7..=9 => {
                let states = [
                    PeerState::Present,
                    PeerState::Silent,
                    PeerState::Replaced,
                    PeerState::Gone,
                    PeerState::Waiting,
                ];
                self.pairing = pairing;
                RelayControl::Peer {
                    state: *input.choose(&states)?,
                    pairing,
                    since: draw::near32(input, pairing)?,
                    kept_ms: input.arbitrary()?,
                }
            }
            10 | 11 => RelayControl::Taken { sequence: draw::near(input, self.said)? },
            12..=15 => RelayControl::Notice { text: draw::text(input)? },
            16 => {
                let reasons = [
                    ExitReason::Restart,
                    ExitReason::Rejoin,
                    ExitReason::Superseded,
                    ExitReason::Fin,
                    ExitReason::Shutdown,
                ];
                RelayControl::Exit { reason: *input.choose(&reasons)? }
            }
            17 | 18 => {
                let codes = [
                    ErrorCode::NotYourTurn,
                    ErrorCode::WrongSequence,
                    ErrorCode::NoPeer,
                    ErrorCode::TooManyPipes,
                    ErrorCode::SeatGone,
                    ErrorCode::Stuck,
                    ErrorCode::RoomTaken,
                    ErrorCode::PairingFailed,
                    ErrorCode::Unknown,
                ];
                RelayControl::Error {
                    code: *input.choose(&codes)?,
                    text: draw::text(input)?,
                    kept_ms: None,
                }
            }
            _ => RelayControl::Pong,
        };
        self.control(control);
        Ok(())
    }

    /// The relay gives a pipe: one that was asked for, or one that the peer asked for, or any.
    pub(super) fn give_pipe(&mut self, input: &mut Input<'_>) -> Result<()> {
        let tag = match self.tags.pop() {
            Some(tag) if input.ratio(3, 4)? => tag,
            Some(_) | None => {
                draw::near(input, 1)?.wrapping_shl(1) | u64::from(self.seat == Seat::Two)
            }
        };
        let token = draw::token(input)?;
        self.control(RelayControl::Pipe { tag, token });
        Ok(())
    }
}
