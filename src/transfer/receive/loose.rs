//! One file whose bytes come loose, from senders that know nothing of hash trees.
//!
//! Owns the way of such a file through the receiver: pieces of any offset and size, in any order, each
//! checked by whoever calls; the size is known at CLOSE. Nothing of it is there from before, so there
//! is no journal of it either.

use super::entry::{OpenEntry, Stage};
use super::{Closed, Receiver};
use crate::path::{SafeName, SafePath};
use crate::transfer::entry::{Entry, EntryId, EntryKind};
use crate::transfer::offer::{Form, Offer};
use crate::transfer::wire::{Answer, Fault, Step};

/// The number of the one file.
pub const LOOSE: EntryId = 0;

impl Receiver {
    /// A receiver of one file whose bytes come loose. Open the file, and say
    /// [`handle_opened`](Self::handle_opened) of entry [`LOOSE`].
    #[must_use]
    pub fn loose(name: &SafeName) -> Self {
        let form = Form::File;
        let offer =
            Offer { name: name.clone(), form, size: None, on_disk: None, entries: 1, mtime: None };
        let kind = EntryKind::File { size: None };
        let what = Entry { path: SafePath::from(name.clone()), kind, mode: None, mtime: None };
        let mut receiver = Self { loose: true, ..Self::new(offer) };
        receiver.open.insert(LOOSE, OpenEntry::new(what));
        receiver
    }

    /// A piece has come that is what its checksum says. If it has a place, write it and say
    /// [`handle_loose_written`](Self::handle_loose_written), or
    /// [`handle_unwritten`](Self::handle_unwritten). There may be `most` separate ranges.
    ///
    /// # Errors
    /// The answer to send if it has none; the piece changes nothing then and may come again.
    pub fn handle_loose_chunk(
        &mut self,
        offset: u64,
        size: u64,
        most: usize,
    ) -> Result<(), Answer> {
        let step = Step::Chunk { entry: LOOSE, offset };
        if let Some(answer) = self.no_place(step) {
            return Err(answer);
        }
        let open = self.open.get_mut(&LOOSE).filter(|entry| entry.stage == Stage::Open);
        let Some(file) = open.and_then(|entry| entry.file.as_mut()) else {
            let text = "a chunk has no place before READY to HELLO or after CLOSE";
            return Err(Answer::error(step, Fault::OutOfOrder, text));
        };
        file.take_loose(offset, size, most).map_err(|(code, text)| Answer::error(step, code, text))
    }

    /// A piece that had a place is written.
    pub fn handle_loose_written(&mut self, offset: u64, size: u64) {
        if let Some(file) = self.file(LOOSE)
            && file.is_being_written(offset, size)
        {
            file.written_loose(offset, size);
            self.moved += size;
        }
    }

    /// The sender says that the file is complete with so many bytes. All pieces that had a place must
    /// have been written or given back. An answer means that nothing more can come of it.
    pub fn handle_loose_close(&mut self, size: u64) -> Closed {
        let step = Step::Close { entry: LOOSE };
        let refuse = |code, text: String| Closed::Answer {
            answer: Answer::error(step, code, text),
            discard: true,
        };
        if let Some(answer) = self.no_place(step) {
            return Closed::Answer { answer, discard: true };
        }
        let Some(entry) = self.open.get_mut(&LOOSE).filter(|entry| entry.stage == Stage::Open)
        else {
            return refuse(
                Fault::OutOfOrder,
                "CLOSE has no place before READY to HELLO".to_owned(),
            );
        };
        if let Some(Err((code, text))) = entry.file.as_ref().map(|file| file.check_loose(size)) {
            entry.stage = Stage::Refused;
            entry.file = None;
            return refuse(code, text);
        }
        entry.stage = Stage::Saving;
        Closed::Save(entry.what.clone())
    }

