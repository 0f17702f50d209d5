//! Looking at one transfer, at its picture, and the list without what is over.

use super::super::pictures::{Depict, Depicted};
use super::super::scenes::closer::{details_verified, picture, transfers_chart};
use super::super::stage::{MIB, Stage, transfer_info, verified};
use super::super::theme::Theme;
use super::*;
use crate::engine::Event;
use couplet::session::Event as Told;
use couplet::transfer::book::Direction::{Incoming, Outgoing};
use couplet::transfer::book::{TransferId, TransferState};
use std::time::Duration;

/// A face with one of everything.
fn several() -> Stage {
    let mut stage = super::super::scenes::your_turn_empty();
    stage.transfer(1, Incoming, "offer.bin", MIB, TransferState::Offered);
    stage.transfer(2, Outgoing, "moves.bin", MIB, TransferState::Moving);
    stage.transfer(3, Incoming, "photo.png", MIB, verified("photo.png"));
    stage.transfer(4, Outgoing, "sent.png", MIB, verified("sent.png"));
    stage.effects.clear();
    stage
}

fn details(id: u32) -> Overlay {
    Overlay::Details { id: TransferId(id), top: 0 }
}

fn preview(id: u32) -> Overlay {
    Overlay::Preview { id: TransferId(id) }
}

/// What was asked for, and how often.
fn depicts(stage: &mut Stage) -> Vec<Depict> {
    let asked = std::mem::take(&mut stage.effects).into_iter();
    asked
        .filter_map(|effect| if let Effect::Depict(wish) = effect { Some(wish) } else { None })
        .collect()
}

#[test]
fn before_keys_after() {
    let list = Some(Overlay::Transfers { chosen: None });
    // The list begins with the offer.
    for (keys, after) in [
        ("F2 Enter", Some(details(1))),
        ("F2 Down Enter", Some(details(2))),
        ("F2 Enter Esc", list),
        ("F2 Enter Enter", list),
        ("F2 Enter q", list),
        ("F2 Enter Esc Esc", None),
        ("F2 Enter F1 Esc", Some(details(1))),
        ("F2 End Enter v", Some(preview(3))),
        ("F2 End v", Some(preview(3))),
        ("F2 End v Esc Esc", None),
        ("F2 End Enter v v", Some(details(3))),
        ("F2 Enter v", Some(details(1))),
    ] {
        let mut stage = several();
        stage.keys(keys);
        assert_eq!(stage.app.overlay.map(chosen_first), after, "{keys}");
    }
}

/// Which row is chosen is no matter here.
fn chosen_first(overlay: Overlay) -> Overlay {
    if matches!(overlay, Overlay::Transfers { .. }) {
        return Overlay::Transfers { chosen: None };
    }
    overlay
}

#[test]
fn what_can_be_done_in_the_list_can_be_done_in_the_details() {
    for before in ["F2", "F2 Enter"] {
        let mut stage = several();
        stage.keys(before).keys("a d");
        let id = Some(TransferId(1));
        let accept = Command::Accept { id, on_collision: None };
        assert_eq!(stage.commands(), [accept, Command::Decline(id)], "{before}");
        let before = before.replace("F2", "F2 Down");
        let mut stage = several();
        stage.keys(&before).keys("p c");
        let id = Some(TransferId(2));
        let cancel = Command::Cancel { id, keep: true };
        assert_eq!(stage.commands(), [Command::Pause(id), cancel], "{before}");
    }
}

#[test]
fn every_key_has_a_command() {
    for (line, after) in [
        ("/transfers", Some(Overlay::Transfers { chosen: None })),
        ("/details 2", Some(details(2))),
        ("/info 3", Some(details(3))),
        ("/preview", Some(preview(3))),
        ("/preview 3", Some(preview(3))),
        ("/tidy", None),
    ] {
        let mut stage = several();
        stage.write(line).keys("Enter");
        assert_eq!(stage.app.overlay, after, "{line}: {:?}", stage.app.notice);
    }
    for (line, said) in [
        ("/details", "which one? /details and one of 1, 2, 4, 3"),
        ("/details 9", "/details doesn't fit transfer 9; it fits: 1, 2, 4, 3"),
        ("/preview 9", "there is no transfer 9"),
        ("/preview 2", "moves.bin went out from here"),
        ("/preview 1", "offer.bin isn't a file that has come whole"),
    ] {
        let mut stage = several();
        stage.write(line).keys("Enter");
        assert_eq!(stage.app.overlay, None, "{line}");
        let notice = stage.app.notice.clone().unwrap_or_default();
        assert!(notice.starts_with(said), "{line}: {notice}");
    }
    let mut stage = super::super::scenes::your_turn_empty();
    stage.write("/preview").keys("Enter");
    assert!(stage.app.notice.as_ref().is_some_and(|said| said.starts_with("no picture has come")));
}

