//! A relay with a shelf, accounts, and clients of it as real processes.

use super::one_shot::{Ended, OneShot};
use super::relay::Relay;
use super::{contents, program};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// A relay, its shelf, and a directory for each client.
pub struct ShelfPlace {
    pub relay: Option<Relay>,
    /// Where the relay listens, also after it was started again.
    pub address: String,
    args: Vec<String>,
    dir: TempDir,
}

impl ShelfPlace {
    /// Without accounts.
    pub fn new(args: &[&str]) -> Self {
        let mut place = Self::empty(args);
        place.start_relay();
        place
    }

    /// With ann, who may do anything.
    pub fn with_ann(args: &[&str]) -> Self {
        let mut place = Self::empty(args);
        place.account(&["add", "ann", "--rights", "get,put,delete"]);
        place.start_relay();
        place
    }

    /// Before the relay is started.
    pub fn empty(args: &[&str]) -> Self {
        let dir = match std::env::var_os("COUPLET_TEST_DIR") {
            Some(place) => TempDir::new_in(place),
            None => tempfile::tempdir(),
        };
        let dir = dir.expect("a directory; COUPLET_TEST_DIR names where");
        for name in ["shelf", "data", "ann"] {
            fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { relay: None, address: "127.0.0.1:0".to_owned(), args, dir }
    }

    /// Starts the relay, at the same address as before.
    pub fn start_relay(&mut self) {
        let shelf = self.shelf();
        let mut args = vec!["--shelf", shelf.to_str().expect("UTF-8")];
        args.extend(self.args.iter().map(String::as_str));
        let relay = Relay::start_in(&self.address, &self.data(), &args);
        self.address.clone_from(&relay.address);
        self.relay = Some(relay);
    }

    /// Kills it.
    pub fn kill_relay(&mut self) {
        let relay = self.relay.take().expect("a relay");
        relay.kill();
        relay.wait();
    }

    pub fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("a relay")
    }

    /// The directory with this name.
    pub fn dir(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn shelf(&self) -> PathBuf {
        self.dir("shelf")
    }

    pub fn data(&self) -> PathBuf {
        self.dir("data")
    }

    /// Where ann gets what she fetches.
    pub fn fetched(&self, name: &str) -> PathBuf {
        self.dir("ann/downloads").join(name)
    }

    /// A file on the shelf.
    pub fn shelve(&self, name: &str, len: usize) -> Vec<u8> {
        write(&self.shelf().join(name), len)
    }

    /// A file of ann's.
    pub fn own(&self, name: &str, len: usize) -> Vec<u8> {
        write(&self.dir("ann").join(name), len)
    }

    /// `couplet-relay account`.
    pub fn account(&self, args: &[&str]) {
        let ran = Command::new(program("couplet-relay"))
            .arg("account")
            .args(args)
            .arg("--data")
            .arg(self.data())
            .env("COUPLET_PASSWORD", PASSWORD)
            .output()
            .expect("it runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// `couplet shelf` in ann's directory, without a login.
    pub fn client(&self, args: &[&str]) -> OneShot {
        at(&self.dir("ann"), &self.address, None, args)
    }

    /// The same, to its end.
    pub fn ran(&self, args: &[&str]) -> Ended {
        self.client(args).ends()
    }

    /// `couplet shelf` as ann, in her directory.
    pub fn ann(&self, args: &[&str]) -> OneShot {
        at(&self.dir("ann"), &self.address, Some(("ann", PASSWORD)), args)
    }

    /// The same, to its end.
    pub fn ann_ran(&self, args: &[&str]) -> Ended {
        self.ann(args).ends()
    }

    /// What is on the shelf, hidden names left out, in order.
    pub fn shelved(&self) -> Vec<String> {
        names(&self.shelf())
    }

    /// What was fetched, in order.
    pub fn downloads(&self) -> Vec<String> {
        names(&self.dir("ann/downloads"))
    }
}

/// `couplet shelf` in this directory, with a login or without.
pub fn at(dir: &Path, relay: &str, login: Option<(&str, &str)>, args: &[&str]) -> OneShot {
    OneShot::start_with(dir, relay, &[&["shelf"], args].concat(), |command| {
        for name in ["COUPLET_USER", "COUPLET_PASSWORD", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        if let Some((user, password)) = login {
            command.env("COUPLET_USER", user).env("COUPLET_PASSWORD", password);
        }
    })
}

/// The names of all events of a kind.
pub fn told(ended: &Ended, kind: &str) -> Vec<String> {
    let name = |event: &Value| event["name"].as_str().expect("a name").to_owned();
    ended.events().iter().filter(|event| event["event"] == kind).map(name).collect()
}

/// The names of what has failed, each with its code and text.
pub fn failed(ended: &Ended) -> Vec<(String, String, String)> {
    let text = |event: &Value, key: &str| event[key].as_str().expect("text").to_owned();
    let failed = |event: &Value| (text(event, "name"), text(event, "code"), text(event, "text"));
    ended.events().iter().filter(|event| event["event"] == "failed").map(failed).collect()
}

fn write(path: &Path, len: usize) -> Vec<u8> {
    let seed = path.as_os_str().len() as u64 + len as u64;
    let bytes = contents(len, seed);
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, &bytes).expect("written");
    bytes
}

/// What is in a directory, in order, but for hidden names; nothing if it isn't there.
fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}
