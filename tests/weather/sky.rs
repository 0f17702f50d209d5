//! What the weather of a conversation is, drawn from its seed: which link fails how, after how many
//! events.

use crate::chance::Chance;

/// What somebody says at least.
pub(crate) const SAYINGS: u64 = 12;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the client to the relay.
    Up,
    /// From the relay to the client.
    Down,
}

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// All connections break; abruptly, so that what is on its way is gone too.
    Cut { abrupt: bool },
    /// The connection breaks on which so many bytes more have gone this way: anywhere in a frame.
    CutAfter { way: Way, bytes: u64 },
    /// Before each of so many pieces all others have so many turns.
    Delay { pieces: u32, each: u32 },
    /// Nothing gets through this way any more, and nobody is told until so many pieces are lost.
    HalfOpen { way: Way, pieces: u32 },
    /// All connections break, and so many that are made next are hung up.
    Refuse { connects: u32 },
    /// What the client says stays on its way; its connections break, but only for it. Once the relay
    /// has answered on a newer one, what was on its way arrives on the old ones.
    Double { pieces: u32 },
    /// The same on the connection that is made next, from its first byte: a hello comes after a newer
    /// one, and mustn't take the seat from it.
    LateHello,
}

/// All that is drawn before the conversation begins.
#[derive(Debug)]
pub(crate) struct Sky {
    pub(crate) seed: u64,
    /// Whether they meet in a named room with a password, or just come one after the other.
    pub(crate) by_code: bool,
    /// Whether the connections to the relay are inside TLS.
    pub(crate) tls: bool,
    /// How many turns all others have before a small piece, so that words take about as long as bytes
    /// of files do.
    pub(crate) latency: u32,
    /// Bytes a second of a transfer.
    pub(crate) limit: Option<u64>,
    /// The size of each one's file.
    pub(crate) files: [usize; 2],
    /// After how many events each one sends its file.
    pub(crate) sends_after: [u64; 2],
    /// What happens to whose link, after how many events.
    pub(crate) faults: Vec<(u64, usize, Fault)>,
    /// What happens when so many bytes of the other's file have come to this one.
    pub(crate) in_files: Vec<(u64, usize, Fault)>,
}

impl Sky {
    /// The weather of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x006c_6f6f_7062_6163);
        let chance = &mut chance;
        let many = 3 + chance.below(5);
        let mut faults: Vec<_> =
            (0..many).map(|_| (chance.below(220), chance.index(2), draw(chance))).collect();
        faults.sort_by_key(|(after, ..)| *after);
        let many = chance.below(3);
        let in_files =
            (0..many).map(|_| (chance.below(900_000), chance.index(2), draw(chance))).collect();
        let mut size = || 900_000 + chance.index(300_000);
        let files = [size(), size()];
        Self {
            seed,
            by_code: chance.percent(50),
            tls: chance.percent(30),
            latency: few(chance, 400),
            limit: chance.pick(&[None, Some(1 << 20), Some(4 << 20)]),
            files,
            sends_after: [chance.below(120), chance.below(120)],
            faults,
            in_files,
        }
    }
}

fn draw(chance: &mut Chance) -> Fault {
    let way = chance.pick(&[Way::Up, Way::Down]);
    let pieces = 1 + few(chance, 8);
    match chance.below(13) {
        0..2 => Fault::Cut { abrupt: chance.percent(50) },
        // Of the conversation, or of a file.
        2..4 => Fault::CutAfter { way, bytes: chance.below(2000) },
        4..6 => Fault::CutAfter { way, bytes: chance.below(1_000_000) },
        6 => Fault::Delay { pieces: 1 + few(chance, 30), each: few(chance, 4000) },
        7..9 => Fault::HalfOpen { way, pieces },
        9 => Fault::Refuse { connects: 1 + few(chance, 2) },
        10..12 => Fault::Double { pieces },
        _ => Fault::LateHello,
    }
}

/// Less than `bound`.
fn few(chance: &mut Chance, bound: u64) -> u32 {
    u32::try_from(chance.below(bound)).expect("few")
}
