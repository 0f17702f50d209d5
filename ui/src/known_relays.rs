//! The relays whose certificates this user has met: a text file, one line for each.
//!
//! Owns the file: finding, adding and taking away, each as a whole or not at all. What to believe
//! is decided in [`crate::engine`].
//!
//! ```text
//! relay.example:3647 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU
//! ```
//!
//! Lines that aren't so, comments for example, are left as they are.

use crate::places;
use couplet::fingerprint::Fingerprint;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The longest file that is read or written: some ten thousand relays.
const MAX_BYTES: usize = 1024 * 1024;

/// The longest address; DNS names end at 253 bytes.
const MAX_ADDRESS_BYTES: usize = 300;

/// The relays that are remembered.
#[derive(Debug, Clone)]
pub struct KnownRelays {
    path: PathBuf,
}

/// One relay that is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its address as the user gives it, `HOST:PORT`, in small letters.
    pub address: String,
    /// Its certificate's.
    pub fingerprint: Fingerprint,
}

/// A file that can't be used. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be read.
    #[error("the list of known relays in {path} can't be read ({source}); make it readable")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong.
        source: io::Error,
    },
    /// It can't be written.
    #[error(
        "the list of known relays in {path} can't be written ({source}); make room for it there"
    )]
    Unwritable {
        /// The file.
        path: String,
        /// What is wrong.
        source: io::Error,
    },
    /// It is as long as it may be.
    #[error(
        "the list of known relays in {0} is too long; forget some with `couplet relays forget`"
    )]
    Full(String),
    /// The address is known with another certificate already.
    #[error("the relay is known with another certificate, {0}, since a moment ago; try again")]
    Another(Fingerprint),
}

impl KnownRelays {
    /// Those in this file, which needn't be there.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the file is: `$XDG_DATA_HOME/couplet/known_relays`, or
    /// `~/.local/share/couplet/known_relays`; `None` without a home.
    #[must_use]
    pub fn default_path() -> Option<PathBuf> {
        places::data().map(|data| data.join("known_relays"))
    }

    /// All of them, in the order in which they were met.
    ///
    /// # Errors
    /// [`StoreError`] with one clear sentence; a file that isn't there is an empty list.
    pub fn list(&self) -> Result<Vec<Known>, StoreError> {
        Ok(self.read()?.split(|byte| *byte == b'\n').filter_map(parse).collect())
    }

    /// The certificate that is known of the relay at `address`.
    ///
    /// # Errors
    /// [`StoreError`] with one clear sentence.
    pub fn find(&self, address: &str) -> Result<Option<Fingerprint>, StoreError> {
        let wanted = key(address);
        Ok(self.list()?.into_iter().find(|known| known.address == wanted).map(|k| k.fingerprint))
    }

    /// Remembers the certificate of the relay at `address`.
    ///
    /// # Errors
    /// [`StoreError`] with one clear sentence; [`StoreError::Another`] rather than forgetting one.
    pub fn remember(&self, address: &str, fingerprint: Fingerprint) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        match self.find(address)? {
            Some(known) if known == fingerprint => return Ok(()),
            Some(known) => return Err(StoreError::Another(known)),
            None => {}
        }
        let address = key(address);
        let mut text = self.read()?;
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(format!("{address} {fingerprint}\n").as_bytes());
        if text.len() > MAX_BYTES || address.len() > MAX_ADDRESS_BYTES {
            return Err(StoreError::Full(self.shown()));
        }
        self.write(&text)
    }

    /// Forgets the relay at `address`; gives whether it was known.
    ///
    /// # Errors
    /// [`StoreError`] with one clear sentence.
    pub fn forget(&self, address: &str) -> Result<bool, StoreError> {
        if self.find(address)?.is_none() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        let unwanted = key(address);
        let text = self.read()?;
        let stays = |line: &&[u8]| parse(line).is_none_or(|known| known.address != unwanted);
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').filter(stays).collect();
        self.write(&lines.concat())?;
        Ok(true)
    }

    fn read(&self) -> Result<Vec<u8>, StoreError> {
        let unreadable = |source| StoreError::Unreadable { path: self.shown(), source };
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
        file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > MAX_BYTES {
            return Err(StoreError::Full(self.shown()));
        }
        Ok(bytes)
    }

    /// Puts a new file in the place of the old one. Temporary files have mode 0600.
    fn write(&self, text: &[u8]) -> Result<(), StoreError> {
        let written = || -> io::Result<()> {
            let mut file =
                tempfile::Builder::new().prefix(".known_relays-").tempfile_in(self.dir())?;
            file.write_all(text)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            Ok(())
        };
        written().map_err(|source| self.unwritable(source))
    }

    /// Held while the file is read, changed and written, so that two clients don't undo each
    /// other's lines. The file itself can't be locked, as it is replaced.
    fn lock(&self) -> Result<File, StoreError> {
        let locked = || -> io::Result<File> {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(self.dir())?;
            let mut options = File::options();
            options.create(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(self.path.with_extension("lock"))?;
            // A file system without locks is no reason to remember nothing.
            let _ = file.lock();
            Ok(file)
        };
        locked().map_err(|source| self.unwritable(source))
    }

    fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn unwritable(&self, source: io::Error) -> StoreError {
        StoreError::Unwritable { path: self.shown(), source }
    }

    fn shown(&self) -> String {
        couplet::text::line(&self.path.to_string_lossy(), couplet::limits::MAX_REASON_COLUMNS / 2)
    }
}

