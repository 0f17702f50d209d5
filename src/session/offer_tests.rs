//! Offers and transfers of a session: answered, taken back, cancelled, failed, and a newcomer's own.

use super::leaving::{FIN_LIMIT, LEAVE_LIMIT};
use super::test_line::Line;
use super::*;
use crate::message::{ErrorCode, RelayControl};
use crate::path::SafeName;
use crate::transfer::book::{TransferId, TransferState};
use crate::transfer::offer::{Form, Offer};
use crate::transfer::outcome::{Outcome, Problems};

pub(super) fn file(name: &str, size: u64) -> Offer {
    let name = SafeName::new(name).expect("a safe name");
    Offer { name, form: Form::File, size: Some(size), on_disk: None, entries: 1, mtime: None }
}

fn verified() -> Outcome {
    Outcome::Verified { saved_as: "photo.png".to_owned(), problems: Problems::default() }
}

fn state(line: &Line, index: usize, id: u32) -> TransferState {
    let (info, _) = line.clients[index].session.book.get(TransferId(id)).expect("a transfer");
    info.state.clone()
}

#[test]
fn an_offer_is_accepted_moves_and_is_verified() {
    let mut line = Line::paired();
    // From the one in rec: offers need no turn.
    let id = line.clients[1].session.offer(file("photo.png", 7)).expect("somebody there");
    line.settle();
    assert_eq!(state(&line, 0, 1), TransferState::Offered);
    line.accept(0, 1);
    line.settle();
    let mut under_way: Vec<_> = line.transfers.drain(..).collect();
    under_way.sort_by_key(|(index, _)| *index);
    let [(0, receive), (1, begin), (1, send)] = &under_way[..] else { panic!("{under_way:?}") };
    assert!(matches!(receive, Command::OpenPipe { id: TransferId(1), .. }));
    assert_eq!(*begin, Command::BeginSending { id, part: false });
    assert!(matches!(send, Command::OpenPipe { id: sent, .. } if *sent == id));
    for index in 0..2 {
        let now = line.now;
        line.clients[index].session.handle_transfer_ended(TransferId(1), verified(), now);
        line.settle();
        let verified = TransferState::Verified {
            saved_as: "photo.png".to_owned(),
            left_out: Vec::new(),
            left_out_count: 0,
        };
        assert_eq!(state(&line, index, 1), verified);
    }
}

#[test]
fn offers_are_declined_taken_back_and_cancelled() {
    let mut line = Line::paired();
    for name in ["a", "b", "c"] {
        line.clients[0].session.offer(file(name, 1)).expect("somebody there");
    }
    line.settle();
    line.clients[1].session.decline(Some(TransferId(1)));
    line.settle();
    let now = line.now;
    line.clients[0].session.cancel(Some(TransferId(2)), true, now);
    line.settle();
    line.accept(1, 3);
    line.settle();
    line.clients[1].session.cancel(None, true, now);
    line.settle();
    let cancelled = |by_peer| TransferState::Cancelled { by_peer };
    assert_eq!(state(&line, 0, 1), TransferState::Declined);
    assert_eq!(state(&line, 1, 1), TransferState::Declined);
    assert_eq!((state(&line, 0, 2), state(&line, 1, 2)), (cancelled(false), cancelled(true)));
    assert_eq!((state(&line, 0, 3), state(&line, 1, 3)), (cancelled(true), cancelled(false)));
}

#[test]
fn offers_survive_a_cut_and_end_with_the_peer() {
    let mut line = Line::paired();
    line.clients[0].session.offer(file("a", 1)).expect("somebody there");
    line.pump(0);
    line.deliver_up(0);
    line.cut(1);
    line.settle();
    assert_eq!(state(&line, 1, 1), TransferState::Offered);
    line.clients[1].session.fin(line.now);
    line.settle();
    assert_eq!(state(&line, 0, 1), TransferState::Withdrawn);
    assert!(line.clients[0].session.offer(file("b", 1)).is_err());
}

#[test]
fn pipes_that_the_relay_has_no_room_for_are_asked_for_again() {
    let mut line = Line::paired();
    line.clients[1].session.offer(file("a", 1)).expect("somebody there");
    line.settle();
    let session = &mut line.clients[0].session;
    session.accept(TransferId(1), false, line.now);
    let refusal = RelayControl::Error {
        code: ErrorCode::TooManyPipes,
        text: "full".to_owned(),
        kept_ms: None,
    };
    let asked = |session: &mut Session| {
        std::iter::from_fn(|| session.poll_command())
            .filter(|command| {
                let Command::Transmit(ClientToRelay::Control(control)) = command else {
                    return false;
                };
                matches!(control, ClientControl::RequestPipe { .. })
            })
            .count()
    };
    assert_eq!(asked(session), 1);
    session.handle_message(RelayToClient::Control(refusal), line.now);
    assert_eq!(asked(session), 0);
    session.handle_timeout(line.now + PIPES_AGAIN);
    assert_eq!(asked(session), 1);
}

