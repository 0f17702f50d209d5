//! What wasn't through when the conversation was over, for the last words on the user's terminal.
//!
//! Owns which transfers are told then, and how each reads.

use super::transfers::{Stage, Transfer, Transfers};
use super::wording;
use couplet::transfer::book::Direction;
use couplet::transfer::offer::Form;

/// A line for each transfer that was taken and isn't through, or waits for the peer's answer. What the
/// user hadn't answered isn't lost to anybody. `ways` is what stands for a file that comes, and for one
/// that goes.
pub(crate) fn lines(transfers: &Transfers, ways: [&str; 2]) -> Vec<String> {
    transfers.all().iter().filter_map(|transfer| line(transfer, ways)).collect()
}

fn line(transfer: &Transfer, [down, up]: [&str; 2]) -> Option<String> {
    let so_far = match transfer.stage() {
        Stage::Over | Stage::Answer => return None,
        Stage::Offered => "not answered".to_owned(),
        Stage::Checking => "all across, not checked".to_owned(),
        Stage::Moving | Stage::Held | Stage::Interrupted | Stage::Queued => {
            transfer.percent().map_or_else(|| "begun".to_owned(), |percent| format!("{percent} %"))
        }
    };
    let offer = &transfer.info.offer;
    let is_on_disk = !matches!(offer.form, Form::Stream | Form::Text);
    let at_shelf = transfer.shelf.is_some();
    let (way, rest) = match transfer.info.direction {
        Direction::Incoming if at_shelf && transfer.done() > 0 => {
            (down, "what came is kept, and goes on when it is fetched again")
        }
        Direction::Incoming if at_shelf => (down, "fetch it from the shelf again"),
        Direction::Outgoing if at_shelf => (up, "put it on the shelf again"),
        Direction::Incoming if is_on_disk && transfer.done() > 0 => {
            (down, "what came is kept (couplet partials), and goes on when it is offered again")
        }
        Direction::Incoming => (down, "it has to be offered again"),
        Direction::Outgoing if is_on_disk && transfer.done() > 0 => (up, "offer it again to go on"),
        Direction::Outgoing => (up, "offer it again"),
    };
    Some(format!("not finished: {way} {}, {so_far}; {rest}", wording::thing(offer)))
}

#[cfg(test)]
mod tests {
    use super::super::stage::{MIB, Stage, named, transfer_info, verified};
    use super::*;
    use couplet::session::Event;
    use couplet::transfer::book::{TransferId, TransferInfo, TransferState};
    use couplet::transfer::offer::Offer;

    #[test]
    fn each_transfer_that_is_not_through_is_told_with_what_to_do() {
        let mut stage = Stage::new();
        let (incoming, outgoing) = (Direction::Incoming, Direction::Outgoing);
        for (id, direction, name, state) in [
            (1, incoming, "big.bin", TransferState::Moving),
            (2, outgoing, "big.bin", TransferState::Interrupted),
            (3, incoming, "queued", TransferState::Queued),
            (4, incoming, "unanswered", TransferState::Offered),
            (5, outgoing, "unanswered", TransferState::Offered),
            (6, incoming, "through", verified("through")),
            (7, outgoing, "declined", TransferState::Declined),
            (8, incoming, "whole", TransferState::Moving),
        ] {
            stage.transfer(id, direction, name, 100 * MIB, state);
        }
        stage.moves(1, 19 * MIB, 100 * MIB, None).moves(2, 19 * MIB, 100 * MIB, None);
        stage.moves(8, 100 * MIB, 100 * MIB, None);
        let mut told = lines(&stage.app.transfers, ["⇣", "⇡"]);
        told.sort();
        let kept = "what came is kept (couplet partials), and goes on when it is offered again";
        assert_eq!(
            told,
            [
                "not finished: ⇡ big.bin, 19 %; offer it again to go on".to_owned(),
                "not finished: ⇡ unanswered, not answered; offer it again".to_owned(),
                format!("not finished: ⇣ big.bin, 19 %; {kept}"),
                "not finished: ⇣ queued, 0 %; it has to be offered again".to_owned(),
                format!("not finished: ⇣ whole, all across, not checked; {kept}"),
            ]
        );
    }

    #[test]
    fn what_flows_is_not_kept() {
        let mut stage = Stage::new();
        let offer = Offer { form: Form::Stream, size: None, ..named("stdin", 0) };
        let info = transfer_info(Direction::Incoming, "x", 0, TransferState::Moving);
        let info = TransferInfo { offer, ..info };
        stage.hear(Event::Transfer { id: TransferId(1), info });
        stage.moves(1, MIB, 0, None);
        assert_eq!(
            lines(&stage.app.transfers, ["⇣", "⇡"]),
            ["not finished: ⇣ a stream, begun; it has to be offered again"]
        );
    }
}
