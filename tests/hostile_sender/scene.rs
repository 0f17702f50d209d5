//! Where a sender lies: a relay, a receiver, and a tree around its downloads directory in which nothing
//! may change.
//!
//! Owns what holds in every case; see [`Bob::ends`].

use super::support::one_shot::{Ended, OneShot, events};
use super::support::raw::{Answered, RawPeer};
use super::support::raw_pipe::RawPipe;
use super::support::relay::Relay;
use couplet_ui::config::exit;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// The code that is met by.
const CODE: &str = "7-otter-lamp";

/// The memory that a receiver may ever have, in KiB, unless more is said.
const MOST_KIB: u64 = 64 * 1024;

/// No canary has so many bytes; what has more isn't read.
const MUCH: u64 = 16 << 20;

/// How long a receiver may take to end once nothing holds it up.
const LIMIT: Duration = Duration::from_secs(15);

/// Characters that draw nothing or turn the order of others around.
const MISLEADING: [char; 16] = [
    '\u{61c}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{202a}', '\u{202b}', '\u{202c}',
    '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{feff}',
];

/// A relay, and the tree: `home` is where the receiver runs, `home/downloads` what it may write to.
pub(crate) struct Scene {
    relay: Relay,
    root: TempDir,
}

/// The receiver.
pub(crate) struct Bob {
    shot: OneShot,
    root: PathBuf,
    before: Tree,
    watch: Watch,
    told: Told,
    /// The memory that it may ever have, in KiB.
    most_kib: u64,
}

/// How a receiver tells what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// As JSON on standard output.
    Json,
    /// As JSON on standard error, as standard output is for what comes.
    JsonBeside,
    /// In words.
    Words,
}

/// A sender that has been let in: its offer was accepted, and the pipe is open.
pub(crate) struct Liar {
    pub(crate) bob: Bob,
    pub(crate) peer: RawPeer,
    pub(crate) pipe: RawPipe,
    /// Whether the receiver has some of it from before.
    pub(crate) part: bool,
}

/// How a receiver ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: u8,
    pub(crate) events: Vec<Value>,
    pub(crate) err: String,
    /// The most memory that it had, in KiB.
    #[expect(dead_code, reason = "to be shown when something else is wrong")]
    peak: u64,
}

/// Everything there is: what each path is, with its bytes.
type Tree = BTreeMap<PathBuf, String>;

impl Scene {
    pub(crate) fn new() -> Self {
        let scene =
            Self { relay: Relay::start(&[]), root: tempfile::tempdir().expect("a directory") };
        for dir in ["outside", "home/downloads"] {
            fs::create_dir_all(scene.path(dir)).expect("made");
        }
        for canary in ["canary", "outside/canary", "home/canary", "home/downloads/canary"] {
            fs::write(scene.path(canary), "alive").expect("written");
        }
        scene
    }

    /// A place in the tree.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// A place in the downloads directory.
    pub(crate) fn download(&self, path: &str) -> PathBuf {
        self.path("home/downloads").join(path)
    }

    /// What was received under this name.
    pub(crate) fn received(&self, path: &str) -> Vec<u8> {
        let path = self.download(path);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// All that is in the downloads directory but for its canary, sorted.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let tree = tree(&self.path("home/downloads"));
        let names = tree.keys().map(|path| path.to_string_lossy().into_owned());
        names.filter(|name| name != "canary").collect()
    }

    /// Whether there is any file with this extension in it, couplet's own included.
    pub(crate) fn has_any(&self, extension: &str) -> bool {
        let has_it =
            |name: &String| Path::new(name).extension().is_some_and(|its| its == extension);
        self.downloads().iter().any(has_it)
    }

    /// A link in the downloads directory to somewhere in the tree.
    pub(crate) fn link(&self, from: &str, to: &str) {
        symlink(self.path(to), self.download(from)).expect("linked");
    }

    /// A receiver with these options, which waits for somebody with the code.
    pub(crate) fn bob(&self, options: &[&str]) -> Bob {
        self.bob_with(options, Told::Json)
    }

