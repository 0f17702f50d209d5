//! The BLAKE3 hash of a whole file from the hashes of its pieces, in whatever order they come.
//!
//! BLAKE3 is a tree, and a piece of 2^n KiB that begins at a multiple of its size is a whole subtree
//! of it. So one pass over each piece gives both its own checksum and its part of the file's root, on
//! either side, without ever reading the file a second time. Subtrees are merged as soon as both
//! halves are there, so a file that comes in order costs a few dozen hashes, whatever its size. See
//! the BLAKE3 paper, section 2.1 (tree structure), and the `hazmat` module of the crate `blake3`.

use crate::limits::{GROUP, MIN_PIECE};
use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use std::collections::BTreeMap;

/// 32 bytes: a piece's checksum or a file's root.
pub type Hash = [u8; 32];

/// What one pass over a piece gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceHash {
    /// Its subtree's chaining value: the checksum that travels.
    pub chain: Hash,
    /// The root, if it is the whole file; only of a piece at offset 0.
    pub alone: Option<Hash>,
}

/// Hashes a piece at `offset`, which must be lawful ([`is_piece`]) and not empty.
#[must_use]
pub fn piece_hash(offset: u64, data: &[u8]) -> PieceHash {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset);
    hasher.update(data);
    let alone = (offset == 0).then(|| *hasher.finalize().as_bytes());
    PieceHash { chain: hasher.finalize_non_root(), alone }
}

/// Hashes a piece of `len` zero bytes, as a hole in a file has.
#[must_use]
pub fn hole_hash(offset: u64, len: u64) -> PieceHash {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset);
    let mut left = usize::try_from(len.min(GROUP)).unwrap_or(0);
    while left > 0 {
        let step = left.min(ZEROS.len());
        hasher.update(&ZEROS[..step]);
        left -= step;
    }
    let alone = (offset == 0).then(|| *hasher.finalize().as_bytes());
    PieceHash { chain: hasher.finalize_non_root(), alone }
}

/// Whether `len` bytes at `offset` can be a piece: inside one subtree of at most a [`GROUP`]. In the
/// middle of a file the size is a power of two, at least [`MIN_PIECE`]; the last piece of a file, or
/// of a stream whose `size` isn't known, may be shorter.
#[must_use]
pub const fn is_piece(size: Option<u64>, offset: u64, len: u64) -> bool {
    if len == 0 || len > GROUP {
        return false;
    }
    let Some(end) = offset.checked_add(len) else { return false };
    let subtree = if len < MIN_PIECE { MIN_PIECE } else { len.next_power_of_two() };
    if !offset.is_multiple_of(subtree) {
        return false;
    }
    match size {
        Some(size) => end == size || (end < size && subtree == len),
        None => true,
    }
}

/// How long a lawful piece at `offset` may be in a file of `size` that ends at `end` at most and has
/// at most `most` bytes, a power of two.
pub(super) fn piece_len(offset: u64, end: u64, size: Option<u64>, most: u64) -> u64 {
    let mut len = most.clamp(MIN_PIECE, GROUP);
    while len > MIN_PIECE && (!offset.is_multiple_of(len) || offset.saturating_add(len) > end) {
        // The last piece of a file may be cut short; others must be whole.
        if offset.is_multiple_of(len) && Some(end) == size {
            break;
        }
        len /= 2;
    }
    len.min(end - offset)
}

/// How many bytes the group has that begins at `offset`, in a file of `size` bytes; `None` if no
/// group begins there.
#[must_use]
pub const fn group_len(size: u64, offset: u64) -> Option<u64> {
    if !offset.is_multiple_of(GROUP) || offset >= size {
        return None;
    }
    let rest = size - offset;
    Some(if rest < GROUP { rest } else { GROUP })
}

/// The pieces of one file that are known.
#[derive(Debug, Clone, Default)]
pub struct HashTree {
    /// Chaining values by the first byte and the length of what they cover; nothing twice.
    nodes: BTreeMap<(u64, u64), Hash>,
    /// The root of a file that is one piece.
    alone: Option<(u64, Hash)>,
}

