//! The tables: names, kinds, limits and hashes.

use super::{first_cells, hex, names, table, zeros_checksum, zeros_root};
use couplet::frame::{self, HEADER_LEN};
use couplet::limits;
use couplet::message::{self, ErrorCode, ExitReason, PeerState};
use couplet::seal::{self, BodyFault, RecordError};
use couplet::transfer::book::Hold;
use couplet::transfer::offer::Form;
use couplet::transfer::wire::{self, Fault};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// The name that serde gives to a variant without fields.
pub(super) fn serde_name<T: Serialize>(value: &T) -> String {
    let name = serde_json::to_value(value).expect("a plain variant");
    name.as_str().expect("a name").to_owned()
}

/// The variants of a type without fields that the document must have. A variant that is named neither
/// here nor after `except` doesn't compile.
macro_rules! every {
    ($Type:ident: $($variant:ident)* $(; except $exception:ident)?) => {{
        const fn is_documented(value: $Type) -> bool {
            match value {
                $($Type::$variant => true,)*
                $($Type::$exception => false,)?
            }
        }
        let all = [$($Type::$variant),*];
        assert!(all.iter().all(|value| is_documented(*value)));
        all
    }};
}

pub(super) use every;

#[test]
fn codes_reasons_states_and_faults() {
    let codes = every!(ErrorCode:
        Version Malformed Unexpected HandshakeTimeout RelayFull RoomsFull RoomTaken SeatGone
        NotYourTurn WrongSequence NoPeer TooManyPipes Quota UnknownPipe PipeTimeout Stuck
        PairingFailed SlowDown IdleRoom NoShelf NoPlainRooms;
        except Unknown);
    let rows = table("| code | final | meaning |");
    let expected: Vec<_> = codes
        .iter()
        .map(|code| (serde_name(code), if code.is_final() { "yes" } else { "no" }))
        .collect();
    let documented: Vec<_> = rows.iter().map(|row| (row[0].to_owned(), row[1])).collect();
    assert_eq!(documented, expected);

    let reasons = every!(ExitReason: Fin Shutdown Restart Superseded Rejoin);
    assert_eq!(first_cells("| reason | meaning |"), reasons.map(|reason| serde_name(&reason)));

    let states = every!(PeerState: Waiting Present Silent Gone Replaced);
    assert_eq!(first_cells("| state | meaning |"), states.map(|state| serde_name(&state)));

    let forms = every!(Form: File Folder Several Stream Text);
    assert_eq!(first_cells("| form | what is offered |"), forms.map(|form| serde_name(&form)));

    let holds = every!(Hold: Paused DiskFull; except Unknown);
    assert_eq!(first_cells("| reason of a hold | meaning |"), holds.map(|hold| serde_name(&hold)));

    let faults = every!(Fault:
        OutOfOrder NotAsOffered OutOfRange Overlap Checksum Gap Mismatch InTransit Unlawful Storage
        SourceChanged Unreadable;
        except Unknown);
    let rows = table("| fault | said to | concerns | meaning | what the sender does |");
    let documented: Vec<_> =
        rows.iter().map(|row| (row[0].to_owned(), row[2] == "the entry")).collect();
    let expected = faults.map(|fault| (serde_name(&fault), fault.concerns_entry()));
    assert_eq!(documented, expected);
}

