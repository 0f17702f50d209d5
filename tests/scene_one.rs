//! The first minute, as a user lives it: the real programs, in real terminals.

mod support;

use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use support::relay::Relay;
use support::terminal::Terminal;
use support::{contents, proc_status_kib};

/// A directory for each of three people.
struct People {
    _root: tempfile::TempDir,
    ann: PathBuf,
    bob: PathBuf,
    carol: PathBuf,
}

fn people() -> People {
    let root = tempfile::tempdir().expect("a directory");
    let [ann, bob, carol] = ["ann", "bob", "carol"].map(|name| {
        let dir = root.path().join(name);
        fs::create_dir(&dir).expect("a directory");
        dir
    });
    People { _root: root, ann, bob, carol }
}

fn paired(relay: &Relay, people: &People) -> [Terminal; 2] {
    let ann = Terminal::client("ann", &relay.address, &people.ann);
    ann.sees("seat 1");
    let bob = Terminal::client("bob", &relay.address, &people.bob);
    ann.sees("YOUR TURN  emi");
    bob.sees("listening  rec");
    [ann, bob]
}

#[test]
fn the_first_minute_every_sentence_of_it() {
    let relay = Relay::start(&[]);
    let people = people();

    // The first client is told "seat 1, waiting for a peer".
    let mut ann = Terminal::client("ann", &relay.address, &people.ann);
    ann.sees("seat 1");
    ann.sees("waiting for a peer");
    ann.sees("bash launch_client.sh");

    // When the second arrives, seat 1 becomes emi and seat 2 rec.
    let mut bob = Terminal::client("bob", &relay.address, &people.bob);
    ann.sees("YOUR TURN  emi");
    bob.sees("seat 2");
    bob.sees("listening  rec");

    // They talk in turns, and what is written out of turn is held in sight.
    ann.line("did you get the build?");
    bob.sees("did you get the build?");
    bob.sees("YOUR TURN  emi");
    ann.sees("listening  rec");
    ann.sees("✓✓");
    ann.line("one for later");
    ann.sees("held 1: one for later");
    ann.keys("half a th");
    bob.line("yes, sending logs now");
    ann.sees("yes, sending logs now");
    bob.sees("one for later");
    ann.misses("held 1");
    ann.sees("> half a th");
    bob.sees("YOUR TURN  emi");

    // One types /send photo.png, out of turn; the other sees the offer, accepts, and both watch it.
    let photo = contents(40_000_000, 7);
    fs::write(people.ann.join("photo.png"), &photo).expect("written");
    ann.keys("\x15");
    ann.misses("half a th");
    ann.line("/send photo.png");
    bob.sees("photo.png (38.1 MiB)");
    bob.sees("/accept 1");
    bob.line("/accept 1");
    for screen in [&ann, &bob] {
        screen.sees("verified ✓");
    }
    assert!(fs::read(people.bob.join("downloads/photo.png")).expect("there") == photo);

    // fin leaves cleanly, in either role; the other stays and is told so.
    bob.line("last words of bob");
    ann.sees("last words of bob");
    ann.line("last words to seat 2");
    bob.sees("last words to seat 2");
    bob.line("fin");
    let (status, screen) = bob.ends();
    assert_eq!(status, 0);
    assert!(screen.contains("you left (fin)"), "{screen}");
    ann.sees("gone");
    ann.sees("listening  rec");

    // A third takes the empty seat: same number, same turn, the last message to that seat.
    let mut carol = Terminal::client("carol", &relay.address, &people.carol);
    carol.sees("seat 2");
    carol.sees("YOUR TURN  emi");
    carol.sees("last message to this seat");
    carol.sees("last words to seat 2");
    carol.line("carol is here");
    ann.sees("carol is here");
    ann.sees("YOUR TURN  emi");

    // Ctrl+C on the relay: both are told exit, close, and leave the terminal as it was.
    relay.interrupt();
    for client in [ann, carol] {
        let (status, screen) = client.ends();
        assert_eq!(status, 0);
        assert!(screen.contains("exit: the relay was ended"), "{screen}");
    }
    assert_eq!(relay.wait().code(), Some(0));
}

