//! Where the scenes are played: a relay, and two who know couplet already.
//!
//! Owns the programs and their directories. Nothing waits for a time to pass, only for what is on a
//! screen.

use super::support::contents;
use super::support::relay::Relay;
use super::support::terminal::Terminal;
use rustix::process::Signal;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The screen of a usual terminal.
pub(super) const USUAL: (u16, u16) = (80, 24);

/// How long anything may take on a busy machine: files of gigabytes are passed.
pub(super) const LIMIT: Duration = Duration::from_mins(5);

/// A relay, and the directory in which both clients live.
pub(super) struct Stage {
    pub(super) relay: Relay,
    dir: TempDir,
}

impl Stage {
    pub(super) fn new() -> io::Result<Self> {
        let usual = "127.0.0.1:3647";
        // Asked first, as a relay that can't listen has no first line to read.
        let free = TcpListener::bind(usual).is_ok();
        let relay = Relay::start_at(if free { usual } else { "127.0.0.1:0" }, &[]);
        Ok(Self { relay, dir: tempfile::tempdir()? })
    }

    /// The directory of one of them.
    pub(super) fn home(&self, name: &str) -> io::Result<PathBuf> {
        let home = self.dir.path().join(name);
        fs::create_dir_all(&home)?;
        Ok(home)
    }

    /// A file of this size. It is a hole and takes no room, but no time either.
    pub(super) fn hole(&self, name: &str, file: &str, size: u64) -> io::Result<()> {
        let path = self.home(name)?.join(file);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        fs::File::create(path)?.set_len(size)
    }

    /// A file of this size that can't be packed.
    pub(super) fn file(&self, name: &str, file: &str, size: usize) -> io::Result<()> {
        fs::write(self.home(name)?.join(file), contents(size, 7))
    }

    /// Marks that somebody has been welcomed before.
    pub(super) fn knows(&self, name: &str) -> io::Result<()> {
        let state = self.home(name)?.join(".state/couplet");
        fs::create_dir_all(&state)?;
        fs::write(state.join("welcomed"), "")
    }

    /// A client of somebody.
    pub(super) fn client(
        &self,
        name: &str,
        size: (u16, u16),
        args: &[&str],
        theme: &str,
    ) -> io::Result<Terminal> {
        let address = &self.relay.address;
        let variables = [
            ("COUPLET_RELAY", if address.ends_with(":3647") { "127.0.0.1" } else { address }),
            ("COUPLET_NAME", name),
            ("COUPLET_THEME", theme),
            ("COUPLET_DOWNLOADS", "downloads"),
            ("COLORTERM", "truecolor"),
        ];
        Ok(Terminal::run_with(name, size, &self.home(name)?, args, &variables))
    }

    /// Ann's and bob's clients, met by a code of ann's, whose screen has this size and theme.
    pub(super) fn met(&self, size: (u16, u16), theme: &str) -> io::Result<(Terminal, Terminal)> {
        self.knows("ann")?;
        self.knows("bob")?;
        let ann = self.client("ann", size, &["chat", "--new"], theme)?;
        ann.sees("couplet chat ");
        let screen = ann.screen();
        let code = screen.split("couplet chat ").nth(1).and_then(|rest| rest.split(' ').next());
        let code = code.expect("a code").trim();
        let bob = self.client("bob", USUAL, &["chat", code], "terminal")?;
        ann.sees("YOUR TURN");
        bob.sees("sealed");
        Ok((ann, bob))
    }

    /// Ends all of it.
    pub(super) fn end(self, clients: impl IntoIterator<Item = Terminal>) -> io::Result<()> {
        for client in clients {
            client.signal(Signal::TERM);
            client.ends();
        }
        self.relay.interrupt();
        self.relay.wait();
        self.dir.close()
    }
}

/// Says it when it is the turn of `from`, and waits until both have it on the screen. Its lines are
/// entered one by one.
pub(super) fn say(from: &mut Terminal, to: &Terminal, text: &str) {
    from.sees("YOUR TURN");
    from.keys(&text.replace('\n', "\u{1b}\r"));
    from.keys("\r");
    // The line may be broken at any of its spaces.
    let start = text.split([' ', '\n']).next().unwrap_or(text);
    to.sees(start);
    from.sees("listening");
}

/// Whether all of it is on the screen.
pub(super) fn shows(wanted: &[&str]) -> impl Fn(&vt100::Screen) -> bool {
    move |screen| wanted.iter().all(|text| screen.contents().contains(text))
}
