//! One file on its way out: which pieces were sent, answered, hashed.
//!
//! Owns the order of pieces of one file and its hash; which file's turn it is, is
//! [`Sender`](super::Sender)'s.

use super::PipeNo;
use crate::limits::{GROUP, MAX_HELD_RANGES, MIN_PIECE};
use crate::time::Moment;
use crate::transfer::ledger::Ledger;
use crate::transfer::tree::{self, Hash, HashTree, PieceHash};
use std::collections::BTreeMap;

/// What a hole takes of the window: nothing of it travels, but it is kept until it is answered.
const HOLE_WEIGHT: u64 = MIN_PIECE;

/// A piece that is read to be sent, or was sent and not answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) len: u64,
    /// What it takes of the window.
    pub(super) weight: u64,
    pub(super) pipe: PipeNo,
    pub(super) at: Moment,
    /// Whether it was sent; the shell may still be reading it.
    pub(super) sent: bool,
}

impl Piece {
    /// How many bytes travelled.
    pub(super) const fn moved(&self) -> u64 {
        if self.weight == self.len { self.len } else { 0 }
    }
}

/// What is to be done next for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Read these bytes and send them.
    Send { offset: u64, len: u64 },
    /// Read these, which the receiver has, for the hash alone.
    Hash { offset: u64, len: u64 },
    /// Everything is there and hashed: CLOSE.
    Close,
    /// There is something to do, but not now.
    Later,
    /// Wait for answers.
    Wait,
}

/// What came of bytes that the shell has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// They are what was asked for, and this is their chaining value.
    Good(Hash),
    /// Nobody waits for them any more.
    Unasked,
    /// They aren't as many as there must be.
    Short,
}

#[derive(Debug)]
pub(super) struct FileOut {
    /// `None` until a stream has ended.
    size: Option<u64>,
    /// What the receiver has, what is under way to it or goes again, and what it is asked about.
    given: Ledger,
    /// Nothing before this is to be given.
    next: u64,
    /// What is read to be sent, or was sent and not answered.
    unanswered: BTreeMap<u64, Piece>,
    /// What that takes of the window.
    weight: u64,
    /// What was sent through pipes that are lost.
    lost: BTreeMap<u64, u64>,
    /// What goes again as it was. Its first copy may come yet, and if that is in the way it must be
    /// the whole piece that is there.
    again: BTreeMap<u64, u64>,
    /// What the receiver has.
    there: Ledger,
    /// What it has told of that since it was asked.
    since_asked: Ledger,
    /// What has been through the hash.
    hashed: Ledger,
    /// Nothing before this is to be read for the hash alone.
    hash_next: u64,
    /// What the shells read for the hash alone.
    hashing: BTreeMap<u64, (u64, PipeNo)>,
    tree: HashTree,
}

impl FileOut {
    pub(super) fn new(size: Option<u64>) -> Self {
        Self {
            size,
            given: Ledger::new(),
            next: 0,
            unanswered: BTreeMap::new(),
            weight: 0,
            lost: BTreeMap::new(),
            again: BTreeMap::new(),
            there: Ledger::new(),
            since_asked: Ledger::new(),
            hashed: Ledger::new(),
            hash_next: 0,
            hashing: BTreeMap::new(),
            tree: HashTree::new(),
        }
    }

    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Bytes that the receiver has.
    pub(super) const fn there(&self) -> u64 {
        self.there.held()
    }

    /// The first byte that may have to be read again.
    pub(super) fn needed_from(&self) -> u64 {
        self.there.first_missing(0)
    }

    /// The receiver is being asked what it has.
    pub(super) fn ask(&mut self) {
        self.since_asked = Ledger::new();
    }

    /// The receiver was asked and has exactly `held`, and what it has told of since. What makes no
    /// sense of it is passed over: that is sent, and refused if it was there.
    pub(super) fn resume(&mut self, held: &[(u64, u64)]) {
        self.there = std::mem::take(&mut self.since_asked);
        for (start, len) in self.sensible(held) {
            self.there.cover(start, len);
        }
        self.again.append(&mut self.lost);
        self.again.retain(|offset, len| self.there.misses(*offset, *len));
        self.given = self.there.clone();
        for (offset, piece) in &self.unanswered {
            self.given.cover(*offset, piece.len);
        }
        for (offset, len) in &self.again {
            self.given.cover(*offset, *len);
        }
        self.next = 0;
        self.hash_next = 0;
    }