    /// The same, which tells in this way.
    pub(crate) fn bob_with(&self, options: &[&str], told: Told) -> Bob {
        let before = tree(self.root.path());
        let form: &[&str] = if told == Told::Words { &[] } else { &["--json"] };
        let to_stdout = told == Told::JsonBeside;
        let args = [&["receive", CODE][..], form, options].concat();
        let home = self.path("home");
        let shot = OneShot::start_with(&home, &self.relay.address, &args, |command| {
            if to_stdout {
                command.stdout(Stdio::null());
            }
        });
        if told == Told::Json {
            shot.event("waiting");
        } else {
            shot.says("waiting");
        }
        let watch = Watch::start(shot.pid());
        Bob { shot, root: self.root.path().to_owned(), before, watch, told, most_kib: MOST_KIB }
    }

    /// Somebody who comes to the receiver.
    pub(crate) fn peer(&self) -> RawPeer {
        RawPeer::meet(&self.relay.address, CODE)
    }

    /// A sender whose offer is accepted.
    pub(crate) fn lies(&self, offer: &Value) -> Liar {
        self.lies_to(self.bob(&[]), offer)
    }

    /// The same, to this receiver.
    pub(crate) fn lies_to(&self, bob: Bob, offer: &Value) -> Liar {
        let mut peer = self.peer();
        peer.offer(1, offer);
        let answer = peer.answered(1);
        let Answered::Accepted { part } = answer else { panic!("{answer:?}") };
        let pipe = peer.pipe(1);
        Liar { bob, peer, pipe, part }
    }
}

/// An offer of a file.
pub(crate) fn one_file(name: &str, size: u64) -> Value {
    json!({ "name": name, "form": "file", "size": size, "entries": 1 })
}

/// An offer of a folder that is called `site`.
pub(crate) fn site(entries: u64) -> Value {
    json!({ "name": "site", "form": "folder", "size": 1 << 20, "entries": entries })
}

impl Liar {
    /// What is said to this step.
    pub(crate) fn ask(&mut self, step: &[u8]) -> String {
        self.pipe.asked(step)
    }

    /// Stops the transfer as an honest sender's user would.
    pub(crate) fn cancels(&mut self) {
        self.peer.tell(&json!({ "type": "cancel", "offer": 1, "by_offerer": true }));
    }

    /// Listens politely until the receiver has ended.
    pub(crate) fn ends(self) -> End {
        let Self { bob, mut peer, pipe, .. } = self;
        peer.hear_out();
        peer.leave();
        drop(pipe);
        bob.ends()
    }
}

impl Bob {
    /// Waits for an event.
    pub(crate) fn event(&self, kind: &str) -> Value {
        self.shot.event(kind)
    }

    /// The same, which may have so much memory, in KiB.
    pub(crate) fn at_most(self, most_kib: u64) -> Self {
        Self { most_kib, ..self }
    }

    /// The bytes that it has read so far, from wherever.
    pub(crate) fn has_read(&self) -> u64 {
        let io = fs::read_to_string(format!("/proc/{}/io", self.pid())).expect("a live process");
        let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
        line.and_then(|read| read.parse().ok()).expect("a figure that Linux gives")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.shot.pid()
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        peak(self.shot.pid()).unwrap_or(0)
    }

    /// Waits for its end, and holds it to what must always hold.
    pub(crate) fn ends(self) -> End {
        let Self { shot, root, before, watch, told, most_kib } = self;
        let ended = shot.ends_within(LIMIT);
        let peak = watch.stop();
        let all = format!("{}{}", String::from_utf8_lossy(&ended.out), ended.err);
        assert!(peak > 0 && peak < most_kib, "it had {peak} KiB\n{all}");
        check_bytes(&ended);
        let after = tree(&root);
        let downloads = Path::new("home/downloads");
        let outside = |tree: &Tree| -> Tree {
            let outside = tree.iter().filter(|(path, _)| !path.starts_with(downloads));
            outside.map(|(path, what)| (path.clone(), what.clone())).collect()
        };
        assert_eq!(outside(&before), outside(&after), "something changed outside\n{all}");
        let canary = downloads.join("canary");
        assert_eq!(before.get(&canary), after.get(&canary), "another's file changed\n{all}");
        let status = u8::try_from(ended.status).expect("no signal has ended it");
        assert!(exit::ALL.iter().any(|(known, _)| *known == status), "{all}");
        let events = match told {
            Told::Json => ended.events(),
            Told::JsonBeside => events(ended.err.as_bytes()),
            Told::Words => Vec::new(),
        };
        if told == Told::Json {
            assert_eq!(ended.err, "", "{events:#?}");
        }
        let end = End { status, events, err: ended.err, peak };
        end.check_sentence();
        end
    }
}

