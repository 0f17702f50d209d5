//! Whatever is in the state directory of a transfer, written by a failing disk or by somebody else: the
//! transfer begins, or says why not, and holds no byte that isn't in its file.

use super::*;
use proptest::prelude::*;

/// What is done to one file.
#[derive(Debug, Clone)]
enum Damage {
    Replaced(Vec<u8>),
    Cut(prop::sample::Index),
    Changed(prop::sample::Index, u8),
    Removed,
}

fn damage() -> impl Strategy<Value = Damage> {
    let piece = prop::sample::select(vec![
        &b"{"[..],
        b"}",
        b"\n",
        b"\"offer\":",
        b"{\"path\":\"t/a\",\"name\":\"../b\",\"made\":true}\n",
        b"{\"path\":\"t/a\",\"name\":{\"bytes\":\"L2V0Yw==\"},\"made\":true}\n",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"../../x",
        b"\0\0\0\x04",
    ]);
    let text = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    prop_oneof![
        text.prop_map(Damage::Replaced),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Damage::Replaced),
        any::<prop::sample::Index>().prop_map(Damage::Cut),
        (any::<prop::sample::Index>(), 1_u8..).prop_map(|(at, by)| Damage::Changed(at, by)),
        Just(Damage::Removed),
    ]
}

fn do_damage(path: &Path, damage: &Damage) {
    let mut bytes = std::fs::read(path).expect("a file");
    match damage {
        Damage::Replaced(other) => bytes.clone_from(other),
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Damage::Changed(at, by) => {
            let at = at.index(bytes.len().max(1));
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= by);
        }
        Damage::Removed => return std::fs::remove_file(path).expect("removed"),
    }
    std::fs::write(path, bytes).expect("written");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_in_a_state_directory_is_believed_blindly(
        damages in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..4),
    ) {
        let (root, store) = store();
        let incoming = begin(&store, &folder_offer());
        incoming.make(&folder("t")).expect("made");
        put(&incoming, &file("t/a", 3), b"abc").expect("put");
        let large = file("t/large", LARGE);
        let (_, growing) = open(&incoming, &large);
        write_group(&growing, 0);
        write_group(&growing, 3);
        drop((growing, incoming));
        std::fs::write(root.path().join("x"), "mine").expect("written");

        let state = names(root.path()).into_iter().find(|name| name.starts_with(".couplet-"));
        let state = root.path().join(state.expect("a state"));
        for (which, damage) in &damages {
            let files = names(&state);
            if !files.is_empty() {
                do_damage(&state.join(which.get(&files)), damage);
            }
        }

        let _ = (store.preflight(&folder_offer()), store.parts());
        if let Ok(incoming) = store.begin(&folder_offer(), OnCollision::Rename) {
            let _ = incoming.make(&folder("t"));
            let _ = put(&incoming, &file("t/a", 3), b"abc");
            if let Ok((Opened::Ready(held), Some(growing))) = incoming.open(0, &large, true) {
                for (start, end) in held {
                    prop_assert!(start < end && end <= LARGE, "{start} to {end}");
                    let mut there = vec![0; usize::try_from(end - start).expect("small")];
                    growing.read_at(&mut there, start).expect("it is said to be there");
                }
                let _ = growing.save(&large);
            }
            let _ = incoming.finish();
        }
        prop_assert_eq!(read(&root, "x"), b"mine", "somebody else's file");
        let above = root.path().parent().expect("a parent");
        prop_assert!(!above.join("b").exists(), "something outside was made");
    }
}
