//! When what pages have sent isn't needed any more.

use super::*;
use crate::terminal::stage::{transfer_info, verified};
use couplet::shelf::visit::End;
use couplet::transfer::book::{Direction, TransferState};
use couplet::transfer::outcome::{Outcome, Problems};
use couplet::transfer::wire::Fault;

const ANN: UploadId = UploadId(7);
const BOB: UploadId = UploadId(8);

/// What lies in the spool under this number and name.
fn path(upload: UploadId, name: &str) -> PathBuf {
    PathBuf::from(format!("/spool/{}/{name}", upload.0))
}

fn offered(sending: &mut Sending, id: u32, path: PathBuf) {
    let event = Event::Offered { id: TransferId(id), paths: vec![path] };
    assert_eq!(sending.hear(&Input::Engine(event)), []);
}

fn not_offered(sending: &mut Sending, path: PathBuf) -> Vec<Spent> {
    let text = "256 files are offered and unfinished".to_owned();
    let event = Event::NotOffered { paths: vec![path], unreadable: false, text };
    sending.hear(&Input::Engine(event))
}

/// The transfer of this number is so now; all have one name.
fn is_so(sending: &mut Sending, id: u32, state: TransferState) -> Vec<Spent> {
    let info = transfer_info(Direction::Outgoing, "a.txt", 9, state);
    sending.hear(&Input::Engine(Event::Session(Told::Transfer { id: TransferId(id), info })))
}

fn at_shelf(sending: &mut Sending, event: ShelfEvent) -> Vec<Spent> {
    sending.hear(&Input::Shelf(event))
}

fn ended(sending: &mut Sending, id: u32, end: End) -> Vec<Spent> {
    at_shelf(sending, ShelfEvent::Visit(VisitEvent::Ended(ErrandId(id), end)))
}

fn is_empty(sending: &Sending) -> bool {
    let Sending { asked, offered, laid, needed } = sending;
    asked.is_empty() && offered.is_empty() && laid.is_empty() && needed.is_empty()
}

#[test]
fn each_file_is_needed_until_its_transfer_is_over() {
    let failed = TransferState::Failed { code: Fault::Storage, reason: "full".to_owned() };
    for end in [
        verified("a.txt"),
        TransferState::Declined,
        TransferState::Cancelled { by_peer: false },
        TransferState::Cancelled { by_peer: true },
        failed,
        // The session offers it to nobody any more, either.
        TransferState::Withdrawn,
    ] {
        let mut sending = Sending::default();
        let (first, second) = (path(ANN, "a.txt"), path(ANN, "b"));
        sending.begin(ANN, To::Peer, &[first.clone(), second.clone()]);
        offered(&mut sending, 2, first.clone());
        offered(&mut sending, 3, second);
        for state in [
            TransferState::Offered,
            TransferState::Queued,
            TransferState::Moving,
            TransferState::Interrupted,
        ] {
            assert_eq!(is_so(&mut sending, 2, state.clone()), []);
            assert_eq!(is_so(&mut sending, 3, state), []);
        }
        assert_eq!(is_so(&mut sending, 2, end.clone()), [Spent::One(ANN, first)]);
        assert_eq!(is_so(&mut sending, 2, end.clone()), [], "once");
        assert_eq!(is_so(&mut sending, 3, end), [Spent::All(ANN)]);
        assert!(is_empty(&sending));
    }
}

#[test]
fn of_two_uploads_of_one_name_each_goes_with_its_own_transfer() {
    let mut sending = Sending::default();
    let (of_ann, of_bob) = (path(ANN, "a.txt"), path(BOB, "a.txt"));
    sending.begin(ANN, To::Peer, std::slice::from_ref(&of_ann));
    sending.begin(BOB, To::Peer, std::slice::from_ref(&of_bob));
    // Something of the same name is sent by a command, and is over first.
    offered(&mut sending, 1, PathBuf::from("/home/ann/a.txt"));
    assert_eq!(is_so(&mut sending, 1, TransferState::Offered), []);
    assert_eq!(is_so(&mut sending, 1, TransferState::Declined), []);
    // The disk took longer for the one that was sent first.
    offered(&mut sending, 2, of_bob);
    offered(&mut sending, 3, of_ann);
    assert_eq!(is_so(&mut sending, 3, TransferState::Offered), []);
    assert_eq!(is_so(&mut sending, 2, TransferState::Declined), [Spent::All(BOB)]);
    assert_eq!(is_so(&mut sending, 3, TransferState::Moving), []);
    assert_eq!(is_so(&mut sending, 3, verified("a.txt")), [Spent::All(ANN)]);
    assert!(is_empty(&sending));
}