/// The names of the `pub const`s in a piece of source, in order.
fn constants(source: &'static str) -> Vec<&'static str> {
    source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub const "))
        .filter_map(|rest| rest.split_once(':').map(|(name, _)| name))
        .collect()
}

/// The body of the public module of this name in a piece of source.
fn module(name: &str, source: &'static str) -> &'static str {
    let (_, rest) = source.split_once(&format!("pub mod {name} {{")).expect("a module");
    rest.split_once("\n}").expect("its end").0
}

macro_rules! kinds {
    ($($kind:path),* $(,)?) => {
        [$((format!("{:#04x}", $kind), last_part(stringify!($kind)))),*]
    };
}

fn last_part(path: &'static str) -> &'static str {
    path.rsplit([':', ' ']).next().unwrap_or(path)
}

#[test]
fn the_kinds_of_frames() {
    let kinds = kinds![
        message::kind::CONTROL,
        message::kind::SAY,
        message::kind::SIGNAL,
        message::kind::MESSAGE,
        wire::kind::HELLO,
        wire::kind::CHUNK,
        wire::kind::CLOSE,
        wire::kind::ABORT,
        wire::kind::ANSWER,
        wire::kind::PACKED,
        wire::kind::HOLE,
        wire::kind::SKIP,
        wire::kind::END,
    ];
    let message = include_str!("../../src/message.rs");
    let mut in_source = constants(module("kind", message));
    in_source.extend(constants(module("kind", include_str!("../../src/transfer/wire.rs"))));
    assert_eq!(kinds.iter().map(|(_, name)| *name).collect::<Vec<_>>(), in_source);
    let documented: Vec<_> = table("| kind | name | connection | direction | body |")
        .into_iter()
        .chain(table("| kind | step | from | body |"))
        .map(|row| (row[0].to_owned(), row[1]))
        .collect();
    assert_eq!(documented, kinds);
}

#[test]
fn the_steps_of_an_exchange() {
    let steps = [
        (seal::step::COMMIT, "commit"),
        (seal::step::START, "start"),
        (seal::step::REVEAL, "reveal"),
        (seal::step::PROVE, "prove"),
        (seal::step::REFUSE, "refuse"),
    ];
    let in_source = constants(module("step", include_str!("../../src/seal/exchange.rs")));
    let in_source: Vec<_> = in_source.into_iter().map(str::to_lowercase).collect();
    assert_eq!(steps.map(|(_, name)| name.to_owned()).to_vec(), in_source);
    let documented: Vec<_> = table("| step | name | from | what follows |")
        .into_iter()
        .map(|row| (row[0].parse().expect("a number"), row[1]))
        .collect();
    assert_eq!(documented, steps);
    let forms = [seal::EXCHANGE_FORM, seal::SEALED_FORM].map(|form| format!("{form:#04x}"));
    assert_eq!(first_cells("| first byte | form | where |"), forms);
}

#[test]
fn what_can_be_wrong_with_what_is_sealed() {
    let (names, _) = names!(BodyFault:
        NotSealed = "not_sealed" Altered = "altered" Replayed = "replayed");
    let documented = first_cells("| fault | what a client makes of a body |");
    assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), names);
    let (names, _) = names!(RecordError:
        Length = "length" AfterFinal = "after_final" Spliced = "spliced" Replayed = "replayed"
        OutOfOrder = "out_of_order" Altered = "altered" CutOff = "cut_off");
    let documented = first_cells("| fault | what is wrong with a record, tested in this order |");
    assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), names);
}

/// How the tables write the value of a limit.
trait Written {
    fn written(&self) -> String;
}

