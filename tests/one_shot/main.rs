//! The commands without a screen, as real processes at a real relay: what they pass, what they tell,
//! and with which exit status they end.
//!
//! [`passing`] has what goes well, [`pipeline`] much between other programs, [`statuses`] each exit
//! status, [`cuts`] what is stopped or killed and goes on, [`changes`] what changes under the sender,
//! [`disks`] what fails under the receiver, [`terminals`] what is asked where there is somebody to ask.

#[path = "../support/mod.rs"]
mod support;

mod changes;
mod cuts;
mod disks;
mod passing;
mod pipeline;
mod statuses;
mod terminals;

use std::path::{Path, PathBuf};
use support::contents;
use support::one_shot::OneShot;
use support::relay::Relay;
use tempfile::TempDir;

/// The code that is met by where none has to be made.
const CODE: &str = "7-otter-lamp";

/// A relay, and a directory for each of two.
struct Place {
    relay: Relay,
    ann: TempDir,
    bob: TempDir,
}

impl Place {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With these options of the relay.
    fn with(relay: &[&str]) -> Self {
        let dir = || tempfile::tempdir().expect("a directory");
        Self { relay: Relay::start(relay), ann: dir(), bob: dir() }
    }

    /// `couplet` in ann's directory, who sends.
    fn ann(&self, args: &[&str]) -> OneShot {
        OneShot::start(self.ann.path(), &self.relay.address, args)
    }

    /// `couplet` in bob's directory, who receives.
    fn bob(&self, args: &[&str]) -> OneShot {
        OneShot::start(self.bob.path(), &self.relay.address, args)
    }

    /// A file of ann's.
    fn file(&self, name: &str, len: usize) -> Vec<u8> {
        let bytes = contents(len, 7);
        std::fs::write(self.ann.path().join(name), &bytes).expect("written");
        bytes
    }

    /// What bob has received under this name.
    fn received(&self, name: &str) -> Vec<u8> {
        let path = self.downloads().join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn downloads(&self) -> PathBuf {
        self.bob.path().join("downloads")
    }
}

/// The names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}
