//! How much pages are told when very much happens.

use super::*;
use crate::engine::shelf::{Event as AtShelf, ShelfFigures};
use crate::terminal::scenes::shelf;
use crate::terminal::stage::{transfer_info, verified};
use couplet::shelf::visit::ErrandId;

const MANY: u32 = 1000;

/// Of what is told about the transfers: how often, and how many bytes.
fn cost(play: &mut Play) -> (usize, usize) {
    let told = play.told().into_iter().filter(|(_, told)| told["event"] == "transfers");
    told.fold((0, 0), |(count, bytes), (_, told)| (count + 1, bytes + told.to_string().len()))
}

/// Lets time pass as the loop does.
fn pass(play: &mut Play, span: Duration) {
    let end = play.now.moment + span;
    while let Some(wake) = play.page.wake_at().filter(|wake| *wake <= end) {
        assert!(wake > play.now.moment, "it would never sleep");
        play.now.moment = wake;
        play.give(Input::Tick);
    }
    play.now.moment = end;
}

#[test]
fn a_thousand_small_files_are_told_no_more_often_than_is_seen() {
    let mut play = Play::met();
    pass(&mut play, LONG_TOLD_EVERY);
    play.told();
    let (mut count, mut bytes) = (0, 0);
    for n in 1..=MANY {
        let states = [
            TransferState::Offered,
            TransferState::Queued,
            TransferState::Moving,
            verified("a.bin"),
        ];
        for state in states {
            let info = transfer_info(Direction::Incoming, "a.bin", 1000, state);
            play.hear(Heard::Transfer { id: TransferId(n), info });
            if n == 1 && count == 0 {
                let first = play.newest("transfers");
                assert_eq!(first["transfers"][0]["stage"], "answer", "an offer is told at once");
                count = 1;
            }
            pass(&mut play, Duration::from_millis(1));
        }
        let more = cost(&mut play);
        (count, bytes) = (count + more.0, bytes + more.1);
    }
    // Four seconds.
    assert!((6..20).contains(&count), "told {count} times");
    assert!(bytes < 1_500_000, "{bytes} bytes");
    pass(&mut play, LONG_TOLD_EVERY);
    let last = play.newest("transfers");
    let states = last["transfers"].as_array().unwrap().iter();
    assert!(states.clone().count() > 100);
    assert!(states.into_iter().all(|one| one["stage"] == "over"), "the last state is told");
    pass(&mut play, Duration::from_secs(20));
    assert_eq!(cost(&mut play).0, 0, "and nothing more");
}

#[test]
fn what_does_not_touch_the_shelf_does_not_look_at_it() {
    let mut play = Play::from(shelf::got());
    play.act(&json!({"action": "shelf", "open": true}));
    pass(&mut play, Duration::from_mins(2));
    assert!(play.page.shelf.is_some(), "it is open");
    let changes = play.app().shelf.changes();
    // Were it looked at, it would be told again.
    play.page.shelf = None;
    play.told();
    for n in 0..50 {
        play.hear(words(n + 1, "hello"));
        play.hear(Heard::PeerTyping(n % 2 == 0));
        play.hear(Heard::RoundTrip(Duration::from_millis(n)));
        let info = transfer_info(Direction::Incoming, "a.bin", 1000, TransferState::Moving);
        play.hear(Heard::Transfer { id: TransferId(3), info });
        let figures =
            ShelfFigures { done: n, size: None, rate: None, remaining: None, stalled_for: None };
        play.give(Input::Shelf(AtShelf::Progress(ErrandId(99), figures)));
        play.act(&json!({"action": "draft", "text": "hel"}));
        pass(&mut play, Duration::from_millis(50));
    }
    assert_eq!(play.app().shelf.changes(), changes);
    let told = play.told();
    assert!(!told.iter().any(|(_, told)| told["event"] == "shelf"));
    // And what does, does.
    play.act(&json!({"action": "search", "pattern": "*.zzz"}));
    assert_eq!(play.newest("shelf")["pattern"], "*.zzz");
}
