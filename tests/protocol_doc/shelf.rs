//! The shelf's section: its examples and tables.

use super::messages::{assert_same, control_frame};
use super::tables::{every, serde_name};
use super::{examples, first_cells, json, names, table};
use bytes::BytesMut;
use couplet::message::{self, ExitReason};
use couplet::shelf::message::{ClientToShelf, ShelfFault, ShelfToClient, steps};
use std::collections::BTreeSet;

#[test]
fn what_clients_say_to_the_shelf() {
    let (names, name_of) = names!(ClientToShelf:
        Login = "login" List = "list" Get = "get" Accept = "accept" Decline = "decline" Put = "put"
        Delete = "delete" Bye = "bye");
    let mut seen = BTreeSet::new();
    for text in examples("client-to-shelf") {
        let said = ClientToShelf::decode(&control_frame(&text)).expect(&text);
        assert_eq!(json(text.as_bytes())["type"], name_of(&said));
        seen.insert(name_of(&said));
        let mut encoded = BytesMut::new();
        said.encode(&mut encoded);
        assert_same(&text, &encoded, message::kind::CONTROL);
    }
    assert_eq!(seen, names);
}

#[test]
fn what_the_shelf_says_to_clients() {
    let (names, name_of) = names!(ShelfToClient:
        Shelf = "shelf" List = "list" Offered = "offered" Begin = "begin" Wait = "wait"
        Deleted = "deleted" Exit = "exit" Error = "error");
    let mut seen = BTreeSet::new();
    for text in examples("shelf-to-client") {
        let said = ShelfToClient::decode(&control_frame(&text)).expect(&text);
        assert_eq!(json(text.as_bytes())["type"], name_of(&said));
        match &said {
            ShelfToClient::Error { code, .. } => assert_ne!(*code, ShelfFault::Unknown, "{text}"),
            ShelfToClient::Exit { reason } => assert_eq!(*reason, ExitReason::Fin),
            ShelfToClient::Shelf(_)
            | ShelfToClient::List(_)
            | ShelfToClient::Offered { .. }
            | ShelfToClient::Begin { .. }
            | ShelfToClient::Wait { .. }
            | ShelfToClient::Deleted { .. } => {}
        }
        seen.insert(name_of(&said));
        let mut encoded = BytesMut::new();
        said.encode(&mut encoded);
        assert_same(&text, &encoded, message::kind::CONTROL);
    }
    assert_eq!(seen, names);
}

#[test]
fn faults_and_kinds() {
    let faults = every!(ShelfFault:
        NoShelf Closed LoginNeeded NeedsTls LoginFailed SlowDown Locked NotAllowed NoSuchName BadName
        Taken InTransit TooLarge ShelfFull Storage Idle RelayFull Malformed Unexpected
        HandshakeTimeout Version;
        except Unknown);
    let expected: Vec<_> = faults
        .iter()
        .map(|fault| (serde_name(fault), if fault.is_final() { "yes" } else { "no" }))
        .collect();
    let rows = table("| fault of the shelf | final | meaning |");
    let documented: Vec<_> = rows.iter().map(|row| (row[0].to_owned(), row[1])).collect();
    assert_eq!(documented, expected);
    let kinds = [message::kind::CONTROL, steps::STEPS, steps::LAST];
    assert_eq!(first_cells("| kind | name | body |"), kinds.map(|kind| format!("{kind:#04x}")));
}
