//! The situations in which transfers are looked at closely: charts, details, pictures.

use super::super::app::{Effect, Input};
use super::super::pictures::{self, Depict};
use super::super::stage::{GIB, MIB, Stage, named, transfer_info, verified};
use super::transfers::talk;
use super::{Scene, failed};
use crate::engine::Event;
use couplet::session::Event as Told;
use couplet::transfer::book::Direction::{Incoming, Outgoing};
use couplet::transfer::book::{TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, Preflight};
use image::{Rgb, RgbImage};
use std::time::Duration;

/// These situations, by name.
pub(crate) const SCENES: &[Scene] = &[
    ("transfers_chart", transfers_chart),
    ("transfers_chart_list", transfers_chart_list),
    ("transfers_folded", transfers_folded),
    ("transfers_tidied", transfers_tidied),
    ("details_verified", details_verified),
    ("details_moving", details_moving),
    ("details_failed", details_failed),
    ("details_offer", details_offer),
    ("details_shelf", details_shelf),
    ("details_left_out", details_left_out),
    ("picture", picture),
    ("picture_awaited", picture_awaited),
    ("picture_refused", picture_refused),
];

/// Two that have moved for more than a minute, with a rest in between.
pub(crate) fn transfers_chart() -> Stage {
    let mut stage = talk();
    stage.transfer(1, Incoming, "backup.tar.zst", 9 * GIB, TransferState::Moving);
    stage.transfer(2, Outgoing, "logs-2026.tgz", 700 * MIB, TransferState::Moving);
    for second in 0..150_u64 {
        stage.now.moment = stage.now.moment + Duration::from_secs(1);
        let wave = (second * second / 7) % 23;
        if (80..95).contains(&second) {
            stage.stalls(1, 800 * MIB, 9 * GIB, second - 76);
            stage.stalls(2, 300 * MIB, 700 * MIB, second - 76);
        } else {
            stage.moves(1, (100 + second * 9) * MIB, 9 * GIB, Some((8 + wave) * MIB));
            stage.moves(2, (40 + second * 3) * MIB, 700 * MIB, Some((2 + second / 50) * MIB));
        }
    }
    stage
}

fn transfers_chart_list() -> Stage {
    let mut stage = transfers_chart();
    stage.keys("F2 Down");
    stage
}

fn transfers_folded() -> Stage {
    let mut stage = talk();
    stage.transfer(9, Incoming, "site.tar.zst", 412 * MIB, TransferState::Offered);
    for id in 1..=6 {
        stage.transfer(id, Incoming, &format!("photo {id}.png"), 3 * MIB, verified("photo.png"));
    }
    stage.transfer(7, Outgoing, "disk.img", 9 * GIB, failed("the disk at the receiver is full"));
    stage.wait(Duration::from_secs(50));
    stage.transfer(8, Outgoing, "logs-2026.tgz", 120 * MIB, verified("logs-2026.tgz"));
    stage.wait(Duration::from_secs(30));
    stage
}

fn transfers_tidied() -> Stage {
    let mut stage = transfers_folded();
    stage.keys("F2 x");
    stage
}

fn came(stage: &mut Stage, id: u32, name: &str, saved_as: &str) {
    stage.transfer(id, Incoming, name, 3_333_333, TransferState::Offered);
    stage.now.wall.second += 7;
    stage.transfer(id, Incoming, name, 3_333_333, TransferState::Moving);
    stage.give(Input::Engine(Event::Started { id: TransferId(id), held: 1_111_111 }));
    stage.wait(Duration::from_secs(2));
    stage.now.wall.second += 2;
    stage.moves(id, 3_333_333, 3_333_333, Some(MIB));
    let hash = std::array::from_fn(|at| u8::try_from(at * 7 + 3).unwrap());
    stage.give(Input::Engine(Event::Hash { id: TransferId(id), hash }));
    stage.transfer(id, Incoming, name, 3_333_333, verified(saved_as));
}

pub(crate) fn details_verified() -> Stage {
    let mut stage = talk();
    came(&mut stage, 1, "photo.png", "photo (2).png");
    stage.keys("F2 Enter");
    stage
}

fn details_moving() -> Stage {
    let mut stage = transfers_chart();
    stage.keys("F2 Enter");
    stage
}

fn details_failed() -> Stage {
    let mut stage = talk();
    stage.transfer(1, Incoming, "disk.img", 9 * GIB, TransferState::Moving);
    stage.wait(Duration::from_secs(20)).moves(1, 4 * GIB, 9 * GIB, Some(200 * MIB));
    let reason = "the file was changed while it was sent (its size was 9.0 GiB and is 9.1 GiB); \
                  send it again when nobody writes to it";
    stage.transfer(1, Incoming, "disk.img", 9 * GIB, failed(reason));
    stage.write("/details").keys("Enter");
    stage
}

fn details_offer() -> Stage {
    let mut stage = talk();
    let offer = Offer { form: Form::Folder, entries: 200, ..named("site", 412 * MIB) };
    stage.offer(1, Incoming, offer).disk(
        1,
        Preflight { part: true, held: 388 * MIB, free: Some(9 * GIB), ..Preflight::default() },
    );
    stage.keys("F2 Enter");
    stage
}

fn details_shelf() -> Stage {
    let mut stage = super::shelf::got();
    stage.keys("F2 Enter");
    stage
}

fn details_left_out() -> Stage {
    let mut stage = talk();
    let over = TransferState::Verified {
        saved_as: "site".into(),
        left_out: vec!["site/.git/lock can't be read (permission denied)".into()],
        left_out_count: 17,
    };
    let offer = Offer { form: Form::Folder, entries: 200, ..named("site", 412 * MIB) };
    let info = TransferInfo { offer, ..transfer_info(Outgoing, "site", 0, over) };
    stage.hear(Told::Transfer { id: TransferId(1), info });
    stage.keys("F2 Enter");
    stage
}

fn picture_awaited() -> Stage {
    let mut stage = talk();
    came(&mut stage, 1, "photo.png", "photo.png");
    stage.keys("F2 v");
    stage
}

/// A picture of its own for every size: what is asked for when a frame is drawn is answered before
/// the next.
pub(crate) fn picture() -> Stage {
    let mut stage = picture_awaited();
    stage.depicts = Some(depicted);
    stage
}

fn picture_refused() -> Stage {
    let mut stage = picture_awaited();
    stage.depicts = Some(|mut wish| {
        wish.name = "gone.png".into();
        Input::Depicted(pictures::depict(&wish, None))
    });
    stage
}

/// A sun over the sea, as a file in a directory.
pub(crate) fn depicted(mut wish: Depict) -> Input {
    let directory = tempfile::tempdir().unwrap();
    let sky = |x: u32, y: u32| match (x.abs_diff(48).pow(2) + y.abs_diff(24).pow(2), y) {
        (0..150, 0..40) => Rgb([255, 220, 80]),
        (_, 0..40) => Rgb([60, 120, 220]),
        _ => Rgb([10, 60, 110]),
    };
    let photo = directory.path().join("photo.png");
    RgbImage::from_fn(96, 54, sky).save_with_format(photo, image::ImageFormat::Png).unwrap();
    wish.directory = directory.path().to_owned();
    Input::Depicted(pictures::depict(&wish, None))
}

/// Answers what was asked for, as the loop does.
pub(crate) fn answer_depicts(stage: &mut Stage) {
    let Some(depict) = stage.depicts else { return };
    for effect in std::mem::take(&mut stage.effects) {
        if let Effect::Depict(wish) = effect {
            let answer = depict(wish);
            stage.give(answer);
        } else {
            stage.effects.push(effect);
        }
    }
}