    /// How many separate ranges it remembers.
    #[must_use]
    pub fn loose_ranges(&self) -> usize {
        let file = self.open.get(&LOOSE).and_then(|entry| entry.file.as_ref());
        file.map_or(0, super::FileIn::ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::receive::Opened;
    use proptest::prelude::*;

    const MOST: usize = 4;

    fn receiver() -> Receiver {
        let name = SafeName::new("photo.png").expect("a safe name");
        let mut receiver = Receiver::loose(&name);
        let answer = receiver.handle_opened(LOOSE, Opened::Ready(Vec::new()));
        assert_eq!(answer, Answer::ready(Step::Hello { entry: LOOSE }));
        receiver
    }

    fn text(answer: Answer) -> (Fault, String) {
        match answer {
            Answer::Error { code, text, .. } => (code, text),
            Answer::Ready { .. } => panic!("it is fine"),
        }
    }

    fn closed(receiver: &mut Receiver, size: u64) -> Result<(), (Fault, String)> {
        match receiver.handle_loose_close(size) {
            Closed::Save(_) => Ok(()),
            Closed::Answer { answer, discard } => {
                assert!(discard);
                Err(text(answer))
            }
            Closed::Wait => panic!("nothing to wait for"),
        }
    }

    fn write(receiver: &mut Receiver, offset: u64, size: u64) -> Result<(), (Fault, String)> {
        receiver.handle_loose_chunk(offset, size, MOST).map_err(text)?;
        receiver.handle_loose_written(offset, size);
        Ok(())
    }

    #[test]
    fn each_fault_says_what_came_and_what_is_wrong() {
        let mut all = receiver();
        write(&mut all, 0, 2048).expect("room");
        write(&mut all, 4096, 1024).expect("room");
        let overlap = "got offset 4096 size 1024, which overlaps 4096–5120".to_owned();
        assert_eq!(write(&mut all, 4096, 1024), Err((Fault::Overlap, overlap)));
        let (code, _) = write(&mut all, u64::MAX, 2).expect_err("beyond");
        assert_eq!(code, Fault::OutOfRange);
        let gap = "bytes 2048 to 4096 are missing".to_owned();
        assert_eq!(closed(&mut all, 5120), Err((Fault::Gap, gap)));
        assert!(closed(&mut all, 5120).is_err(), "it is over");

        let mut short = receiver();
        write(&mut short, 0, 5120).expect("room");
        let wrong = "CLOSE says 5000 bytes, the highest chunk ends at 5120".to_owned();
        assert_eq!(closed(&mut short, 5000), Err((Fault::Mismatch, wrong)));
        assert!(write(&mut short, 5120, 1).is_err(), "it is over");
    }

    #[test]
    fn what_could_not_be_written_may_come_again() {
        let mut receiver = receiver();
        assert_eq!(receiver.handle_loose_chunk(0, 10, MOST), Ok(()));
        assert!(receiver.handle_loose_chunk(5, 10, MOST).is_err(), "the place is taken");
        receiver.handle_unwritten(LOOSE, 0, 10);
        assert_eq!(write(&mut receiver, 0, 10), Ok(()));
        assert_eq!(closed(&mut receiver, 10), Ok(()));
        assert_eq!(
            receiver.handle_saved(LOOSE, Ok(())),
            Answer::ready(Step::Close { entry: LOOSE })
        );
    }

    #[test]
    fn separate_ranges_have_a_bound_and_gaps_can_be_filled_at_it() {
        let mut receiver = receiver();
        for at in 1..=MOST as u64 {
            write(&mut receiver, 10 * at, 5).expect("room");
        }
        let (code, text) = write(&mut receiver, 500, 5).expect_err("too many");
        assert_eq!(code, Fault::OutOfRange);
        let expected = "got offset 500 size 5, which would make more than 4 separate ranges; fill a \
                        gap first, such as the one at 0";
        assert_eq!(text, expected);
        write(&mut receiver, 15, 5).expect("it fills a gap");
        write(&mut receiver, 500, 5).expect("there is room again");
        assert_eq!(receiver.loose_ranges(), MOST);
    }

    proptest! {
        /// Against a flag per byte.
        #[test]
        fn it_is_whole_exactly_when_every_byte_came_once(
            pieces in prop::collection::vec((0..24_u64, 1..6_u64), 0..20),
            size in 0..30_u64,
        ) {
            let mut receiver = receiver();
            let mut model = [false; 64];
            for (offset, len) in pieces {
                let range = usize::try_from(offset).unwrap()..usize::try_from(offset + len).unwrap();
                let free = model[range.clone()].iter().all(|there| !there);
                let taken = receiver.handle_loose_chunk(offset, len, 64).is_ok();
                prop_assert_eq!(taken, free);
                if taken {
                    model[range].fill(true);
                    receiver.handle_loose_written(offset, len);
                }
            }
            let end = model.iter().rposition(|there| *there).map_or(0, |last| last + 1);
            let whole = model[..end].iter().all(|there| *there) && end as u64 == size;
            prop_assert_eq!(closed(&mut receiver, size).is_ok(), whole);
        }
    }
}