#[test]
fn what_is_never_offered_is_not_needed() {
    let mut sending = Sending::default();
    // One more than may be open at once, and one that can't be read.
    let paths: Vec<_> = (0..258).map(|number| path(ANN, &number.to_string())).collect();
    sending.begin(ANN, To::Peer, &paths);
    for (id, path) in (0..).zip(&paths[..256]) {
        offered(&mut sending, id, path.clone());
    }
    for late in &paths[256..] {
        assert_eq!(not_offered(&mut sending, late.clone()), [Spent::One(ANN, late.clone())]);
    }
    for (id, path) in (0..255).zip(&paths) {
        let spent = is_so(&mut sending, id, TransferState::Declined);
        assert_eq!(spent, [Spent::One(ANN, path.clone())]);
    }
    assert_eq!(is_so(&mut sending, 255, TransferState::Declined), [Spent::All(ANN)]);

    let only = path(BOB, "a.txt");
    sending.begin(BOB, To::Peer, std::slice::from_ref(&only));
    assert_eq!(not_offered(&mut sending, PathBuf::from("/home/ann/a.txt")), []);
    assert_eq!(not_offered(&mut sending, only), [Spent::All(BOB)]);
    assert!(is_empty(&sending));
}

#[test]
fn what_goes_to_the_shelf_is_needed_until_its_errand_is_over() {
    let mut sending = Sending::default();
    let paths = ["a", "b", "c"].map(|name| path(ANN, name));
    let [laid, cancelled, unreadable] = &paths;
    sending.begin(ANN, To::Shelf, &paths);
    let text = "it can't be read".to_owned();
    let not_put = ShelfEvent::NotPut(unreadable.clone(), text);
    assert_eq!(at_shelf(&mut sending, not_put), [Spent::One(ANN, unreadable.clone())]);
    assert_eq!(at_shelf(&mut sending, ShelfEvent::Laying(ErrandId(4), laid.clone())), []);
    assert_eq!(at_shelf(&mut sending, ShelfEvent::Laying(ErrandId(5), cancelled.clone())), []);
    assert_eq!(ended(&mut sending, 3, End::Listed), [], "another errand");
    // A transfer with the peer has its numbers for itself.
    assert_eq!(is_so(&mut sending, 4, TransferState::Declined), []);
    let verified = Outcome::Verified { saved_as: "a".to_owned(), problems: Problems::default() };
    let spent = ended(&mut sending, 4, End::Moved(verified));
    assert_eq!(spent, [Spent::One(ANN, laid.clone())]);
    assert_eq!(ended(&mut sending, 5, End::Cancelled), [Spent::All(ANN)]);
    assert!(is_empty(&sending));
}

#[test]
fn with_the_visit_goes_what_was_for_the_shelf_and_nothing_else() {
    for by_user in [false, true] {
        let mut sending = Sending::default();
        let (laying, waiting) = (path(ANN, "a"), path(ANN, "b"));
        sending.begin(ANN, To::Shelf, &[laying.clone(), waiting]);
        let offer = path(BOB, "a");
        sending.begin(BOB, To::Peer, std::slice::from_ref(&offer));
        assert_eq!(at_shelf(&mut sending, ShelfEvent::Laying(ErrandId(1), laying)), []);
        let spent = if by_user {
            sending.end_visit()
        } else {
            at_shelf(&mut sending, ShelfEvent::Visit(VisitEvent::Over))
        };
        assert_eq!(spent.len(), 2, "{spent:?}");
        assert_eq!(spent[1], Spent::All(ANN));
        // The next visit counts from the start.
        assert_eq!(ended(&mut sending, 1, End::Cancelled), []);
        assert_eq!(not_offered(&mut sending, offer), [Spent::All(BOB)]);
        assert!(is_empty(&sending));
    }
}
