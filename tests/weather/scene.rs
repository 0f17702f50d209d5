//! One conversation: a relay, two people, the link of each, and the weather.

use crate::link::Link;
use crate::person::Person;
use crate::sky::{Fault, Sky};
use crate::support::contents;
use couplet_relay::config::{Config, Timeouts};
use couplet_relay::server;
use couplet_relay::tls::TlsIdentity;
use couplet_ui::engine::Event;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The longest that it may take until something happens again: on a busy machine, with links that fail
/// one try after the other.
const PATIENCE: Duration = Duration::from_secs(40);

/// The longest that a conversation may take in all.
const WHOLE: Duration = Duration::from_mins(2);

/// The longest that it may take in fair weather until all is said and sent.
const FAIR: Duration = Duration::from_secs(30);

/// What happened, in order.
#[derive(Debug, Default)]
pub(crate) struct Story(Mutex<Vec<String>>);

impl Story {
    fn tells(&self, line: String) {
        self.0.lock().expect("no panic").push(line);
    }

    /// All of it.
    pub(crate) fn told(self) -> Vec<String> {
        self.0.into_inner().expect("no panic")
    }
}

/// What there was.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) messages: u64,
    pub(crate) faults: u64,
    /// Connections that a client lost, and files that were cut.
    pub(crate) lost: u64,
    pub(crate) cut: u64,
    pub(crate) connections: u64,
    pub(crate) late: u64,
}

impl Tally {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.faults += other.faults;
        self.lost += other.lost;
        self.cut += other.cut;
        self.connections += other.connections;
        self.late += other.late;
    }
}

pub(crate) struct Scene<'a> {
    sky: Sky,
    story: &'a Story,
    dir: TempDir,
    relay: CancellationToken,
    links: [Link; 2],
    people: [Person; 2],
    /// Events so far, but for figures of progress.
    steps: u64,
    faults: u64,
    /// After how many events the last fault has done what it does.
    fair_after: u64,
}

impl<'a> Scene<'a> {
    /// The whole of it.
    pub(crate) async fn happens(sky: Sky, story: &'a Story) -> Result<Tally, String> {
        let mut scene = Self::begin(sky, story).await?;
        let all = scene.goes_on();
        let result = tokio::time::timeout(WHOLE, all).await;
        let end = result.unwrap_or_else(|_| Err("it never ended".to_owned()));
        end.map_err(|text| format!("{text} ({})", scene.so_far()))?;
        let [a, b] = &scene.people;
        let mut tally = Tally {
            messages: a.heard + b.heard,
            faults: scene.faults,
            lost: a.lost + b.lost,
            cut: a.cut + b.cut,
            ..Tally::default()
        };
        for link in &scene.links {
            let (connections, late) = link.counts();
            tally.connections += connections;
            tally.late += late;
        }
        scene.relay.cancel();
        Ok(tally)
    }

    async fn begin(sky: Sky, story: &'a Story) -> Result<Self, String> {
        let config = Config {
            listen: "127.0.0.1:0".to_owned(),
            // What waits for an end that is gone needn't wait for long.
            timeouts: Timeouts {
                handshake: Duration::from_secs(2),
                pipe: Duration::from_secs(2),
                flush: Duration::from_millis(500),
                ..Timeouts::default()
            },
            tls: sky.tls.then(|| TlsIdentity::for_this_run().expect("a certificate")),
            ..Config::default()
        };
        let listener = server::listen(&config.listen).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let relay = CancellationToken::new();
        tokio::spawn(server::run(config, listener, relay.clone()));
        let dir = tempfile::tempdir().expect("a directory");
        let links = [Link::to(address, sky.latency).await, Link::to(address, sky.latency).await];
        let mut people = Vec::new();
        for (index, letter) in ['a', 'b'].into_iter().enumerate() {
            let own = dir.path().join(letter.to_string());
            std::fs::create_dir(&own).expect("a directory");
            let file = own.join(name(index));
            let bytes = contents(sky.files[index], sky.seed + index as u64);
            std::fs::write(&file, bytes).expect("written");
            let downloads = own.join("downloads");
            people.push(Person::comes(letter, &links[index].address, &downloads, file, &sky));
        }
        let people = people.try_into().map_err(|_| "two").expect("two");
        let mut scene =
            Self { sky, story, dir, relay, links, people, steps: 0, faults: 0, fair_after: 0 };
        // The weather is fair until they have met: a first try that fails ends an engine.
        while !scene.people.iter().all(|person| person.is_sealed) {
            scene.step().await?;
        }
        scene.steps = 0;
        Ok(scene)
    }

