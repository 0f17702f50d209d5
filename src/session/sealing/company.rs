//! Those who agreed on keys before: what is known of whoever is, or was, across.
//!
//! Owns when somebody across is the same as before. The relay says since which pairing the two are the
//! same; that it says the truth is shown by the exchange, which takes the root ([`Root`]) of the first
//! one into its password.

use super::Sealing;
use crate::seal::Root;
use crate::session::Verdict;

/// What the two have who agreed on keys.
#[derive(Debug, Clone)]
pub(in crate::session) struct Company {
    pub(in crate::session) root: Root,
    /// The number of the verification words.
    pub(in crate::session) verification: u64,
    /// What the user has said of them.
    pub(in crate::session) verdict: Option<Verdict>,
    /// The pairing in which they first agreed.
    pub(in crate::session) pairing: u32,
    /// Whether the peer has shown that it has the keys, too.
    pub(in crate::session) established: bool,
    /// Whether they have agreed once more since.
    pub(in crate::session) again: bool,
}

impl Company {
    /// As it was before this client was started anew.
    pub(in crate::session) const fn from_before(
        root: Root,
        verification: u64,
        verdict: Option<Verdict>,
        pairing: u32,
    ) -> Self {
        Self { root, verification, verdict, pairing, established: true, again: false }
    }
}

impl Sealing {
    /// Whether two who are the same since the pairing `since` are those who agreed on keys before.
    pub(in crate::session) fn is_same_company(&self, since: u32) -> bool {
        self.company.as_ref().is_some_and(|company| company.pairing >= since)
    }

    /// Whether what was meant for this peer must not go to the next: the user has verified it, and
    /// there is no code that a stranger can't know; or has found that somebody sits in the middle.
    pub(in crate::session) fn is_for_this_peer_alone(&self) -> bool {
        let verdict = self.company.as_ref().and_then(|company| company.verdict);
        match verdict {
            Some(Verdict::Same) => self.password.is_empty(),
            Some(Verdict::Different) => true,
            None => false,
        }
    }

    /// Whoever was across has left for good.
    pub(in crate::session) fn part(&mut self) {
        self.company = None;
    }

    /// The two who agreed on keys, if the peer has shown that it has them.
    pub(in crate::session) fn established(&self) -> Option<&Company> {
        self.company.as_ref().filter(|company| company.established)
    }

    /// Goes on with these two.
    pub(in crate::session) fn set_company(&mut self, company: Company) {
        self.company = Some(company);
    }

    /// Whether whoever was across may come back, started anew.
    pub(in crate::session) const fn has_company(&self) -> bool {
        self.company.is_some()
    }

    /// Whether the peer of this pairing is known from an earlier one: by the code, or by what the two
    /// agreed on then.
    pub(in crate::session) fn knows_peer_again(&self) -> bool {
        self.has_password() || self.company.as_ref().is_some_and(|company| company.again)
    }
}
