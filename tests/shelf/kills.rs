//! What is killed or cut in the middle goes on where it was, and what changed meanwhile is told and
//! never mixed.

use super::support::PATIENCE;
use super::support::one_shot::OneShot;
use super::support::shelf::{PASSWORD, ShelfPlace, at};
use super::support::terminal::now;
use super::support::valve::{Valve, Way};
use super::{MIB, same};
use couplet_ui::config::exit;
use rustix::process::Signal;
use std::fs;
use std::net::TcpStream;
use std::time::Duration;

/// What may travel twice for a kill, heads included.
const TWICE: u64 = 8 * MIB;

const SIZE: usize = 48 << 20;

/// Where it is stopped.
const MIDDLE: u64 = 28 * MIB;

/// How soon a client says that the relay is gone.
const AT_ONCE: Duration = Duration::from_secs(2);

/// What is done, which way its bytes go, and with what arguments.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Get,
    Put,
}

/// A file, the way it has to go, and a valve on it that is closed in the middle.
struct Scene {
    place: ShelfPlace,
    valve: Valve,
    deed: Deed,
    bytes: Vec<u8>,
}

impl Scene {
    fn new(deed: Deed) -> Self {
        let place = ShelfPlace::with_ann(&["--metrics-listen", "127.0.0.1:0"]);
        let bytes = match deed {
            Deed::Get => place.shelve("big.bin", SIZE),
            Deed::Put => place.own("big.bin", SIZE),
        };
        let valve = Valve::before(&place.address);
        Self { place, valve, deed, bytes }
    }

    fn way(&self) -> Way {
        match self.deed {
            Deed::Get => Way::Down,
            Deed::Put => Way::Up,
        }
    }

    fn client(&self) -> OneShot {
        let verb = if matches!(self.deed, Deed::Get) { "get" } else { "put" };
        let login = Some(("ann", PASSWORD));
        at(&self.place.dir("ann"), &self.valve.address, login, &[verb, "big.bin", "--json"])
    }

    /// One that has come to the middle, and stands still there.
    fn in_the_middle(&self) -> OneShot {
        self.valve.allow(self.way(), MIDDLE);
        let client = self.client();
        // Not all that is on its way is written yet.
        client.moved(MIDDLE - 3 * MIB);
        client
    }

    /// Lets it end, and checks what has come.
    fn ends(&self, client: OneShot) {
        self.valve.open();
        let ended = client.ends_within(3 * PATIENCE).well();
        let started = ended.events().into_iter().rfind(|event| event["event"] == "started");
        let held = started.expect("it has begun")["held"].as_u64().expect("a figure");
        assert!(held >= MIDDLE - TWICE, "{:?}: it goes on from {held}", self.deed);
        let twice = self.valve.passed(self.way()) - SIZE as u64;
        assert!(twice <= TWICE, "{:?}: {twice} bytes went twice", self.deed);
        let there = match self.deed {
            Deed::Get => self.place.fetched("big.bin"),
            Deed::Put => self.place.shelf().join("big.bin"),
        };
        same(&there, &self.bytes);
        // Parts are gone.
        let dir = there.parent().expect("a directory");
        assert_eq!(fs::read_dir(dir).expect("a directory").count(), 1);
        for metric in ["couplet_shelf_clients", "couplet_shelf_claims", "couplet_connections"] {
            self.place.relay().has(metric, 0);
        }
    }

    fn nothing_visible(&self) {
        match self.deed {
            Deed::Get => assert!(self.place.downloads().is_empty(), "{:?}", self.place.downloads()),
            Deed::Put => assert!(self.place.shelved().is_empty(), "{:?}", self.place.shelved()),
        }
    }
}

fn kill(client: &mut OneShot) {
    client.signal(Signal::KILL);
    client.wait_for_death();
}

#[test]
fn a_client_that_is_killed_goes_on_where_it_was() {
    for deed in [Deed::Get, Deed::Put] {
        let scene = Scene::new(deed);
        let mut client = scene.in_the_middle();
        kill(&mut client);
        scene.nothing_visible();
        scene.valve.cut();
        scene.place.relay().has("couplet_shelf_claims", 0);
        scene.place.relay().has("couplet_shelf_clients", 0);
        scene.valve.open();
        let client = scene.client();
        scene.ends(client);
    }
}