#[test]
fn a_quota_that_is_used_up_is_told_once_and_pipes_are_asked_for_again() {
    let mut line = Line::paired();
    line.clients[1].session.offer(file("a", 1)).expect("somebody there");
    line.settle();
    let session = &mut line.clients[0].session;
    session.accept(TransferId(1), false, line.now);
    let refusal =
        RelayControl::Error { code: ErrorCode::Quota, text: "in 9 min".to_owned(), kept_ms: None };
    let asks = |session: &mut Session| {
        std::iter::from_fn(|| session.poll_command()).any(|command| {
            matches!(
                command,
                Command::Transmit(ClientToRelay::Control(ClientControl::RequestPipe { .. }))
            )
        })
    };
    let told = |session: &mut Session| {
        std::iter::from_fn(|| session.poll_event())
            .filter(|event| *event == Event::Trouble("in 9 min".to_owned()))
            .count()
    };
    assert!(asks(session));
    let mut now = line.now;
    for times_told in [1, 0] {
        session.handle_message(RelayToClient::Control(refusal.clone()), now);
        assert_eq!(told(session), times_told);
        assert!(!asks(session));
        // Hearing from the relay now and then, it waits out the minute.
        for _ in 0..6 {
            now = now + QUOTA_AGAIN / 6;
            session.handle_message(RelayToClient::Control(RelayControl::Pong), now);
            session.handle_timeout(now);
        }
        assert!(asks(session));
    }
}

#[test]
fn a_transfer_that_fails_before_it_moves_fails_at_the_other_side_too() {
    let mut line = Line::paired();
    let id = line.clients[1].session.offer(file("a", 1)).expect("somebody there");
    line.settle();
    let session = &mut line.clients[0].session;
    session.accept(TransferId(1), false, line.now);
    let failed = Outcome::Failed { code: crate::transfer::wire::Fault::Unknown, text: "x".into() };
    session.handle_transfer_ended(TransferId(1), failed, line.now);
    // The accept and the failure arrive; the pipe never did.
    line.pump(0);
    let up = &mut line.clients[0].up;
    up.retain(|message| {
        !matches!(message, ClientToRelay::Control(ClientControl::RequestPipe { .. }))
    });
    line.settle();
    assert!(matches!(state(&line, 1, id.0), TransferState::Failed { .. }));
}

#[test]
fn a_newcomers_offers_are_its_own() {
    let mut line = Line::new(3);
    let third = line.clients.pop().expect("three");
    line.settle();
    line.clients[1].session.offer(file("old", 1)).expect("somebody there");
    line.settle();
    line.accept(0, 1);
    line.settle();
    assert_eq!(state(&line, 0, 1), TransferState::Moving);
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    line.clients.push(third);
    line.settle();
    // The newcomer's first offer has the same number as the one that is still moving.
    line.clients[2].session.offer(file("new", 2)).expect("somebody there");
    line.settle();
    let now = line.now;
    line.clients[2].session.cancel(None, true, now);
    line.settle();
    assert_eq!(state(&line, 0, 1), TransferState::Moving);
    assert_eq!(state(&line, 0, 2), TransferState::Cancelled { by_peer: true });
}

#[test]
fn whoever_leaves_waits_until_the_peer_has_heard_how_a_transfer_ended() {
    let mut line = Line::paired();
    line.clients[1].session.offer(file("photo.png", 7)).expect("somebody there");
    line.settle();
    line.clients[0].session.decline(None);
    line.clients[0].session.leave(line.now);
    line.settle();
    assert_eq!(state(&line, 1, 1), TransferState::Declined);
    assert!(line.clients[0].session.is_over());
    // With nothing to be heard it leaves at once.
    line.clients[1].session.leave(line.now);
    line.settle();
    assert!(line.clients[1].session.is_over());
}

#[test]
fn whoever_leaves_does_not_wait_for_ever() {
    let mut line = Line::paired();
    line.clients[1].session.offer(file("photo.png", 7)).expect("somebody there");
    line.settle();
    line.cut(1);
    line.settle();
    line.clients[0].session.decline(None);
    line.clients[0].session.leave(line.now);
    line.pump(0);
    assert!(!line.clients[0].session.is_over());
    let limit = line.now + LEAVE_LIMIT + FIN_LIMIT;
    while let Some(due) = line.clients[0].session.poll_timeout().filter(|due| *due <= limit) {
        line.now = due;
        line.clients[0].session.handle_timeout(due);
        line.pump(0);
    }
    assert!(line.clients[0].session.is_over());
}

#[test]
fn nothing_comes_after_the_end_of_one_who_leaves_while_the_relay_is_away() {
    let mut line = Line::paired();
    line.clients[0].session.offer(file("photo.png", 7)).expect("somebody there");
    line.clients[0].session.leave(line.now);
    line.pump(0);
    line.cut(0);
    let session = &mut line.clients[0].session;
    // The end of the wait and the next attempt to connect are due at once.
    session.handle_timeout(line.now + LEAVE_LIMIT);
    assert!(session.is_over());
    assert_eq!(session.events.back(), Some(&Event::Ended(Ending::Fin)));
    assert_eq!(session.commands.back(), Some(&Command::Disconnect));
}

#[test]
fn nobody_is_called_to_tell_a_peer_what_there_is_no_room_for() {
    let mut line = Line::paired();
    let now = line.now;
    let session = &mut line.clients[0].session;
    let id = session.offer(file("photo.png", 7)).expect("somebody there");
    session.book.set_state(id, TransferState::Queued);
    session.book.expect_pipes(now);
    // The peer makes this side answer and acknowledges nothing.
    while session.signals.has_room() {
        session.handle_accept(99, false);
    }
    let later = now + Duration::from_secs(5);
    session.handle_timeout(later);
    assert!(session.poll_timeout().expect("a heartbeat") > later);
}