impl Written for usize {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for u64 {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for Duration {
    fn written(&self) -> String {
        assert_eq!(self.subsec_nanos(), 0, "the table has whole seconds");
        format!("{} s", self.as_secs())
    }
}

macro_rules! limits {
    ($($name:ident)*) => {
        [$((stringify!($name), limits::$name.written())),*]
    };
}

#[test]
fn the_limits() {
    let limits = limits![
        MAX_CONTROL_BODY MAX_FIRST_BODY MAX_MESSAGE_BYTES MAX_PLAIN_LINE MAX_OPAQUE GROUP MIN_PIECE SMALL_FILE MAX_PIPE_BODY
        MIN_WINDOW MAX_WINDOW MAX_ENTRIES MAX_HOLE MAX_OPEN_ENTRIES MAX_OPEN_FILES MAX_HELD_RANGES
        MAX_PIPES_PER_TRANSFER MAX_ROOM_NAME MAX_NAME_COLUMNS MAX_REASON_COLUMNS MAX_HELD MAX_UNACKED_SIGNALS
        MAX_OPEN_OFFERS MAX_ACTIVE_RECEIVES MAX_FINISHED_TRANSFERS MAX_PIPES_PER_ROOM
        MAX_NAME_BYTES MAX_PATH_BYTES MAX_PATH_PARTS
        PING_AFTER SILENCE_LIMIT CLIENT_SILENCE_LIMIT EXCHANGE_LIMIT CATCH_UP_LIMIT HANDSHAKE_LIMIT PIPE_LIMIT
        FLUSH_LIMIT STUCK_LIMIT LONGEST_WAIT RETURN_LIMIT
        MAX_SHELF_ASK SHELF_IDLE_LIMIT SHELF_SILENCE_LIMIT SHELF_STUCK_LIMIT SHELF_PULSE
    ];
    let documented: Vec<_> = table("| constant | value | bounds |")
        .into_iter()
        .map(|row| (row[0], row[1].to_owned()))
        .collect();
    assert_eq!(documented, limits);

    // Whatever else the module has must be in the table too.
    let source = include_str!("../../src/limits.rs");
    let mut in_source: BTreeSet<_> = constants(source).into_iter().collect();
    let reexports = source.lines().filter_map(|line| line.strip_prefix("pub use "));
    for (_, names) in reexports.filter_map(|line| line.trim_end_matches("};").split_once('{')) {
        in_source.extend(names.split(',').map(str::trim));
    }
    assert_eq!(limits.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), in_source);
}

#[test]
fn the_other_limits() {
    let others = [
        ("frame::OPENING_LEN", frame::OPENING_LEN),
        ("frame::HEADER_LEN", HEADER_LEN),
        ("transfer::wire::STEP_HEAD_LEN", wire::STEP_HEAD_LEN),
        ("transfer::wire::CHUNK_HEAD_LEN", wire::CHUNK_HEAD_LEN),
        ("transfer::wire::MAX_JSON", wire::MAX_JSON),
        ("seal::SEAL_VERSION", usize::from(seal::SEAL_VERSION)),
        ("seal::TAG_LEN", seal::TAG_LEN),
        ("seal::SEALED_OVERHEAD", seal::SEALED_OVERHEAD),
        ("seal::SALT_LEN", seal::SALT_LEN),
        ("seal::RECORD_HEAD_LEN", seal::RECORD_HEAD_LEN),
        ("seal::MAX_RECORD", seal::MAX_RECORD),
        ("SOFT_LIMIT_FRAMES", couplet_relay::SOFT_LIMIT_FRAMES),
        ("SOFT_LIMIT_BYTES", couplet_relay::SOFT_LIMIT_BYTES),
        ("HARD_LIMIT_BYTES", couplet_relay::HARD_LIMIT_BYTES),
    ];
    let documented: Vec<_> = table("| also | value | bounds |")
        .into_iter()
        .map(|row| (row[0], row[1].parse().expect("a number")))
        .collect();
    assert_eq!(documented, others);
}

#[test]
fn the_hashes() {
    let mut documented = Vec::new();
    let mut expected = Vec::new();
    for row in table("| size | what | hash |") {
        let [size, what, hash] = row[..] else { panic!("a row of three cells") };
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let is = if what == "root" {
            zeros_root(number(size))
        } else {
            let piece = what.strip_prefix("checksum of ").expect("a root or a checksum");
            let (len, offset) = piece.split_once(" at ").expect("a length and an offset");
            zeros_checksum(number(size), number(offset), number(len))
        };
        documented.push(format!("{size}: {what}: {hash}"));
        expected.push(format!("{size}: {what}: {}", hex(&is)));
    }
    assert_eq!(documented, expected);
    assert!(documented.len() > 8);
}
