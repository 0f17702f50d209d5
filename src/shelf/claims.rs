//! Which names on the shelf somebody is laying something down under, and whether it still fits.
//!
//! Owns the one list of names in transit, which all doors of a relay share, and the arithmetic of the
//! quotas. What is on the disk is the shell's to look at, and told here.

use crate::path::SafeName;
use crate::units;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

/// Names that may be in transit at once, over all doors.
pub const MAX_CLAIMS: usize = 4096;

/// How much may be laid down, in bytes; without a bound as much as the disk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Of everything together.
    pub shelf: Option<u64>,
    /// Of one file, or of all files of a folder.
    pub file: Option<u64>,
}

/// Names a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(u64);

/// Why something can't be laid down, in a sentence for whoever wants to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It is there.
    #[error("{0} is on the shelf already; choose another name, or have that removed first")]
    Taken(String),
    /// It is coming.
    #[error("{0} is being laid down by somebody at this moment; choose another name, or try later")]
    InTransit(String),
    /// One file.
    #[error(
        "{name} has {}, and a file on this shelf may have {}",
        units::bytes(*size),
        units::bytes(*most)
    )]
    TooLarge {
        /// Its name.
        name: String,
        /// Its bytes.
        size: u64,
        /// The most that there may be.
        most: u64,
    },
    /// All together.
    #[error(
        "the shelf has room for {} more, and {name} needs {}; have something removed first",
        units::bytes(*left),
        units::bytes(*needs)
    )]
    Full {
        /// Its name.
        name: String,
        /// What it needs, beyond what it has taken.
        needs: u64,
        /// What is left.
        left: u64,
    },
    /// Too many at once.
    #[error("{MAX_CLAIMS} files are being laid down at this moment, which is the most; try later")]
    Crowded,
}

/// The names in transit, and the room.
#[derive(Debug)]
pub struct Claims {
    quota: Quota,
    /// Bytes of what is on the shelf, as it was counted last.
    there: u64,
    /// What is kept for those in transit.
    reserved: u64,
    by_name: BTreeMap<String, ClaimId>,
    open: BTreeMap<ClaimId, Claim>,
    last: u64,
}

#[derive(Debug)]
struct Claim {
    name: String,
    folded: String,
    bytes: u64,
}

impl Claims {
    /// Nothing is in transit, and nothing is known to be there.
    #[must_use]
    pub const fn new(quota: Quota) -> Self {
        Self {
            quota,
            there: 0,
            reserved: 0,
            by_name: BTreeMap::new(),
            open: BTreeMap::new(),
            last: 0,
        }
    }

    /// The bytes on the shelf were counted.
    pub const fn counted(&mut self, there: u64) {
        self.there = there;
    }

    /// Somebody wants to lay down something under this name, of so many bytes if that is known.
    /// `is_there` is whether something has the name.
    ///
    /// # Errors
    /// [`ClaimError`]; nothing has changed then.
    pub fn claim(
        &mut self,
        name: &SafeName,
        size: Option<u64>,
        is_there: bool,
    ) -> Result<ClaimId, ClaimError> {
        let folded = fold(name.as_str());
        if self.by_name.contains_key(&folded) {
            return Err(ClaimError::InTransit(name.as_str().to_owned()));
        }
        if is_there {
            return Err(ClaimError::Taken(name.as_str().to_owned()));
        }
        if self.open.len() >= MAX_CLAIMS {
            return Err(ClaimError::Crowded);
        }
        let bytes = size.unwrap_or(0);
        self.check(name.as_str(), bytes, bytes)?;
        self.last += 1;
        let id = ClaimId(self.last);
        self.reserved = self.reserved.saturating_add(bytes);
        self.by_name.insert(folded.clone(), id);
        self.open.insert(id, Claim { name: name.as_str().to_owned(), folded, bytes });
        Ok(id)
    }

    /// What comes under a claim is to have so many bytes in all, if it is more than before.
    ///
    /// # Errors
    /// [`ClaimError::TooLarge`] and [`ClaimError::Full`]; nothing has changed then.
    pub fn grow(&mut self, id: ClaimId, to: u64) -> Result<(), ClaimError> {
        let Some(claim) = self.open.get(&id) else { return Ok(()) };
        let more = to.saturating_sub(claim.bytes);
        if more == 0 {
            return Ok(());
        }
        self.check(&claim.name, to, more)?;
        self.reserved = self.reserved.saturating_add(more);
        if let Some(claim) = self.open.get_mut(&id) {
            claim.bytes = to;
        }
        Ok(())
    }

