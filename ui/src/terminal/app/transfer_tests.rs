//! Transfers: what keys and commands ask of the engine, and what the conversation tells.

use super::super::conversation::Who;
use super::super::scenes;
use super::super::stage::{GIB, MIB, Stage, named, transfer_info, verified};
use super::*;
use crate::engine::Event;
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, OnCollision, Preflight};
use couplet::transfer::wire::Fault;
use std::time::Duration;

fn ready() -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.draw(80, 24);
    stage.effects.clear();
    stage
}

fn id(number: u32) -> TransferId {
    TransferId(number)
}

fn accept(number: u32) -> Command {
    Command::Accept { id: Some(id(number)), on_collision: None }
}

fn cancel(number: u32) -> Command {
    Command::Cancel { id: Some(id(number)), keep: true }
}

/// The last lines of the conversation.
fn last(stage: &Stage, lines: usize) -> Vec<String> {
    let end = stage.app.conversation.len();
    let entries = (end - lines..end).filter_map(|number| stage.app.conversation.entry(number));
    entries.map(|entry| entry.text.clone()).collect()
}

/// A transfer of a file of 1,000 bytes.
fn moving(held_here: Option<Hold>, held_there: Option<Hold>) -> TransferInfo {
    let info = transfer_info(Direction::Incoming, "a.iso", 1000, TransferState::Moving);
    TransferInfo { held_here, held_there, ..info }
}

fn told(stage: &mut Stage, number: u32, info: TransferInfo) {
    stage.hear(couplet::session::Event::Transfer { id: TransferId(number), info });
}

#[test]
fn an_offer_is_told_once_however_often_the_peer_comes_back() {
    let mut stage = ready();
    let before = stage.app.conversation.len();
    for _ in 0..3 {
        let states = [TransferState::Offered, TransferState::Moving, TransferState::Interrupted];
        for state in states {
            stage.transfer(3, Direction::Outgoing, "mid.bin", 200 * MIB, state);
        }
    }
    assert_eq!(stage.app.conversation.len(), before + 1);
    assert_eq!(last(&stage, 1), ["you offer mid.bin (200 MiB)"]);
}

#[test]
fn what_failed_is_named_once() {
    let mut stage = ready();
    for (reason, said) in [
        ("a.bin has changed since then", "a.bin has changed since then"),
        ("the disk has died", "a.bin: the disk has died"),
        ("a.bin.old is in the way", "a.bin: a.bin.old is in the way"),
    ] {
        let failed =
            TransferState::Failed { code: Fault::SourceChanged, reason: reason.to_owned() };
        stage.transfer(3, Direction::Incoming, "a.bin", 9, failed);
        assert_eq!(last(&stage, 1), [said]);
    }
}

#[test]
fn transfers_are_answered_and_cancelled_by_number() {
    let mut stage = ready();
    for id in [3, 4] {
        stage.transfer(id, Direction::Incoming, "a", 9, TransferState::Offered);
    }
    stage.transfer(5, Direction::Outgoing, "b", 9, TransferState::Moving);
    for line in ["/accept 4", "/decline", "/cancel 5", "/cancel 5 drop", "/accept skip"] {
        stage.write(line).keys("Enter");
    }
    stage.keys("Alt-a Alt-d");
    assert_eq!(
        stage.commands(),
        [
            accept(4),
            Command::Decline(None),
            cancel(5),
            Command::Cancel { id: Some(id(5)), keep: false },
            Command::Accept { id: None, on_collision: Some(OnCollision::Skip) },
            accept(3),
            Command::Decline(Some(id(3))),
        ]
    );
    stage.write("/cancel").keys("Enter");
    assert_eq!(stage.app.notice.as_deref(), Some("which one? /cancel and one of 3, 4, 5"));
}

