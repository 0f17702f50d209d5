//! What the face writes to its terminal, byte by byte: nothing without need, nothing of anybody
//! else's making, and at the end all is as it was.

mod support;

use rustix::process::Signal;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;
use support::escapes::{Piece, pieces};
use support::raw::RawPeer;
use support::relay::Relay;
use support::terminal::{Terminal, now};

/// The modes that the face takes, and must give back.
const MODES: &[&str] = &["?1049", "?2004", "?1004", "?1000", "?1006"];

/// A client with these arguments and variables, who has met another.
fn pair(
    relay: &Relay,
    dir: &Path,
    args: &[&str],
    variables: &[(&str, &str)],
) -> (Terminal, Terminal) {
    let args: Vec<&str> =
        ["--relay", &relay.address].into_iter().chain(args.iter().copied()).collect();
    let ann = Terminal::run_with("ann", (80, 24), dir, &args, variables);
    ann.sees("seat 1");
    let bob = Terminal::run_with("bob", (80, 24), dir, &args, variables);
    ann.sees("YOUR TURN");
    bob.sees("listening");
    bob.sees("sealed");
    (ann, bob)
}

/// What a frame must be.
fn frames_are_whole(pieces: &[Piece]) {
    let mut within = false;
    let mut frames = 0;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Csi(mode, 'h') if mode == "?2026" => {
                assert!(!within, "a frame within a frame at {at}");
                (within, frames) = (true, frames + 1);
            }
            // Once more at the end, whatever was drawn.
            Piece::Csi(mode, 'l') if mode == "?2026" => {
                let empty = matches!(&pieces[at - 1], Piece::Csi(mode, 'h') if mode == "?2026");
                assert!(!empty, "a frame with nothing in it at {at}");
                within = false;
            }
            Piece::Csi(_, 'H' | 'J') => assert!(within, "{piece:?} outside a frame at {at}"),
            Piece::Text(_) | Piece::Csi(..) | Piece::Osc(_) | Piece::Bell | Piece::Other(_) => {}
        }
    }
    assert!(!within && frames > 0, "{frames} frames");
}

/// Only what the face is known to say.
fn all_is_known(pieces: &[Piece]) {
    for piece in pieces {
        let known = match piece {
            Piece::Text(_) | Piece::Bell | Piece::Csi(_, 'H' | 'm') => true,
            Piece::Csi(mode, 'h' | 'l') => {
                MODES.iter().chain(&["?2026", "?25"]).any(|known| known == mode)
            }
            Piece::Csi(what, 'J') => what == "2",
            Piece::Csi(what, 't') => matches!(&**what, "22;0" | "23;0"),
            Piece::Osc(text) => {
                text == "2;"
                    || text == "8;;"
                    || is_link(text)
                    || ["2;couplet: ", "2;(", "9;couplet: "].iter().any(|it| text.starts_with(it))
            }
            Piece::Csi(..) | Piece::Other(_) => false,
        };
        assert!(known, "{piece:?}");
    }
}

