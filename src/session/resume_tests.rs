//! Transfers that outlive their pipes, their peers' programs, and the relay.

use super::offer_tests::file;
use super::test_line::{Client, GRACE, Line, config};
use super::*;
use crate::names::RoomName;
use crate::room::Room;
use crate::seal::Password;
use crate::transfer::book::{Hold, TransferId, TransferState};
use crate::transfer::outcome::{Outcome, Problems};

const ONE: TransferId = TransferId(1);

fn coded(seed: u8) -> Client {
    let password = Password::new("otter-lamp".to_owned());
    let meet = Meet::In(RoomName::numbered(7));
    Client::new(Session::new(Config { meet, password, ..config(seed) }))
}

/// Two that met by a code, with a file offered by the first to the second.
fn offered() -> Line {
    let mut line = Line::new(0);
    line.clients.extend([coded(1), coded(2)]);
    line.settle();
    line.clients[0].session.offer(file("a", 9)).expect("somebody there");
    line.settle();
    line
}

/// As above, and the file is moving.
fn moving() -> Line {
    let mut line = offered();
    line.accept(1, 1);
    line.settle();
    assert_eq!(state(&line, 1), TransferState::Moving);
    line.transfers.clear();
    line
}

fn state(line: &Line, index: usize) -> TransferState {
    line.clients[index].session.transfer(ONE).expect("a transfer").state.clone()
}

/// The relay is killed and started again: the room is gone, and so are the seats.
fn restart_relay(line: &mut Line) {
    line.room = Room::new(None, GRACE);
    for index in 0..2 {
        line.clients[index].seat = None;
        line.cut(index);
        let now = line.now;
        line.clients[index].session.handle_pipe_lost(ONE, true, now);
        line.pump(index);
    }
    line.settle();
}

fn whole() -> Outcome {
    Outcome::Verified { saved_as: "a".to_owned(), problems: Problems::default() }
}

fn opened(line: &mut Line) -> Vec<usize> {
    let is_ours = |command: &Command| matches!(command, Command::OpenPipe { id: ONE, .. });
    let all = line.transfers.drain(..);
    all.filter(|(_, command)| is_ours(command)).map(|(index, _)| index).collect()
}

#[test]
fn a_cut_pipe_is_replaced_at_once_and_a_useless_one_after_a_while() {
    let mut line = moving();
    let now = line.now;
    line.clients[1].session.handle_pipe_lost(ONE, true, now);
    line.clients[0].session.handle_pipe_lost(ONE, true, now);
    assert_eq!(state(&line, 0), TransferState::Interrupted);
    line.settle();
    assert!(line.transfers.contains(&(0, Command::DropPipes(ONE))));
    assert_eq!(opened(&mut line).len(), 2);
    assert_eq!(state(&line, 0), TransferState::Moving);
    // Nothing came through this one.
    let mut waited = Vec::new();
    for _ in 0..8 {
        let now = line.now;
        line.clients[1].session.handle_pipe_lost(ONE, false, now);
        line.settle();
        assert!(opened(&mut line).is_empty());
        let at = line.clients[1].session.book.next_pipe_request().expect("a next try");
        waited.push(at.since(now));
        line.pass_time(at.since(now));
        line.settle();
        assert_eq!(opened(&mut line).len(), 2);
    }
    assert!(waited.is_sorted() && waited[0] < Duration::from_secs(1), "{waited:?}");
    assert_eq!(waited[7], Duration::from_secs(8));
}

#[test]
fn one_more_pipe_comes_when_the_sender_wishes() {
    let mut line = moving();
    line.clients[0].session.handle_pipes_wanted(ONE, 200);
    line.settle();
    let wanted = limits::MAX_PIPES_PER_TRANSFER;
    assert!(line.transfers.contains(&(1, Command::WantPipes { id: ONE, wanted })));
    line.clients[1].session.request_another_pipe(ONE);
    line.settle();
    assert_eq!(opened(&mut line).len(), 2);
}

#[test]
fn either_side_holds_it_up_and_both_know() {
    for (holder, other) in [(0, 1), (1, 0)] {
        let mut line = moving();
        line.clients[holder].session.pause(None, true);
        line.settle();
        let held = |line: &Line, index: usize| {
            line.clients[index].session.transfer(ONE).expect("a transfer").held()
        };
        assert_eq!((held(&line, 0), held(&line, 1)), (Some(Hold::Paused), Some(Hold::Paused)));
        assert!(line.transfers.contains(&(0, Command::HoldTransfer { id: ONE, on: true })));
        // The other side can't undo it.
        line.clients[other].session.pause(None, false);
        line.settle();
        assert_eq!(held(&line, 0), Some(Hold::Paused));
        line.clients[holder].session.pause(None, false);
        line.settle();
        assert_eq!((held(&line, 0), held(&line, 1)), (None, None));
        assert!(line.transfers.contains(&(0, Command::HoldTransfer { id: ONE, on: false })));
    }
}