#[test]
fn the_list_of_transfers_acts_on_the_chosen_one() {
    let mut stage = ready();
    stage.transfer(1, Direction::Incoming, "a", 9, TransferState::Offered);
    stage.transfer(2, Direction::Incoming, "b", 9, TransferState::Offered);
    stage.transfer(3, Direction::Outgoing, "c", 9, TransferState::Moving);
    stage.keys("F2 Down a Down c c Up d Esc");
    assert_eq!(stage.commands(), [accept(2), cancel(3), cancel(3), Command::Decline(Some(id(2)))]);
    assert_eq!(stage.app.overlay, None);
    stage.write("a");
    assert_eq!(stage.app.editor.text(), "a");
}

#[test]
fn p_pauses_and_lets_go_on() {
    let mut stage = ready();
    told(&mut stage, 1, moving(None, None));
    stage.keys("F2 p");
    told(&mut stage, 1, moving(Some(Hold::Paused), None));
    stage.keys("p");
    // A disk that is full, and a peer's pause, can be waited for or paused as well.
    for (here, there) in [(Some(Hold::DiskFull), None), (None, Some(Hold::Paused))] {
        told(&mut stage, 1, moving(here, there));
        stage.keys("p");
    }
    let (pause, go_on) = (Command::Pause(Some(id(1))), Command::Continue(Some(id(1))));
    assert_eq!(stage.commands(), [pause.clone(), go_on, pause.clone(), pause]);
    told(&mut stage, 1, TransferInfo { state: TransferState::Declined, ..moving(None, None) });
    stage.keys("p");
    assert_eq!(stage.app.notice.as_deref(), Some("a.iso is over, so it can't be paused"));
    assert_eq!(stage.commands(), []);
}

#[test]
fn pause_and_resume_find_the_one_that_is_meant() {
    let mut stage = ready();
    told(&mut stage, 1, moving(None, None));
    told(&mut stage, 2, moving(Some(Hold::Paused), None));
    stage.transfer(3, Direction::Incoming, "b", 9, TransferState::Offered);
    for line in ["/pause", "/resume", "/pause 1", "/resume 2"] {
        stage.write(line).keys("Enter");
    }
    let (pause, go_on) = (Command::Pause(Some(id(1))), Command::Continue(Some(id(2))));
    assert_eq!(stage.commands(), [pause.clone(), go_on.clone(), pause, go_on]);
    for (line, notice) in [
        ("/pause 3", "/pause doesn't fit transfer 3; it fits: 1"),
        ("/resume 1", "/resume doesn't fit transfer 1; it fits: 2"),
    ] {
        stage.write(line).keys("Enter");
        assert_eq!(stage.app.notice.as_deref(), Some(notice));
        stage.keys("Ctrl-U");
    }
    told(&mut stage, 2, moving(None, Some(Hold::Paused)));
    stage.keys("Alt-d").transfer(3, Direction::Incoming, "b", 9, TransferState::Declined);
    stage.write("/resume").keys("Enter");
    let notice = stage.app.notice.clone().unwrap();
    assert_eq!(notice, "you have paused nothing; what bob has paused, bob lets go on");
}

#[test]
fn a_limit_is_set_and_said() {
    let mut stage = ready();
    stage.write("/limit 5M").keys("Enter").write("/limit off").keys("Enter");
    assert_eq!(stage.commands(), [Command::Limit(Some(5 * MIB)), Command::Limit(None)]);
    assert_eq!(
        last(&stage, 2),
        [
            "from now on at most 5.0 MiB/s in each transfer; /limit off takes that away",
            "transfers go as fast as they can"
        ]
    );
    stage.write("/limit 3M").keys("Enter");
    assert_eq!(stage.app.limit(), Some(3 * MIB), "the next room has the same");
}