/// A link to a web page, of printable characters only.
fn is_link(text: &str) -> bool {
    let link = text.strip_prefix("8;id=").and_then(|rest| rest.split_once(';'));
    link.is_some_and(|(id, target)| {
        id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            && ["http://", "https://"].iter().any(|scheme| target.starts_with(scheme))
            && target.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// Each mode was taken, if it was, and given back last.
fn all_is_given_back(pieces: &[Piece]) {
    for mode in MODES.iter().chain(&["?2026"]) {
        let last = pieces.iter().rev().find_map(|piece| {
            let Piece::Csi(known, end @ ('h' | 'l')) = piece else { return None };
            (known == mode).then_some(*end)
        });
        assert_ne!(last, Some('h'), "{mode} is left on");
    }
    let count = |what: &Piece| pieces.iter().filter(|piece| *piece == what).count();
    let [pushed, popped] = ["22;0", "23;0"].map(|what| count(&Piece::Csi(what.to_owned(), 't')));
    assert_eq!(pushed, popped, "titles");
    let emptied = pieces.iter().rev().find_map(|piece| {
        let Piece::Osc(text) = piece else { return None };
        Some(text.as_str())
    });
    assert!(matches!(emptied, None | Some("2;")), "the last title: {emptied:?}");
}

#[test]
fn without_colours_none_is_asked_for() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let colours = |terminal: &Terminal| {
        let pieces = pieces(&terminal.output());
        let numbers: Vec<u16> = pieces.iter().filter_map(Piece::worn).flatten().collect();
        assert!(numbers.contains(&7), "the turn is reversed");
        numbers.into_iter().filter(|number| *number >= 30).count()
    };
    for (theme, no_color, any) in
        [("terminal", "", true), ("terminal", "1", false), ("dusk", "1", false)]
    {
        let variables = [("NO_COLOR", no_color), ("COLORTERM", "truecolor")];
        let (mut ann, bob) = pair(&relay, dir.path(), &["--theme", theme], &variables);
        ann.line("/send face");
        ann.sees("there is no");
        ann.line("a word");
        bob.sees("a word");
        ann.sees("✓✓");
        ann.keys("\x1bOP");
        ann.sees("How it goes");
        ann.keys("\x1b");
        ann.misses("How it goes");
        ann.line("fin");
        ann.is_gone();
        assert_eq!(colours(&ann) > 0, any, "{theme} with NO_COLOR={no_color:?}");
    }
}

#[test]
fn a_theme_covers_the_screen() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let variables = [("COLORTERM", "truecolor")];
    let (ann, _bob) = pair(&relay, dir.path(), &["--theme=paper", "--symbols=ascii"], &variables);
    ann.waits("paper everywhere", |screen| {
        let paper = vt100::Color::Rgb(0xf7, 0xf3, 0xe8);
        (0..24).all(|row| {
            (0..80).all(|column| screen.cell(row, column).is_some_and(|it| it.bgcolor() == paper))
        })
    });
    assert!(ann.screen().is_ascii(), "{}", ann.screen());
}

#[test]
fn the_terminal_is_given_back_whatever_ends_it() {
    let relay = Relay::start(&[]);
    for (how, status) in [("fin", 0), ("Ctrl-C", 0), ("SIGTERM", 143), ("SIGHUP", 129)] {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut ann, bob) = pair(&relay, dir.path(), &["--mouse"], &[]);
        // Its own mode, which is given back only where it was taken.
        ann.waits("the mouse", |screen| {
            screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
        });
        match how {
            "fin" => ann.line("fin"),
            "Ctrl-C" => {
                ann.keys("\x03");
                ann.sees("Ctrl-C again leaves");
                ann.keys("\x03");
            }
            "SIGTERM" => ann.signal(Signal::TERM),
            _ => ann.signal(Signal::HUP),
        }
        ann.is_gone();
        let pieces = pieces(&ann.output());
        frames_are_whole(&pieces);
        all_is_known(&pieces);
        all_is_given_back(&pieces);
        assert_eq!(ann.ends().0, status, "{how}");
        drop(bob);
    }
}