    /// The receiver had `held` before anything was sent; what of it is under way already is answered
    /// when it comes.
    pub(super) fn also_there(&mut self, held: &[(u64, u64)]) {
        for (start, len) in self.sensible(held) {
            let mut at = self.given.first_missing(start);
            while at < start + len {
                let end = self.given.next_start(at).unwrap_or(u64::MAX).min(start + len);
                self.given.cover(at, end - at);
                self.there.cover(at, end - at);
                at = self.given.first_missing(end);
            }
        }
        self.hash_next = 0;
    }

    /// The ranges of `held` that can be, as offset and length.
    fn sensible(&self, held: &[(u64, u64)]) -> Vec<(u64, u64)> {
        // Nobody has bytes of a stream that weren't read yet.
        let size = self.size.unwrap_or_else(|| self.hashed.end());
        let lawful = |at: u64| at.is_multiple_of(MIN_PIECE) || at == size;
        held.iter()
            .take(MAX_HELD_RANGES)
            .map(|(start, end)| (*start, (*end).min(size)))
            .filter(|(start, end)| start < end && lawful(*start) && lawful(*end))
            .map(|(start, end)| (start, end - start))
            .collect()
    }

    /// The next step for `pipe`; pieces have at most `most` bytes, a power of two. Without it nothing
    /// may be sent now.
    pub(super) fn step(&mut self, most: Option<u64>, pipe: PipeNo, now: Moment) -> Step {
        let next = most.and_then(|most| self.next_piece(most));
        if let Some((offset, len)) = next {
            let piece = Piece { len, weight: len, pipe, at: now, sent: false };
            if self.again.remove(&offset).is_none() {
                self.given.cover(offset, len);
                self.next = offset + len;
            }
            self.put(offset, piece);
            return Step::Send { offset, len };
        }
        if let Some((offset, len)) = self.next_to_hash() {
            self.hash_next = offset + len;
            self.hashing.insert(offset, (len, pipe));
            return Step::Hash { offset, len };
        }
        let complete = |ledger: &Ledger| self.size.is_some_and(|size| ledger.is_complete(size));
        if complete(&self.there) && complete(&self.hashed) && self.unanswered.is_empty() {
            Step::Close
        } else if self.has_more_to_send() {
            Step::Later
        } else {
            Step::Wait
        }
    }

    /// Whether there are pieces that were never sent, or go again.
    pub(super) fn has_more_to_send(&self) -> bool {
        let fresh = self.size.is_none_or(|size| self.given.first_missing(self.next) < size);
        fresh || !self.again.is_empty()
    }

    /// Whether anything was sent that isn't answered.
    pub(super) fn awaits_answer(&self) -> bool {
        self.unanswered.values().any(|piece| piece.sent)
    }

    /// The next piece to be sent: what goes again, or what is lawful, given in no part, and hashed
    /// either whole or not at all.
    fn next_piece(&self, most: u64) -> Option<(u64, u64)> {
        if self.size.is_none() && self.unanswered.values().any(|piece| !piece.sent) {
            // A stream is read by one at a time: only then it is known what comes next.
            return None;
        }
        if let Some((offset, len)) = self.again.first_key_value() {
            return Some((*offset, *len));
        }
        let offset = self.given.first_missing(self.next);
        let size = self.size.unwrap_or(u64::MAX);
        let end = self
            .given
            .next_start(offset)
            .unwrap_or(u64::MAX)
            .min(self.same_hashed(offset))
            .min(size);
        (offset < end).then(|| (offset, tree::piece_len(offset, end, self.size, most)))
    }

