//! The keys where one transfer is seen by itself.

use super::{Place, Row, scene};

/// Its details and its picture.
pub(super) const ROWS: &[Row] = &[
    scene(
        Place::Details,
        "details_verified",
        "size:40x12 Down Down",
        "Up",
        "over details 1 from 1",
    ),
    scene(Place::Details, "details_verified", "size:40x12", "Down", "over details 1 from 1"),
    scene(Place::Details, "details_verified", "size:40x12 End", "PgUp", "over details 1 from 3"),
    scene(Place::Details, "details_verified", "size:40x12", "PgDn", "over details 1 from 7"),
    scene(Place::Details, "details_verified", "size:40x12 End", "Home", "over details 1 from 0"),
    scene(Place::Details, "details_verified", "size:40x12", "End", "over details 1 from 10"),
    scene(
        Place::Details,
        "transfers_moving",
        "F2 Enter",
        "a",
        "does Engine(Accept { id: Some(TransferId(1)), on_collision: None …",
    ),
    scene(
        Place::Details,
        "transfers_moving",
        "F2 Enter",
        "d",
        "does Engine(Decline(Some(TransferId(1))))",
    ),
    scene(Place::Details, "details_moving", "", "p", "does Engine(Pause(Some(TransferId(1))))"),
    scene(
        Place::Details,
        "transfers_held",
        "F2 Enter",
        "p",
        "does Engine(Continue(Some(TransferId(1))))",
    ),
    scene(
        Place::Details,
        "details_moving",
        "",
        "c",
        "does Engine(Cancel { id: Some(TransferId(1)), keep: true })",
    ),
    scene(Place::Details, "picture", "Esc Enter", "v", "over picture 1"),
    scene(
        Place::Details,
        "details_failed",
        "",
        "x",
        "over nothing; list 0; says 1 finished transfer off the list; what was received stays wh…",
    ),
    scene(Place::Details, "details_moving", "", "Esc", "over transfers; chosen 1"),
    scene(Place::Details, "details_failed", "", "Esc", "over nothing"),
    scene(Place::Details, "details_moving", "", "F1", "over help from 0"),
    scene(Place::Details, "details_moving", "", "Ctrl-L", "does Clear"),
    scene(Place::Details, "details_moving", "", "Ctrl-Z", "does Suspend"),
    scene(Place::Details, "details_moving", "", "F2", "over transfers; chosen 1"),
    scene(
        Place::Details,
        "details_moving",
        "",
        "F3",
        "over shelf; seeks |; does Shelf(List(Query { pattern: None, after: None, hashes: true …",
    ),
    scene(Place::Preview, "picture", "", "Esc", "over transfers; chosen 1"),
    scene(Place::Preview, "picture", "", "F1", "over help from 0"),
    scene(Place::Preview, "picture", "", "Ctrl-L", "does Clear"),
    scene(Place::Preview, "picture", "", "Ctrl-Z", "does Suspend"),
    scene(Place::Preview, "picture", "", "F2", "over transfers; chosen 1"),
];