#[test]
fn a_relay_that_is_ended_in_between_leaves_nothing_untold() {
    let relay = Relay::start(&[]);
    let people = people();
    let client = |name, dir: &PathBuf| {
        let args = ["--relay", &relay.address, "--limit", "2M"];
        Terminal::run(name, (120, 30), dir, &args)
    };
    let mut ann = client("ann", &people.ann);
    ann.sees("seat 1");
    let mut bob = client("bob", &people.bob);
    ann.sees("YOUR TURN  emi");
    bob.sees("listening  rec");
    bob.line("one for later");
    bob.sees("held 1: one for later");
    fs::write(people.ann.join("big.bin"), contents(40_000_000, 7)).expect("written");
    ann.line("/send big.bin");
    bob.sees("/accept 1");
    bob.line("/accept 1");
    for screen in [&ann, &bob] {
        screen.waits("some percent", |screen| {
            let screen = screen.contents();
            (1..100).any(|percent| screen.contains(&format!(" {percent}%")))
        });
    }
    relay.interrupt();
    let (status, screen) = ann.ends();
    assert!(status == 3 && screen.contains("exit: the relay was ended"), "{status}\n{screen}");
    assert!(screen.contains("not finished: ⇡ big.bin, "), "{screen}");
    assert!(screen.contains(" %; offer it again to go on"), "{screen}");
    let (status, screen) = bob.ends();
    assert!(status == 3 && screen.contains("exit: the relay was ended"), "{status}\n{screen}");
    assert!(screen.contains("not finished: ⇣ big.bin, "), "{screen}");
    assert!(screen.contains(" %; what came is kept (couplet partials)"), "{screen}");
    let (_, unsent) = screen.split_once("not sent, so that you have it:").expect("what to keep");
    assert!(unsent.contains("one for later"), "{screen}");
    // It is true: there is a part.
    let parts = Terminal::run("bob", (120, 30), &people.bob, &["partials"]);
    let (status, screen) = parts.ends();
    assert!(status == 0 && screen.contains("big.bin"), "{screen}");
}

#[test]
fn a_client_that_is_killed_is_missed_within_two_seconds_and_its_seat_is_taken() {
    let relay = Relay::start(&["--grace", "1"]);
    let people = people();
    let [mut ann, bob] = paired(&relay, &people);
    ann.line("to whoever sits there");
    bob.sees("to whoever sits there");
    bob.signal(Signal::KILL);
    let told = ann.waits_at_most(Duration::from_secs(2), &|screen| {
        screen.contents().contains("silent") || screen.contents().contains("gone")
    });
    assert!(told.is_some(), "two seconds on, the screen is\n{}", ann.screen());
    ann.sees("gone");
    let carol = Terminal::client("carol", &relay.address, &people.carol);
    carol.sees("seat 2");
    carol.sees("to whoever sits there");
    carol.sees("YOUR TURN  emi");
}

#[test]
fn one_who_is_killed_and_starts_again_meets_the_same_peer() {
    let relay = Relay::start(&["--grace", "1"]);
    let people = people();
    let [mut ann, bob] = paired(&relay, &people);
    bob.signal(Signal::KILL);
    ann.sees("silent");
    // The seat is still kept, so this one waits by itself at first.
    let again = Terminal::client("bob again", &relay.address, &people.bob);
    ann.sees("your peer is here");
    again.sees("seat 2");
    ann.line("there you are");
    again.sees("there you are");
}

#[test]
fn the_terminal_is_restored_however_the_client_ends() {
    let relay = Relay::start(&[]);
    let people = people();
    for (signal, says) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let ann = Terminal::client("ann", &relay.address, &people.ann);
        ann.sees("seat 1");
        ann.signal(signal);
        let (status, _) = ann.ends();
        assert_eq!(status, says, "{signal:?}");
    }
    let mut ann = Terminal::client("ann", &relay.address, &people.ann);
    ann.sees("seat 1");
    ann.keys("\x03");
    ann.sees("again");
    ann.keys("\x03");
    assert_eq!(ann.ends().0, 0);
}

