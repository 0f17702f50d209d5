//! Whatever happens, the transfer ends, and what is there is what was sent.

use super::world::{Chance, Item, Trouble, World};
use crate::limits::{GROUP, SMALL_FILE};
use crate::path::{RawName, SafePath};
use crate::transfer::entry::{Entry, EntryKind, Stamp};
use crate::transfer::offer::Form;
use crate::transfer::outcome::Outcome;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// More events than any of these transfers needs.
const MANY: usize = 400_000;

/// What is in a tree: size and seed of its bytes, and what is wrong with it.
#[derive(Debug, Clone)]
enum Kind {
    File {
        size: u64,
        hole: Option<(u64, u64)>,
        trouble: Trouble,
    },
    Folder,
    Link {
        outside: bool,
    },
    /// Of one of the files before it.
    Twin(prop::sample::Index),
}

/// What happens on the way.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    pub(super) seed: u64,
    pub(super) pipes: usize,
    pub(super) losses: usize,
    pub(super) sender_restarts: usize,
    pub(super) restarts: usize,
    pub(super) damages: usize,
    pub(super) repeats: bool,
    /// About how many events there are between two of these.
    pub(super) every: usize,
}

fn sizes() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![
        0,
        1,
        1000,
        SMALL_FILE,
        SMALL_FILE + 1,
        GROUP - 1,
        GROUP,
        GROUP + 1,
        2 * GROUP + 300_000,
        3 * GROUP,
        6 * GROUP + 5,
    ])
}

fn kinds() -> impl Strategy<Value = Kind> {
    let trouble = prop_oneof![
        8 => Just(Trouble::None),
        1 => (0..2 * GROUP).prop_map(Trouble::From),
        1 => Just(Trouble::Changed),
        1 => Just(Trouble::Unseen),
    ];
    let hole = prop::option::weighted(0.3, (0..4_u64, 1..4_u64));
    prop_oneof![
        8 => (sizes(), hole, trouble).prop_map(|(size, hole, trouble)| Kind::File { size, hole, trouble }),
        2 => (0..3000_u64).prop_map(|size| Kind::File { size, hole: None, trouble: Trouble::None }),
        2 => Just(Kind::Folder),
        1 => any::<bool>().prop_map(|outside| Kind::Link { outside }),
        2 => any::<prop::sample::Index>().prop_map(Kind::Twin),
    ]
}

pub(super) fn weathers() -> impl Strategy<Value = Weather> {
    let restarts =
        prop_oneof![3 => Just((0, 0)), 1 => Just((1, 0)), 1 => Just((2, 1)), 1 => Just((0, 2))];
    let every = prop::sample::select(vec![3_usize, 30, 200]);
    (any::<u64>(), 1..5_usize, 0..6_usize, restarts, 0..4_usize, any::<bool>(), every).prop_map(
        |(seed, pipes, losses, (sender_restarts, restarts), damages, repeats, every)| Weather {
            seed,
            pipes,
            losses,
            sender_restarts,
            restarts,
            damages,
            repeats,
            every,
        },
    )
}

pub(super) fn file(seed: u64, size: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(size).expect("small")];
    blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

pub(super) fn item(path: &str, kind: EntryKind, bytes: Vec<u8>) -> Item {
    let path = SafePath::new(path).expect("a safe path");
    let what = Entry { path, kind, mode: Some(0o644), mtime: Some(Stamp(7, 9)) };
    Item { what, bytes, trouble: Trouble::None }
}

fn tree(kinds: &[Kind]) -> Vec<Item> {
    let mut items = vec![item("t", EntryKind::Folder, Vec::new())];
    let mut files: Vec<SafePath> = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        let path = format!("t/{number:03}");
        match kind {
            Kind::File { size, hole, trouble } => {
                let mut bytes = file(number as u64, *size);
                // A hole is found without reading it.
                if let (Some((start, groups)), Trouble::None) = (hole, trouble) {
                    let from = (start * GROUP).min(*size);
                    let to = (from + groups * GROUP).min(*size);
                    bytes[usize::try_from(from).expect("small")
                        ..usize::try_from(to).expect("small")]
                        .fill(0);
                }
                let mut file = item(&path, EntryKind::File { size: Some(*size) }, bytes);
                file.trouble = match trouble {
                    Trouble::From(from) if *from >= *size => Trouble::None,
                    // Only what is read in pieces is looked at once more.
                    Trouble::Changed if *size <= SMALL_FILE => Trouble::None,
                    Trouble::None | Trouble::From(_) | Trouble::Changed | Trouble::Unseen => {
                        *trouble
                    }
                };
                files.push(file.what.path.clone());
                items.push(file);
            }
            Kind::Folder => items.push(item(&path, EntryKind::Folder, Vec::new())),
            Kind::Link { outside } => {
                let target = if *outside { "../../x" } else { "001" };
                let target = RawName(target.as_bytes().to_vec());
                items.push(item(&path, EntryKind::Link { target }, Vec::new()));
            }
            Kind::Twin(of) if !files.is_empty() => {
                let of = files[of.index(files.len())].clone();
                items.push(item(&path, EntryKind::Twin { of }, Vec::new()));
            }
            Kind::Twin(_) => {}
        }
    }
    items
}