#[test]
fn what_is_over_goes_off_the_list_and_nothing_else() {
    let mut stage = several();
    stage.keys("F2 x");
    let left: Vec<_> = stage.app.transfers.all().iter().map(|known| known.id.0).collect();
    assert_eq!(left, [1, 2]);
    let said = "2 finished transfers off the list; what was received stays where it is";
    assert_eq!(stage.app.notice.as_deref(), Some(said));
    stage.keys("x");
    assert_eq!(stage.app.notice.as_deref(), Some("nothing in the list is over"));
    // What was looked at is gone, so it isn't looked at any more.
    let mut stage = details_verified();
    stage.keys("x");
    assert!(matches!(stage.app.overlay, Some(Overlay::Transfers { .. })));
}

#[test]
fn the_hash_and_the_times_are_kept() {
    let stage = details_verified();
    let course = &stage.app.transfers.all()[0].course;
    assert!(course.hash.is_some());
    assert_eq!((course.held, course.took()), (Some(1_111_111), Some(Duration::from_secs(2))));
    let average = stage.app.transfers.all()[0].average(stage.now.moment);
    assert_eq!(average, Some(1_111_111), "without what was there before");
}

#[test]
fn a_picture_is_asked_for_once_it_is_known_how_much_room_there_is() {
    let mut stage = several();
    stage.keys("F2 End v");
    assert_eq!(depicts(&mut stage), []);
    stage.draw(80, 24);
    let [wish] = depicts(&mut stage).try_into().expect("one");
    let (id, name) = (TransferId(3), "photo.png".to_owned());
    let room = wish.room;
    assert_eq!((wish.id, &wish.name, wish.directory), (id, &name, "downloads".into()));
    assert_eq!(room, (78, 20));
    stage.draw(80, 24);
    stage.draw(60, 16);
    assert_eq!(depicts(&mut stage), [], "never two at a time");
    let failed = Input::Depicted(Depicted { id, picture: Err("it is gone".into()) });
    stage.give(failed.clone());
    stage.draw(60, 16);
    assert_eq!(depicts(&mut stage).len(), 1, "there is another room by now");
    // Whoever opens and closes it doesn't start one after the other.
    for _ in 0..50 {
        stage.keys("Esc v");
        stage.draw(60, 16);
    }
    assert_eq!(depicts(&mut stage), []);
    stage.give(failed.clone());
    stage.draw(60, 16);
    assert_eq!(depicts(&mut stage).len(), 1);
    stage.keys("Esc").give(failed);
    assert!(stage.app.preview.seen.is_none(), "nobody looks any more");
}

#[test]
fn without_colours_or_with_ascii_there_is_a_sentence() {
    for (theme, said) in [
        (Theme::new(false, true), "pictures need colours"),
        (Theme::new(true, false), "pictures need more than ASCII"),
    ] {
        let mut stage = several();
        stage.app.setting.theme = theme;
        stage.keys("F2 End v");
        stage.draw(80, 24);
        assert_eq!(depicts(&mut stage), []);
        assert!(matches!(stage.app.overlay, Some(Overlay::Transfers { .. })));
        assert!(stage.app.notice.as_ref().is_some_and(|text| text.starts_with(said)));
    }
}

#[test]
fn a_picture_is_made_for_the_room_that_there_is() {
    let mut stage = picture();
    for size in [(80, 24), (40, 12), (120, 40)] {
        stage.draw(size.0, size.1);
        stage.draw(size.0, size.1);
        let Some(Ok(picture)) = &stage.app.preview.seen else { panic!("no picture") };
        let drawn = picture.drawn.size();
        assert!(drawn.width <= size.0 && drawn.height <= size.1, "{drawn:?}");
        assert!(drawn.height >= 8, "{drawn:?}");
    }
}

#[test]
fn the_speed_is_sampled_by_the_clock_without_what_was_there() {
    let mut stage = super::super::scenes::your_turn_empty();
    assert_eq!(stage.app.wake_at(), None);
    stage.transfer(1, Incoming, "a", 900 * MIB, TransferState::Moving);
    stage.give(Input::Engine(Event::Started { id: TransferId(1), held: 800 * MIB }));
    stage.moves(1, 801 * MIB, 900 * MIB, Some(MIB)).wait(Duration::from_secs(3));
    let flow = |stage: &Stage| stage.app.transfers.flow.latest(99);
    assert_eq!(flow(&stage), Some(vec![MIB; 3]));
    stage.stalls(1, 801 * MIB, 900 * MIB, 3).wait(Duration::from_secs(2));
    assert_eq!(flow(&stage), Some(vec![MIB, MIB, MIB, 0, 0]));
    stage.transfer(1, Incoming, "a", 900 * MIB, TransferState::Cancelled { by_peer: true });
    stage.wait(Duration::from_mins(2));
    assert_eq!(stage.app.wake_at(), None, "nothing ticks while nothing moves");
    let mut stage = transfers_chart();
    let info = transfer_info(Incoming, "b", 1, TransferState::Offered);
    stage.hear(Told::Transfer { id: TransferId(9), info });
    assert_eq!(flow(&stage).map(|seconds| seconds.len()), Some(99));
}
