//! The same entries through several pipes at once, by turns that nobody has planned.

use super::scene::{Liar, Scene, site};
use super::steps::{chunk, close, end, file, folder};
use super::support::contents;
use super::support::raw_pipe::RawPipe;
use couplet::limits::MAX_PIPES_PER_TRANSFER;
use couplet_ui::config::exit;
use serde_json::json;

/// Entries, without the folder that they are in.
const ENTRIES: u64 = 60;

/// Bytes of each: too many to come whole in one record as small files do.
const SIZE: usize = 300 << 10;

/// A sender with as many pipes as it can get, however many it asks for.
fn with_pipes(scene: &Scene) -> (Liar, Vec<RawPipe>) {
    let mut offer = site(ENTRIES + 1);
    offer["size"] = (ENTRIES * SIZE as u64).into();
    let mut liar = scene.lies(&offer);
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    let wanted = json!({ "type": "pipes", "offer": 1, "wanted": 255 });
    liar.peer.signal(&json!({ "number": 0, "signal": wanted }).to_string());
    let pipes = (1..MAX_PIPES_PER_TRANSFER).map(|_| liar.peer.pipe(1)).collect();
    (liar, pipes)
}

/// Sends all entries through one pipe, step by step, in the bytes of `version`, as long as anybody
/// listens. Where another pipe got in the way it tries again, so often.
fn sends_all(pipe: &mut RawPipe, version: u64, tries: usize) {
    let data = contents(SIZE, version);
    let (head, tail) = data.split_at(256 << 10);
    for entry in 1..=ENTRIES {
        let steps = [
            file(entry, format!("site/{entry}"), SIZE as u64),
            chunk(entry, 0, head),
            chunk(entry, 256 << 10, tail),
            close(entry, &data),
        ];
        for _ in 0..tries {
            let said = steps.each_ref().map(|step| pipe.asked(step));
            match said[3].as_str() {
                "ready" | "done" => break,
                "nothing" => return,
                _ => {}
            }
        }
    }
}

/// Lets each pipe send all entries, in the version that is its own.
fn all_at_once(liar: &mut Liar, pipes: &mut [RawPipe], tries: usize, version: impl Fn(u64) -> u64) {
    std::thread::scope(|scope| {
        for (pipe, number) in pipes.iter_mut().chain([&mut liar.pipe]).zip(0..) {
            let version = version(number);
            scope.spawn(move || sends_all(pipe, version, tries));
        }
    });
}

#[test]
fn the_same_through_all_pipes_is_there_once() {
    let scene = Scene::new();
    let (mut liar, mut pipes) = with_pipes(&scene);
    all_at_once(&mut liar, &mut pipes, 100, |_| 7);
    assert_eq!(liar.ask(&end(ENTRIES + 1)), "ready");
    drop(pipes);
    liar.ends().well();
    let data = contents(SIZE, 7);
    assert_eq!(scene.downloads().len() as u64, ENTRIES + 1, "{:?}", scene.downloads());
    for entry in 1..=ENTRIES {
        assert!(scene.received(&format!("site/{entry}")) == data, "entry {entry}");
    }
}

#[test]
fn what_differs_from_pipe_to_pipe_is_never_mixed() {
    let scene = Scene::new();
    let (mut liar, mut pipes) = with_pipes(&scene);
    all_at_once(&mut liar, &mut pipes, 1, |number| number);
    // So many that don't match may have been the end of it already.
    let _ = liar.ask(&end(ENTRIES + 1));
    liar.cancels();
    drop(pipes);
    let ended = liar.ends();
    let expected = [exit::OK, exit::CANCELLED, exit::DAMAGED];
    assert!(expected.contains(&ended.status), "{ended:#?}");
    let versions: Vec<_> = (0..4).map(|version| contents(SIZE, version)).collect();
    for name in scene.downloads().iter().filter(|name| name.starts_with("site/")) {
        let received = scene.received(name);
        assert!(versions.contains(&received), "{name} is none of them");
    }
}