/// Names of hosts don't tell capitals from small letters.
fn key(address: &str) -> String {
    address.to_ascii_lowercase()
}

fn parse(line: &[u8]) -> Option<Known> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (address, fingerprint) = (words.next()?, words.next()?);
    if words.next().is_some() || address.starts_with('#') || address.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    Some(Known { address: key(address), fingerprint: fingerprint.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Fingerprint = Fingerprint([1; 32]);
    const TWO: Fingerprint = Fingerprint([2; 32]);

    fn store(dir: &tempfile::TempDir) -> KnownRelays {
        KnownRelays::at(dir.path().join("couplet/known_relays"))
    }

    fn temp() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn a_relay_is_remembered_found_and_forgotten() {
        let dir = temp();
        let store = store(&dir);
        assert_eq!(store.find("relay:1").expect("read"), None);
        assert!(!store.forget("relay:1").expect("read"));
        assert!(!dir.path().join("couplet").exists(), "looking makes nothing");
        store.remember("Relay:1", ONE).expect("written");
        store.remember("other:2", TWO).expect("written");
        store.remember("RELAY:1", ONE).expect("nothing new");
        assert_eq!(store.find("rElAy:1").expect("read"), Some(ONE));
        let addresses: Vec<_> =
            store.list().expect("read").into_iter().map(|known| known.address).collect();
        assert_eq!(addresses, ["relay:1", "other:2"]);
        assert!(store.forget("relay:1").expect("written"));
        assert_eq!(store.find("relay:1").expect("read"), None);
        assert_eq!(store.find("other:2").expect("read"), Some(TWO));
    }

    #[test]
    fn what_is_known_is_not_overwritten() {
        let dir = temp();
        let store = store(&dir);
        store.remember("relay:1", ONE).expect("written");
        let error = store.remember("relay:1", TWO).expect_err("another");
        assert!(matches!(error, StoreError::Another(ONE)), "{error}");
        assert_eq!(store.find("relay:1").expect("read"), Some(ONE));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = temp();
        let store = store(&dir);
        store.remember("relay:1", ONE).expect("written");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&store.path) & 0o777, 0o600);
        assert_eq!(mode(store.dir()) & 0o777, 0o700);
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        let dir = temp();
        let store = store(&dir);
        std::fs::create_dir(store.dir()).expect("made");
        let mut strange = b"# mine\n\n  \nrelay:1\na b c d\n\xff\xfe x\nx:1 SHA256:AAAA\n".to_vec();
        strange.extend(format!("#relay:1 {ONE}").into_bytes());
        std::fs::write(&store.path, &strange).expect("written");
        strange.push(b'\n');
        assert_eq!(store.list().expect("read"), []);
        store.remember("relay:1", ONE).expect("written");
        let line = format!("relay:1 {ONE}\n").into_bytes();
        assert_eq!(std::fs::read(&store.path).expect("read"), [&strange[..], &line].concat());
        assert!(store.forget("relay:1").expect("written"));
        assert_eq!(std::fs::read(&store.path).expect("read"), strange);
    }

    #[test]
    fn a_file_that_is_too_long_is_an_error_and_stays() {
        let dir = temp();
        let store = store(&dir);
        std::fs::create_dir(store.dir()).expect("made");
        let contents = vec![b'#'; MAX_BYTES + 1];
        std::fs::write(&store.path, &contents).expect("written");
        assert!(matches!(store.find("relay:1"), Err(StoreError::Full(_))));
        assert!(matches!(store.remember("relay:1", ONE), Err(StoreError::Full(_))));
        assert!(matches!(store.forget("relay:1"), Err(StoreError::Full(_))));
        assert!(std::fs::read(&store.path).expect("read") == contents);
        std::fs::write(&store.path, vec![b'#'; MAX_BYTES - 10]).expect("written");
        assert!(matches!(store.remember("relay:1", ONE), Err(StoreError::Full(_))));
        assert!(matches!(store.remember(&"a".repeat(400), ONE), Err(StoreError::Full(_))));
    }

    #[test]
    fn two_that_write_at_once_lose_nothing() {
        let dir = temp();
        let store = store(&dir);
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for relay in 0..8 {
                        store.remember(&format!("r{writer}:{relay}"), ONE).expect("written");
                    }
                });
            }
        });
        assert_eq!(store.list().expect("read").len(), 32);
    }

    proptest::proptest! {
        /// A line that is read says what it is read as, and nothing else is.
        #[test]
        fn any_line_is_a_relay_or_none(
            address in "(#|[A-Za-z0-9.:-])?[A-Za-z0-9.:é]{0,20}",
            between in "[ \\t\\x00]{0,2}",
            end in "(SHA256:)?[A-Za-z0-9+/=]{0,50}",
            garbage in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
        ) {
            let _ = parse(&garbage);
            let written = [ONE.to_string(), end];
            for fingerprint in &written {
                let line = format!("{address}{between}{fingerprint}");
                if let Some(known) = parse(line.as_bytes()) {
                    let words: Vec<_> = line.split_ascii_whitespace().collect();
                    let read = [known.address.as_str(), &known.fingerprint.to_string()].concat();
                    proptest::prop_assert_eq!(words.len(), 2);
                    proptest::prop_assert_eq!(read, [&key(words[0]), words[1]].concat());
                }
            }
        }
    }
}
