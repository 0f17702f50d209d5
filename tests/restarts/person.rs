//! Somebody at a terminal who counts: says `a-0001`, `a-0002`, … and checks what comes.

use crate::support::terminal::Terminal;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Messages that somebody types ahead of what has come.
const AHEAD: u64 = 3;

pub struct Person {
    name: &'static str,
    /// What own messages begin with; the other's begin with the other letter.
    letter: char,
    dir: PathBuf,
    terminal: Terminal,
    /// The last number that was typed, and the last that the client has shown to have taken in.
    typed: u64,
    taken: u64,
    /// The last number of the other's that came.
    heard: u64,
    /// Up to where it had come in whole frames, when the program was killed.
    surely: u64,
    /// Whether nothing has come to this program yet.
    fresh: bool,
}

impl Person {
    /// Somebody who comes to the room of a code at this relay.
    pub fn meets(name: &'static str, letter: char, dir: &Path, relay: &str, rate: &str) -> Self {
        let args = ["chat", "7-otter-lamp", "--relay", relay, "--name", name, "--limit", rate];
        let terminal = Terminal::run(name, (100, 50), dir, &args);
        let (typed, taken, heard, surely) = (0, 0, 0, 0);
        Self {
            name,
            letter,
            dir: dir.to_owned(),
            terminal,
            typed,
            taken,
            heard,
            surely,
            fresh: true,
        }
    }

    /// Waits until the two have met.
    pub fn is_there(&mut self) {
        self.terminal.sees("sealed by your code");
    }

    /// The last of the other's messages that came.
    pub const fn heard(&self) -> u64 {
        self.heard
    }

    pub fn screen(&self) -> String {
        let Self { name, typed, taken, heard, .. } = self;
        format!("{name}: typed {typed}, taken {taken}, heard {heard}\n{}", self.terminal.screen())
    }

    /// Types a line, in place of one that was refused and stands there still.
    pub fn enters(&mut self, line: &str) {
        self.terminal.keys("\x15");
        self.terminal.line(line);
    }

    /// Whether a file is on the screen, but for the line that is being written.
    pub fn shows_file(&self, name: &str) -> bool {
        lines(&self.terminal.screen()).any(|line| line.contains(name))
    }

    /// Whether a file is offered that waits for an answer.
    pub fn shows_offer(&self, name: &str) -> bool {
        let screen = self.terminal.screen();
        screen.contains("Alt-A accept") && lines(&screen).any(|line| line.contains(name))
    }

    /// Waits until something on the screen may have changed, or a moment.
    pub fn waits_for_change(&self) {
        let before = self.terminal.screen();
        let changed = |screen: &vt100::Screen| screen.contents() != before;
        let _ = self.terminal.waits_at_most(Duration::from_millis(20), &changed);
    }

    /// Takes in what is on the screen: the other's messages are there once, in order, without a gap.
    /// A frame may be half drawn; what is wrong with the words themselves stays wrong.
    pub fn look(&mut self) {
        let mut tries = 0;
        while let Err(wrong) = self.try_to_look() {
            tries += 1;
            assert!(tries < 20, "{wrong}");
            self.waits_for_change();
        }
    }

    fn try_to_look(&mut self) -> Result<(), String> {
        let screen = self.terminal.screen();
        let (own, other) = if self.letter == 'a' { ('a', 'b') } else { ('b', 'a') };
        let there = numbers(&screen, other);
        let (name, heard) = (self.name, self.heard);
        let told = |what: &str| format!("{name} has heard {heard} and {what} {there:?}\n{screen}");
        if there.windows(2).any(|pair| pair[1] != pair[0] + 1) {
            return Err(told("sees"));
        }
        if let (Some(first), Some(last)) = (there.first(), there.last()) {
            if !self.fresh && !(1..=heard + 1).contains(first) {
                return Err(told("now begins with"));
            }
            // Those that were on the screen when the program was killed may come again.
            if self.fresh && !(self.surely.max(2) - 1..=heard + 1).contains(first) {
                return Err(told("goes on with"));
            }
            if *last < heard && !self.fresh {
                return Err(told("lost sight:"));
            }
            self.heard = heard.max(*last);
            self.fresh = false;
        }
        self.taken = self.taken.max(taken(&screen, own));
        Ok(())
    }