#[test]
fn a_full_disk_holds_it_up_but_does_not_undo_a_pause() {
    let mut line = moving();
    line.clients[1].session.handle_disk(ONE, true);
    line.settle();
    let there = |line: &Line| line.clients[0].session.transfer(ONE).expect("one").held_there;
    assert_eq!(there(&line), Some(Hold::DiskFull));
    line.clients[1].session.handle_disk(ONE, false);
    line.settle();
    assert_eq!(there(&line), None);
    line.clients[1].session.pause(Some(ONE), true);
    line.clients[1].session.handle_disk(ONE, false);
    line.settle();
    assert_eq!(there(&line), Some(Hold::Paused));
}

#[test]
fn a_peer_that_is_killed_and_comes_anew_is_offered_it_again() {
    let mut line = moving();
    line.cut(1);
    line.clients.pop();
    let now = line.now;
    line.clients[0].session.handle_pipe_lost(ONE, true, now);
    line.pass_time(GRACE + Duration::from_secs(1));
    line.settle();
    assert_eq!(state(&line, 0), TransferState::Interrupted);
    line.clients.push(coded(3));
    line.settle();
    assert!(line.transfers.contains(&(0, Command::RestartTransfer(ONE))));
    assert_eq!(
        (state(&line, 0), state(&line, 1)),
        (TransferState::Offered, TransferState::Offered)
    );
    let now = line.now;
    line.clients[1].session.accept(ONE, true, now);
    line.settle();
    assert!(line.transfers.contains(&(0, Command::BeginSending { id: ONE, part: true })));
    assert_eq!(opened(&mut line).len(), 2);
}

#[test]
fn without_a_code_a_newcomer_is_nobody_to_go_on_with() {
    let mut line = Line::paired();
    line.clients[0].session.offer(file("a", 9)).expect("somebody there");
    line.settle();
    line.accept(1, 1);
    line.settle();
    line.clients[1].session.fin(line.now);
    line.settle();
    let now = line.now;
    line.clients[0].session.handle_pipe_lost(ONE, true, now);
    assert!(matches!(state(&line, 0), TransferState::Failed { .. }));
}

#[test]
fn a_relay_that_forgot_everything_costs_a_new_agreement_and_nothing_else() {
    let mut line = moving();
    restart_relay(&mut line);
    assert!(line.clients.iter().all(|client| !client.session.is_over()));
    // Nobody had to accept anything again.
    assert_eq!((state(&line, 0), state(&line, 1)), (TransferState::Moving, TransferState::Moving));
    assert!(line.transfers.contains(&(0, Command::BeginSending { id: ONE, part: true })));
    assert!(line.transfers.contains(&(1, Command::RestartTransfer(ONE))));
    assert_eq!(opened(&mut line).len(), 2);
}

#[test]
fn the_receivers_word_that_it_has_everything_outlives_the_pipe() {
    let mut line = moving();
    let now = line.now;
    line.clients[1].session.handle_transfer_ended(ONE, whole(), now);
    line.settle();
    let told = Command::FinishSending { id: ONE, saved_as: "a".to_owned() };
    assert!(line.transfers.contains(&(0, told)));
}

#[test]
fn what_was_finished_when_the_relay_died_is_not_offered_twice() {
    let mut line = moving();
    let now = line.now;
    line.clients[1].session.handle_transfer_ended(ONE, whole(), now);
    // The word of it dies with the relay.
    line.clients[1].up.clear();
    while line.clients[1].session.poll_command().is_some() {}
    restart_relay(&mut line);
    assert!(matches!(state(&line, 0), TransferState::Verified { .. }));
    assert!(line.clients[1].session.transfer(TransferId(2)).is_none());
}

#[test]
fn a_late_word_of_a_lost_pipe_changes_nothing_that_was_offered_again() {
    let mut line = moving();
    line.clients[1].session.fin(line.now);
    line.settle();
    line.clients[1] = coded(3);
    line.settle();
    assert_eq!(state(&line, 0), TransferState::Offered);
    let now = line.now;
    line.clients[0].session.handle_pipe_lost(ONE, true, now);
    line.accept(1, 1);
    line.settle();
    assert!(line.transfers.contains(&(0, Command::BeginSending { id: ONE, part: false })));
    assert_eq!(opened(&mut line).len(), 2);
}