impl End {
    /// Checks that it ended with this status, and that the sentence has this in it.
    pub(crate) fn with(self, status: u8, sentence: &str) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        assert!(self.reason().contains(sentence), "{self:#?}");
        self
    }

    /// Checks that it ended well.
    pub(crate) fn well(self) -> Self {
        self.with(exit::OK, "")
    }

    /// The sentence that it ended with.
    pub(crate) fn reason(&self) -> &str {
        if let Some(last) = self.events.last() {
            return last["reason"].as_str().unwrap_or("");
        }
        self.err.lines().find_map(|line| line.strip_prefix("couplet: ")).unwrap_or("")
    }

    /// How many events of this kind there were.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|event| event["event"] == kind).count()
    }

    /// The sentences about what was left out.
    pub(crate) fn left_out(&self) -> Vec<&str> {
        let verified = self.events.iter().find(|event| event["event"] == "verified");
        let list = verified.and_then(|event| event["left_out"].as_array());
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn check_sentence(&self) {
        let reason = self.reason();
        if self.status != exit::OK {
            assert!((6..400).contains(&reason.len()) && !reason.contains('\n'), "{self:#?}");
            // What a programmer would like to read isn't for a user.
            for odd in ["Some(", "Err(", "{ ", "::"] {
                assert!(!reason.contains(odd), "{odd}: {self:#?}");
            }
        }
        self.events.iter().for_each(check_strings);
    }
}

/// Nothing that a terminal would obey, and no panic.
fn check_bytes(ended: &Ended) {
    let out = String::from_utf8_lossy(&ended.out);
    for line in out.lines().chain(ended.err.lines()) {
        // A text is as it came, but for what JSON escapes.
        let is_text = line.contains(r#""event":"text""#);
        let bad = line.chars().find(|c| c.is_ascii_control() || c.is_control() && !is_text);
        assert_eq!(bad, None, "{line}");
        assert!(!line.contains("panicked"), "{line}");
    }
    check_clean(&ended.err);
}

/// The same of what JSON hides, but for a text that was sent as one.
fn check_strings(value: &Value) {
    match value {
        Value::String(text) => check_clean(text),
        Value::Array(values) => values.iter().for_each(check_strings),
        Value::Object(members) => {
            for (name, value) in members {
                if name != "text" || members["event"] != "text" {
                    check_strings(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn check_clean(text: &str) {
    let bad = text.chars().find(|c| c.is_control() && *c != '\n' || MISLEADING.contains(c));
    assert_eq!(bad, None, "{text:?}");
}

/// Everything below a directory, by its path from there.
fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let found = fs::symlink_metadata(&path).expect("it is there");
            let mode = found.permissions().mode();
            let what = if found.is_dir() {
                dirs.push(path.clone());
                format!("folder {mode:o}")
            } else if found.is_symlink() {
                format!("link to {}", fs::read_link(&path).expect("a link").display())
            } else if found.len() > MUCH {
                format!("file {mode:o} of {} bytes", found.len())
            } else {
                format!("file {mode:o} {}", blake3::hash(&fs::read(&path).expect("its bytes")))
            };
            tree.insert(path.strip_prefix(root).expect("below").to_owned(), what);
        }
    }
    tree
}

/// Watches how much memory a process has, since nobody tells when it has gone.
struct Watch {
    stop: Sender<()>,
    watching: JoinHandle<u64>,
}

impl Watch {
    /// How often it looks. The figure is the most that ever was, so only the last moment is missed.
    const EVERY: Duration = Duration::from_millis(5);

    fn start(pid: u32) -> Self {
        let (stop, stopped) = mpsc::channel();
        let mut most = peak(pid).unwrap_or(0);
        let watching = std::thread::spawn(move || {
            loop {
                most = most.max(peak(pid).unwrap_or(0));
                if stopped.recv_timeout(Self::EVERY) != Err(RecvTimeoutError::Timeout) {
                    return most;
                }
            }
        });
        Self { stop, watching }
    }

    fn stop(self) -> u64 {
        drop(self.stop);
        self.watching.join().expect("no panic")
    }
}

/// The most memory that a process has had, in KiB, unless it has gone.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
