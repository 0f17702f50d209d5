//! Two people who talk as fast as they can and pass one file after another, while everything is killed
//! and started again at instants that nobody chose: the relay, either client (which then goes back with
//! `--last`), and the link, which is cut and healed. Real programs in real terminals.
//!
//! Held to: every message that a client took in is on the other's screen once and in order, each file
//! is identical and there once, and it never takes long until the two talk again. A message that was on
//! the screen when its client was killed may be the first on the new one, as nobody can know whether it
//! was read.
//!
//! `COUPLET_RESTARTS` says how often something is killed; `docs/LONG_RUNS.md` has the long run.

#![allow(unreachable_pub, reason = "a program of its own")]

#[path = "../support/mod.rs"]
mod support;

mod link;
mod person;
mod suspend;

use link::Link;
use person::Person;
use std::path::Path;
use std::time::{Duration, Instant};
use support::relay::Relay;
use support::{PATIENCE, contents};

/// The bytes of each file, and how many go a second: some seconds each.
const FILE_BYTES: usize = 6 * 1024 * 1024;
const RATE: &str = "3M";

/// A generator that is the same every time (xorshift64, Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The two, what is between them, and what has been said and sent.
struct Scene<'a> {
    dir: &'a Path,
    relay: Option<Relay>,
    relay_address: String,
    link: Link,
    people: [Person; 2],
    /// How many files were sent, the one that is under way included.
    files: usize,
    offered_at: Option<Instant>,
    accepted_at: Option<Instant>,
}

#[expect(clippy::disallowed_methods, reason = "tests have no clock site")]
fn now() -> Instant {
    Instant::now()
}

impl<'a> Scene<'a> {
    fn begin(dir: &'a Path) -> Self {
        for name in ["ann", "bob", "relay"] {
            std::fs::create_dir_all(dir.join(name)).expect("a directory");
        }
        let relay = Relay::start_in("127.0.0.1:0", &dir.join("relay"), &["--log", "warn"]);
        let relay_address = relay.address.clone();
        let link = Link::to(&relay_address);
        let ann = Person::meets("ann", 'a', &dir.join("ann"), &relay_address, RATE);
        let bob = Person::meets("bob", 'b', &dir.join("bob"), &link.address, RATE);
        let mut people = [ann, bob];
        for person in &mut people {
            person.is_there();
        }
        let (files, offered_at, accepted_at) = (0, None, None);
        Self {
            dir,
            relay: Some(relay),
            relay_address,
            link,
            people,
            files,
            offered_at,
            accepted_at,
        }
    }

    /// The whole of what has been said is looked at, what comes next is said, and files go on.
    fn step(&mut self) {
        for index in 0..2 {
            let (left, right) = self.people.split_at_mut(1);
            let (own, other) =
                if index == 0 { (&mut left[0], &right[0]) } else { (&mut right[0], &left[0]) };
            own.look();
            own.talk(other.heard());
        }
        self.pass_files();
    }

    fn pass_files(&mut self) {
        let [ann, bob] = &mut self.people;
        let name = |number: usize| format!("file-{number:03}");
        let arrived = self.files > 0
            && self.dir.join("bob/downloads").join(name(self.files)).metadata().is_ok();
        if arrived || self.files == 0 {
            self.files += 1;
            let bytes = contents(FILE_BYTES, self.files as u64);
            std::fs::write(self.dir.join("ann").join(name(self.files)), bytes).expect("written");
            self.offered_at = None;
            self.accepted_at = None;
        }
        let name = name(self.files);
        let late = |since: Option<Instant>| {
            since.is_none_or(|since| now() - since > Duration::from_secs(3))
        };
        // A line that was typed just before a kill may not have come in.
        if !ann.shows_file(&name) && late(self.offered_at) {
            ann.enters(&format!("/send {name}"));
            self.offered_at = Some(now());
        }
        if bob.shows_offer(&name) && late(self.accepted_at) {
            bob.enters("/accept");
            self.accepted_at = Some(now());
        }
    }

    /// Lets the two talk until so many more messages have come, on both sides together.
    fn until_more(&mut self, messages: u64, what: &str) {
        let goal = self.people.iter().map(Person::heard).sum::<u64>() + messages;
        let start = now();
        while self.people.iter().map(Person::heard).sum::<u64>() < goal {
            self.step();
            assert!(
                now() - start < PATIENCE * 3,
                "nothing more came after {what}\n{}\n{}",
                self.people[0].screen(),
                self.people[1].screen()
            );
            self.people[0].waits_for_change();
        }
    }

    fn kill_relay(&mut self) {
        let relay = self.relay.take().expect("a relay");
        relay.kill();
        relay.wait();
        let relay =
            Relay::start_in(&self.relay_address, &self.dir.join("relay"), &["--log", "warn"]);
        self.relay = Some(relay);
    }
}

#[test]
fn whatever_is_killed_every_word_comes_once_and_every_file_whole() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let times: u64 = variable("COUPLET_RESTARTS").unwrap_or(12);
    let seed: u64 = variable("COUPLET_RESTARTS_SEED").unwrap_or(1);
    let dir = tempfile::tempdir().expect("a directory");
    let mut chance = Chance(seed | 1);
    let mut scene = Scene::begin(dir.path());
    scene.until_more(2, "the beginning");
    let mut longest = Duration::ZERO;
    for time in 0..times {
        // One after the other, so that a short run has each.
        let start = now();
        let what = match time % 6 {
            0 => {
                scene.kill_relay();
                "the relay"
            }
            1 => {
                scene.people[0].is_killed_and_goes_back();
                "ann"
            }
            2 => {
                scene.people[1].is_killed_and_goes_back();
                "bob"
            }
            3 => {
                scene.link.cut();
                scene.link.heal();
                "the link"
            }
            4 => {
                scene.people[1].is_killed();
                scene.kill_relay();
                scene.people[1].goes_back();
                "the relay, and bob with it,"
            }
            _ => {
                scene.people.iter_mut().for_each(Person::is_killed);
                scene.people.iter_mut().for_each(Person::begins_to_go_back);
                scene.people.iter_mut().for_each(Person::is_back);
                "both clients"
            }
        };
        // Some may have been under way, and on the other's screen already.
        scene.until_more(4, what);
        let took = now() - start;
        longest = longest.max(took);
        println!("{time}: {what} was killed; four messages more after {took:?}");
        // The next instant hangs on what is said, and on where in it that is.
        scene.until_more(1 + chance.below(5), what);
        for _ in 0..chance.below(200) {
            std::hint::spin_loop();
            std::thread::yield_now();
        }
    }
    // What was typed comes, and the last file.
    // As soon as it is there another one may be on its way.
    let files = scene.files;
    let file = scene.dir.join("bob/downloads").join(format!("file-{files:03}"));
    let start = now();
    while file.metadata().is_err() {
        assert!(now() - start < PATIENCE * 3, "{}", scene.people[1].screen());
        scene.step();
        scene.people[1].waits_for_change();
    }
    for number in 1..=files {
        let name = format!("file-{number:03}");
        let got = std::fs::read(scene.dir.join("bob/downloads").join(&name));
        let got = got.unwrap_or_else(|error| panic!("{name} of {files}: {error}"));
        assert!(got == contents(FILE_BYTES, number as u64), "{name} differs");
    }
    let all: Vec<_> = std::fs::read_dir(scene.dir.join("bob/downloads"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert!(all.len() <= files + 1, "something came twice: {all:?}");
    let heard = scene.people.each_ref().map(Person::heard);
    println!(
        "{times} kills: {heard:?} messages, {files} files; longest until four more: {longest:?}"
    );
}