impl HashTree {
    /// A tree of which nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a lawful piece ([`is_piece`]) that isn't in it.
    pub fn insert(&mut self, offset: u64, len: u64, hash: &PieceHash) {
        if let Some(alone) = hash.alone {
            self.alone = Some((len, alone));
        }
        self.merge_up(offset, len, hash.chain, GROUP);
    }

    /// The chaining value of the group of `len` bytes at `offset`, once all its pieces are in. From
    /// then on its pieces are no longer told apart.
    pub fn finish_group(&mut self, offset: u64, len: u64) -> Option<Hash> {
        let chain = self.chain(offset, len)?;
        if offset == 0 {
            // If this group is the whole file, its root is made of its halves.
            return Some(chain);
        }
        let pieces: Vec<_> =
            self.nodes.range((offset, 0)..(offset + len, 0)).map(|(key, _)| *key).collect();
        for key in pieces {
            self.nodes.remove(&key);
        }
        self.merge_up(offset, len, chain, u64::MAX);
        Some(chain)
    }

    /// The BLAKE3 hash of the whole file of `size` bytes; `None` while a piece is missing.
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            return Some(*blake3::hash(b"").as_bytes());
        }
        if let Some((_, root)) = self.alone.filter(|(len, _)| *len == size) {
            return Some(root);
        }
        let middle = left_len(size)?;
        let left = self.chain(0, middle)?;
        let right = self.chain(middle, size - middle)?;
        Some(*merge_subtrees_root(&left, &right, Mode::Hash).as_bytes())
    }

    /// How many hashes are kept.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Enters a subtree, and merges it with its siblings as far as the result has at most `most`
    /// bytes. What begins at byte 0 isn't merged: it may turn out to be the left half of the root.
    fn merge_up(&mut self, mut offset: u64, mut len: u64, mut chain: Hash, most: u64) {
        while len.is_power_of_two() && len < most && offset.is_multiple_of(len) {
            let sibling = offset ^ len;
            if sibling == 0 || offset == 0 {
                break;
            }
            let Some(other) = self.nodes.remove(&(sibling, len)) else { break };
            let (left, right) = if sibling < offset { (other, chain) } else { (chain, other) };
            chain = merge_subtrees_non_root(&left, &right, Mode::Hash);
            offset = offset.min(sibling);
            len *= 2;
        }
        self.nodes.insert((offset, len), chain);
    }

    /// The chaining value of a subtree; `None` if a part of it is missing.
    fn chain(&self, offset: u64, len: u64) -> Option<Hash> {
        if let Some(chain) = self.nodes.get(&(offset, len)) {
            return Some(*chain);
        }
        let middle = left_len(len)?;
        let left = self.chain(offset, middle)?;
        let right = self.chain(offset + middle, len - middle)?;
        Some(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }
}

