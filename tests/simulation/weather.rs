//! What a simulated conversation is like: where the two meet, how the line is, and what goes wrong
//! when. All of it is drawn from the seed.

use crate::chance::Chance;
use std::time::Duration;

/// How the two meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// By coming one after the other.
    Lobby,
    /// By a name that both know.
    Named,
    /// By a number that the relay gives the first.
    Numbered,
}

/// Who else may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Third {
    /// One who knows what the two know.
    Newcomer,
    /// One who has another code.
    Impostor,
}

/// How a client's program dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// It is killed; the system goes on and closes its connections.
    Killed,
    /// The power goes: nobody is told, and what wasn't flushed to disk may be gone.
    PowerCut,
}

/// Something that goes wrong, or that a user does once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks: each side notices soon.
    Cut { client: usize },
    /// The connection dies without a word to one side, or to both.
    HalfOpen { client: usize, client_hears: bool, relay_hears: bool },
    /// Nothing gets through for a while.
    Stall { client: usize, for_ms: u64 },
    /// The relay is killed; with `silently` its machine is, so that nobody hears of it.
    RelayCrash { down_ms: u64, silently: bool },
    /// The relay is asked to end, to be started anew.
    RelayDrain { down_ms: u64 },
    /// A client dies, after so many more of its steps.
    Death { client: usize, how: Death, after_steps: u32, down_ms: u64 },
    /// Pipes of this client break.
    CutPipes { client: usize },
    /// A user leaves, and starts anew or not.
    Fin { client: usize, comes_back: bool },
    /// The third comes just now.
    ThirdComes,
}

/// When it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// When so many messages have arrived anywhere.
    Moves(u64),
    /// At this time.
    Time(Duration),
}

/// All that is drawn before the conversation begins.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Weather {
    pub(crate) seed: u64,
    pub(crate) place: Place,
    pub(crate) by_code: bool,
    pub(crate) grace: Duration,
    /// Whether the relay keeps rooms at all.
    pub(crate) keeps: bool,
    /// How far what is said may be ahead of what is written down.
    pub(crate) lag_ms: u64,
    /// The longest that a write takes.
    pub(crate) write_ms: u64,
    /// The longest way of a message.
    pub(crate) latency_ms: u64,
    /// One message in so many takes up to ten seconds.
    pub(crate) slow_one_in: Option<u64>,
    /// The mean time between two deeds of a user.
    pub(crate) pause_ms: u64,
    /// How much each user says.
    pub(crate) sayings: u64,
    /// How many offers each makes.
    pub(crate) offers: u64,
    /// The sizes of files, by a class.
    pub(crate) large: bool,
    pub(crate) verifies: bool,
    pub(crate) third: Option<Third>,
    /// Whether messages go as bytes, through the frames.
    pub(crate) as_bytes: bool,
    /// When all is well from.
    pub(crate) heal_at: Duration,
    pub(crate) faults: Vec<(When, Fault)>,
}

impl Weather {
    /// The weather of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x0077_6561_7468_6572);
        let chance = &mut chance;
        let place = match chance.below(10) {
            0..3 => Place::Lobby,
            3..7 => Place::Named,
            _ => Place::Numbered,
        };
        let by_code = place != Place::Lobby && chance.percent(60);
        let third = match chance.below(10) {
            0..2 => Some(Third::Newcomer),
            2..4 if by_code => Some(Third::Impostor),
            _ => None,
        };
        let heal_s = chance.pick(&[5, 15, 40, 90]);
        let with_files = chance.percent(30);
        let mut weather = Self {
            seed,
            place,
            by_code,
            grace: Duration::from_secs(chance.pick(&[3, 10, 30, 60])),
            keeps: chance.percent(85),
            lag_ms: chance.pick(&[5, 50, 500, 3000]),
            write_ms: chance.pick(&[2, 20, 300]),
            latency_ms: chance.pick(&[2, 30, 200, 800]),
            slow_one_in: chance.percent(20).then(|| chance.pick(&[30, 100])),
            pause_ms: chance.pick(&[20, 200, 2000]),
            sayings: chance.below(9),
            offers: if with_files { 1 + chance.below(3) } else { 0 },
            large: with_files && chance.percent(30),
            verifies: chance.percent(25),
            third,
            as_bytes: chance.one_in(8),
            heal_at: Duration::from_secs(heal_s),
            faults: Vec::new(),
        };
        let many = chance.pick(&[0, 1, 1, 2, 2, 3, 4, 6, 9]);
        for _ in 0..many {
            let when = if chance.percent(70) {
                When::Moves(chance.below(140))
            } else {
                When::Time(chance.millis(0, heal_s * 1000))
            };
            let fault = weather.fault(chance);
            weather.faults.push((when, fault));
        }
        if weather.large {
            // In the middle of large files, whose journals must be right whenever that is.
            let how = chance.pick(&[Death::Killed, Death::PowerCut]);
            let after_steps = u32::try_from(chance.below(250)).expect("small");
            let death = Fault::Death { client: chance.index(2), how, after_steps, down_ms: 1000 };
            weather.faults.push((When::Moves(20 + chance.below(80)), death));
        }
        if weather.third.is_some() {
            // At the worst moment: just when something else goes wrong, or soon after.
            let when = match weather.faults.first() {
                Some((When::Moves(moves), _)) => When::Moves(moves + chance.below(12)),
                Some((When::Time(at), _)) => When::Time(*at + chance.millis(0, 30_000)),
                None => When::Moves(chance.below(60)),
            };
            weather.faults.push((when, Fault::ThirdComes));
        }
        weather
    }

    fn fault(&self, chance: &mut Chance) -> Fault {
        let client = chance.index(2);
        let grace_ms = u64::try_from(self.grace.as_millis()).expect("short");
        match chance.below(100) {
            20..35 => {
                let (client_hears, relay_hears) =
                    chance.pick(&[(true, false), (true, false), (false, true), (false, false)]);
                Fault::HalfOpen { client, client_hears, relay_hears }
            }
            35..42 => Fault::Stall { client, for_ms: chance.below(35_000) },
            42..60 => Fault::RelayCrash {
                down_ms: chance.pick(&[0, 300, 3000, 12_000, 40_000]),
                silently: chance.percent(20),
            },
            60..67 => Fault::RelayDrain { down_ms: chance.pick(&[100, 1000, 8000, 25_000]) },
            67..90 => Fault::Death {
                client,
                how: if chance.percent(70) { Death::Killed } else { Death::PowerCut },
                after_steps: u32::try_from(chance.below(24)).expect("small"),
                down_ms: chance.pick(&[50, 1000, 5000, grace_ms / 2, grace_ms + 8000]),
            },
            90..97 if self.offers > 0 => Fault::CutPipes { client },
            97..100 => Fault::Fin { client, comes_back: chance.percent(60) },
            _ => Fault::Cut { client },
        }
    }
}