    /// A claim is over. With `is_laid_down` what it was for is on the shelf now.
    pub fn release(&mut self, id: ClaimId, is_laid_down: bool) {
        let Some(claim) = self.open.remove(&id) else { return };
        self.by_name.remove(&claim.folded);
        self.reserved = self.reserved.saturating_sub(claim.bytes);
        if is_laid_down {
            self.there = self.there.saturating_add(claim.bytes);
        }
    }

    /// Whether somebody is laying something down under this name.
    #[must_use]
    pub fn is_in_transit(&self, name: &SafeName) -> bool {
        self.by_name.contains_key(&fold(name.as_str()))
    }

    /// How many names are in transit.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn check(&self, name: &str, size: u64, more: u64) -> Result<(), ClaimError> {
        if let Some(most) = self.quota.file.filter(|most| size > *most) {
            return Err(ClaimError::TooLarge { name: name.to_owned(), size, most });
        }
        let Some(shelf) = self.quota.shelf else { return Ok(()) };
        let left = shelf.saturating_sub(self.there).saturating_sub(self.reserved);
        if more > left {
            return Err(ClaimError::Full { name: name.to_owned(), needs: more, left });
        }
        Ok(())
    }
}

/// What names have in common that are one to a system which knows neither case nor forms.
fn fold(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> SafeName {
        SafeName::new(text).expect("a name")
    }

    #[test]
    fn a_name_is_one_persons_until_it_is_released() {
        let mut claims = Claims::new(Quota::default());
        let first = claims.claim(&name("Photo.png"), Some(5), false).expect("free");
        let again = claims.claim(&name("photo.PNG"), None, false);
        assert!(matches!(again, Err(ClaimError::InTransit(_))), "{again:?}");
        assert!(claims.is_in_transit(&name("PHOTO.png")));
        claims.release(first, false);
        let there = claims.claim(&name("photo.png"), None, true);
        assert!(matches!(there, Err(ClaimError::Taken(_))));
        assert!(claims.claim(&name("photo.png"), None, false).is_ok());
        claims.release(first, true);
        assert_eq!(claims.len(), 1, "a claim that is over isn't another's");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_figures() {
        let quota = Quota { shelf: Some(1000), file: Some(600) };
        let mut claims = Claims::new(quota);
        claims.counted(300);
        let large = claims.claim(&name("a"), Some(601), false).expect_err("too large");
        assert!(large.to_string().contains("601 B") && large.to_string().contains("600 B"));
        let first = claims.claim(&name("a"), Some(500), false).expect("room");
        let full = claims.claim(&name("b"), Some(201), false).expect_err("no room");
        assert_eq!(full, ClaimError::Full { name: "b".into(), needs: 201, left: 200 });
        // One whose size nobody knows grows until there is no room.
        let second = claims.claim(&name("b"), None, false).expect("room");
        assert!(claims.grow(second, 150).is_ok() && claims.grow(second, 100).is_ok());
        let full = claims.grow(second, 201).expect_err("no room");
        assert_eq!(full, ClaimError::Full { name: "b".into(), needs: 51, left: 50 });
        claims.release(first, true);
        assert!(claims.grow(second, 201).is_err(), "it is on the shelf now");
        claims.counted(0);
        assert!(claims.grow(second, 600).is_ok());
        assert!(matches!(claims.grow(second, 601), Err(ClaimError::TooLarge { .. })));
    }

    proptest! {
        /// Against a model that only adds up.
        #[test]
        fn nothing_is_promised_twice(steps in prop::collection::vec((0_u8..3, 0_u64..40, 0_usize..6), 1..60)) {
            let mut claims = Claims::new(Quota { shelf: Some(100), file: Some(30) });
            let mut open: Vec<(ClaimId, u64)> = Vec::new();
            let mut there = 0;
            for (step, bytes, which) in steps {
                match step {
                    0 => {
                        if let Ok(id) = claims.claim(&name(&format!("f{which}")), Some(bytes), false) {
                            open.push((id, bytes));
                        }
                    }
                    1 if !open.is_empty() => {
                        let at = which % open.len();
                        if claims.grow(open[at].0, bytes).is_ok() {
                            open[at].1 = open[at].1.max(bytes);
                        }
                    }
                    _ if !open.is_empty() => {
                        let (id, bytes) = open.swap_remove(which % open.len());
                        claims.release(id, bytes % 2 == 0);
                        there += if bytes % 2 == 0 { bytes } else { 0 };
                    }
                    _ => {}
                }
                let reserved: u64 = open.iter().map(|(_, bytes)| bytes).sum();
                prop_assert!(there + reserved <= 100);
                prop_assert!(open.iter().all(|(_, bytes)| *bytes <= 30));
                prop_assert_eq!(claims.len(), open.len());
            }
        }
    }
}
