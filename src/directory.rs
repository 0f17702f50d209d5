//! Which room a client goes to: the relay's list of rooms, by name and by age.
//!
//! Owns who meets whom. A client that names a room meets whoever named the same; one that doesn't
//! gets the empty seat that has been empty longest, across somebody who is there. What happens in a
//! room is [`crate::room`]'s.

use crate::message::{ErrorCode, RoomName, Token, TokenHash};
use crate::room::Standing;
use std::collections::{BTreeMap, HashMap};

/// A room's number at this relay; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u64);

impl std::fmt::Display for RoomId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The rooms of one relay.
///
/// After everything that may change a room's [`Standing`] the shell calls
/// [`update`](Self::update), before anybody else looks for a seat.
#[derive(Debug)]
pub struct Directory {
    max_rooms: usize,
    rooms: HashMap<RoomId, Entry>,
    by_name: HashMap<RoomName, RoomId>,
    by_token: HashMap<TokenHash, RoomId>,
    /// Nameless rooms with an empty seat across somebody who is there, by when that came to be.
    waiting: BTreeMap<u64, RoomId>,
    /// Counts rooms and waits; stands in for a clock, which could say the same time twice.
    ticks: u64,
}

#[derive(Debug)]
struct Entry {
    name: Option<RoomName>,
    waiting_since: Option<u64>,
    met: bool,
    tokens: [Option<TokenHash>; 2],
}

/// Rooms of a quiet relay have numbers up to this; a busy one has ten times as many as rooms.
const FIRST_NUMBERS: u64 = 99;

impl Directory {
    /// An empty directory that takes at most `max_rooms` rooms.
    #[must_use]
    pub fn new(max_rooms: usize) -> Self {
        Self {
            max_rooms,
            rooms: HashMap::new(),
            by_name: HashMap::new(),
            by_token: HashMap::new(),
            waiting: BTreeMap::new(),
            ticks: 0,
        }
    }

    /// The room in which a newcomer should look for a seat; `None` if there must be a new one.
    #[must_use]
    pub fn find(&self, name: Option<&RoomName>) -> Option<RoomId> {
        match name {
            Some(name) => self.by_name.get(name).copied(),
            None => self.waiting.first_key_value().map(|(_, room)| *room),
        }
    }

    /// The room in which a seat is kept for the holder of `token`.
    #[must_use]
    pub fn find_seat(&self, token: Token) -> Option<RoomId> {
        self.by_token.get(&token.hash()).copied()
    }

    /// Enters a new room.
    ///
    /// # Errors
    /// [`ErrorCode::RoomsFull`] if there are as many as there may be, and
    /// [`ErrorCode::RoomTaken`] if the name is in use.
    pub fn create(&mut self, name: Option<RoomName>) -> Result<RoomId, ErrorCode> {
        if self.rooms.len() >= self.max_rooms {
            return Err(ErrorCode::RoomsFull);
        }
        if name.as_ref().is_some_and(|name| self.by_name.contains_key(name)) {
            return Err(ErrorCode::RoomTaken);
        }
        let room = RoomId(self.tick());
        self.enter(room, name);
        Ok(room)
    }

    /// Enters a room that was there before the relay was started anew, with the number that it had;
    /// how many there may be doesn't matter. [`update`](Self::update) comes next.
    pub fn restore(&mut self, room: RoomId, name: Option<RoomName>) {
        self.ticks = self.ticks.max(room.0);
        self.enter(room, name);
    }

    fn enter(&mut self, room: RoomId, name: Option<RoomName>) {
        if let Some(name) = &name {
            self.by_name.insert(name.clone(), room);
        }
        let entry = Entry { name, waiting_since: None, met: false, tokens: [None, None] };
        self.rooms.insert(room, entry);
    }

    /// A number that no room has as its name and that `may_be` allows, for a new room: a short one,
    /// but which one hangs on `random`, so that a stranger can't just count up to the rooms that are
    /// waiting.
    #[must_use]
    pub fn free_number(&self, random: u64, may_be: impl Fn(&RoomName) -> bool) -> RoomName {
        let span = (self.rooms.len() as u64 * 10).max(FIRST_NUMBERS);
        let number = |step: u64| {
            let number = (random % span + step) % u64::from(u32::MAX) + 1;
            RoomName::numbered(u32::try_from(number).unwrap_or(1))
        };
        let free = |name: &RoomName| !self.by_name.contains_key(name);
        // Of so many in a row one is free; if `may_be` allows none of them, any free one will do.
        let tries = self.rooms.len() as u64 + FIRST_NUMBERS;
        let allowed = (0..tries).map(number).find(|name| free(name) && may_be(name));
        allowed.or_else(|| (0..tries).map(number).find(free)).unwrap_or_else(|| number(tries))
    }