#[test]
fn what_commands_take_is_completed() {
    let mut stage = ready();
    stage.transfer(12, Direction::Incoming, "a", 9, TransferState::Offered);
    told(&mut stage, 7, moving(None, None));
    told(&mut stage, 8, moving(Some(Hold::Paused), None));
    for (line, completed) in [
        ("/pau", "/pause "),
        ("/pause ", "/pause 7"),
        ("/resume ", "/resume 8"),
        ("/accept 1", "/accept 12"),
        ("/accept 12 s", "/accept 12 skip"),
        ("/accept over", "/accept overwrite"),
        ("/accept skip ", "/accept skip 12"),
        ("/cancel 7 ", "/cancel 7 drop"),
        ("/limit o", "/limit off"),
        ("/limit 5", "/limit 5"),
    ] {
        stage.write(line).keys("Tab");
        assert_eq!(stage.app.editor.text(), completed);
        stage.keys("Esc Ctrl-C");
    }
    stage.write("/accept ").keys("Tab");
    let labels = stage.app.popup.as_ref().map(|popup| popup.labels.clone()).unwrap();
    assert_eq!(labels, ["12", "rename", "skip", "overwrite"]);
}

#[test]
fn what_the_disk_says_completes_the_line_of_the_offer() {
    let mut stage = ready();
    let site = Offer { form: Form::Folder, entries: 200, ..named("site", 1000) };
    stage.offer(1, Direction::Incoming, site);
    assert_eq!(last(&stage, 1), ["bob offers site/ (1.0 KiB, 200 items): /accept 1"]);
    let disk = Preflight::default();
    for (disk, rest) in [
        (disk.clone(), ": /accept 1"),
        (Preflight { part: true, held: 940, ..disk.clone() }, "; 94 % is here: /accept 1 resumes"),
        (
            Preflight { changed: Some(600), ..disk.clone() },
            "; it has changed since 60 % of it came: /accept 1 takes it anew",
        ),
        (
            Preflight { exists: true, ..disk.clone() },
            "; the name is taken, it gets a number: /accept 1",
        ),
        (
            Preflight { free: Some(10), ..disk.clone() },
            "; it needs 1.0 KiB, 10 B free: make room, then /accept 1",
        ),
        (Preflight { trouble: Some("it is locked".into()), ..disk.clone() }, "; it is locked"),
    ] {
        let before = stage.app.conversation.len();
        stage.disk(1, disk);
        let expected = format!("bob offers site/ (1.0 KiB, 200 items){rest}");
        assert_eq!(last(&stage, 1), [expected]);
        assert_eq!(stage.app.conversation.len(), before);
    }
    // Too late, it is accepted already.
    stage.transfer(1, Direction::Incoming, "site", 1000, TransferState::Queued);
    stage.disk(1, disk);
    assert!(last(&stage, 1)[0].ends_with("it is locked"));
}

#[test]
fn resuming_is_never_called_overwriting() {
    let mut stage = scenes::offer_to_resume();
    stage.draw(120, 40);
    let hints = stage.app.hints();
    assert!(hints.iter().any(|hint| hint.key == "Alt-A" && hint.does == "Resume (94 %)"));
    stage.keys("F2");
    assert_eq!(stage.app.hints()[0].does, "Resume (94 %)");
}

#[test]
fn a_full_disk_is_told_once() {
    let mut stage = ready();
    told(&mut stage, 1, moving(None, None));
    let before = stage.app.conversation.len();
    for _ in 0..3 {
        told(&mut stage, 1, moving(Some(Hold::DiskFull), None));
        told(&mut stage, 1, moving(None, None));
        told(&mut stage, 1, moving(None, Some(Hold::DiskFull)));
        told(&mut stage, 1, moving(None, Some(Hold::Paused)));
    }
    assert_eq!(stage.app.conversation.len(), before + 1);
    let full = "the disk is full, so a.iso waits; make room in downloads/ and it goes on by itself";
    assert_eq!(last(&stage, 1), [full]);
}