    /// Says the next number, unless enough is on its way: the other has heard up to `theirs`.
    pub fn talk(&mut self, theirs: u64) {
        self.taken = self.taken.max(theirs);
        self.typed = self.typed.max(self.taken);
        if self.typed == self.taken && self.typed < theirs + AHEAD {
            self.typed += 1;
            let line = format!("{}-{:04}", self.letter, self.typed);
            self.enters(&line);
        }
    }

    pub fn is_suspended(&self) {
        self.terminal.signal(Signal::STOP);
    }

    pub fn goes_on(&self) {
        self.terminal.signal(Signal::CONT);
    }

    /// Says one more, while the other, or the relay, stands still; the client takes it in.
    pub fn talks_alone(&mut self) {
        let goal = self.taken.max(self.typed) + 1;
        for _ in 0..1000 {
            self.look();
            if self.taken >= goal {
                return;
            }
            self.talk(goal.saturating_sub(AHEAD));
            self.waits_for_change();
        }
        panic!("{} isn't taken in\n{}", goal, self.screen());
    }

    /// Lets so much time pass.
    pub fn waits(&self, time: Duration) {
        let _ = self.terminal.waits_at_most(time, &|_| false);
    }

    /// The program is killed and started again with `--last`.
    pub fn is_killed_and_goes_back(&mut self) {
        self.is_killed();
        self.goes_back();
    }

    pub fn is_killed(&mut self) {
        self.look();
        self.surely = self.heard;
        self.terminal.signal(Signal::KILL);
        self.terminal.is_gone();
        // The last frame, of which the user may have seen a part.
        let other = if self.letter == 'a' { 'b' } else { 'a' };
        let drawn = numbers(&self.terminal.screen(), other).into_iter().max().unwrap_or(0);
        self.heard = self.heard.max(drawn);
    }

    pub fn goes_back(&mut self) {
        self.begins_to_go_back();
        self.is_back();
    }

    pub fn begins_to_go_back(&mut self) {
        self.terminal = Terminal::run(self.name, (100, 50), &self.dir, &["chat", "--last"]);
        self.fresh = true;
    }

    /// The conversation goes on; what the program before hadn't taken in is typed again.
    pub fn is_back(&mut self) {
        self.terminal.sees("sealed by your code");
        let screen = self.terminal.screen();
        self.taken = self.taken.max(taken(&screen, self.letter));
        // What was typed and not taken in may stand in the composer, or be nowhere.
        self.terminal.keys("\x15");
        self.typed = self.taken;
    }
}

/// The lines of a screen without the one that is being written.
fn lines(screen: &str) -> impl Iterator<Item = &str> {
    screen.lines().filter(|line| !line.starts_with("│>"))
}

/// The last number behind this letter that the client has taken in: those that are held last aren't
/// all on the screen.
fn taken(screen: &str, letter: char) -> u64 {
    let last = numbers(screen, letter).into_iter().max().unwrap_or(0);
    let more = lines(screen).find_map(|line| {
        let (before, _) = line.split_once(" more message")?;
        before.rsplit(' ').next()?.parse::<u64>().ok()
    });
    last + more.unwrap_or(0)
}

/// The numbers behind this letter, in the order in which they stand on the screen.
fn numbers(screen: &str, letter: char) -> Vec<u64> {
    let mark = format!("{letter}-");
    lines(screen)
        .filter_map(|line| {
            let at = line.find(&mark)?;
            line.get(at + 2..at + 6)?.parse().ok()
        })
        .collect()
}
