//! Two who meet, each with a directory of their own.

use crate::support::browser::Page;
use crate::support::relay::Relay;
use crate::support::terminal::Terminal;
use crate::support::web::Web;
use std::fs;
use std::io::Read as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How long something may take that moves hundreds of megabytes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_mins(4);

/// A directory for each of them.
pub(crate) struct Place {
    root: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        for name in ["ann", "bob"] {
            fs::create_dir(root.path().join(name)).expect("a directory");
        }
        Self { root }
    }

    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A new file with these bytes; gives its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Somebody's page, with these options of `couplet web`.
    pub(crate) fn page(&self, name: &str, relay: &Relay, args: &[&str]) -> Person {
        self.page_at(name, &relay.address, args)
    }

    pub(crate) fn page_at(&self, name: &str, relay: &str, args: &[&str]) -> Person {
        let dir = self.dir(name);
        let web = Web::start(relay, &dir, &[&["--name", name], args].concat());
        let page = Page::open(name, &web.url);
        Person { web, page, dir }
    }

    /// Somebody at a terminal who has this code.
    pub(crate) fn terminal(&self, name: &str, relay: &Relay, code: &str) -> Terminal {
        let args = ["chat", code, "--relay", &relay.address, "--name", name];
        Terminal::run(name, (120, 40), &self.dir(name), &args)
    }
}

/// Somebody in front of a page.
pub(crate) struct Person {
    pub(crate) web: Web,
    pub(crate) page: Page,
    pub(crate) dir: PathBuf,
}

impl Deref for Person {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl Person {
    /// Makes a new code; gives it.
    pub(crate) fn makes_a_code(&self) -> String {
        self.click("meet-new");
        self.has_a_code()
    }

    /// The code that waits for somebody.
    pub(crate) fn has_a_code(&self) -> String {
        self.sees("invite-code", "-");
        self.text("invite-code")
    }

    /// Waits until it is connected with the relay, again or still.
    pub(crate) fn is_online(&self) {
        let is_so = "return text(find('link')) === '' && !text(find('turn')).includes('offline')";
        self.waits_within(LONG, "a connection", is_so, &().into());
    }

    /// What has arrived under this name.
    pub(crate) fn received(&self, name: &str) -> PathBuf {
        self.dir.join("downloads").join(name)
    }

    /// All that lies in the spool of what the pages have sent.
    pub(crate) fn spooled(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for own in entries(&self.dir.join(".cache/couplet/uploads")) {
            collect(&own, &mut found);
        }
        found
    }

    /// Accepts the newest offer of this name; gives its number.
    pub(crate) fn accepts(&self, name: &str) -> u64 {
        let id = self.transfer(name);
        self.click(&format!("accept-{id}"));
        id
    }

    /// Waits until the newest transfer of this name is so.
    pub(crate) fn sees_of(&self, name: &str, state: &str) -> u64 {
        let id = self.transfer(name);
        self.sees_within(LONG, &format!("state-{id}"), state);
        id
    }
}

/// Two in front of pages that have met by a new code; the first has the turn.
pub(crate) fn met(place: &Place, relay: &str, args: &[&str]) -> [Person; 2] {
    let ann = place.page_at("ann", relay, &[&["--new"], args].concat());
    let code = ann.has_a_code();
    let bob = place.page_at("bob", relay, args);
    bob.sees("start-relay", relay);
    bob.enter("code", &code);
    for person in [&ann, &bob] {
        person.sees("seal", "sealed");
    }
    ann.sees("turn", "YOUR TURN");
    bob.sees("turn", "listening");
    [ann, bob]
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for path in entries(dir) {
        collect(&path, found);
        found.push(path);
    }
}

/// What is in it; nothing if it is no directory, or gone meanwhile.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Whether two files have the same bytes, without holding either.
pub(crate) fn same(one: &Path, other: &Path) -> bool {
    hash(one) == hash(other)
}

fn hash(path: &Path) -> blake3::Hash {
    let mut file = fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece).expect("readable");
        if read == 0 {
            return hasher.finalize();
        }
        hasher.update(&piece[..read]);
    }
}