#[test]
fn what_was_left_out_is_told_with_a_few_reasons() {
    let mut stage = ready();
    let site = Offer { form: Form::Folder, entries: 2_000, ..named("site", 9) };
    stage.offer(1, Direction::Incoming, site.clone());
    let state = TransferState::Verified {
        saved_as: "site (2)".into(),
        left_out: (1..=16).map(|number| format!("file {number}\x1b[31m is locked")).collect(),
        left_out_count: 1_204,
    };
    told(&mut stage, 1, TransferInfo { offer: site, state, ..moving(None, None) });
    assert_eq!(
        last(&stage, 6),
        [
            "site/ verified, saved as site (2) in downloads/; 1,204 left out",
            "left out: file 1 is locked",
            "left out: file 2 is locked",
            "left out: file 3 is locked",
            "left out: file 4 is locked",
            "and 1,200 more left out",
        ]
    );
}

#[test]
fn what_has_come_is_kept_and_said_to_be() {
    let kept = "; what has come is kept, and resumes when it is offered again";
    for (line, state, expected) in [
        (
            "",
            TransferState::Withdrawn,
            format!("a.iso is withdrawn: your peer left, or was started anew{kept}"),
        ),
        ("", TransferState::Cancelled { by_peer: true }, format!("bob cancelled a.iso{kept}")),
        (
            "/cancel",
            TransferState::Cancelled { by_peer: false },
            format!("you cancelled a.iso{kept}"),
        ),
        (
            "/cancel drop",
            TransferState::Cancelled { by_peer: false },
            "you cancelled a.iso; what had come of it is thrown away".to_owned(),
        ),
    ] {
        let mut stage = ready();
        told(&mut stage, 1, moving(None, None));
        stage.moves(1, 500, 1000, None).write(line).keys("Enter");
        told(&mut stage, 1, TransferInfo { state, ..moving(None, None) });
        assert_eq!(last(&stage, 1), [expected]);
    }
    let mut stage = ready();
    stage.transfer(1, Direction::Incoming, "a", 9, TransferState::Offered);
    stage.transfer(1, Direction::Incoming, "a", 9, TransferState::Withdrawn);
    assert_eq!(last(&stage, 1), ["a is withdrawn: your peer left, or was started anew"]);
}

#[test]
fn a_text_is_shown_clean_and_counts_as_new() {
    let mut stage = ready();
    stage.give(Input::Focus(false)).effects.clear();
    let text = Offer { form: Form::Text, ..named("text.txt", 30) };
    stage.offer(1, Direction::Incoming, text.clone());
    let sent = "one\x1b[2J\r\ntwo".to_owned();
    stage.give(Input::Engine(Event::Text { id: TransferId(1), text: sent }));
    let state = verified("text.txt");
    told(&mut stage, 1, TransferInfo { offer: text.clone(), state, ..moving(None, None) });
    assert_eq!(last(&stage, 2), ["the text that bob sent (12 B, transfer 1):", "one\ntwo"]);
    let entry = stage.app.conversation.entry(stage.app.conversation.len() - 1).unwrap();
    assert_eq!(entry.who, Who::Peer("bob".into()));
    let bells = stage.effects.iter().filter(|effect| **effect == Effect::Bell).count();
    assert_eq!(bells, 2, "for the offer and for the text");
    // It has no number, so nothing is told of its having been seen.
    stage.effects.clear();
    stage.draw(80, 24);
    assert_eq!(stage.commands(), []);
    let long = "x".repeat(2 * usize::try_from(MIB).unwrap());
    stage.give(Input::Engine(Event::Text { id: TransferId(1), text: long }));
    assert!(last(&stage, 1)[0].len() <= usize::try_from(MIB).unwrap());
    stage.draw(80, 24);
}

#[test]
fn nothing_ticks_for_what_waits() {
    let mut stage = scenes::transfers_held();
    stage.keys("Ctrl-U").wait(Duration::from_secs(10));
    assert_eq!(stage.app.wake_at(), None);
    stage.transfer(9, Direction::Incoming, "b.iso", 3 * GIB, TransferState::Moving);
    stage.give(Input::Engine(Event::Started { id: TransferId(9), held: GIB }));
    assert!(stage.app.wake_at().is_some(), "it is said that it resumes, and then no longer");
    stage.wait(Duration::from_secs(3));
    assert_eq!(stage.app.wake_at(), None);
}
