//! Failed exchanges of keys, by room and by address.
//!
//! Owns the two counts and what somebody is told who must wait for it; how long is the core's
//! ([`Guesses`]). The relay sees no code: the clients say that an exchange failed.

use crate::gate::neighbourhood;
use crate::lock::lock;
use crate::refusal::Refusal;
use couplet::guesses::Guesses;
use couplet::message::{ErrorCode, RoomName};
use couplet::time::Moment;
use std::net::IpAddr;
use std::sync::Mutex;

/// The counts. Their lock is the last one taken.
#[derive(Debug, Default)]
pub(crate) struct WrongCodes(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    rooms: Guesses<RoomName>,
    addresses: Guesses<IpAddr>,
    all: u64,
}

impl WrongCodes {
    /// Whether somebody from this address may try that room now.
    pub(crate) fn check(
        &self,
        room: Option<&RoomName>,
        from: IpAddr,
        now: Moment,
    ) -> Result<(), Refusal> {
        let counts = lock(&self.0);
        let by_room = room.and_then(|room| counts.rooms.wait(room, now));
        let by_address =
            neighbourhood(from).and_then(|address| counts.addresses.wait(&address, now));
        let Some(wait) = by_room.max(by_address) else { return Ok(()) };
        let seconds = wait.as_millis().div_ceil(1000);
        let place = if by_room >= by_address { "in that room" } else { "from your address" };
        Err(Refusal::new(
            ErrorCode::SlowDown,
            format_args!("too many wrong codes were tried {place}; try again in {seconds} s"),
        ))
    }

    /// Whether a new room may have this name: not one that is being guessed at, or whoever is told
    /// it couldn't come.
    pub(crate) fn is_free(&self, room: &RoomName, now: Moment) -> bool {
        lock(&self.0).rooms.wait(room, now).is_none()
    }

    /// An exchange with a newcomer from this address failed; gives how many did in all.
    pub(crate) fn count(&self, room: Option<&RoomName>, from: Option<IpAddr>, now: Moment) -> u64 {
        let mut counts = lock(&self.0);
        if let Some(room) = room {
            counts.rooms.handle_failed(room.clone(), now);
        }
        if let Some(address) = from.and_then(neighbourhood) {
            counts.addresses.handle_failed(address, now);
        }
        counts.all += 1;
        counts.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_room_and_an_address_are_slowed_each_on_its_own() {
        let codes = WrongCodes::default();
        let [seven, eight] = ["7", "8"].map(|name| RoomName::new(name).expect("a name"));
        let now = Moment::START;
        for number in 1..=4 {
            assert!(codes.check(Some(&seven), address(9), now).is_ok());
            assert_eq!(codes.count(Some(&seven), Some(address(1)), now), number);
        }
        // The room for everybody, and that address everywhere.
        for (room, from) in [(&seven, address(2)), (&eight, address(1))] {
            let refusal = codes.check(Some(room), from, now).expect_err("too many");
            let Refusal::Error { code, text } = refusal else { panic!("{refusal}") };
            assert_eq!(code, ErrorCode::SlowDown);
            assert!(text.contains("try again in 1 s"), "{text}");
        }
        assert!(codes.check(Some(&eight), address(2), now).is_ok());
        assert!(codes.check(None, address(2), now).is_ok());
        assert!(!codes.is_free(&seven, now) && codes.is_free(&eight, now));
        // This machine has one address for everything behind a proxy, so it isn't counted.
        for _ in 0..10 {
            codes.count(None, Some(IpAddr::from([127, 0, 0, 1])), now);
        }
        assert!(codes.check(None, IpAddr::from([127, 0, 0, 1]), now).is_ok());
    }
}
