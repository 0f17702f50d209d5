//! The keys of the list of transfers.

use super::{Place, Row, scene};

/// Choosing there, and what is done to the chosen one.
pub(super) const ROWS: &[Row] = &[
    scene(Place::Transfers, "transfers_moving", "F2 Down Down", "Up", "chosen 2"),
    scene(Place::Transfers, "transfers_moving", "F2", "Down", "chosen 2"),
    scene(Place::Transfers, "transfers_moving", "F2 End", "PgUp", "chosen 1"),
    scene(Place::Transfers, "transfers_moving", "F2", "PgDn", "chosen 5"),
    scene(Place::Transfers, "transfers_moving", "F2 End", "Home", "chosen 1"),
    scene(Place::Transfers, "transfers_moving", "F2", "End", "chosen 5"),
    scene(
        Place::Transfers,
        "transfers_moving",
        "F2 Down",
        "Enter",
        "over details 2 from 0; chosen nothing",
    ),
    scene(
        Place::Transfers,
        "transfers_moving",
        "F2",
        "a",
        "does Engine(Accept { id: Some(TransferId(1)), on_collision: None …",
    ),
    scene(
        Place::Transfers,
        "transfers_moving",
        "F2 Down",
        "d",
        "does Engine(Decline(Some(TransferId(2))))",
    ),
    scene(
        Place::Transfers,
        "transfers_chart",
        "F2",
        "p",
        "does Engine(Pause(Some(TransferId(1))))",
    ),
    scene(
        Place::Transfers,
        "transfers_held",
        "F2",
        "p",
        "does Engine(Continue(Some(TransferId(1))))",
    ),
    scene(
        Place::Transfers,
        "transfers_chart",
        "F2 Down",
        "c",
        "does Engine(Cancel { id: Some(TransferId(2)), keep: true })",
    ),
    scene(
        Place::Transfers,
        "transfers_moving",
        "F2",
        "c",
        "does Engine(Decline(Some(TransferId(1))))",
    ),
    scene(Place::Transfers, "picture", "Esc", "v", "over picture 1; chosen nothing"),
    scene(
        Place::Transfers,
        "transfers_folded",
        "F2",
        "x",
        "list 1; says 8 finished transfers off the list; what was received stays w…",
    ),
    scene(Place::Transfers, "transfers_moving", "F2", "Esc", "over nothing; chosen nothing"),
    scene(Place::Transfers, "transfers_moving", "F2", "F1", "over help from 0; chosen nothing"),
    scene(Place::Transfers, "transfers_moving", "F2", "Ctrl-L", "does Clear"),
    scene(Place::Transfers, "transfers_moving", "F2", "Ctrl-Z", "does Suspend"),
    scene(
        Place::Transfers,
        "transfers_moving",
        "F2",
        "F3",
        "over shelf; chosen nothing; seeks |; does Shelf(List(Query { pattern: None, after: None, hashes: true …",
    ),
];