    async fn goes_on(&mut self) -> Result<(), String> {
        loop {
            let on = self.turns();
            let sends = self.sky.sends_after.map(|after| self.steps >= after || !on);
            self.act(on, sends).await?;
            if !on && self.sky.in_files.is_empty() && self.is_quiet() {
                break;
            }
            self.step().await?;
        }
        self.story.tells("-- the last words".to_owned());
        for person in &mut self.people {
            person.says().await?;
        }
        let last = async {
            while !self.all_is_heard() || !self.people.iter().all(Person::was_heard) {
                self.act(false, [true; 2]).await?;
                self.step().await?;
            }
            Ok(())
        };
        let last = tokio::time::timeout(FAIR, last).await;
        last.unwrap_or_else(|_| Err("the last words took too long".to_owned()))?;
        for index in 0..2 {
            self.check_file(index)?;
        }
        Ok(())
    }

    async fn act(&mut self, on: bool, sends: [bool; 2]) -> Result<(), String> {
        let waits = self.people.each_ref().map(Person::waits);
        for (index, person) in self.people.iter_mut().enumerate() {
            person.acts(on, sends[index], waits[1 - index]).await?;
        }
        Ok(())
    }

    /// The weather turns, if it is time to; whether there is more to come that the two talk for.
    fn turns(&mut self) -> bool {
        let (steps, people) = (self.steps, &self.people);
        let is_due = |(bytes, index, _): &mut (u64, usize, Fault)| {
            people[*index].received || people[*index].came > *bytes
        };
        let mut due: Vec<_> = self.sky.in_files.extract_if(.., is_due).collect();
        due.extend(self.sky.faults.extract_if(.., |(after, ..)| *after <= steps));
        for (_, index, fault) in due {
            self.story.tells(format!("-- {}: {fault:?}", self.people[index].letter));
            self.links[index].suffers(fault);
            self.faults += 1;
            // The last has some steps to do what it does.
            self.fair_after = self.steps + 40;
        }
        let more = !self.sky.faults.is_empty() || self.steps < self.fair_after;
        if !more && self.sky.in_files.is_empty() {
            for link in &self.links {
                link.heals();
            }
        }
        more
    }

    /// The next event, of either.
    async fn step(&mut self) -> Result<(), String> {
        let [a, b] = &mut self.people;
        let next = async {
            tokio::select! {
                event = a.engine.events.recv() => (0, event),
                event = b.engine.events.recv() => (1, event),
            }
        };
        let next = tokio::time::timeout(PATIENCE, next).await;
        let (index, event) = next.map_err(|_| "nothing happened any more".to_owned())?;
        let letter = self.people[index].letter;
        let event = event.ok_or_else(|| format!("{letter}'s engine is gone"))?;
        if !matches!(event, Event::Progress(_)) {
            self.steps += 1;
            let mut told = format!("{} {letter}: {event:?}", self.steps);
            told.truncate(told.floor_char_boundary(200));
            self.story.tells(told);
        }
        self.people[index].hears(&event).await
    }

    fn all_is_heard(&self) -> bool {
        let [a, b] = &self.people;
        a.heard == b.said && b.heard == a.said
    }

    fn is_quiet(&self) -> bool {
        let done = |person: &Person| person.has_done() && person.received;
        self.people.iter().all(done) && self.all_is_heard()
    }

    fn so_far(&self) -> String {
        let told = self.people.each_ref().map(|person| {
            let Person { letter, said, left, heard, sent, received, .. } = person;
            format!("{letter} said {said} of which {left} went out, heard {heard}, file sent: {sent}, received: {received}")
        });
        told.join("; ")
    }

    /// What this one sent is at the other once, and the same.
    fn check_file(&self, index: usize) -> Result<(), String> {
        let there = self.dir.path().join(self.people[1 - index].letter.to_string());
        let downloads = there.join("downloads");
        let names = visible(&downloads);
        if names != [name(index)] {
            return Err(format!("{} has {names:?}", downloads.display()));
        }
        let bytes = std::fs::read(downloads.join(name(index))).expect("it is there");
        let expected = contents(self.sky.files[index], self.sky.seed + index as u64);
        if bytes == expected { Ok(()) } else { Err(format!("{} differs", name(index))) }
    }
}

fn name(index: usize) -> String {
    ["from-a.bin", "from-b.bin"][index].to_owned()
}

fn visible(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    names.map(|name| name.expect("text")).filter(|name| !name.starts_with('.')).collect()
}
