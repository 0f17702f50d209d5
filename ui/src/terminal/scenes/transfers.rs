//! The situations in which something is offered, moves, waits or has ended.

use super::super::stage::{GIB, MIB, Stage, named, transfer_info, verified};
use super::{Scene, conversation_emi};
use crate::engine::Event;
use couplet::session::Event as Told;
use couplet::session::Peer;
use couplet::transfer::book::Direction::{Incoming, Outgoing};
use couplet::transfer::book::{Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, Preflight};
use std::time::Duration;

/// These situations, by name.
pub(crate) const SCENES: &[Scene] = &[
    ("offer_incoming", offer_incoming),
    ("offer_to_resume", offer_to_resume),
    ("offer_too_big", offer_too_big),
    ("offers_of_all_kinds", offers_of_all_kinds),
    ("transfers_moving", transfers_moving),
    ("transfers_resuming", transfers_resuming),
    ("transfers_held", transfers_held),
    ("transfers_held_list", transfers_held_list),
    ("transfers_over", transfers_over),
    ("transfers_left_out", transfers_left_out),
    ("transfers_list", transfers_list),
    ("text_received", text_received),
];

/// A conversation with nothing written.
pub(crate) fn talk() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U");
    stage
}

fn site() -> Offer {
    Offer { form: Form::Folder, entries: 200, ..named("site", 412 * MIB) }
}

fn stream() -> Offer {
    Offer { form: Form::Stream, size: None, ..named("stdin", 0) }
}

fn text() -> Offer {
    Offer { form: Form::Text, ..named("text.txt", 1_832) }
}

fn offer_incoming() -> Stage {
    let mut stage = talk();
    stage.minutes(1);
    stage.transfer(1, Incoming, "site.tar.zst", 412 * MIB, TransferState::Offered);
    stage.transfer(2, Incoming, "read me first.txt", 1_832, TransferState::Offered);
    stage
}

pub(crate) fn offer_to_resume() -> Stage {
    let mut stage = talk();
    stage.minutes(1);
    stage.offer(1, Incoming, site()).disk(
        1,
        Preflight { part: true, held: 388 * MIB, free: Some(9 * GIB), ..Preflight::default() },
    );
    stage.offer(2, Incoming, named("disk.img", 3 * GIB)).disk(
        2,
        Preflight { part: true, held: 1_000, free: Some(9 * GIB), ..Preflight::default() },
    );
    stage
}

fn offer_too_big() -> Stage {
    let mut stage = talk();
    stage.minutes(1);
    let full = Preflight { free: Some(GIB), ..Preflight::default() };
    stage.offer(1, Incoming, named("disk.img", 3 * GIB)).disk(1, full);
    let trouble = "the downloads directory /mnt/usb can't be used (permission denied); choose \
                   another with --downloads DIR";
    let refused = Preflight { trouble: Some(trouble.into()), ..Preflight::default() };
    stage.offer(2, Incoming, named("photo.png", 3 * MIB)).disk(2, refused);
    stage
}

fn offers_of_all_kinds() -> Stage {
    let mut stage = talk();
    let changed = Preflight { changed: Some(72 * MIB), ..Preflight::default() };
    stage.offer(1, Incoming, named("logs-2026.tgz", 120 * MIB)).disk(1, changed);
    let taken = Preflight { exists: true, ..Preflight::default() };
    stage.offer(2, Incoming, named("photo.png", 3 * MIB)).disk(2, taken);
    let several = Offer { form: Form::Several, entries: 12_345, ..named("a.txt", 70 * MIB) };
    stage.offer(3, Incoming, several).offer(4, Incoming, stream()).offer(5, Incoming, text());
    stage.offer(6, Outgoing, site());
    stage
}

pub(crate) fn transfers_moving() -> Stage {
    let mut stage = offer_incoming();
    stage.transfer(3, Outgoing, "logs-2026.tgz", 120 * MIB, TransferState::Moving);
    stage.transfer(4, Incoming, "video of the long holiday.mkv", 4 * GIB, TransferState::Moving);
    stage.transfer(5, Outgoing, "photo.png", 3 * MIB, TransferState::Queued);
    stage.transfer(6, Incoming, "done.iso", 700 * MIB, TransferState::Moving);
    for step in 0..40_u64 {
        stage.now.moment = stage.now.moment + Duration::from_millis(500);
        let speed = (6 + step * 7 % 5) * MIB + step * 40_000;
        stage.moves(3, 45 * MIB + step * 500_000, 120 * MIB, Some(speed));
    }
    stage.moves(6, 700 * MIB, 700 * MIB, Some(20 * MIB));
    stage.stalls(4, 1700 * MIB, 4 * GIB, 8);
    stage
}