#[test]
fn a_pipe_that_the_offerer_was_never_given_is_asked_for_anew() {
    let mut line = moving();
    let now = line.now;
    line.clients[1].session.handle_pipe_lost(ONE, true, now);
    line.pump(1);
    line.settle_one(1);
    // The relay has given it, but the offerer's connection was dead already.
    line.clients[0].down.clear();
    line.clients[0].session.handle_pipe_lost(ONE, true, now);
    line.cut(0);
    line.settle();
    assert_eq!(
        (state(&line, 0), state(&line, 1)),
        (TransferState::Interrupted, TransferState::Moving)
    );
    assert_eq!(opened(&mut line), [1]);
    line.pass_time(Duration::from_secs(1));
    line.settle();
    assert_eq!(line.transfers, [(1, Command::DropPipes(ONE))]);
    let now = line.now;
    line.clients[1].session.handle_pipe_lost(ONE, false, now);
    line.pass_time(Duration::from_millis(500));
    line.settle();
    assert_eq!(opened(&mut line).len(), 2);
}

#[test]
fn what_failed_there_while_it_moved_is_not_waited_for() {
    let mut line = moving();
    let now = line.now;
    let failed = Outcome::Failed { code: crate::transfer::wire::Fault::Storage, text: "x".into() };
    line.clients[1].session.handle_transfer_ended(ONE, failed, now);
    line.settle();
    // The pipe may still say why.
    assert_eq!(state(&line, 0), TransferState::Moving);
    line.clients[0].session.handle_pipe_lost(ONE, true, now);
    let code = crate::transfer::wire::Fault::Storage;
    assert!(matches!(state(&line, 0), TransferState::Failed { code: at, .. } if at == code));
}

#[test]
fn whoever_accepts_what_is_over_is_told() {
    let mut line = offered();
    let now = line.now;
    line.clients[0].session.handle_transfer_ended(ONE, whole(), now);
    line.accept(1, 1);
    line.settle();
    // It was given a pipe, to which nobody comes.
    line.clients[1].session.handle_pipe_lost(ONE, false, now);
    assert!(matches!(state(&line, 1), TransferState::Failed { .. }));
}

#[test]
fn what_is_held_stays_held_whoever_comes_and_whatever_is_forgotten() {
    let mut line = offered();
    line.clients[0].session.pause(None, true);
    line.accept(1, 1);
    line.settle();
    assert!(line.transfers.contains(&(0, Command::HoldTransfer { id: ONE, on: true })));
    for holder in 0..2 {
        let mut line = moving();
        line.clients[holder].session.pause(None, true);
        line.settle();
        line.transfers.clear();
        restart_relay(&mut line);
        let last = line
            .transfers
            .iter()
            .rfind(|(index, command)| *index == 0 && !matches!(command, Command::OpenPipe { .. }));
        assert_eq!(last, Some(&(0, Command::HoldTransfer { id: ONE, on: true })), "{holder}");
        let held = line.clients[1 - holder].session.transfer(ONE).expect("one").held_there;
        assert_eq!(held, Some(Hold::Paused));
    }
    // Where the disk was full is looked again.
    let mut line = moving();
    line.clients[1].session.handle_disk(ONE, true);
    line.settle();
    restart_relay(&mut line);
    assert_eq!(line.clients[0].session.transfer(ONE).expect("one").held(), None);
}

#[test]
fn cancelling_what_an_earlier_peer_sent_does_not_touch_a_newcomers() {
    let mut line = moving();
    line.clients[0].session.fin(line.now);
    line.settle();
    line.clients[0] = coded(3);
    line.settle();
    // Another file under the same number.
    line.clients[0].session.offer(file("b", 3)).expect("somebody there");
    line.settle();
    let now = line.now;
    line.clients[1].session.cancel(Some(ONE), true, now);
    line.settle();
    assert_eq!(state(&line, 0), TransferState::Offered);
}

#[test]
fn an_offerer_that_asks_for_pipes_itself_gets_no_more_than_the_receiver_takes() {
    let mut line = Line::paired();
    let most = u32::try_from(limits::MAX_ACTIVE_RECEIVES).expect("few");
    for number in 0..=most {
        line.clients[0].session.offer(file(&format!("f{number}"), 1)).expect("somebody there");
    }
    line.settle();
    for id in 1..=most + 1 {
        line.accept(1, id);
    }
    line.settle();
    let tag = u64::from(most + 1) << 1;
    line.clients[0].up.push_back(ClientToRelay::Control(ClientControl::RequestPipe { tag }));
    line.settle();
    let last = TransferId(most + 1);
    let state = &line.clients[1].session.transfer(last).expect("a transfer").state;
    assert_eq!(*state, TransferState::Queued);
}
