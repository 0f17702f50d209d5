//! Lines of text in any pieces; a client of the plain door, and a room that says anything.
//!
//! However bytes are cut, the same lines come out of them. Whatever a client and its room say: the client
//! is written lines and nothing else, the room is told what has a place in it, one line in a turn and
//! nothing after the end, and memory stays within what may be held.

use crate::draw;
use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use couplet::limits::{MAX_HELD, MAX_PLAIN_LINE};
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, ExitReason, PeerState, RelayControl, RelayToClient,
    Role,
};
use couplet::plain::{self, Client, Command, LineError, Lines};

/// Runs one input.
pub fn run(data: &[u8]) {
    // An input that ends early has done what it could.
    let _ = play(&mut Unstructured::new(data));
}

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let mut client = Client::default();
    let (mut all, mut cuts) = (Vec::new(), Vec::new());
    let (mut turns, mut said, mut is_gone) = (0_usize, 0_usize, false);
    while !input.is_empty() {
        match input.arbitrary::<u8>()? % 8 {
            0..=2 => {
                let piece = bytes(input)?;
                client.handle_bytes(&piece);
                cuts.push(piece.len());
                all.extend_from_slice(&piece);
            }
            3..=6 => {
                let message = message(input)?;
                if let RelayToClient::Control(
                    RelayControl::Role { role: Role::Emi, .. }
                    | RelayControl::Peer { .. }
                    | RelayControl::Welcome { .. },
                ) = message
                {
                    turns += 1;
                }
                client.handle_message(message);
            }
            _ => match input.arbitrary::<u8>()? % 16 {
                0 => client.handle_end(),
                1 => client.handle_short(),
                _ => {}
            },
        }
        while let Some(command) = client.poll_command() {
            match command {
                Command::Write(line) => {
                    let line = line.strip_suffix(b"\n").expect("a line has an end");
                    assert!(plain::check(line).is_ok(), "{line:?}");
                }
                Command::Tell(message) => {
                    assert_eq!(plain::check_message(&message), Ok(()));
                    assert!(!is_gone, "it has left");
                    match message {
                        ClientToRelay::Say { .. } => said += 1,
                        ClientToRelay::Control(control) => {
                            assert_eq!(control, ClientControl::Fin);
                            is_gone = true;
                        }
                        ClientToRelay::Signal { .. } => panic!("a signal"),
                    }
                }
            }
        }
        assert!(said <= turns, "more is said than there were turns");
        assert!(client.memory() <= (MAX_HELD + 4) * (2 * MAX_PLAIN_LINE + 64), "too much is held");
    }
    let whole = cut(&all, &[all.len()]);
    assert_eq!(cut(&all, &cuts), whole, "the pieces make a difference");
    Ok(())
}

/// The lines in `bytes`, which come in pieces of these lengths, and what is left or wrong.
fn cut(bytes: &[u8], cuts: &[usize]) -> (Vec<String>, std::result::Result<Vec<u8>, LineError>) {
    let (mut lines, mut got, mut rest) = (Lines::default(), Vec::new(), bytes);
    for cut in cuts {
        let (piece, later) = rest.split_at(*cut);
        rest = later;
        lines.push(piece);
        loop {
            match lines.poll_line() {
                Ok(Some(line)) => {
                    assert!(plain::check(line.as_bytes()).is_ok());
                    got.push(line);
                }
                Ok(None) => break,
                Err(error) => return (got, Err(error)),
            }
        }
    }
    (got, Ok(lines.rest().to_vec()))
}

fn bytes(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match input.arbitrary::<u8>()? % 16 {
        // What takes long to find.
        0 => vec![input.arbitrary()?; usize::from(input.arbitrary::<u16>()? % 20_000)],
        1 => b"line\n".repeat(usize::from(input.arbitrary::<u8>()? % 80)),
        2 => b"fin\r\n".to_vec(),
        len => input.bytes(usize::from(len).min(input.len()))?.to_vec(),
    })
}

fn message(input: &mut Unstructured<'_>) -> Result<RelayToClient> {
    let (number, sequence) = (input.arbitrary::<u8>()?, u64::from(input.arbitrary::<u8>()? % 8));
    let pairing = u32::from(number % 4);
    Ok(RelayToClient::Control(match input.arbitrary::<u8>()? % 16 {
        0 | 1 => RelayControl::Welcome {
            seat: draw::seat(input)?,
            token: draw::token(input)?,
            room: None,
            pairing,
            since: 0,
            next_sequence: sequence,
            grace_ms: 0,
            returned: false,
            plain: true,
        },
        2..=5 => {
            let role = if number.is_multiple_of(2) { Role::Emi } else { Role::Rec };
            RelayControl::Role { role, turn: sequence }
        }
        6 | 7 => {
            let state = PeerState::Present;
            RelayControl::Peer { state, pairing, since: 0, kept_ms: None }
        }
        8 | 9 => RelayControl::Taken { sequence },
        10 => {
            let codes = [ErrorCode::NotYourTurn, ErrorCode::IdleRoom, ErrorCode::Stuck];
            let code = codes[usize::from(number % 3)];
            let text = String::from_utf8_lossy(&bytes(input)?).into_owned();
            RelayControl::Error { code, text, kept_ms: None }
        }
        11 => {
            let reasons = [ExitReason::Fin, ExitReason::Shutdown, ExitReason::Rejoin];
            RelayControl::Exit { reason: reasons[usize::from(number % 3)] }
        }
        12 => RelayControl::Notice { text: "a notice".to_owned() },
        13 => return Ok(RelayToClient::Signal { pairing, body: Bytes::new() }),
        _ => {
            let body = Bytes::from(bytes(input)?);
            let kept = number.is_multiple_of(2);
            return Ok(RelayToClient::Message { pairing, sequence, kept, body });
        }
    }))
}