    /// The next of what the receiver has and this side hasn't read yet, at most a group of it. What
    /// isn't there is hashed when it is sent.
    fn next_to_hash(&mut self) -> Option<(u64, u64)> {
        let size = self.size?;
        loop {
            let offset = self.hashed.first_missing(self.hash_next);
            if offset >= size {
                return None;
            }
            let before = self.hashing.range(..=offset).next_back();
            if let Some((start, (len, _))) =
                before.filter(|(start, (len, _))| *start + len > offset)
            {
                self.hash_next = start + len;
            } else if self.there.contains(offset, 1) {
                let hashing = self.hashing.range(offset..).next().map(|(start, _)| *start);
                let until = self.hashed.next_start(offset).into_iter().chain(hashing).min();
                let until = until.unwrap_or(size).min(self.there.first_missing(offset)).min(size);
                return Some((offset, tree::piece_len(offset, until, self.size, GROUP)));
            } else {
                self.hash_next = self.there.next_start(offset)?;
            }
        }
    }

    /// Bytes that were to be sent were read for `pipe`. A stream may end before as many were read.
    pub(super) fn read(&mut self, offset: u64, data: &[u8], pipe: PipeNo, now: Moment) -> Read {
        let len = data.len() as u64;
        let Some(asked) = self.asked(offset, pipe) else { return Read::Unasked };
        if len == 0 && self.size.is_none() {
            // The end of a stream; there is nothing to send.
            return Read::Unasked;
        }
        let is_last = self.size.is_none_or(|size| size == offset + len);
        if len == 0 || len > asked.len || (len < asked.len && !is_last) {
            return Read::Short;
        }
        let rest = asked.len - len;
        self.put(offset, Piece { len, weight: len, pipe, at: now, sent: true });
        if rest > 0 {
            self.given.remove(offset + len, rest);
            self.next = self.next.min(offset + len);
            if self.size.is_none() && !(len.is_power_of_two() && len >= MIN_PIECE) {
                // Nothing can follow such a piece.
                self.size = Some(offset + len);
            }
        }
        let hash = tree::piece_hash(offset, data);
        self.enter(offset, len, &hash);
        Read::Good(hash.chain)
    }

    /// Instead of the bytes that `pipe` was to read from `offset` on there are `most` zeros. Gives how
    /// many of them to send at once: whole groups, or up to the end of the file, and nothing that is
    /// given already; 0 if it isn't worth it.
    pub(super) fn hole(&mut self, offset: u64, most: u64, pipe: PipeNo, now: Moment) -> u64 {
        let (Some(asked), Some(size)) = (self.asked(offset, pipe), self.size) else { return 0 };
        let after = offset + asked.len;
        let free = match self.given.first_missing(after) {
            missing if missing > after => after,
            _ => self.given.next_start(after).unwrap_or(u64::MAX),
        };
        let end = offset.saturating_add(most).min(free).min(self.same_hashed(offset)).min(size);
        let len = if end == size { end - offset } else { (end - offset) / GROUP * GROUP };
        if !offset.is_multiple_of(GROUP) || len < GROUP {
            return 0;
        }
        // One that goes again may have become shorter.
        self.give_back(offset, asked.len);
        self.given.cover(offset, len);
        self.put(offset, Piece { len, weight: HOLE_WEIGHT, pipe, at: now, sent: true });
        let mut at = offset;
        while at < offset + len {
            let part = (offset + len - at).min(GROUP);
            self.enter(at, part, &tree::hole_hash(at, part));
            at += part;
        }
        len
    }

    /// Bytes were read for the hash alone.
    pub(super) fn read_held(&mut self, offset: u64, data: &[u8]) -> Read {
        let Some((len, _)) = self.hashing.remove(&offset) else { return Read::Unasked };
        if len != data.len() as u64 {
            self.hash_next = self.hash_next.min(offset);
            return Read::Short;
        }
        let hash = tree::piece_hash(offset, data);
        self.enter(offset, len, &hash);
        Read::Good(hash.chain)
    }

