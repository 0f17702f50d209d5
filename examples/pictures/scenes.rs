//! What is played, and when the pictures are taken.

use super::Picture;
use super::stage::{LIMIT, Stage, USUAL, say, shows};
use super::support::terminal::Terminal;
use std::io;
use vt100::Screen;

/// The pictures of a scene by their names, and the scene.
type Scene = (&'static [&'static str], fn() -> io::Result<Vec<Picture>>);

/// All of them.
pub(super) const SCENES: &[Scene] = &[
    (&["first-run"], first_run),
    (&["conversation"], conversation),
    (&["offer", "help"], offer),
    (&["transfers", "small"], transfers),
];

/// Ann has never been here, and makes a code.
fn first_run() -> io::Result<Vec<Picture>> {
    let stage = Stage::new()?;
    let ann = stage.client("ann", USUAL, &["chat", "--new"], "terminal")?;
    let screen = ann.shot(LIMIT, &shows(&["Welcome", "couplet chat ", " ms ", "F1 help"]));
    stage.end([ann])?;
    let says = "the first run: four things to know, and a code to tell a friend";
    Ok(vec![of_ann("first-run", says, screen)])
}

/// A test is mended, and a journey agreed upon.
fn conversation() -> io::Result<Vec<Picture>> {
    let stage = Stage::new()?;
    let (mut ann, mut bob) = stage.met(USUAL, "terminal")?;
    say(&mut ann, &bob, "good morning! is the build green?");
    say(&mut bob, &ann, "almost 🙈 one test is off by one:\n```\nlet days = to - from;\n```");
    say(&mut ann, &bob, "mine. it has to be + 1");
    say(&mut bob, &ann, "now it is 🎉 京都 in april, then? 桜 is early");
    ann.sees("YOUR TURN");
    ann.line("/reply");
    ann.sees("> > ");
    say(&mut ann, &bob, "yes! I'll look for trains 🚄");
    ann.waits("both marks", |screen| screen.contents().matches("✓✓").count() == 3);
    ann.line("and bring the big camera");
    ann.sees("held 1");
    bob.keys("two seats by the ");
    let screen = ann.shot(LIMIT, &shows(&["held 1", "typing"]));
    stage.end([ann, bob])?;
    let says = "a conversation in turns, with code, a quotation, and a message held until its turn";
    Ok(vec![of_ann("conversation", says, screen)])
}

/// Bob offers his pictures; and ann asks for help.
fn offer() -> io::Result<Vec<Picture>> {
    let stage = Stage::new()?;
    stage.file("bob", "pier.jpg", 4_404_019)?;
    for number in 1..=214 {
        stage.hole("bob", &format!("kyoto/{number:03}.jpg"), 5_000_000 + number * 7_919)?;
    }
    let (mut ann, mut bob) = stage.met(USUAL, "paper")?;
    say(&mut ann, &bob, "hi bob! did the photos turn out?");
    say(&mut bob, &ann, "better than I hoped. this is from the pier:");
    bob.line("/send pier.jpg");
    ann.sees("/accept 1");
    ann.line("/accept 1");
    ann.sees("verified");
    say(&mut ann, &bob, "oh, lovely! may I have them all?");
    bob.line("/send kyoto");
    ann.sees("Alt-A accept");
    say(&mut bob, &ann, "of course, here you are 📷");
    let offer = ann.shot(LIMIT, &shows(&["YOUR TURN", "Alt-A accept"]));
    ann.keys("\u{1b}OP");
    let help = ann.shot(LIMIT, &shows(&["How it goes", "PgDn more"]));
    ann.keys("\u{1b}");
    ann.misses("How it goes");
    stage.end([ann, bob])?;
    let says = "a folder is offered: its size, and the keys that accept or decline it";
    let helps = "the help: how it goes, and all commands and keys";
    let on_paper = |picture| Picture { window: "couplet chat --new --theme paper", ..picture };
    Ok(vec![on_paper(of_ann("offer", says, offer)), on_paper(of_ann("help", helps, help))])
}

/// How much of the film is across when the picture is taken, in percent.
const MUCH: u32 = 62;

