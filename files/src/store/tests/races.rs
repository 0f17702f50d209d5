//! Two at once: a part belongs to one.

use super::*;
use std::io::{BufRead, BufReader};

/// Set for a copy of this program that is to hold a part of this directory.
const HOLDER: &str = "COUPLET_TEST_HOLDS";

fn large_offer() -> Offer {
    offer("a", Form::File, LARGE)
}

fn leave_a_part(store: &Arc<Store>) {
    let incoming = begin(store, &large_offer());
    write_group(&open(&incoming, &file("a", LARGE)).1, 0);
}

#[test]
fn of_many_that_begin_at_once_one_goes_on_and_the_others_begin_anew() {
    let (root, first) = store();
    leave_a_part(&first);
    // One store for some of them, others as another process would have.
    let stores: Vec<_> = (0..8)
        .map(|n| {
            if n % 2 == 0 { Arc::clone(&first) } else { Store::open(root.path()).expect("opened") }
        })
        .collect();
    let all: Vec<_> = std::thread::scope(|scope| {
        let begun: Vec<_> = stores
            .iter()
            .map(|store| {
                scope.spawn(move || {
                    let incoming = begin(store, &large_offer());
                    let (held, growing) = open(&incoming, &file("a", LARGE));
                    (held, incoming, growing)
                })
            })
            .collect();
        begun.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    assert_eq!(all.iter().filter(|(held, ..)| held == &[(0, GROUP)]).count(), 1);
    assert_eq!(all.iter().filter(|(held, ..)| held.is_empty()).count(), 7);
    for (_, incoming, growing) in &all {
        (0..4).for_each(|number| write_group(growing, number));
        growing.save(&file("a", LARGE)).expect("saved");
        incoming.finish().expect("finished");
    }
    assert_eq!(names(root.path()).len(), 8, "{:?}", names(root.path()));
    assert_eq!(read(&root, "a (8)"), content(LARGE));
}

#[test]
fn a_lock_holds_between_processes_and_goes_with_a_killed_one() {
    if let Some(root) = std::env::var_os(HOLDER) {
        let store = Store::open(Path::new(&root)).expect("opened");
        let incoming = begin(&store, &large_offer());
        assert_eq!(open(&incoming, &file("a", LARGE)).0, [(0, GROUP)]);
        println!("holds");
        std::thread::sleep(std::time::Duration::from_mins(1));
        return;
    }
    let (root, store) = store();
    leave_a_part(&store);
    let name = std::thread::current().name().map(str::to_owned).expect("the test's name");
    let mut holder = Command::new(std::env::current_exe().expect("this program"));
    holder.args(["--exact", &name, "--nocapture"]).env(HOLDER, root.path());
    let mut holder = start(holder.stdout(Stdio::piped())).expect("started");
    let lines = BufReader::new(holder.stdout.take().expect("piped")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("holds")), "it ended");
    assert_eq!(store.preflight(&large_offer()).held, 0);
    assert!(store.parts()[0].in_use);
    let other = begin(&store, &large_offer());
    assert_eq!(open(&other, &file("a", LARGE)).0, []);
    other.discard();
    holder.kill().expect("killed");
    holder.wait().expect("ended");
    assert_eq!(store.preflight(&large_offer()).held, GROUP);
    let incoming = begin(&store, &large_offer());
    assert_eq!(open(&incoming, &file("a", LARGE)).0, [(0, GROUP)]);
}

#[test]
fn pieces_are_written_from_several_threads_at_once() {
    let (root, store) = store();
    let incoming = begin(&store, &large_offer());
    let (_, growing) = open(&incoming, &file("a", LARGE));
    std::thread::scope(|scope| {
        for number in 0..4 {
            let growing = &growing;
            scope.spawn(move || write_group(growing, number));
        }
    });
    growing.save(&file("a", LARGE)).expect("saved");
    incoming.finish().expect("finished");
    assert_eq!(read(&root, "a"), content(LARGE));
}

#[test]
fn files_of_a_folder_come_from_several_threads_at_once() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let incoming = &incoming;
            scope.spawn(move || {
                for number in 0..50 {
                    let entry = file(format!("t/{}/{thread} {number}", number % 5), 1);
                    put(incoming, &entry, b"x").expect("put");
                }
            });
        }
    });
    incoming.finish().expect("finished");
    let all: usize = (0..5).map(|n| names(&root.path().join(format!("t/{n}"))).len()).sum();
    assert_eq!(all, 200);
}