#[test]
fn nothing_of_a_peers_making_reaches_the_terminal() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let args = ["--relay", &relay.address, "--notify=osc9"];
    let mut ann = Terminal::run_with("ann", (80, 24), dir.path(), &args, &[]);
    ann.sees("seat 1");
    let mut mallory = RawPeer::join(&relay.address);
    for signal in [
        r#"{"signal":{"type":"greeting","name":"\u001b[2J\u001b]0;owned\u0007\u009b31mmallory"}}"#,
        r#"{"number":1,"signal":{"type":"offer","offer":1,"name":"\u001b]52;c;aGk=\u0007","form":"file","size":1,"entries":1}}"#,
        r#"{"number":2,"signal":{"type":"offer","offer":2,"name":"fine.txt","form":"file","size":1,"entries":1}}"#,
    ] {
        mallory.signal(signal);
    }
    ann.sees("YOUR TURN");
    ann.line("your turn, mallory");
    ann.sees("listening");
    mallory.has_turn();
    // The terminal has lost the focus, so the desktop is told, too; what is typed after that shows that
    // the client knows.
    ann.keys("\x1b[Ox");
    ann.sees("> x");
    ann.keys("\x15");
    mallory.say(
        1,
        r#"{"text":"be\u001b[31mfore\u0007 \u009d0;owned\u009c\u001bP+q\u001b\\\u202e\u0085\u007f after"}"#,
    );
    ann.sees(" after");
    ann.line("fin");
    ann.is_gone();
    let pieces = pieces(&ann.output());
    all_is_known(&pieces);
    frames_are_whole(&pieces);
    let desktop = |piece: &Piece| matches!(piece, Piece::Osc(text) if text.starts_with("9;"));
    assert!(pieces.iter().any(desktop), "the desktop was told");
    let title = |piece: &Piece| matches!(piece, Piece::Osc(text) if text.contains("mallory"));
    assert!(pieces.iter().any(title), "the title names who is there");
}

/// The processor's time that each live thread of a process has taken, in nanoseconds.
fn processor_times(pid: u32) -> HashMap<OsString, u64> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a live process");
    let time = |task: std::io::Result<std::fs::DirEntry>| {
        let task = task.ok()?;
        // It may have ended meanwhile.
        let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        Some((task.file_name(), told.split_whitespace().next()?.parse().ok()?))
    };
    tasks.filter_map(time).collect()
}

/// What the threads that live have taken since `before`.
fn taken_since(before: &HashMap<OsString, u64>, pid: u32) -> u64 {
    let since = |(thread, time)| time - before.get(&thread).copied().unwrap_or_default();
    processor_times(pid).into_iter().map(since).sum()
}

#[test]
fn nothing_is_written_while_nothing_changes_and_next_to_nothing_computed() {
    const SPAN: Duration = Duration::from_secs(6);
    // Time that somebody else takes from this machine's processors counts as the program's own, but
    // hardly in each of these spans.
    const SPANS: usize = 4;
    // In millionths of a processor.
    const LIMIT: u128 = 1000;
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let (mut ann, bob) = pair(&relay, dir.path(), &[], &[]);
    ann.line("a word");
    bob.sees("a word");
    ann.sees("✓✓");
    let settled = ann.stays_silent_for(Duration::from_secs(1));
    assert!(settled, "it never stops drawing");
    let mut least = u128::MAX;
    let mut written = Vec::new();
    for _ in 0..SPANS {
        let before = ann.output().len();
        let (started, taken) = (now(), processor_times(ann.pid()));
        ann.writes_within(SPAN, usize::MAX);
        let computed = taken_since(&taken, ann.pid());
        assert!(computed > 0, "nothing was measured");
        let millionths = u128::from(computed) * 1_000_000 / (now() - started).as_nanos();
        println!("an idle client takes {millionths} millionths of a processor");
        // Once in a while the relay takes longer to answer than before, which is drawn.
        written = ann.output()[before..].to_vec();
        least = least.min(millionths);
        if written.is_empty() && millionths < LIMIT {
            break;
        }
    }
    assert!(written.is_empty(), "{:?}", pieces(&written));
    assert!(least < LIMIT, "{least} millionths of a processor");
    let before = ann.output().len();
    // What comes in and changes nothing is no reason, either.
    for _ in 0..20 {
        ann.keys("\x1b[O\x1b[I");
    }
    ann.keys("x");
    ann.sees("> x");
    let pieces = pieces(&ann.output()[before..]);
    let frames =
        |end| pieces.iter().filter(|it| **it == Piece::Csi("?2026".to_owned(), end)).count();
    assert_eq!((frames('h'), frames('l')), (1, 1), "{pieces:?}");
}