/// How fast it goes until so much of the film is across.
const PACES: [(u32, &str); 10] = [
    (4, "3M"),
    (10, "5M"),
    (16, "4M"),
    (22, "3500K"),
    (30, "6M"),
    (36, "7M"),
    (40, "3M"),
    (48, "6M"),
    (54, "8M"),
    (MUCH, "7M"),
];

/// When bob lets his disk wait.
const WAITS_AT: u32 = 36;

/// A film goes, songs and a disk come, and another offer waits.
fn transfers() -> io::Result<Vec<Picture>> {
    let stage = Stage::new()?;
    stage.file("ann", "kyoto.mp4", 412_602_624)?;
    stage.file("bob", "pier.jpg", 4_404_019)?;
    stage.file("bob", "songs.zip", 388_701_824)?;
    stage.file("bob", "disk.img", 536_870_912)?;
    stage.file("bob", "tickets.pdf", 318_464)?;
    let (mut ann, mut bob) = stage.met((120, 40), "terminal")?;
    say(&mut ann, &bob, "hi bob! our film of 京都 is cut, and it is large");
    say(&mut bob, &ann, "send it over! this is from the pier meanwhile:");
    bob.line("/send pier.jpg");
    ann.sees("/accept 1");
    ann.line("/accept 1");
    ann.sees("pier.jpg verified");
    say(&mut ann, &bob, "lovely 🌊 here comes the film");
    bob.line("/limit 2M");
    ann.line("/send kyoto.mp4");
    bob.sees("/accept 2");
    bob.line("/accept 2");
    say(&mut bob, &ann, "and here are the songs, and what I could save from your disk");
    for (path, offer) in [("songs.zip", "/accept 3"), ("disk.img", "/accept 4")] {
        bob.line(&format!("/send {path}"));
        ann.sees(offer);
        ann.line(offer);
    }
    say(&mut ann, &bob, "you are a treasure. is there room on your side?");
    say(&mut bob, &ann, "plenty. the tickets are ready, too:");
    bob.line("/send tickets.pdf");
    ann.sees("/accept 5");
    say(
        &mut ann,
        &bob,
        "friday at seven, then?\nwe could see it on the large screen:\n- the film\n- the pier, if it doesn't rain",
    );
    bob.line("/reply");
    bob.sees("> > ");
    say(&mut bob, &ann, "with popcorn 🍿");
    say(&mut ann, &bob, "and with the songs, if they are here by then");
    ann.line("I'll bring the lamp");
    ann.sees("held 1");
    let film = |percent: u32| move |screen: &Screen| film(screen).is_some_and(|now| now >= percent);
    let mut wide = None;
    for (percent, limit) in PACES {
        bob.line(&format!("/limit {limit}"));
        let shot = ann.shot(LIMIT, &film(percent));
        if percent == WAITS_AT {
            bob.line("/pause 4");
        }
        wide = Some(shot);
    }
    let small = resized(&ann, (60, 16));
    stage.end([ann, bob])?;
    let says = "files go both ways at once, with their speeds and the time that is left";
    Ok(vec![
        of_ann("transfers", says, wide.expect("there are paces")),
        of_ann("small", "the same in a small window", small),
    ])
}

fn of_ann(name: &'static str, says: &'static str, screen: Screen) -> Picture {
    Picture { name, window: "couplet chat --new", says, screen }
}

/// What is shown in a window of another size.
fn resized(client: &Terminal, (columns, rows): (u16, u16)) -> Screen {
    client.resize(columns, rows);
    client.shot(LIMIT, &|screen: &Screen| {
        // The whole of it is drawn anew: the first line is the status, and boxes end at the edge.
        let rows: Vec<String> = screen.rows(0, columns).collect();
        rows.first().is_some_and(|row| row.contains("bob"))
            && rows.get(1).is_some_and(|row| row.ends_with('┐'))
    })
}

/// How much of the film is across: what its line says at the end.
fn film(screen: &Screen) -> Option<u32> {
    let contents = screen.contents();
    let line = contents.lines().find(|line| line.contains("kyoto.mp4 ") && line.contains('%'))?;
    line.split_whitespace()
        .find_map(|word| word.trim_end_matches('│').strip_suffix('%')?.parse().ok())
}
