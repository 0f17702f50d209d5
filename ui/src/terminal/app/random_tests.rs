//! Anything in any order, at any size: it never panics, and always sleeps.

use super::super::picker::{Entry, Found, Kind, Seen};
use super::super::pictures::{Depict, Depicted};
use super::super::scenes;
use super::super::stage::{Stage, named, transfer_info, verified};
use super::*;
use crate::engine::Event;
use couplet::message::Role;
use couplet::session::{Event as Told, Link, Mark, Peer, Seal, Verdict};
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, Preflight};
use proptest::prelude::*;
use ratatui::layout::Position;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    Write(String),
    Paste(String),
    Hear(u8, u32),
    Draw(u16, u16),
    Wait(u64),
    Focus(bool),
    Mouse(u16, u16, Did),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(vec![
        "Enter",
        "Tab",
        "BackTab",
        "Esc",
        "Up",
        "Down",
        "Left",
        "Right",
        "Home",
        "End",
        "PgUp",
        "PgDn",
        "Backspace",
        "Delete",
        "F1",
        "F2",
        "F3",
        "F4",
        "F5",
        "Alt-S",
        "v",
        "x",
        "r",
        "k",
        "j",
        "/",
        " ",
        "Alt-P",
        "Alt-V",
        "Ctrl-A",
        "Ctrl-W",
        "Ctrl-K",
        "Ctrl-Y",
        "Alt-Y",
        "Ctrl-_",
        "Ctrl-R",
        "Ctrl-S",
        "Ctrl-X",
        "Ctrl-E",
        "Ctrl-U",
        "Alt-_",
        "Ctrl-T",
        "Alt-U",
        "Alt-C",
        "Ctrl-Up",
        "Ctrl-F",
        "Alt-A",
        "Alt-D",
        "Alt-Enter",
        "Alt-B",
        "Alt-F",
        "Shift-Up",
        "Ctrl-C",
        "Ctrl-L",
        "a",
        "d",
        "c",
        "p",
        "q",
        "y",
        "n",
    ]);
    let text = prop_oneof![
        "/(send|put|accept|cancel|pause|resume|limit|who|take|fin|code 7-|verify|new|find|reply|copy|save|select|details|preview|tidy|mouse|transfers|help)? ?[a-z0-9~/' ]{0,6}",
        "\\PC{0,20}"
    ];
    prop_oneof![
        4 => keys.prop_map(Step::Keys),
        2 => text.clone().prop_map(Step::Write),
        1 => text.prop_map(Step::Paste),
        1 => (15_usize..30).prop_map(|lines| Step::Paste("日 e\u{301}\r".repeat(lines))),
        4 => (0_u8..30, 0_u32..6).prop_map(|(what, number)| Step::Hear(what, number)),
        2 => (0_u16..100, 0_u16..40).prop_map(|(width, height)| Step::Draw(width, height)),
        1 => (0_u64..9000).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Focus),
        2 => (0_u16..100, 0_u16..40, prop::sample::select(vec![Did::Click, Did::WheelUp, Did::WheelDown]))
            .prop_map(|(x, y, did)| Step::Mouse(x, y, did)),
    ]
}

