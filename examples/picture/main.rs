//! Makes `docs/terminal.svg`, the README's picture: what one of two real clients shows while they
//! talk through a real relay and pass files.
//!
//! ```text
//! cargo build --release && cargo run --release --example picture
//! ```
//!
//! The programs are those of the same profile as this one. It takes some seconds, writes about
//! 3 GiB into the directory for temporary files meanwhile, and leaves nothing there. The relay
//! listens on its default port, or on any if that one is taken.

mod draw;
#[path = "../../tests/support/mod.rs"]
mod support;

use draw::drawn;
use rustix::process::Signal;
use std::cell::RefCell;
use std::fs;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::relay::Relay;
use support::terminal::Terminal;
use vt100::Screen;

const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

fn main() -> io::Result<()> {
    let svg = drawn(&scene()?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/terminal.svg");
    fs::write(&path, &svg)?;
    writeln!(io::stdout(), "wrote {} ({} bytes)", path.display(), svg.len())
}

// The scene.

const FILM: (&str, u64) = ("kyoto.mp4", 5 << 30);
const PHOTO: (&str, u64) = ("pier.jpg", 4_404_019);
const SONGS: (&str, u64) = ("songs.zip", 90_701_824);

/// When the picture is taken: about half, with the gauge's last cell nearly full.
const PERCENT: u32 = 53;

/// How long so much of the film may take; it takes seconds, and the machine may be busy.
const LIMIT: Duration = Duration::from_mins(2);

/// What ann sees when half of her film is across.
fn scene() -> io::Result<Screen> {
    let dir = tempfile::tempdir()?;
    let at_ann = home(dir.path(), "ann", &[FILM])?;
    let at_bob = home(dir.path(), "bob", &[PHOTO, SONGS])?;
    let relay = relay();
    let mut ann = client("ann", &relay, &at_ann);
    ann.sees("waiting for a peer");
    let mut bob = client("bob", &relay, &at_bob);
    ann.sees("YOUR TURN");

    say(&mut ann, &bob, "hi bob! did the photos turn out?");
    say(&mut bob, &ann, "they did 🎉 this one's for you");
    bob.line("/send pier.jpg");
    ann.sees("/accept 1");
    ann.line("/accept 1");
    ann.sees("pier.jpg verified");
    say(&mut ann, &bob, "lovely. now our film of 京都:");
    ann.line("/send kyoto.mp4");
    bob.sees("/accept 2");
    bob.line("/accept 2");
    say(&mut bob, &ann, "here it comes! songs for you:");
    bob.line("/send songs.zip");
    ann.sees("/accept 3");
    say(&mut ann, &bob, "thank you! dinner on friday?");
    ann.sees("✓✓");
    ann.line("at seven, if that suits you");
    ann.sees("held 1");

    let shot = RefCell::new(None);
    let half = |screen: &Screen| {
        let half = is_whole(screen) && percent(screen).is_some_and(|percent| percent >= PERCENT);
        if half {
            shot.replace(Some(screen.clone()));
        }
        half
    };
    let waited = ann.waits_at_most(LIMIT, &half);
    assert!(waited.is_some(), "never half across; the screen is\n{}", ann.screen());
    for client in [ann, bob] {
        client.signal(Signal::TERM);
        client.ends();
    }
    relay.interrupt();
    relay.wait();
    dir.close()?;
    let shot = shot.take().expect("taken when it was half across");
    let percent = percent(&shot).expect("as before");
    assert!(percent <= 70, "{percent} % is more than half; run it again");
    Ok(shot)
}

/// A directory with these files, which are holes and take no room.
fn home(root: &Path, name: &str, files: &[(&str, u64)]) -> io::Result<PathBuf> {
    let dir = root.join(name);
    fs::create_dir(&dir)?;
    for (name, size) in files {
        fs::File::create(dir.join(name))?.set_len(*size)?;
    }
    Ok(dir)
}

fn relay() -> Relay {
    let usual = "127.0.0.1:3647";
    // Asked first, as a relay that can't listen has no first line to read.
    let free = TcpListener::bind(usual).is_ok();
    Relay::start_at(if free { usual } else { "127.0.0.1:0" }, &[])
}

fn client(name: &str, relay: &Relay, dir: &Path) -> Terminal {
    let args = ["--relay", &relay.address, "--name", name, "--downloads", "downloads"];
    Terminal::run(name, (COLUMNS, ROWS), dir, &args)
}

/// Says it when it is the turn of `from`, and waits until both have it on the screen.
fn say(from: &mut Terminal, to: &Terminal, text: &str) {
    from.sees("YOUR TURN");
    from.line(text);
    // The line may be broken at any of its spaces.
    let start = text.split(' ').next().unwrap_or(text);
    to.sees(start);
    from.sees("listening");
}

/// How much of the film is across.
fn percent(screen: &Screen) -> Option<u32> {
    screen.contents().split_whitespace().find_map(|word| word.strip_suffix("%│")?.parse().ok())
}

/// Whether the frame is complete: the cursor is put behind the prompt when all else is drawn.
fn is_whole(screen: &Screen) -> bool {
    let (row, column) = screen.cursor_position();
    let prompt = column.checked_sub(2).and_then(|column| screen.cell(row, column));
    !screen.hide_cursor() && prompt.is_some_and(|cell| cell.contents() == ">")
}
