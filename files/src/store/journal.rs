//! The journal of one growing file, on disk.
//!
//! Owns appending to it and reading it again; what its records mean is
//! [`couplet::transfer::journal`]'s. A record that everything before it is on disk can be true only
//! of what was there when the flush began, while more is noted during it. So a place is left for the
//! record first, and it is filled in when the flush has ended.

use super::rooted::{Folder, look};
use super::trouble::is;
use crate::clock;
use couplet::transfer::journal::{self, Proven, RECORD_LEN, Record};
use couplet::transfer::tree::Hash;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What the system writes at once, kill or no kill: a record within one page is there or not.
const PAGE: u64 = 4096;

/// A journal that is open for more.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Where the next record goes. No two of one file are ever open for more, since a part is
    /// locked.
    end: Mutex<u64>,
}

impl Journal {
    /// Goes on with a journal from before, or begins one if `proven` is nothing.
    pub(super) fn open(folder: &Folder, name: &str, proven: &Proven) -> io::Result<Self> {
        let end = proven.good_len;
        let file = if end == 0 {
            begin(folder, name, &[])?
        } else {
            let found = folder.file(name, OFlags::RDWR, 0)?;
            if look(&found)?.size == end {
                found
            } else {
                // A torn end. What is good goes into a file of its own: a flush of the transfer
                // before may still be under way and mustn't meet what is written now.
                let mut good = vec![0; usize::try_from(end).unwrap_or(0)];
                found.read_exact_at(&mut good, 0)?;
                begin(folder, name, &good)?
            }
        };
        let journal = Self { file, end: Mutex::new(end) };
        journal.append(Record::Boot(boot()))?;
        Ok(journal)
    }

    /// Appends a record.
    pub(super) fn append(&self, record: Record) -> io::Result<()> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        // What a full disk leaves of it is written over by the next.
        self.file.write_all_at(&record.to_bytes(), *end)?;
        *end += RECORD_LEN as u64;
        Ok(())
    }

    /// Leaves a place for the record of a flush that begins now.
    pub(super) fn begin_flush(&self) -> io::Result<u64> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // The same run of the system goes on: that is always true, and as long.
            self.file.write_all_at(&Record::Boot(boot()).to_bytes(), *end)?;
            let place = *end;
            *end += RECORD_LEN as u64;
            if place / PAGE == (*end - 1) / PAGE {
                return Ok(place);
            }
        }
    }

    /// The flush that began with this place has ended well.
    pub(super) fn end_flush(&self, place: u64) -> io::Result<()> {
        self.file.write_all_at(&Record::Flush.to_bytes(), place)?;
        self.file.sync_data()
    }
}

/// What the journal of a file proves of which `there` bytes are on disk; nothing if it claims more
/// than these.
pub(super) fn read(folder: &Folder, name: &str, there: u64) -> Proven {
    let mut bytes = Vec::new();
    let all =
        folder.file(name, OFlags::RDONLY, 0).and_then(|mut file| file.read_to_end(&mut bytes));
    if all.is_err() {
        return Proven::default();
    }
    let proven = journal::read(&bytes, &boot());
    // What was flushed is as long as it says. If it isn't, somebody has meddled.
    if proven.held.end() > there { Proven::default() } else { proven }
}

/// A fresh file with these records, in place of one that has the name.
fn begin(folder: &Folder, name: &str, records: &[u8]) -> io::Result<File> {
    let fresh = format!("{name}.new");
    let file = folder.file(&fresh, OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC, 0o600)?;
    file.write_all_at(records, 0)?;
    if !records.is_empty() {
        // Its flush records are believed after a crash, so it must be on disk as a whole.
        file.sync_data()?;
    }
    folder.replace(fresh.as_bytes(), folder, name.as_bytes())?;
    Ok(file)
}

/// Names the run of the system that this is.
fn boot() -> Hash {
    static BOOT: OnceLock<Hash> = OnceLock::new();
    *BOOT.get_or_init(|| {
        let mut id = String::new();
        let file = File::open("/proc/sys/kernel/random/boot_id");
        match file.and_then(|mut file| file.read_to_string(&mut id)) {
            Ok(len) if len > 0 => *blake3::hash(id.as_bytes()).as_bytes(),
            // With a name of this process's own, only what was flushed is believed later.
            Ok(_) | Err(_) => clock::entropy(),
        }
    })
}

/// Removes a journal, if there is one.
pub(super) fn remove(folder: &Folder, name: &str) -> io::Result<()> {
    match folder.remove(name.as_bytes()) {
        Err(error) if !is(&error, Errno::NOENT) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::limits::GROUP;
    use couplet::transfer::receive::Group;

    /// Another run of the system.
    const LATER: Hash = [9; 32];

    fn group(number: u64) -> Record {
        Record::Group(Group { offset: number * GROUP, len: GROUP, hash: [1; 32] })
    }

    #[test]
    fn a_flush_vouches_for_what_was_noted_before_it_began() {
        // As many records before as it takes to meet every place in a page.
        for before in 0..200 {
            let root = tempfile::tempdir().expect("a directory");
            let folder = Folder::root(root.path()).expect("opened");
            let notes = Journal::open(&folder, "j", &Proven::default()).expect("begun");
            let bytes = || std::fs::read(root.path().join("j")).expect("read");
            let held = |run: &Hash| journal::read(&bytes(), run).held.held() / GROUP;
            (0..before).for_each(|number| notes.append(group(number)).expect("noted"));
            let place = notes.begin_flush().expect("begun");
            notes.append(group(before)).expect("noted");
            assert_eq!((held(&boot()), held(&LATER)), (before + 1, 0));
            notes.end_flush(place).expect("ended");
            assert_eq!((held(&boot()), held(&LATER)), (before + 1, before));
            assert_eq!(place / PAGE, (place + RECORD_LEN as u64 - 1) / PAGE);
            // The next run goes on with what is good, also behind a torn end.
            let proven = read(&folder, "j", u64::MAX);
            notes.file.write_all_at(b"torn", proven.good_len).expect("written");
            let next = Journal::open(&folder, "j", &proven).expect("opened");
            next.append(group(before + 1)).expect("noted");
            assert_eq!((held(&boot()), held(&LATER)), (before + 2, before));
        }
    }
}