fn hear(stage: &mut Stage, what: u8, number: u32) {
    use Direction::{Incoming, Outgoing};
    let way = if number.is_multiple_of(2) { Incoming } else { Outgoing };
    let span = Duration::from_secs(u64::from(number));
    let draft = DraftId(u64::from(number));
    let size = 1000 * u64::from(number);
    let saved_as = ["x (2)", "photo.png"][number as usize % 2].to_owned();
    match what {
        0 => stage.hear(Told::Link(Link::Lost { attempt: number, retry_in: span })),
        1 => stage.hear(Told::Link(Link::Online)),
        2 => stage.hear(Told::Role(Role::Emi)),
        3 => stage.hear(Told::Role(Role::Rec)),
        4 => stage.hear(Told::Peer { peer: Peer::Silent { kept_for: span }, newcomer: false }),
        5 => stage.hear(Told::Peer { peer: Peer::Present, newcomer: number > 3 }),
        6 => stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false }),
        7 => stage.hear(Told::PeerName(
            "名前 of some length".chars().take(number as usize * 3).collect(),
        )),
        8 => stage.words(size, &"words 言葉 \n".repeat(number as usize)),
        9 => stage.hear(Told::Held { draft, text: "held\nwords".into() }),
        10 => stage.hear(Told::TakenBack { draft, text: "taken".into() }),
        11 => stage.said(u64::from(number), "said", Mark::Taken),
        12 => stage.transfer(number, way, "a file", size, TransferState::Offered),
        13 => stage.transfer(number, way, "a file", size, TransferState::Moving),
        14 => stage.transfer(number, way, "a file", size, verified(&saved_as)),
        15 => stage.moves(number, size / 2, size, Some(size + 1)),
        16 => stage.stalls(number, 0, size, 3),
        17 => stage.hear(Told::Seal(Seal::Nobody)),
        18 if number == 0 => stage.hear(Told::Seal(Seal::Plain)),
        18 => stage.hear(Told::Seal(Seal::Agreeing)),
        19 => stage.hear(Told::Seal(Seal::Failed)),
        20 => {
            let verdict = [None, Some(Verdict::Same), Some(Verdict::Different)];
            stage.hear(scenes::sealed(number > 3, verdict[number as usize % 3]))
        }
        21 => stage.hear(Told::PeerCompares),
        22 => {
            let room = (number > 2).then(|| couplet::message::RoomName::numbered(number));
            stage.hear(Told::Seated { seat: couplet::message::Seat::One, room, returned: false })
        }
        23 => {
            let hold = [None, Some(Hold::Paused), Some(Hold::DiskFull)];
            let info = transfer_info(way, "a file", size, TransferState::Moving);
            let held_here = hold[number as usize % 3];
            let info = TransferInfo { held_here, held_there: hold[number as usize / 2], ..info };
            stage.hear(Told::Transfer { id: TransferId(number), info })
        }
        24 => stage.transfer(number, way, "a file", size, TransferState::Interrupted),
        25 => stage.give(Input::Engine(Event::Started { id: TransferId(number), held: size })),
        26 => {
            let text = "text \x1b[ 言葉\n".repeat(number as usize);
            stage.give(Input::Engine(Event::Text { id: TransferId(number), text }))
        }
        27 => {
            let forms = [Form::File, Form::Folder, Form::Several, Form::Stream, Form::Text];
            let size = Some(size).filter(|_| number != 3);
            let entries = u64::from(number) * 1_000;
            let form = forms[number as usize % 5];
            stage.offer(number, way, Offer { form, size, entries, ..named("a thing", 0) })
        }
        28 => {
            let some = |wanted| (number == wanted).then_some(size / 2);
            let (free, changed) = (some(3), some(4));
            let held = some(5).unwrap_or(0);
            let disk = Preflight { held, free, changed, exists: number == 2, ..Default::default() };
            stage.disk(number, disk)
        }
        _ => stage.hear(Told::Trouble("trouble ".repeat(number as usize * 10))),
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nothing_panics(steps in prop::collection::vec(step(), 0..80)) {
        let mut stage = scenes::waiting_with_a_new_code();
        stage.depicts = Some(depicted);
        for step in steps {
            match step {
                Step::Keys(keys) => { stage.keys(keys); }
                Step::Write(text) => { stage.write(&text); }
                Step::Paste(text) => { stage.give(Input::Paste(text)); }
                Step::Hear(what, number) => hear(&mut stage, what, number),
                Step::Draw(width, height) => { stage.draw(width, height); }
                Step::Wait(span) => { stage.wait(Duration::from_millis(span)); }
                Step::Focus(focus) => { stage.give(Input::Focus(focus)); }
                Step::Mouse(x, y, did) => {
                    stage.give(Input::Mouse(Mouse { at: Position { x, y }, did }));
                }
            }
            answer(&mut stage);
        }
        stage.draw(80, 24);
    }
}

/// Now and then there is a picture.
fn depicted(wish: Depict) -> Input {
    if wish.room.0.is_multiple_of(4) {
        return scenes::closer::depicted(wish);
    }
    Input::Depicted(Depicted { id: wish.id, picture: Err("it is gone".into()) })
}

/// What the file picker asked for, as if there were always the same files.
fn answer(stage: &mut Stage) {
    let looks: Vec<_> = stage
        .effects
        .drain(..)
        .filter_map(|effect| if let Effect::Look(look) = effect { Some(look) } else { None })
        .collect();
    for look in looks {
        let kinds = [Kind::Directory, Kind::File(9), Kind::Other];
        let entry = |kind| Entry { file: "é日".into(), label: format!("é日 {kind:?}"), kind };
        let seen = if look.entries {
            let (path, entries) = (look.path.clone(), kinds.map(entry).into());
            Seen::Entries { path, entries, cut: true }
        } else {
            Seen::Preview(vec!["日".repeat(50); 9])
        };
        stage.give(Input::Found(Found { look, seen }));
    }
}
