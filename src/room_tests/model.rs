//! Any order of events against a model that knows only what clients were told.

use super::{GRACE, at, drain, token};
use crate::message::{RelayControl, RelayToClient, Role, Seat, Token};
use crate::room::{Command, Room};
use bytes::Bytes;
use proptest::prelude::*;
use std::time::Duration;

/// One thing that happens to a room.
#[derive(Debug, Clone, Copy)]
enum Step {
    Join,
    Return(Seat),
    Say(Seat),
    Repeat(Seat),
    Pass(Seat),
    Signal(Seat),
    Fin(Seat),
    Lost(Seat),
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let seat = prop::sample::select(Seat::BOTH.to_vec());
    (0_u8..12, seat, 1_u8..40).prop_map(|(kind, seat, wait)| match kind {
        0 | 1 => Step::Join,
        2 | 3 => Step::Return(seat),
        4..=6 => Step::Say(seat),
        7 => Step::Repeat(seat),
        8 => Step::Pass(seat),
        9 => Step::Signal(seat),
        10 => Step::Fin(seat),
        _ if wait > 20 => Step::Wait(wait),
        _ => Step::Lost(seat),
    })
}

/// What one client believes, made only of what it was told.
#[derive(Debug, Clone)]
struct View {
    token: Token,
    role: Option<Role>,
    next: u64,
    heard: Vec<(u64, Bytes)>,
    closed: bool,
    here: bool,
}

proptest! {
    /// Any order of events: the two clients' beliefs about the turn always complement each other,
    /// whoever believes it has the turn may say something and is heard, once and in order, and no
    /// newcomer hears anything but the seat's last message.
    #[test]
    fn what_clients_are_told_is_always_consistent(steps in prop::collection::vec(step(), 1..120)) {
        let mut room = Room::new(None, GRACE);
        let mut views: [Option<View>; 2] = [None, None];
        let mut sent_to: [Vec<(u64, Bytes)>; 2] = [Vec::new(), Vec::new()];
        let mut now = at(0);
        let mut tokens = 0;
        for step in steps {
            if room.standing().over {
                room = Room::new(None, GRACE);
                views = [None, None];
                sent_to = [Vec::new(), Vec::new()];
            }
            let mut joining = None;
            match step {
                Step::Join => {
                    tokens += 1;
                    let token = token(tokens);
                    if room.handle_join(token, now).is_ok() {
                        joining = Some(token);
                    }
                }
                Step::Return(seat) => {
                    if let Some(view) = &views[seat.index()]
                        && room.handle_return(view.token, false, 0, crate::message::Known::default(), now).is_ok()
                    {
                        joining = Some(view.token);
                    }
                }
                Step::Say(seat) | Step::Repeat(seat) => {
                    if let Some(view) = &views[seat.index()] && view.here {
                        let again = matches!(step, Step::Repeat(_)) && view.next > 1;
                        let sequence = if again { view.next - 1 } else { view.next };
                        let body = Bytes::from(format!("{seat} {sequence}"));
                        let emi = view.role == Some(Role::Emi);
                        room.handle_say(seat, room.pairing(), sequence, body.clone());
                        if emi && !again {
                            sent_to[seat.other().index()].push((sequence, body));
                        }
                    }
                }
                Step::Pass(seat) => room.handle_pass(seat, room.turn),
                Step::Signal(seat) => room.handle_signal(seat, room.pairing(), Bytes::new()),
                Step::Fin(seat) => room.handle_fin(seat),
                Step::Lost(seat) => {
                    if let Some(view) = &mut views[seat.index()] {
                        view.here = false;
                    }
                    room.handle_lost(seat, now);
                }
                Step::Wait(seconds) => {
                    now = now + Duration::from_secs(seconds.into());
                    room.handle_timeout(now);
                }
            }
            for command in drain(&mut room) {
                apply(command, &mut views, joining)?;
            }
            for seat in Seat::BOTH {
                if let Some(view) = &views[seat.index()] && view.here {
                    let sent = &sent_to[seat.index()];
                    prop_assert!(view.heard.len() <= sent.len());
                    prop_assert_eq!(&view.heard[..], &sent[sent.len() - view.heard.len()..]);
                }
            }
            let roles: Vec<_> = views.iter().flatten().filter(|v| v.here).map(|v| v.role).collect();
            if let [a, b] = roles[..] {
                prop_assert!(a.is_some() && b.is_some() && a != b, "{a:?} {b:?}");
            }
        }
    }
}

fn apply(
    command: Command,
    views: &mut [Option<View>; 2],
    joining: Option<Token>,
) -> Result<(), TestCaseError> {
    match command {
        Command::Admit(seat) => {
            let token = joining.expect("somebody is joining");
            let view = &mut views[seat.index()];
            match view {
                Some(view) if view.token == token => view.here = true,
                Some(_) | None => {
                    *view = Some(View {
                        token,
                        role: None,
                        next: 0,
                        heard: Vec::new(),
                        closed: false,
                        here: true,
                    });
                }
            }
        }
        Command::Close(seat) => {
            if let Some(view) = &mut views[seat.index()] {
                view.here = false;
                view.closed = true;
            }
        }
        Command::Send { to, message } => {
            let view = views[to.index()].as_mut().expect("somebody to send to");
            prop_assert!(view.here, "a message to nobody: {:?}", message);
            match message {
                RelayToClient::Control(RelayControl::Welcome { next_sequence, .. }) => {
                    view.next = next_sequence;
                }
                RelayToClient::Control(RelayControl::Role { role, .. }) => view.role = Some(role),
                RelayToClient::Control(RelayControl::Taken { sequence }) => {
                    view.next = sequence + 1;
                }
                RelayToClient::Message { sequence, body, .. } => {
                    // A client drops what it has heard.
                    if view.heard.last().is_none_or(|(last, _)| *last < sequence) {
                        view.heard.push((sequence, body));
                    }
                }
                RelayToClient::Control(_) | RelayToClient::Signal { .. } => {}
            }
        }
    }
    Ok(())
}