/// Bytes in the left half of a subtree of `len` bytes: the largest power of two below it. `None` for
/// what can't consist of two pieces.
const fn left_len(len: u64) -> Option<u64> {
    if len <= MIN_PIECE { None } else { Some(1 << (len - 1).ilog2()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(size: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(size).expect("small")];
        blake3::Hasher::new().update(b"a file").finalize_xof().fill(&mut bytes);
        bytes
    }

    fn part(bytes: &[u8], offset: u64, len: u64) -> &[u8] {
        let start = usize::try_from(offset).expect("small");
        &bytes[start..start + usize::try_from(len).expect("small")]
    }

    /// Cuts a file into lawful pieces, each as large as `sizes` says if it can be.
    fn pieces(size: u64, sizes: &[u32]) -> Vec<(u64, u64)> {
        let mut sizes = sizes.iter().cycle();
        let mut at = 0;
        let mut pieces = Vec::new();
        while at < size {
            let mut len = MIN_PIECE << sizes.next().expect("endless");
            while !at.is_multiple_of(len) {
                len /= 2;
            }
            let len = len.min(size - at);
            assert!(is_piece(Some(size), at, len), "{len} at {at} of {size}");
            pieces.push((at, len));
            at += len;
        }
        pieces
    }

    fn tree_of(bytes: &[u8], pieces: &[(u64, u64)]) -> HashTree {
        let size = bytes.len() as u64;
        let mut tree = HashTree::new();
        for (offset, len) in pieces {
            tree.insert(*offset, *len, &piece_hash(*offset, part(bytes, *offset, *len)));
            let group = offset - offset % GROUP;
            let _ = tree.finish_group(group, group_len(size, group).expect("a group"));
        }
        tree
    }

    #[test]
    fn the_root_is_the_plain_hash_at_every_shape_of_tree() {
        let sizes = [0, 1, 1024, GROUP - 1, GROUP, GROUP + 1, 2 * GROUP, 3 * GROUP, 5 * GROUP + 7];
        for size in sizes.into_iter().chain((6..12).map(|n| n * GROUP - 1)) {
            let bytes = file(size);
            let plain = *blake3::hash(&bytes).as_bytes();
            let mut pieces = pieces(size, &[4, 0, 6, 2]);
            assert_eq!(tree_of(&bytes, &pieces).root(size), Some(plain), "{size}");
            pieces.reverse();
            assert_eq!(tree_of(&bytes, &pieces).root(size), Some(plain), "{size} reversed");
        }
    }

    #[test]
    fn there_is_no_root_with_a_piece_missing() {
        let bytes = file(3 * GROUP);
        let mut pieces = pieces(3 * GROUP, &[6]);
        pieces.remove(1);
        assert_eq!(tree_of(&bytes, &pieces).root(3 * GROUP), None);
    }

    #[test]
    fn what_comes_in_order_costs_next_to_nothing() {
        let mut tree = HashTree::new();
        for group in 0..4096 {
            let hash = hole_hash(group * GROUP, 1);
            tree.insert(group * GROUP, GROUP, &hash);
            assert_eq!(tree.finish_group(group * GROUP, GROUP), Some(hash.chain));
            assert!(tree.nodes() <= 26, "{}", tree.nodes());
        }
    }

    #[test]
    fn a_hole_is_zeros() {
        for (offset, len) in [(0, GROUP), (GROUP, GROUP), (GROUP, 70_001), (0, 1)] {
            let zeros = vec![0; usize::try_from(len).expect("small")];
            assert_eq!(hole_hash(offset, len), piece_hash(offset, &zeros));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_cut_in_any_order_gives_the_plain_hash(
            size in 0..3 * GROUP,
            sizes in prop::collection::vec(0_u32..7, 1..6),
            seed in any::<u64>(),
        ) {
            let bytes = file(size);
            let mut pieces = pieces(size, &sizes);
            pieces.sort_by_key(|(offset, _)| (offset ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let plain = *blake3::hash(&bytes).as_bytes();
            prop_assert_eq!(tree_of(&bytes, &pieces).root(size), Some(plain));
        }

        #[test]
        fn a_flipped_bit_changes_the_root(at in 0..2 * GROUP + 9, bit in 0_u8..8) {
            let mut bytes = file(2 * GROUP + 9);
            let pieces = pieces(2 * GROUP + 9, &[5]);
            let before = tree_of(&bytes, &pieces).root(2 * GROUP + 9);
            bytes[usize::try_from(at).expect("small")] ^= 1 << bit;
            prop_assert_ne!(tree_of(&bytes, &pieces).root(2 * GROUP + 9), before);
        }
    }

    #[test]
    fn pieces_are_whole_subtrees() {
        for (size, offset, len, lawful) in [
            (Some(10), 0, 10, true),
            (Some(10), 0, 9, false),
            (Some(GROUP + 1), GROUP, 1, true),
            (Some(GROUP + 1), 0, GROUP + 1, false),
            (Some(GROUP * 2), 5, MIN_PIECE, false),
            (Some(GROUP * 2), MIN_PIECE, 2 * MIN_PIECE, false),
            (Some(GROUP * 2), MIN_PIECE, MIN_PIECE, true),
            (Some(GROUP * 2), 0, MIN_PIECE / 2, false),
            (Some(GROUP * 2), u64::MAX - 1, 4, false),
            (Some(0), 0, 0, false),
            (None, MIN_PIECE, 3, true),
            (None, 3, 3, false),
        ] {
            assert_eq!(is_piece(size, offset, len), lawful, "{size:?} {offset} {len}");
        }
        assert_eq!(group_len(GROUP + 1, GROUP), Some(1));
        assert_eq!(group_len(GROUP, GROUP), None);
    }
}
