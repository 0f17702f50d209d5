//! The machine that slows failed logins: who tries what, from where, with what outcome, as time goes.
//!
//! A hold is never nothing and never longer than a lock, is none for this machine's own address but a
//! wait, and a wait ends when it was said to. Whoever logged in from an address before, and hasn't
//! failed much from there since, may try, whatever strangers do.

use crate::draw::{self, Input};
use arbitrary::{Result, Unstructured};
use couplet::account::AccountName;
use couplet::logins::{Hold, Logins, Policy, Try};
use couplet::time::Moment;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Runs one input.
pub fn run(data: &[u8]) {
    // An input that is at its end is no find.
    let _ = World::new().run(&mut Unstructured::new(data));
}

struct World {
    logins: Logins<IpAddr>,
    now: Moment,
    under_way: Vec<Try<IpAddr>>,
    /// Failures of each pair since it was right, and whether it ever was.
    pairs: HashMap<Try<IpAddr>, (u32, bool)>,
    /// Failures of each address.
    addresses: HashMap<IpAddr, u32>,
}

impl World {
    fn new() -> Self {
        Self {
            logins: Logins::default(),
            now: Moment::START,
            under_way: Vec::new(),
            pairs: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    fn run(&mut self, input: &mut Input<'_>) -> Result<()> {
        while !input.is_empty() {
            match input.arbitrary::<u8>()? % 8 {
                0..=3 => self.tries(&who(input)?),
                4 => self.now = self.now + draw::wait(input)?,
                outcome if !self.under_way.is_empty() => {
                    let which = input.choose_index(self.under_way.len())?;
                    let who = self.under_way.swap_remove(which);
                    self.ends(&who, outcome);
                }
                _ => {}
            }
            self.check(&who(input)?);
        }
        Ok(())
    }

    fn tries(&mut self, who: &Try<IpAddr>) {
        let before = self.logins.check(who, self.now);
        assert_eq!(self.logins.handle_try(who, self.now), before, "{who:?}");
        if before.is_ok() {
            self.under_way.push(who.clone());
        }
    }

    fn ends(&mut self, who: &Try<IpAddr>, outcome: u8) {
        let (failures, was_right) = self.pairs.entry(who.clone()).or_default();
        match outcome {
            5 => {
                (*failures, *was_right) = (0, true);
                self.logins.handle_success(who);
            }
            6 => self.logins.handle_undecided(who),
            _ => {
                *failures += 1;
                if let Some(address) = who.address {
                    *self.addresses.entry(address).or_default() += 1;
                }
                let failed = self.logins.failed();
                self.logins.handle_failed(who, self.now);
                assert_eq!(self.logins.failed(), failed + 1);
            }
        }
    }

    fn check(&self, who: &Try<IpAddr>) {
        let Policy { pair, address, lock, .. } = Policy::default();
        let hold = self.logins.check(who, self.now);
        if let Err(hold) = hold {
            assert!(!hold.wait().is_zero() && hold.wait() <= lock, "{who:?}: {hold:?}");
            match hold {
                Hold::Locked(_) => assert!(who.address.is_some(), "this machine is locked"),
                Hold::Slow(wait) if self.under_way.is_empty() => {
                    assert_eq!(self.logins.check(who, self.now + wait), Ok(()), "{who:?}");
                }
                Hold::Slow(wait) => assert!(wait <= Duration::from_mins(1)),
            }
        }
        let Some(from) = who.address.filter(|_| self.under_way.is_empty()) else { return };
        let &(failures, was_right) = self.pairs.get(who).unwrap_or(&(0, false));
        let by_address = self.addresses.get(&from).copied().unwrap_or_default();
        if was_right && who.account.is_some() && failures <= pair.free && by_address <= address.free
        {
            assert_eq!(hold, Ok(()), "{who:?} was there before");
        }
    }
}

/// One of a few accounts, from one of a few addresses.
fn who(input: &mut Input<'_>) -> Result<Try<IpAddr>> {
    let byte = input.arbitrary::<u8>()?;
    let account = ["ann", "bob", "not a name"][usize::from(byte % 3)].parse::<AccountName>().ok();
    let address = match byte / 3 % 6 {
        0 => None,
        last => Some(IpAddr::from([192, 0, 2, last])),
    };
    Ok(Try { account, address })
}