/// The entries that can't arrive.
fn left_out(items: &[Item]) -> BTreeSet<SafePath> {
    let mut out = BTreeSet::new();
    for item in items {
        let lost = match &item.what.kind {
            EntryKind::Twin { of } => out.contains(of),
            EntryKind::Link { target } => target.0.starts_with(b".."),
            EntryKind::File { .. } | EntryKind::Folder => item.trouble != Trouble::None,
        };
        if lost {
            out.insert(item.what.path.clone());
        }
    }
    out
}

/// Runs a world to its end.
pub(super) fn run(world: &mut World, form: Form, weather: &Weather) {
    let mut left = weather.clone();
    let mut when = Chance::new(weather.seed ^ 0x5eed);
    world.damages = weather.damages;
    world.repeats = weather.repeats;
    for _ in 0..MANY {
        if !world.happen() {
            return;
        }
        if world.pipes() < weather.pipes && when.one_in(10) {
            world.open_pipe();
        }
        if when.one_in(weather.every) {
            match when.below(5) {
                4 if weather.repeats => world.pause(true),
                0 | 1 if left.losses > 0 && world.pipes() > 0 => {
                    left.losses -= 1;
                    world.lose_pipe();
                }
                2 if left.sender_restarts > 0 && world.sender.outcome().is_none() => {
                    left.sender_restarts -= 1;
                    world.restart_sender();
                }
                3 if left.restarts > 0
                    && world.sender.outcome().is_none()
                    && world.receiver.outcome().is_none() =>
                {
                    left.restarts -= 1;
                    world.restart_sender();
                    world.restart_receiver(form);
                    if when.one_in(2) {
                        world.disk.damage();
                    }
                }
                _ => {}
            }
        }
    }
    panic!("it doesn't end");
}

/// What must be true of a tree that has arrived.
fn check(world: &World) {
    let out = left_out(&world.items);
    for outcome in [world.sender.outcome(), world.receiver.outcome()] {
        let Some(Outcome::Verified { problems, saved_as }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((problems.count(), saved_as.as_str()), (out.len() as u64, "t"), "{problems:?}");
    }
    let mut arrived = 0;
    for item in world.items.iter().filter(|item| !out.contains(&item.what.path)) {
        if item.what.is_file() {
            assert!(world.disk.files.get(&item.what.path) == Some(&item.bytes), "other bytes came");
            arrived += item.bytes.len() as u64;
        } else {
            assert!(world.disk.made.contains(&item.what.path));
        }
    }
    for path in &out {
        assert!(!world.disk.files.contains_key(path) && !world.disk.made.contains(path));
    }
    assert_eq!(world.sender.under_way, 0);
    assert_eq!((world.sender.confirmed(), world.receiver.held()), (arrived, arrived));
    let entries = (world.items.len() - out.len()) as u64;
    assert_eq!(world.sender.confirmed_entries(), entries);
    assert_eq!(world.receiver.finished_entries(), entries);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_tree_arrives_whatever_the_weather(
        kinds in prop::collection::vec(kinds(), 0..9),
        weather in weathers(),
    ) {
        let mut world = World::new(tree(&kinds), Form::Folder, weather.seed);
        run(&mut world, Form::Folder, &weather);
        check(&world);
        if weather.sender_restarts + weather.restarts == 0 {
            // Of each pipe's loss and each damage no more than a window goes twice.
            let twice = world.sender.moved().saturating_sub(world.total());
            let most = (weather.losses as u64) * (world.most_under_way + GROUP)
                + (weather.damages as u64) * GROUP;
            prop_assert!(twice <= most, "{} bytes went twice", twice);
        }
    }

    #[test]
    fn many_small_files_arrive_whatever_the_weather(
        sizes in prop::collection::vec(0..600_u64, 60..200),
        weather in weathers(),
    ) {
        let small = |size| Kind::File { size, hole: None, trouble: Trouble::None };
        let mut kinds: Vec<_> = sizes.into_iter().map(small).collect();
        kinds.extend((0..20).map(|_| small(SMALL_FILE + 5)));
        let mut world = World::new(tree(&kinds), Form::Folder, weather.seed);
        run(&mut world, Form::Folder, &weather);
        check(&world);
    }

    #[test]
    fn a_stream_arrives_while_both_sides_live(size in sizes(), mut weather in weathers()) {
        weather.sender_restarts = 0;
        weather.restarts = 0;
        let items = vec![item("t", EntryKind::File { size: None }, file(1, size))];
        let mut world = World::new(items, Form::Stream, weather.seed);
        run(&mut world, Form::Stream, &weather);
        check(&world);
    }

    #[test]
    fn one_file_needs_no_new_sender_for_a_new_receiver(
        size in (SMALL_FILE + 1)..6 * GROUP,
        weather in weathers(),
        at in prop::collection::vec(1..400_usize, 1..4),
    ) {
        let items = vec![item("t", EntryKind::File { size: Some(size) }, file(1, size))];
        let mut world = World::new(items, Form::File, weather.seed);
        for events in at {
            for _ in 0..events {
                world.happen();
            }
            if world.receiver.outcome().is_none() && world.receiver.finished_entries() == 0 {
                world.restart_receiver(Form::File);
            }
        }
        run(&mut world, Form::File, &Weather { sender_restarts: 0, restarts: 0, ..weather });
        check(&world);
    }
}
