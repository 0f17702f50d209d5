//! Passwords as they are kept: argon2id, with what it was made with beside it.
//!
//! Owns the one set of parameters for new hashes, and what others are still understood. They are
//! those that OWASP recommends: 19 MiB, two passes, one lane. A hash with less is made anew at the
//! next login.

use crate::clock::fresh_bytes;
use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::password_hash::{Error as HashingError, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// KiB of memory that a hash takes; more is never taken, whatever a file says.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory.
const PASSES: u32 = 2;

/// Lanes, one after another in one thread.
const LANES: u32 = 1;

/// The most passes that are understood: what took longer would hold everybody else up.
const MOST_PASSES: u32 = 16;

/// The memory that making or comparing one hash takes, in bytes.
pub(crate) const HASHING_BYTES: u64 = MEMORY_KIB as u64 * 1024;

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// A hash in the PHC string format, such as `$argon2id$v=19$m=19456,t=2,p=1$…$…`. What there is of
/// this type can be compared with in bounded memory and time.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hash(String);

/// A text that is no hash, or one that would take too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadHash;

/// A hash couldn't be made.
#[derive(Debug, thiserror::Error)]
#[error("a password can't be hashed: {0}. Free some memory and try again")]
pub struct CantHash(String);

/// Makes and compares hashes, and counts how many.
#[derive(Debug)]
pub(crate) struct Hasher {
    /// Nobody's: what an unknown user's password is compared with.
    nobodys: Hash,
    runs: AtomicU64,
}

impl Hasher {
    /// One that has made none yet.
    pub(crate) fn new() -> Result<Self, CantHash> {
        let salt = fresh_bytes::<SALT_BYTES>().map_err(|error| CantHash(error.to_string()))?;
        let output = fresh_bytes::<OUTPUT_BYTES>().map_err(|error| CantHash(error.to_string()))?;
        // Random bytes instead of a hash: no password is known that has it.
        let nobodys = phc(&params()?, &salt, &output).map_err(cant_hash)?;
        Ok(Self { nobodys: Hash(nobodys), runs: AtomicU64::new(0) })
    }

    /// The hash of a new password, with a salt of its own.
    pub(crate) fn hash(&self, password: &str) -> Result<Hash, CantHash> {
        let salt = fresh_bytes::<SALT_BYTES>().map_err(|error| CantHash(error.to_string()))?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?);
        let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| Hash(hash.to_string())).map_err(cant_hash)
    }

    /// Whether it is the password of this hash. Without one, or without a password that could be
    /// one, it takes as long and is wrong.
    pub(crate) fn verify(
        &self,
        password: Option<&str>,
        hash: Option<&Hash>,
    ) -> Result<bool, CantHash> {
        let known = hash.filter(|_| password.is_some());
        let against = known.unwrap_or(&self.nobodys);
        self.runs.fetch_add(1, Ordering::Relaxed);
        let against = PasswordHash::new(&against.0).map_err(|error| CantHash(error.to_string()))?;
        let password = password.unwrap_or_default().as_bytes();
        match Argon2::default().verify_password(password, &against) {
            Ok(()) => Ok(known.is_some()),
            Err(HashingError::PasswordInvalid) => Ok(false),
            Err(error) => Err(cant_hash(error)),
        }
    }

    /// How many hashes were made or compared.
    #[cfg(test)]
    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

impl Hash {
    /// As it is kept.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it was made as new ones are.
    pub(crate) fn is_current(&self) -> bool {
        let wanted = params().ok();
        parts(&self.0).is_ok_and(|params| {
            wanted.is_some_and(|wanted| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
            })
        })
    }
}

impl FromStr for Hash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Self, BadHash> {
        let params = parts(text)?;
        let is_bounded = params.m_cost() <= MEMORY_KIB
            && params.t_cost() <= MOST_PASSES
            && params.p_cost() <= LANES;
        if is_bounded { Ok(Self(text.to_owned())) } else { Err(BadHash) }
    }
}