    /// Takes note of what a room is now. One that is over is forgotten.
    ///
    /// Gives the room of somebody who waits alone and has met nobody, if somebody else waits alone
    /// too: sent away with [`Room::handle_rejoin`](crate::room::Room::handle_rejoin), it will find
    /// the other. That comes to be when a kept seat is given up, perhaps by the very one who was
    /// killed and has started again.
    pub fn update(&mut self, room: RoomId, standing: &Standing) -> Option<RoomId> {
        let tick = self.tick();
        let entry = self.rooms.get_mut(&room)?;
        entry.met = standing.met;
        for token in entry.tokens.iter().flatten() {
            self.by_token.remove(token);
        }
        entry.tokens = standing.tokens;
        let offered = standing.open && standing.host_is_here && entry.name.is_none();
        match (entry.waiting_since, offered) {
            (None, true) => {
                entry.waiting_since = Some(tick);
                self.waiting.insert(tick, room);
            }
            (Some(since), false) => {
                entry.waiting_since = None;
                self.waiting.remove(&since);
            }
            (None, false) | (Some(_), true) => {}
        }
        if standing.over {
            if let Some(name) = &entry.name {
                self.by_name.remove(name);
            }
            self.rooms.remove(&room);
        } else {
            for token in standing.tokens.iter().flatten() {
                self.by_token.insert(*token, room);
            }
        }
        if self.waiting.len() < 2 {
            return None;
        }
        let unmet = |room: &&RoomId| self.rooms.get(room).is_some_and(|entry| !entry.met);
        self.waiting.values().rfind(unmet).copied()
    }

    /// How many rooms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether there is no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Seat;
    use crate::room::{Command, Room};
    use crate::time::Moment;
    use proptest::prelude::*;
    use std::time::Duration;

    /// A relay without connections: the directory and its rooms, kept as the shell keeps them.
    struct Relay {
        directory: Directory,
        rooms: BTreeMap<RoomId, Room>,
        tokens: u8,
        sent_away: Vec<RoomId>,
    }

    impl Relay {
        fn new(max_rooms: usize) -> Self {
            Self {
                directory: Directory::new(max_rooms),
                rooms: BTreeMap::new(),
                tokens: 0,
                sent_away: Vec::new(),
            }
        }

        fn join(&mut self, name: Option<&str>) -> Result<(RoomId, Seat), ErrorCode> {
            let name = name.map(|name| RoomName::new(name).expect("well-formed"));
            let room = if let Some(room) = self.directory.find(name.as_ref()) {
                room
            } else {
                let room = self.directory.create(name.clone())?;
                self.rooms.insert(room, Room::new(name, Duration::from_secs(30)));
                room
            };
            self.tokens += 1;
            let token = Token::from_bytes([self.tokens; 16]);
            let seat = self.with(room, |room| room.handle_join(token, Moment::START))?;
            Ok((room, seat))
        }

        fn with<T>(&mut self, id: RoomId, act: impl FnOnce(&mut Room) -> T) -> T {
            let room = self.rooms.get_mut(&id).expect("a known room");
            let result = act(room);
            while let Some(command) = room.poll_command() {
                let (Command::Admit(_) | Command::Send { .. } | Command::Close(_)) = command;
            }
            let lonely = self.directory.update(id, &room.standing());
            if let Some(lonely) = lonely {
                self.sent_away.push(lonely);
                self.with(lonely, Room::handle_rejoin);
            }
            result
        }
    }

    #[test]
    fn the_nameless_are_paired_in_the_order_in_which_they_come() {
        let mut relay = Relay::new(10);
        let first = relay.join(None).expect("a seat");
        let second = relay.join(None).expect("a seat");
        let third = relay.join(None).expect("a seat");
        assert_eq!((first.1, second.1, third.1), (Seat::One, Seat::Two, Seat::One));
        assert_eq!(first.0, second.0);
        assert_ne!(first.0, third.0);
    }

    #[test]
    fn the_seat_that_has_been_empty_longest_is_filled_first() {
        let mut relay = Relay::new(10);
        let seats: Vec<_> = (0..6).map(|_| relay.join(None).expect("a seat")).collect();
        relay.with(seats[3].0, |room| room.handle_fin(Seat::Two));
        relay.with(seats[0].0, |room| room.handle_fin(Seat::One));
        assert_eq!(relay.join(None), Ok((seats[3].0, Seat::Two)));
        assert_eq!(relay.join(None), Ok((seats[0].0, Seat::One)));
    }

