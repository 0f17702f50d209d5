//! What is there from before, read once more beside what moves.
//!
//! Owns the thread that does so; what its hashes are good for is the machine's.

use super::Incoming;
use crate::store::Growing;
use couplet::transfer::entry::EntryId;
use couplet::transfer::outcome::Outcome;
use couplet::transfer::tree::{self, PieceHash};
use couplet::transfer::wire::Fault;
use std::sync::Arc;

impl Incoming {
    /// Reads what is there from before once more, beside what moves: the hash of the whole needs it,
    /// and it may have been damaged since.
    pub(super) fn read_again(self: &Arc<Self>, id: EntryId, growing: Arc<Growing>) {
        let incoming = Arc::clone(self);
        let work = move || {
            let mut buffer = Vec::new();
            for (offset, len, noted) in growing.held_from_before() {
                let hash = if noted.is_none() {
                    Some(tree::hole_hash(offset, len))
                } else {
                    buffer.resize(usize::try_from(len).unwrap_or(0), 0);
                    growing
                        .read_at(&mut buffer, offset)
                        .ok()
                        .map(|()| tree::piece_hash(offset, &buffer))
                };
                let mut state = incoming.lock();
                let is_open = |growing: &Arc<Growing>| {
                    state.growing.get(&id).is_some_and(|open| Arc::ptr_eq(open, growing))
                };
                // Perhaps it is of no use any more, or was begun anew.
                if state.stopped || !is_open(&growing) {
                    return;
                }
                // What can't be read is sent anew, as what was damaged is.
                let damaged = PieceHash { chain: [0; 32], alone: None };
                let (hash, noted) = match hash {
                    Some(hash) => (hash, noted),
                    None => (damaged, Some([1; 32])),
                };
                state.receiver.handle_read_again(id, offset, len, &hash, noted.as_ref());
                incoming.changed.notify_all();
            }
        };
        // Without a thread nothing is read again, and CLOSE waits until the transfer is stopped.
        if let Err(error) =
            std::thread::Builder::new().name("couplet-read-again".into()).spawn(work)
        {
            let text = format!("no thread could be started for the transfer ({error})");
            self.common.tell_end(Outcome::Failed { code: Fault::Unknown, text });
        }
    }
}
