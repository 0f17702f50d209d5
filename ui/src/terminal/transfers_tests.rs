//! The order on the screen, and what is said of each transfer at every stage.

use super::overall::Overall;
use super::*;
use couplet::transfer::offer::Form;

fn info(direction: Direction, state: TransferState) -> TransferInfo {
    crate::terminal::stage::transfer_info(direction, "a.bin", 100, state)
}

fn at(id: u32, done: u64, rate: Option<u64>) -> Progress {
    Progress {
        id: TransferId(id),
        done,
        size: 100,
        moved: done,
        entries: 0,
        rate,
        remaining: None,
        stalled_for: None,
    }
}

#[test]
fn what_needs_an_answer_comes_first_and_the_newest_end_next_to_last() {
    use Direction::{Incoming, Outgoing};
    let mut transfers = Transfers::default();
    for (id, direction, state) in [
        (1, Outgoing, TransferState::Offered),
        (2, Incoming, TransferState::Declined),
        (3, Incoming, TransferState::Moving),
        (4, Incoming, TransferState::Offered),
        (5, Outgoing, TransferState::Queued),
        (6, Incoming, TransferState::Withdrawn),
        (7, Incoming, TransferState::Offered),
    ] {
        transfers.update(TransferId(id), info(direction, state), Moment::START);
    }
    let order: Vec<_> = transfers.all().iter().map(|known| known.id.0).collect();
    assert_eq!(order, [4, 7, 3, 5, 1, 6, 2]);
    assert_eq!(transfers.oldest_offer().unwrap().id, TransferId(4));
}

#[test]
fn all_of_it_is_not_yet_verified() {
    let mut transfers = Transfers::default();
    transfers.update(
        TransferId(1),
        info(Direction::Incoming, TransferState::Moving),
        Moment::START,
    );
    assert_eq!(transfers.all()[0].stage(), Stage::Moving);
    transfers.progress(at(1, 100, Some(9)), Moment::START);
    assert_eq!(transfers.all()[0].stage(), Stage::Checking);
}

#[test]
fn speeds_are_sampled_twice_a_second_and_the_oldest_go() {
    let mut transfers = Transfers::default();
    transfers.update(
        TransferId(1),
        info(Direction::Incoming, TransferState::Moving),
        Moment::START,
    );
    for tick in 0..1000_u64 {
        let now = Moment::from_start(Duration::from_millis(tick * 100));
        transfers.progress(at(1, 1, Some(tick)), now);
    }
    let speeds = &transfers.all()[0].speeds;
    assert_eq!((speeds.len(), speeds.back()), (MOST_SAMPLES, Some(&995)));
}

#[test]
fn overall_figures() {
    let mut transfers = Transfers::default();
    assert_eq!(transfers.overall(), Overall::default());
    for id in [1, 2] {
        transfers.update(
            TransferId(id),
            info(Direction::Incoming, TransferState::Moving),
            Moment::START,
        );
        transfers.progress(at(id, 40, Some(15)), Moment::START);
    }
    transfers.update(
        TransferId(3),
        info(Direction::Incoming, TransferState::Offered),
        Moment::START,
    );
    let all = transfers.overall();
    assert_eq!((all.moving, all.done, all.size, all.rate), (2, 80, 200, Some(30)));
    assert_eq!(all.remaining, Some(Duration::from_secs(4)));
}

#[test]
fn a_pause_is_no_stall() {
    let second = |second| Moment::from_start(Duration::from_secs(second));
    let mut transfers = Transfers::default();
    let moving = info(Direction::Incoming, TransferState::Moving);
    let paused = TransferInfo { held_here: Some(Hold::Paused), ..moving.clone() };
    transfers.update(TransferId(1), moving.clone(), second(0));
    transfers.update(TransferId(1), paused, second(5));
    let stalled_for = |seconds| Progress {
        stalled_for: Some(Duration::from_secs(seconds)),
        ..at(1, 40, Some(0))
    };
    transfers.progress(stalled_for(95), second(100));
    assert_eq!(transfers.all()[0].stage(), Stage::Held);
    assert_eq!(transfers.all()[0].changes_at(second(100)), None);
    transfers.update(TransferId(1), moving, second(100));
    transfers.progress(stalled_for(96), second(101));
    let known = &transfers.all()[0];
    assert_eq!((known.stage(), known.stalled(second(101))), (Stage::Moving, None));
    assert_eq!(known.changes_at(second(101)), Some(second(103)));
    assert_eq!(known.stalled(second(103)), Some(Duration::from_secs(3)));
}

#[test]
fn going_on_is_said_for_a_moment() {
    let second = |second| Moment::from_start(Duration::from_secs(second));
    let mut transfers = Transfers::default();
    let moving = info(Direction::Incoming, TransferState::Moving);
    transfers.update(TransferId(1), moving.clone(), second(0));
    transfers.started(TransferId(1), 0, second(0));
    assert_eq!(transfers.all()[0].resuming(second(0)), None);
    transfers.started(TransferId(1), 94, second(1));
    assert_eq!(transfers.all()[0].resuming(second(1)), Some(94));
    assert_eq!(transfers.all()[0].changes_at(second(1)), Some(second(3)));
    assert_eq!(transfers.all()[0].resuming(second(3)), None);
    // So it is after a cut.
    transfers.progress(at(1, 97, None), second(4));
    transfers.update(
        TransferId(1),
        info(Direction::Incoming, TransferState::Interrupted),
        second(5),
    );
    assert_eq!(transfers.all()[0].stage(), Stage::Interrupted);
    transfers.update(TransferId(1), moving, second(6));
    assert_eq!(transfers.all()[0].resuming(second(6)), Some(97));
}

#[test]
fn what_has_no_size_is_never_all_across() {
    let mut transfers = Transfers::default();
    let mut stream = info(Direction::Incoming, TransferState::Moving);
    stream.offer.size = None;
    stream.offer.form = Form::Stream;
    transfers.update(TransferId(1), stream, Moment::START);
    transfers.progress(at(1, 100, Some(9)), Moment::START);
    let known = &transfers.all()[0];
    assert_eq!((known.stage(), known.percent()), (Stage::Moving, None));
    let all = transfers.overall();
    assert_eq!((all.rate, all.percent(), all.remaining), (Some(9), None, None));
}

#[test]
fn of_many_files_all_must_be_across() {
    let mut transfers = Transfers::default();
    let mut folder = info(Direction::Incoming, TransferState::Moving);
    folder.offer.form = Form::Folder;
    folder.offer.entries = 3;
    transfers.update(TransferId(1), folder, Moment::START);
    transfers.progress(Progress { entries: 2, ..at(1, 100, None) }, Moment::START);
    let known = &transfers.all()[0];
    assert_eq!((known.stage(), known.percent()), (Stage::Moving, Some(99)));
    assert_eq!(known.files(), Some((2, 3)));
    transfers.progress(Progress { entries: 3, ..at(1, 100, None) }, Moment::START);
    assert_eq!(transfers.all()[0].stage(), Stage::Checking);
}
