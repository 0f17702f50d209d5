//! Who may do what at the shelf.
//!
//! Owns the rule for those who haven't logged in; what those may do who have is written in their
//! account.

use super::message::{ShelfFault, Terms};
use crate::account::Rights;

/// Where a client comes from, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From {
    /// Whether from the relay's own machine.
    pub loopback: bool,
    /// Whether inside TLS.
    pub tls: bool,
}

/// How the operator has opened the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether there are accounts: then everybody has to log in.
    pub accounts: bool,
    /// Whether, without accounts, those on other machines may fetch files too.
    pub to_all: bool,
    /// Whether there are folders on it.
    pub folders: bool,
    /// The largest file that may be laid down, in bytes.
    pub max_file: Option<u64>,
}

impl Opening {
    /// What a client is told at first.
    ///
    /// # Errors
    /// Why it isn't let in, with a sentence for its user.
    pub const fn terms(self, from: From) -> Result<Terms, (ShelfFault, &'static str)> {
        let Self { accounts, to_all, folders, max_file } = self;
        if accounts {
            if !from.loopback && !from.tls {
                return Err((
                    ShelfFault::NeedsTls,
                    "this shelf asks for a password, which others could read on the way; connect with \
                     TLS (--tls always)",
                ));
            }
            return Ok(Terms { login: true, rights: Rights::NONE, folders, max_file });
        }
        if !from.loopback && !to_all {
            return Err((
                ShelfFault::Closed,
                "this shelf is open only to the relay's own machine; ask its operator for an account",
            ));
        }
        Ok(Terms { login: false, rights: Rights::GET, folders, max_file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        let fault = |accounts, to_all, loopback, tls| {
            let opening = Opening { accounts, to_all, folders: true, max_file: None };
            opening.terms(From { loopback, tls }).map_err(|(fault, _)| fault)
        };
        for loopback in [false, true] {
            for tls in [false, true] {
                for to_all in [false, true] {
                    let expected = if loopback || tls {
                        Ok((true, Rights::NONE))
                    } else {
                        Err(ShelfFault::NeedsTls)
                    };
                    let terms = fault(true, to_all, loopback, tls);
                    assert_eq!(terms.map(|terms| (terms.login, terms.rights)), expected);
                    let expected = if loopback || to_all {
                        Ok((false, Rights::GET))
                    } else {
                        Err(ShelfFault::Closed)
                    };
                    let terms = fault(false, to_all, loopback, tls);
                    assert_eq!(terms.map(|terms| (terms.login, terms.rights)), expected);
                }
            }
        }
    }
}