/// A folder goes on from where it was, another is on its way, and a stream of which nobody knows
/// how long it is.
fn transfers_resuming() -> Stage {
    let mut stage = talk();
    let moving = |direction, offer| TransferInfo {
        offer,
        ..transfer_info(direction, "x", 0, TransferState::Moving)
    };
    let many = Offer { form: Form::Folder, entries: 200_000, ..named("project", 900 * MIB) };
    for (id, info) in [
        (1, moving(Incoming, site())),
        (2, moving(Outgoing, many)),
        (3, moving(Incoming, stream())),
    ] {
        stage.hear(Told::Transfer { id: TransferId(id), info });
    }
    stage.minutes(1);
    stage.files(2, 5 * MIB, 900 * MIB, 1_204, Some(2 * MIB));
    stage.moves(3, 12 * MIB, 12 * MIB, Some(3 * MIB));
    stage.give(super::Input::Engine(Event::Started { id: TransferId(1), held: 388 * MIB }));
    stage.files(1, 389 * MIB, 412 * MIB, 188, None);
    stage
}

pub(crate) fn transfers_held() -> Stage {
    let mut stage = talk();
    let full = Some(Hold::DiskFull);
    let paused = Some(Hold::Paused);
    for (id, name, here, there) in [
        (1, "paused-here.iso", paused, None),
        (2, "paused-there.iso", None, paused),
        (3, "full-here.iso", full, None),
        (4, "full-there.iso", None, full),
        (5, "cut.iso", None, None),
    ] {
        let way = if id % 2 == 0 { Outgoing } else { Incoming };
        stage.transfer(id, way, name, 700 * MIB, TransferState::Moving);
        stage.moves(id, 70 * MIB * u64::from(id), 700 * MIB, Some(MIB));
        let state = if id == 5 { TransferState::Interrupted } else { TransferState::Moving };
        let info = transfer_info(way, name, 700 * MIB, state);
        let info = TransferInfo { held_here: here, held_there: there, ..info };
        stage.hear(Told::Transfer { id: TransferId(id), info });
    }
    // Figures come all the same, and mean nothing.
    stage.stalls(1, 70 * MIB, 700 * MIB, 40);
    stage
}

fn transfers_held_list() -> Stage {
    let mut stage = transfers_held();
    stage.hear(Told::Peer {
        peer: Peer::Silent { kept_for: Duration::from_secs(30) },
        newcomer: false,
    });
    stage.keys("F2");
    stage
}

fn transfers_over() -> Stage {
    let mut stage = talk();
    stage.transfer(1, Incoming, "photo.png", 3 * MIB, TransferState::Moving);
    stage.transfer(1, Incoming, "photo.png", 3 * MIB, verified("photo (2).png"));
    stage.transfer(2, Outgoing, "logs-2026.tgz", 120 * MIB, verified("logs-2026.tgz"));
    stage.transfer(3, Outgoing, "site.tar.zst", 412 * MIB, TransferState::Declined);
    let reason =
        "the disk at the receiver is full (3.2 GiB are missing); free some and send it again";
    stage.transfer(4, Outgoing, "disk.img", 9 * GIB, super::failed(reason));
    stage.transfer(5, Incoming, "notes.md", 900, TransferState::Cancelled { by_peer: true });
    stage
}

fn transfers_left_out() -> Stage {
    let mut stage = talk();
    let reasons = [
        "site/.git/lock can't be read (permission denied)",
        "site/socket is neither a file nor a folder nor a link",
    ];
    let over = TransferState::Verified {
        saved_as: "site".into(),
        left_out: reasons.map(str::to_owned).into(),
        left_out_count: 2,
    };
    stage.offer(1, Incoming, site());
    let mut ended = transfer_info(Incoming, "site", 0, over);
    ended.offer = site();
    stage.hear(Told::Transfer { id: TransferId(1), info: ended });
    for (id, end) in [
        (2, TransferState::Withdrawn),
        (3, TransferState::Cancelled { by_peer: true }),
        (4, TransferState::Cancelled { by_peer: false }),
    ] {
        let name = format!("part-{id}.iso");
        stage.transfer(id, Incoming, &name, 700 * MIB, TransferState::Moving);
        stage.moves(id, 70 * MIB, 700 * MIB, Some(MIB));
        if id == 4 {
            stage.write("/cancel 4 drop").keys("Enter");
        }
        stage.transfer(id, Incoming, &name, 700 * MIB, end);
    }
    stage
}

fn transfers_list() -> Stage {
    let mut stage = transfers_moving();
    stage.keys("F2 Down Down");
    stage
}

fn text_received() -> Stage {
    let mut stage = talk();
    stage.offer(1, Incoming, text());
    let text = "the address:\n\tlane 5\x1b[31m, \x1b]0;title\x07second floor\r\nring twice".into();
    stage.give(super::Input::Engine(Event::Text { id: TransferId(1), text }));
    let mut ended = transfer_info(Incoming, "text.txt", 0, verified("text.txt"));
    ended.offer = self::text();
    stage.hear(Told::Transfer { id: TransferId(1), info: ended });
    stage
}