/// A hash is nobody's business either.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

fn params() -> Result<Params, CantHash> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES))
        .map_err(|error| CantHash(error.to_string()))
}

/// What a hash was made with, if it is one of argon2id that is whole.
fn parts(text: &str) -> Result<Params, BadHash> {
    let hash = PasswordHash::new(text).map_err(|_| BadHash)?;
    let is_whole = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && hash.salt.is_some()
        && hash.hash.as_ref().is_some_and(|output| output.len() == OUTPUT_BYTES);
    if !is_whole {
        return Err(BadHash);
    }
    let params = Params::try_from(&hash).map_err(|_| BadHash)?;
    // Those that aren't said would be whatever the library takes for usual.
    let all = ParamsString::try_from(&params).map_err(|_| BadHash)?;
    if hash.params.as_str() == all.as_str() { Ok(params) } else { Err(BadHash) }
}

/// As the format has it: base64 without padding.
fn phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, HashingError> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(output)?),
    };
    Ok(hash.to_string())
}

fn cant_hash(error: HashingError) -> CantHash {
    CantHash(error.to_string())
}

#[cfg(test)]
impl Hash {
    /// With 8 KiB and one pass, as an older relay might have made it.
    pub(crate) fn weak(password: &str) -> Self {
        let params = Params::new(8, 1, 1, Some(OUTPUT_BYTES)).expect("small");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon2.hash_password_with_salt(password.as_bytes(), &[7; SALT_BYTES]);
        Self(hash.expect("a hash").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_is_right_and_each_comparison_is_one_run() {
        let hasher = Hasher::new().expect("randomness");
        let hash = hasher.hash("correct horse").expect("a hash");
        assert_eq!(hasher.runs(), 1);
        let verify = |password, hash| hasher.verify(password, hash).expect("memory");
        assert!(verify(Some("correct horse"), Some(&hash)));
        assert!(!verify(Some("Correct horse"), Some(&hash)));
        assert!(!verify(Some("correct horse"), None));
        assert!(!verify(None, Some(&hash)));
        assert!(!verify(Some(""), None));
        assert_eq!(hasher.runs(), 6);
    }

    #[test]
    fn a_hash_says_what_it_was_made_with_and_no_two_are_the_same() {
        let hasher = Hasher::new().expect("randomness");
        let hashes = [(); 2].map(|()| hasher.hash("correct horse").expect("a hash"));
        for hash in &hashes {
            assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
            assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
            assert!(hash.is_current());
            assert!(!format!("{hash:?}").contains("argon2"));
        }
        assert_ne!(hashes[0], hashes[1]);
        assert!(hasher.nobodys.is_current(), "unknown users take as long");
        let weak = Hash::weak("12345678");
        assert_eq!(weak.as_str().parse(), Ok(weak.clone()));
        assert!(!weak.is_current());
        assert!(hasher.verify(Some("12345678"), Some(&weak)).expect("memory"));
    }

    #[test]
    fn what_would_take_too_much_or_is_none_is_refused() {
        let good = Hasher::new().expect("randomness").nobodys.0;
        let bad = |text: String| {
            assert_ne!(text, good);
            assert_eq!(text.parse::<Hash>(), Err(BadHash), "{text}");
        };
        assert!(good.parse::<Hash>().is_ok());
        for (from, to) in [
            ("m=19456", "m=4194304"),
            ("m=19456", "m=19457"),
            ("t=2", "t=17"),
            ("p=1", "p=2"),
            ("argon2id", "argon2i"),
            ("argon2id", "scrypt"),
            ("v=19", "v=16"),
            ("$m=19456,t=2,p=1", ""),
        ] {
            bad(good.replace(from, to));
        }
        bad(good[..good.len() - 10].to_owned());
        bad(good[..good.rfind('$').expect("parts")].to_owned());
        for text in ["", "12345678", "$argon2id$", "$2b$12$abc"] {
            bad(text.to_owned());
        }
    }
}
