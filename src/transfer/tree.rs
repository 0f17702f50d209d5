//! The BLAKE3 hash of a whole file from the hashes of its 1 MiB groups, in whatever order they come.
//!
//! BLAKE3 is a tree, and a group of 1 MiB (1,024 of its chunks) is a whole subtree of it. So one
//! pass over each group gives both its own checksum and its part of the file's root, on either side,
//! without ever reading the file a second time. See the BLAKE3 paper, section 2.1 (tree structure),
//! and the `hazmat` module of the `blake3` crate.

use crate::limits::GROUP;
use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use std::collections::BTreeMap;

/// 32 bytes: a group's checksum or a file's root.
pub type Hash = [u8; 32];

/// The checksums of a file's groups.
#[derive(Debug, Clone)]
pub struct HashTree {
    size: u64,
    groups: BTreeMap<u64, Hash>,
}

/// The checksum of one group of a file of `size` bytes: its subtree's chaining value, or the file's
/// root if the file has only this group. `offset` is a multiple of [`GROUP`], and `data` what the group
/// has, which is never nothing in a file of several groups.
#[must_use]
pub fn group_hash(size: u64, offset: u64, data: &[u8]) -> Hash {
    if size <= GROUP {
        return *blake3::hash(data).as_bytes();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset);
    hasher.update(data);
    hasher.finalize_non_root()
}

/// How many bytes the group at `offset` has in a file of `size` bytes; `None` if no group starts
/// there.
#[must_use]
pub const fn group_len(size: u64, offset: u64) -> Option<u64> {
    if !offset.is_multiple_of(GROUP) || offset >= size {
        return None;
    }
    let rest = size - offset;
    Some(if rest < GROUP { rest } else { GROUP })
}

impl HashTree {
    /// The tree of a file of `size` bytes of which nothing is known yet.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size, groups: BTreeMap::new() }
    }

    /// Enters the checksum of the group at `offset`, made with [`group_hash`].
    pub fn insert(&mut self, offset: u64, hash: Hash) {
        self.groups.insert(offset / GROUP, hash);
    }

    /// The file's BLAKE3 hash; `None` while a group is missing.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        let count = self.size.div_ceil(GROUP);
        if self.groups.len() as u64 != count {
            return None;
        }
        match count {
            0 => Some(*blake3::hash(b"").as_bytes()),
            1 => self.groups.get(&0).copied(),
            _ => {
                let middle = left_len(count);
                let left = self.subtree(0, middle)?;
                let right = self.subtree(middle, count)?;
                Some(*merge_subtrees_root(&left, &right, Mode::Hash).as_bytes())
            }
        }
    }

    /// The chaining value of the groups from `start` to `end` (exclusive).
    fn subtree(&self, start: u64, end: u64) -> Option<Hash> {
        if end - start == 1 {
            return self.groups.get(&start).copied();
        }
        let middle = start + left_len(end - start);
        let left = self.subtree(start, middle)?;
        let right = self.subtree(middle, end)?;
        Some(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }
}

/// Groups in the left subtree of `count` (two or more): the largest power of two below `count`.
const fn left_len(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(size: u64) -> Vec<u8> {
        let size = usize::try_from(size).expect("small");
        let mut bytes = vec![0; size];
        blake3::Hasher::new().update(b"a file").finalize_xof().fill(&mut bytes);
        bytes
    }

    fn root_of_groups(bytes: &[u8], order: impl Iterator<Item = u64>) -> Option<Hash> {
        let size = bytes.len() as u64;
        let mut tree = HashTree::new(size);
        for index in order {
            let offset = index * GROUP;
            let len = group_len(size, offset).expect("a group");
            let start = usize::try_from(offset).expect("small");
            let data = &bytes[start..start + usize::try_from(len).expect("small")];
            tree.insert(offset, group_hash(size, offset, data));
        }
        tree.root()
    }

    #[test]
    fn the_root_is_the_plain_hash_at_every_shape_of_tree() {
        let sizes = [0, 1, 1024, GROUP - 1, GROUP, GROUP + 1, 2 * GROUP, 3 * GROUP, 5 * GROUP + 7];
        for size in sizes.into_iter().chain((6..12).map(|n| n * GROUP - 1)) {
            let bytes = file(size);
            let groups = size.div_ceil(GROUP);
            let plain = *blake3::hash(&bytes).as_bytes();
            assert_eq!(root_of_groups(&bytes, 0..groups), Some(plain), "{size}");
            assert_eq!(root_of_groups(&bytes, (0..groups).rev()), Some(plain), "{size} reversed");
        }
    }

    #[test]
    fn there_is_no_root_with_a_group_missing() {
        let bytes = file(3 * GROUP);
        assert_eq!(root_of_groups(&bytes, [0, 2].into_iter()), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_flipped_bit_changes_the_group_and_the_root(at in 0..2 * GROUP + 9, bit in 0_u8..8) {
            let mut bytes = file(2 * GROUP + 9);
            let before = root_of_groups(&bytes, 0..3);
            bytes[usize::try_from(at).expect("small")] ^= 1 << bit;
            prop_assert_ne!(root_of_groups(&bytes, 0..3), before);
        }
    }

    #[test]
    fn groups_start_on_whole_mebibytes_inside_the_file() {
        assert_eq!(group_len(10, 0), Some(10));
        assert_eq!(group_len(GROUP + 1, GROUP), Some(1));
        assert_eq!(group_len(GROUP, GROUP), None);
        assert_eq!(group_len(GROUP * 2, 5), None);
        assert_eq!(group_len(0, 0), None);
    }
}
