//! A record on its way into a pipe: steps are put in until it is full, then it is sealed and sent.
//!
//! Owns how much goes into one record, and the compressing of chunks; whether that pays is told to
//! [`couplet::transfer::squeeze`], which judges it.

use super::Sending;
use crate::clock;
use crate::pipe::RECORD_SPACE;
use crate::pipe::Writer;
use couplet::time::Moment;
use couplet::transfer::wire::{CHUNK_HEAD_LEN, ChunkHead, STEP_HEAD_LEN};
use std::io;

/// A record is sent when it has so many bytes, or when there is nothing to add to it.
pub(super) const PACK: usize = 256 * 1024;

/// Bytes of a chunk before its data.
pub(super) const HEADS: usize = STEP_HEAD_LEN + CHUNK_HEAD_LEN;

/// The quickest of zstd's usual levels.
const ZSTD_LEVEL: i32 = 1;

/// A record that is being filled, and where it goes.
pub(super) struct Outlet {
    pub(super) writer: Box<dyn Writer>,
    pub(super) record: Vec<u8>,
    pub(super) scratch: Vec<u8>,
    compressor: Option<zstd::bulk::Compressor<'static>>,
    is_closed: bool,
}

impl Outlet {
    pub(super) fn new(writer: Box<dyn Writer>) -> Self {
        let mut outlet = Self {
            writer,
            record: Vec::new(),
            scratch: Vec::new(),
            compressor: None,
            is_closed: false,
        };
        outlet.clear();
        outlet
    }

    /// Completes the chunk that begins at `start` in the record, with its data behind the space for
    /// its heads. With `squeeze` compressing it is tried, and done if that pays.
    pub(super) fn finish_chunk(
        &mut self,
        sending: &Sending,
        head: &ChunkHead,
        start: usize,
        squeeze: bool,
    ) {
        let data = start + HEADS;
        let len = self.record.len() - data;
        if squeeze && let Some(squeezed) = self.squeeze(data) {
            let began = squeezed.began;
            let mut state = sending.lock();
            let took = clock::now().since(began);
            state.squeeze.tried(head.offset, len as u64, squeezed.len as u64, took);
            if state.squeeze.pays() && squeezed.len < len {
                drop(state);
                self.record.truncate(start);
                head.encode_before(true, squeezed.len, &mut self.record);
                self.record.extend_from_slice(&self.scratch[..squeezed.len]);
                return;
            }
        }
        self.record[start..data].copy_from_slice(&head.bytes_before(false, len));
    }

    /// Compresses the record's bytes from `data` on into the scratch memory.
    fn squeeze(&mut self, data: usize) -> Option<Squeezed> {
        let began = clock::now();
        if self.compressor.is_none() {
            self.compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        let bytes = &self.record[data..];
        self.scratch.clear();
        self.scratch.resize(zstd::zstd_safe::compress_bound(bytes.len()), 0);
        let len =
            self.compressor.as_mut()?.compress_to_buffer(bytes, &mut self.scratch[..]).ok()?;
        Some(Squeezed { len, began })
    }

    fn clear(&mut self) {
        self.record.clear();
        self.record.resize(RECORD_SPACE, 0);
        self.is_closed = false;
    }

    /// Nothing more goes into this record: a hole takes the receiver long to hash, and is answered
    /// before the next one only if that comes in a record of its own.
    pub(super) const fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.record.len() == RECORD_SPACE
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_closed || self.record.len() >= PACK
    }

    pub(super) fn flush(&mut self, sending: &Sending, is_final: bool) -> io::Result<()> {
        let (bytes, began) = (self.record.len() as u64, clock::now());
        let result = self.writer.write(is_final, &mut self.record);
        self.clear();
        // How long a full pipe takes is how fast the line is.
        sending.lock().squeeze.wrote(bytes, clock::now().since(began));
        result
    }
}

/// Compressed bytes: how many, and when that was begun.
struct Squeezed {
    len: usize,
    began: Moment,
}
