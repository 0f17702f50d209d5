//! The book's rules.

use super::*;
use crate::path::SafeName;
use crate::transfer::offer::Form;

fn file(name: &str) -> Offer {
    let name = SafeName::new(name).expect("a safe name");
    Offer { name, form: Form::File, size: Some(1), on_disk: None, entries: 1, mtime: None }
}

fn book_with_offers(count: u32) -> Book {
    let mut book = Book::default();
    for offer in 1..=count {
        book.offered(offer, file("x")).expect("room").expect("new");
    }
    book
}

#[test]
fn accepted_offers_move_a_few_at_a_time() {
    let mut book = book_with_offers(20);
    for id in book.open_offers(None).expect("open ones") {
        assert!(book.set_state(id, TransferState::Queued));
    }
    let requested: Vec<_> = std::iter::from_fn(|| book.poll_pipe_request(Moment::START)).collect();
    assert_eq!(requested.len(), limits::MAX_ACTIVE_RECEIVES);
    let (first, _) = requested[0];
    book.set_state(first, TransferState::Moving);
    assert_eq!(book.poll_pipe_request(Moment::START), None);
    book.set_state(
        first,
        TransferState::Verified {
            saved_as: "x".to_owned(),
            left_out: Vec::new(),
            left_out_count: 0,
        },
    );
    let next = book.poll_pipe_request(Moment::START).expect("one may begin");
    assert_eq!(next.1, 9);
}

#[test]
fn a_request_that_was_lost_is_made_again() {
    let mut book = book_with_offers(1);
    book.set_state(TransferId(1), TransferState::Queued);
    assert!(book.poll_pipe_request(Moment::START).is_some());
    assert_eq!(book.poll_pipe_request(Moment::START), None);
    book.forget_pipe_requests();
    assert!(book.poll_pipe_request(Moment::START).is_some());
}

#[test]
fn nobody_is_called_for_a_pipe_that_may_not_be_asked_for() {
    let most = limits::MAX_ACTIVE_RECEIVES;
    let mut book = book_with_offers(u32::try_from(most).expect("small") + 1);
    for id in book.open_offers(None).expect("open ones") {
        book.set_state(id, TransferState::Queued);
    }
    let asked = std::iter::from_fn(|| book.poll_pipe_request(Moment::START)).count();
    assert_eq!(asked, most);
    // The pipe of one breaks, and the one that waits for it takes its place.
    let first = TransferId(1);
    book.set_state(first, TransferState::Moving);
    assert!(book.interrupt(first, false, Moment::START));
    assert!(book.poll_pipe_request(Moment::START).is_some());
    assert_eq!(book.next_pipe_request(), None, "as many move as may");
    // As soon as there is room again it is waited for.
    book.set_state(TransferId(2), TransferState::Declined);
    let at = book.next_pipe_request().expect("one waits");
    assert!(book.poll_pipe_request(at).is_some());
    // And for somebody who is gone nothing is asked for.
    book.set_state(TransferId(3), TransferState::Moving);
    assert!(book.interrupt(TransferId(3), false, Moment::START));
    book.set_state(TransferId(4), TransferState::Declined);
    assert!(book.next_pipe_request().is_some());
    book.forget_peer();
    assert_eq!(book.next_pipe_request(), None, "nobody is there to ask for it");
}

#[test]
fn commands_say_what_is_wrong() {
    let mut book = book_with_offers(2);
    let one = TransferId(1);
    assert_eq!(book.open_offers(Some(TransferId(9))), Err(BookError::NoSuch(TransferId(9))));
    assert_eq!(book.unfinished_one(None), Err(BookError::Ambiguous));
    book.set_state(one, TransferState::Declined);
    assert_eq!(book.open_offers(Some(one)), Err(BookError::NotOpen(one)));
    assert_eq!(book.unfinished_one(Some(one)), Err(BookError::Over(one)));
    assert_eq!(book.unfinished_one(None), Ok(TransferId(2)));
    book.set_state(TransferId(2), TransferState::Declined);
    assert_eq!(book.open_offers(None), Err(BookError::NoOffers));
    assert_eq!(book.unfinished_one(None), Err(BookError::NothingUnderWay));
}

#[test]
fn a_repeated_offer_is_passed_over_and_a_flood_is_refused() {
    let mut book = book_with_offers(1);
    assert_eq!(book.offered(1, file("x")), Ok(None));
    let most = u32::try_from(limits::MAX_OPEN_OFFERS).expect("small");
    let mut book = book_with_offers(most);
    assert_eq!(book.offered(most + 1, file("x")), Err(BookError::TooMany));
    // Finished ones are forgotten, oldest first.
    for round in 0..4 {
        for id in book.unfinished().collect::<Vec<_>>() {
            book.set_state(id, TransferState::Declined);
        }
        for offer in 1..=most {
            book.offered((round + 1) * 1000 + offer, file("x")).expect("room");
        }
        assert!(book.entries.len() <= limits::MAX_FINISHED_TRANSFERS + limits::MAX_OPEN_OFFERS);
    }
}

#[test]
fn the_peers_word_is_better_than_a_guess() {
    let mut book = book_with_offers(1);
    let id = TransferId(1);
    book.set_state(id, TransferState::Moving);
    book.set_state(
        id,
        TransferState::Failed { code: Fault::Unknown, reason: "the pipe broke".to_owned() },
    );
    assert!(!book.set_state(id, TransferState::Moving));
    assert_eq!(book.cancelled_by_peer(Direction::Incoming, 1), Some(id));
    let (info, _) = book.get(id).expect("remembered");
    assert_eq!(info.state, TransferState::Cancelled { by_peer: true });
    assert_eq!(book.cancelled_by_peer(Direction::Incoming, 1), None);
}

#[test]
fn a_number_that_is_given_out_is_nobody_elses() {
    let mut book = book_with_offers(2);
    assert_eq!(book.number(), TransferId(3));
    assert!(book.get(TransferId(3)).is_none(), "it isn't in the book");
    assert_eq!(book.offer(file("y")).map(|(id, _)| id), Ok(TransferId(4)));
}