#[test]
fn a_client_whose_relay_is_killed_says_so_at_once_and_goes_on() {
    for deed in [Deed::Get, Deed::Put] {
        let mut scene = Scene::new(deed);
        let client = scene.in_the_middle();
        let killed = now();
        scene.place.kill_relay();
        // What stands still there doesn't notice.
        scene.valve.open();
        let said = client.heard("reconnecting", 0) - killed;
        assert!(said < AT_ONCE, "{deed:?}: only after {said:?}");
        scene.nothing_visible();
        scene.place.start_relay();
        scene.ends(client);
    }
}

#[test]
fn a_connection_that_is_cut_is_made_again() {
    for deed in [Deed::Get, Deed::Put] {
        let scene = Scene::new(deed);
        let client = scene.in_the_middle();
        scene.valve.cut();
        client.event("reconnecting");
        scene.ends(client);
        assert_eq!(scene.valve.connections(), 2, "{deed:?}");
    }
}

#[test]
fn a_relay_that_ends_in_order_says_so() {
    for deed in [Deed::Get, Deed::Put] {
        let scene = Scene::new(deed);
        let client = scene.in_the_middle();
        let ended = now();
        scene.place.relay().interrupt();
        // From here on it ends: what is left must not be through before it is told.
        while TcpStream::connect(&scene.place.address).is_ok() {
            std::thread::yield_now();
        }
        // What stands still there can't be said anything.
        scene.valve.open();
        let said = client.heard("ended", 0) - ended;
        assert!(said < AT_ONCE, "{deed:?}: only after {said:?}");
        let ended = client.ends().with(exit::NO_RELAY.into());
        assert_eq!(ended.event("ended")["reason"], "the relay was ended", "{deed:?}");
        assert_eq!(ended.event("not_done")["name"], "big.bin", "{deed:?}");
        let reconnecting =
            ended.events().into_iter().find(|event| event["event"] == "reconnecting");
        assert_eq!(reconnecting, None, "{deed:?}: it won't be there again");
        scene.nothing_visible();
    }
    let place = ShelfPlace::new(&[]);
    let address = place.address.clone();
    drop(place);
    let dir = tempfile::tempdir().expect("a directory");
    let ended = at(dir.path(), &address, None, &["list"]).ends().with(exit::NO_RELAY.into());
    assert!(ended.err.contains(&address), "{}", ended.err);
}

#[test]
fn a_file_that_changes_while_it_is_fetched_is_told() {
    let scene = Scene::new(Deed::Get);
    let client = scene.in_the_middle();
    let at = scene.place.shelf().join("big.bin");
    fs::write(&at, vec![7; SIZE]).expect("written");
    scene.valve.open();
    let ended = client.ends().with(exit::CHANGED.into());
    let text = ended.event("failed")["text"].as_str().expect("why").to_owned();
    assert!(text.contains("changed on the shelf"), "{text}");
    scene.nothing_visible();
    // Fetched again it is the new one, whole.
    scene.client().ends().well();
    same(&scene.place.fetched("big.bin"), &vec![7; SIZE]);
}

#[test]
fn a_file_that_is_replaced_between_a_cut_and_the_next_attempt_is_told_and_fetched_anew() {
    let scene = Scene::new(Deed::Get);
    let client = scene.in_the_middle();
    scene.valve.close();
    client.event("reconnecting");
    let new = scene.place.own("new", SIZE);
    fs::rename(scene.place.dir("ann/new"), scene.place.shelf().join("big.bin")).expect("renamed");
    scene.valve.open();
    client.event("changed");
    client.ends().well();
    same(&scene.place.fetched("big.bin"), &new);
}

#[test]
fn a_file_that_is_replaced_while_nobody_fetches_it_is_fetched_anew() {
    let scene = Scene::new(Deed::Get);
    let mut client = scene.in_the_middle();
    kill(&mut client);
    scene.valve.cut();
    scene.valve.open();
    let new = scene.place.own("new", SIZE);
    fs::rename(scene.place.dir("ann/new"), scene.place.shelf().join("big.bin")).expect("renamed");
    let ended = scene.client().ends().well();
    assert_eq!(ended.event("started")["held"], 0, "{:?}", ended.events());
    same(&scene.place.fetched("big.bin"), &new);
    assert_eq!(scene.place.downloads(), ["big.bin"]);
}

#[test]
fn what_is_laid_down_and_changes_meanwhile_is_told() {
    let scene = Scene::new(Deed::Put);
    let client = scene.in_the_middle();
    fs::write(scene.place.dir("ann/big.bin"), vec![7; SIZE]).expect("written");
    scene.valve.open();
    let ended = client.ends().with(exit::CHANGED.into());
    assert_eq!(ended.event("failed")["name"], "big.bin");
    scene.nothing_visible();
}