    #[test]
    fn nobody_is_put_across_a_lost_connection() {
        let mut relay = Relay::new(10);
        let (room, _) = relay.join(None).expect("a seat");
        relay.join(None).expect("a seat");
        relay.with(room, |room| room.handle_fin(Seat::One));
        relay.with(room, |room| room.handle_lost(Seat::Two, Moment::START));
        let (other, _) = relay.join(None).expect("a seat");
        assert_ne!(other, room);
    }

    #[test]
    fn one_who_was_killed_and_comes_again_meets_its_peer_after_the_grace() {
        let mut relay = Relay::new(10);
        let (room, _) = relay.join(None).expect("a seat");
        relay.join(None).expect("a seat");
        relay.with(room, |room| room.handle_lost(Seat::Two, Moment::START));
        let (alone, _) = relay.join(None).expect("a seat");
        assert_ne!(alone, room, "the seat is kept");
        let late = Moment::from_start(Duration::from_secs(30));
        relay.with(room, |room| room.handle_timeout(late));
        assert_eq!(relay.sent_away, [alone]);
        assert_eq!(relay.join(None), Ok((room, Seat::Two)));
    }

    #[test]
    fn the_named_meet_by_name_and_only_there() {
        let mut relay = Relay::new(10);
        let (attic, _) = relay.join(Some("attic")).expect("a seat");
        let (lobby, _) = relay.join(None).expect("a seat");
        assert_ne!(attic, lobby);
        assert_eq!(relay.join(Some("attic")), Ok((attic, Seat::Two)));
        assert_eq!(relay.join(Some("attic")), Err(ErrorCode::RoomTaken));
    }

    #[test]
    fn a_room_that_is_over_frees_its_name_and_its_place() {
        let mut relay = Relay::new(1);
        let (attic, _) = relay.join(Some("attic")).expect("a seat");
        assert_eq!(relay.join(Some("cellar")), Err(ErrorCode::RoomsFull));
        relay.with(attic, |room| room.handle_fin(Seat::One));
        assert!(relay.directory.is_empty());
        assert!(relay.join(Some("attic")).is_ok());
    }

    #[test]
    fn a_token_finds_its_room_until_the_seat_is_given_up() {
        let mut relay = Relay::new(1);
        let (room, _) = relay.join(None).expect("a seat");
        relay.join(None).expect("a seat");
        let token = Token::from_bytes([1; 16]);
        assert_eq!(relay.directory.find_seat(token), Some(room));
        relay.with(room, |room| room.handle_lost(Seat::One, Moment::START));
        assert_eq!(relay.directory.find_seat(token), Some(room));
        let late = Moment::from_start(Duration::from_secs(30));
        relay.with(room, |room| room.handle_timeout(late));
        assert_eq!(relay.directory.find_seat(token), None);
    }

    proptest! {
        /// Against a model that only counts: whoever joins without a name is never alone while
        /// somebody else who is there is alone.
        #[test]
        fn two_who_wait_always_meet(steps in prop::collection::vec((0_u8..3, any::<prop::sample::Index>()), 1..80)) {
            let mut relay = Relay::new(1000);
            let mut here: Vec<(RoomId, Seat)> = Vec::new();
            for (step, pick) in steps {
                if step == 0 || here.is_empty() {
                    here.push(relay.join(None).expect("room enough"));
                } else {
                    let (room, seat) = here.swap_remove(pick.index(here.len()));
                    relay.with(room, |room| match step {
                        1 => room.handle_fin(seat),
                        _ => room.handle_lost(seat, Moment::START),
                    });
                }
                let alone = here
                    .iter()
                    .filter(|(room, _)| {
                        let standing = relay.rooms[room].standing();
                        standing.open && standing.host_is_here
                    })
                    .count();
                prop_assert_eq!(alone, relay.directory.waiting.len());
                // Several wait alone only if each has somebody who left to come back to.
                let unmet = relay.directory.waiting.values().any(|id| !relay.rooms[id].standing().met);
                prop_assert!(alone < 2 || !unmet);
                for gone in relay.sent_away.drain(..) {
                    here.retain(|(room, _)| *room != gone);
                }
                let rooms: std::collections::BTreeSet<_> = relay.rooms
                    .iter()
                    .filter(|(_, room)| !room.standing().over)
                    .map(|(id, _)| *id)
                    .collect();
                prop_assert_eq!(rooms.len(), relay.directory.len());
            }
        }
    }
}