    /// A stream has ended after `size` bytes. Returns whether that can be.
    pub(super) fn ended(&mut self, size: u64) -> bool {
        let known = *self.size.get_or_insert(size);
        if known != size || size < self.hashed.end() {
            return false;
        }
        // It was asked for and had no bytes.
        let empty = self.unanswered.range(size..).filter(|(_, piece)| !piece.sent);
        let empty: Vec<_> = empty.map(|(offset, _)| *offset).collect();
        for offset in empty {
            self.take(offset);
        }
        self.again.retain(|offset, len| {
            *len = (*len).min(size.saturating_sub(*offset));
            *len > 0
        });
        self.given.remove(size, u64::MAX - size);
        true
    }

    /// The receiver has the piece at `offset`.
    pub(super) fn answered(&mut self, offset: u64) -> Option<Piece> {
        let piece = self.take_sent(offset)?;
        self.there.cover(offset, piece.len);
        self.since_asked.cover(offset, piece.len);
        Some(piece)
    }

    /// The receiver doesn't take the piece at `offset`; it goes again.
    pub(super) fn refused(&mut self, offset: u64) -> Option<Piece> {
        let piece = self.take_sent(offset)?;
        self.give_back(offset, piece.len);
        Some(piece)
    }

    /// A pipe is lost. What it was to read goes to another; about what was sent through it the receiver
    /// is to be asked. Returns whether there was any of both kinds.
    pub(super) fn lost(&mut self, pipe: PipeNo) -> (bool, bool) {
        let lost = |offset: &u64, piece: &Piece| (piece.pipe == pipe).then_some((*offset, *piece));
        let pieces: Vec<_> = self.unanswered.iter().filter_map(|(o, p)| lost(o, p)).collect();
        let (mut was_reading, mut had_sent) = (false, false);
        for (offset, piece) in pieces {
            self.take(offset);
            if piece.sent {
                had_sent = true;
                self.lost.insert(offset, piece.len);
            } else {
                was_reading = true;
                self.again.insert(offset, piece.len);
            }
        }
        let before = self.hashing.len();
        self.hashing.retain(|_, (_, reader)| *reader != pipe);
        if self.hashing.len() < before {
            was_reading = true;
            self.hash_next = 0;
        }
        (was_reading, had_sent)
    }

    /// What it takes of the window.
    pub(super) const fn weight(&self) -> u64 {
        self.weight
    }

    /// The BLAKE3 hash of the whole, once everything has been hashed.
    pub(super) fn root(&self) -> Option<(u64, Hash)> {
        let size = self.size?;
        Some((size, self.tree.root(size)?))
    }

    fn take_sent(&mut self, offset: u64) -> Option<Piece> {
        self.unanswered.get(&offset).filter(|piece| piece.sent)?;
        self.take(offset)
    }

    /// What `pipe` reads at `offset`.
    fn asked(&self, offset: u64, pipe: PipeNo) -> Option<Piece> {
        self.unanswered.get(&offset).filter(|piece| !piece.sent && piece.pipe == pipe).copied()
    }

    fn put(&mut self, offset: u64, piece: Piece) {
        self.take(offset);
        self.weight += piece.weight;
        self.unanswered.insert(offset, piece);
    }

    fn take(&mut self, offset: u64) -> Option<Piece> {
        let piece = self.unanswered.remove(&offset)?;
        self.weight -= piece.weight;
        Some(piece)
    }

    fn give_back(&mut self, offset: u64, len: u64) {
        self.given.remove(offset, len);
        self.next = self.next.min(offset);
    }

    /// How far from `offset` on either everything has been hashed or nothing. No piece goes beyond it,
    /// so that one that goes again has been hashed whole.
    fn same_hashed(&self, offset: u64) -> u64 {
        match self.hashed.first_missing(offset) {
            missing if missing > offset => missing,
            _ => self.hashed.next_start(offset).unwrap_or(u64::MAX),
        }
    }

    fn enter(&mut self, offset: u64, len: u64, hash: &PieceHash) {
        if self.hashed.insert(offset, len).is_ok() {
            self.tree.insert(offset, len, hash);
            let group = offset - offset % GROUP;
            let len = self.size.map_or(Some(GROUP), |size| tree::group_len(size, group));
            let _ = len.and_then(|len| self.tree.finish_group(group, len));
        }
    }
}