#[test]
fn suspend_gives_the_terminal_back_and_continue_draws_again() {
    let relay = Relay::start(&[]);
    let people = people();
    let mut ann = Terminal::client("ann", &relay.address, &people.ann);
    ann.sees("seat 1");
    for by_key in [true, false] {
        if by_key {
            ann.keys("\x1a");
        } else {
            ann.signal(Signal::TSTP);
        }
        ann.waits("the shell's screen", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        // Only then does it stop itself, and only a stopped program can be continued.
        ann.stops();
        ann.signal(Signal::CONT);
        ann.waits("its own screen", |screen| {
            screen.alternate_screen() && screen.contents().contains("seat 1")
        });
    }
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}

#[test]
fn any_size_down_to_one_by_one_is_survived() {
    let relay = Relay::start(&[]);
    let people = people();
    let [mut ann, bob] = paired(&relay, &people);
    for (cols, rows) in [(1, 1), (10, 3), (20, 5), (200, 60), (2, 40), (79, 2)] {
        ann.resize(cols, rows);
    }
    ann.resize(80, 24);
    ann.sees("YOUR TURN  emi");
    ann.line("still here");
    bob.sees("still here");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
    let tiny = Terminal::run("tiny", (1, 1), &people.carol, &["--relay", &relay.address]);
    tiny.waits("its own screen", vt100::Screen::alternate_screen);
    tiny.signal(Signal::TERM);
    let (status, _) = tiny.ends();
    assert_eq!(status, 143);
}

#[test]
fn the_one_command_start_hosts_a_relay_shows_the_command_and_ends_it() {
    let people = people();
    let mut ann = Terminal::run("ann", (100, 30), &people.ann, &["--host=127.0.0.1:0"]);
    ann.sees("bash launch_client.sh --relay 127.0.0.1:");
    let screen = ann.screen();
    let (_, rest) = screen.split_once("launch_client.sh --relay ").expect("the command");
    let address: String =
        rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.' || *c == ':').collect();
    let mut bob = Terminal::client("bob", &address, &people.bob);
    ann.sees("YOUR TURN  emi");
    ann.line("hosted");
    bob.sees("hosted");
    // Leaving ends the relay, which tells the other.
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
    let (status, screen) = bob_ends(&mut bob, &address, &people);
    assert_eq!(status, 0);
    assert!(screen.contains("exit: the relay was ended"), "{screen}");
}

/// Waits for bob's end and checks that nothing listens where the relay did.
fn bob_ends(bob: &mut Terminal, address: &str, people: &People) -> (u32, String) {
    let client =
        std::mem::replace(bob, Terminal::run("late", (80, 24), &people.carol, &["--version"]));
    let end = client.ends();
    let late = Terminal::client("late", address, &people.carol);
    let (status, screen) = late.ends();
    assert_eq!(status, 3, "{screen}");
    end
}

#[test]
fn a_hosted_relay_ends_even_if_its_client_is_killed() {
    let people = people();
    let ann = Terminal::run("ann", (100, 30), &people.ann, &["--host=127.0.0.1:0"]);
    ann.sees("launch_client.sh --relay 127.0.0.1:");
    let screen = ann.screen();
    let (_, rest) = screen.split_once("launch_client.sh --relay ").expect("the command");
    let address: String =
        rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.' || *c == ':').collect();
    let bob = Terminal::client("bob", &address, &people.bob);
    bob.sees("seat 2");
    ann.signal(Signal::KILL);
    let (status, screen) = bob.ends();
    assert_eq!(status, 0);
    assert!(screen.contains("exit"), "{screen}");
}

#[test]
fn a_client_stays_small_and_idle() {
    let relay = Relay::start(&[]);
    let people = people();
    let [ann, _bob] = paired(&relay, &people);
    assert!(proc_status_kib(ann.pid(), "VmHWM") < 64 * 1024);
}
