//! Somebody at a terminal who uses keys only, or commands only.
//!
//! Owns what each wish is in either way, and that neither borrows from the other.

use crate::support::terminal::Terminal;
use std::ops::Deref;
use std::path::Path;

/// How a person does everything but writing words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// No line is a command, not even `fin`.
    Keys,
    /// Nothing is pressed but what is written, and Enter.
    Commands,
}

const ALT_A: &str = "\x1ba";
const ALT_P: &str = "\x1bp";
const ALT_V: &str = "\x1bv";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_UP: &str = "\x1b[1;5A";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const F1: &str = "\x1bOP";
const F2: &str = "\x1bOQ";
const F4: &str = "\x1bOS";
const TAB: &str = "\t";

/// The person; what is on the screen is asked of the terminal.
pub(crate) struct Person {
    terminal: Terminal,
    way: Way,
}

impl Deref for Person {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

impl Person {
    /// Starts `couplet` with these arguments in a terminal of 80x24.
    pub(crate) fn start(way: Way, name: &str, dir: &Path, args: &[&str]) -> Self {
        Self { terminal: Terminal::run(name, (80, 24), dir, args), way }
    }

    /// Writes words and enters them.
    pub(crate) fn say(&mut self, words: &str) {
        assert!(!words.starts_with('/') && words != "fin", "{words} is a command");
        self.enter(words);
    }

    /// Takes the newest held words back, which are these, and enters them again.
    pub(crate) fn thinks_again_of(&mut self, words: &str) {
        match self.way {
            Way::Keys => self.press(CTRL_UP),
            Way::Commands => self.command("/take"),
        }
        self.misses(&format!("held 1: {words}"));
        self.sees(&format!("> {words}"));
        self.terminal.keys(ENTER);
        self.sees(&format!("held 1: {words}"));
    }

    /// Offers a file of the directory, in which another one is, too.
    pub(crate) fn offer(&mut self, file: &str, other: &str) {
        match self.way {
            Way::Keys => {
                self.press(F4);
                self.sees(file);
                self.sees(other);
                self.terminal.keys(&file[..3]);
                self.misses(other);
                self.press(ENTER);
            }
            Way::Commands => self.command(&format!("/send {file}")),
        }
    }

    /// Accepts the only offer.
    pub(crate) fn accept(&mut self) {
        match self.way {
            Way::Keys => self.press(ALT_A),
            Way::Commands => self.command("/accept"),
        }
    }

    /// Accepts offer `number`, the first one in the list of transfers.
    pub(crate) fn accept_in_list(&mut self, number: u32, file: &str) {
        match self.way {
            Way::Keys => {
                self.press(F2);
                self.sees("a accept");
                self.sees(file);
                self.press("a");
                self.misses("a accept");
                self.press(ESC);
            }
            Way::Commands => self.command(&format!("/accept {number}")),
        }
    }

    /// Gives the turn without a word.
    pub(crate) fn pass(&mut self) {
        match self.way {
            Way::Keys => self.press(ALT_P),
            Way::Commands => self.command("/pass"),
        }
    }

    /// Looks up what the help says, and comes back.
    pub(crate) fn looks_into_the_help(&mut self) {
        match self.way {
            Way::Keys => self.press(F1),
            Way::Commands => self.command("/help"),
        }
        self.sees("How it goes");
        match self.way {
            Way::Keys => self.press(ESC),
            Way::Commands => self.terminal.keys(ENTER),
        }
        self.misses("How it goes");
    }

    /// Finds out in which seat it is.
    pub(crate) fn finds_itself_in(&mut self, seat: u8) {
        if self.way == Way::Commands {
            self.command("/who");
            self.sees(&format!("you: seat {seat}"));
        }
        self.sees(&format!("seat {seat}"));
    }

    /// Puts the words of the seal up on both screens.
    pub(crate) fn compare(&mut self) {
        match self.way {
            Way::Keys => self.press(ALT_V),
            Way::Commands => self.command("/verify"),
        }
        self.sees("compare the words");
    }

    /// Says that they are the same on both.
    pub(crate) fn says_the_same(&mut self) {
        self.sees("compare the words");
        self.enter("y");
        self.misses("compare the words");
        self.sees("● verified");
    }

    /// Makes a new code.
    pub(crate) fn new_code(&mut self) {
        assert_eq!(self.way, Way::Commands, "by keys it is made at the start");
        self.command("/new");
    }

    /// Goes and meets by this code.
    pub(crate) fn meet_by(&mut self, code: &str) {
        match self.way {
            Way::Keys => self.type_code(code),
            Way::Commands => self.command(&format!("/code {code}")),
        }
    }

    /// Leaves, and gives the exit status and what is left on the screen.
    pub(crate) fn leave(mut self) -> (u32, String) {
        match self.way {
            Way::Keys => {
                self.press(CTRL_C);
                self.sees("again");
                self.press(CTRL_C);
            }
            Way::Commands => self.command("fin"),
        }
        self.ends()
    }

    /// The same in the other words for it.
    pub(crate) fn leave_otherwise(mut self) -> (u32, String) {
        match self.way {
            Way::Keys => {
                self.press(CTRL_D);
                self.sees("again");
                self.press(CTRL_D);
            }
            Way::Commands => self.command("/leave"),
        }
        self.ends()
    }

    /// Waits for the end; gives the exit status and what is left on the screen.
    pub(crate) fn ends(self) -> (u32, String) {
        self.terminal.ends()
    }

    /// Types a code where it is asked for; Tab writes what is clear already.
    fn type_code(&mut self, code: &str) {
        self.sees("which code?");
        let mut written = String::new();
        while let Some(letter) = code[written.len()..].chars().next() {
            let completion = couplet::code::complete(&written);
            if let Some(rest) = completion.rest.filter(|_| completion.candidates.len() == 1) {
                self.press(TAB);
                written.push_str(rest);
                // The next word is to follow.
                if code[written.len()..].starts_with('-') {
                    written.push('-');
                }
                self.sees(&written);
            } else {
                self.terminal.keys(letter.encode_utf8(&mut [0; 4]));
                written.push(letter);
            }
        }
        self.sees(&format!("Enter meets by {code}"));
        self.press(ENTER);
    }

    fn enter(&mut self, line: &str) {
        assert!(!line.contains(char::is_control), "{line:?} isn't a line");
        self.terminal.line(line);
    }

    fn command(&mut self, line: &str) {
        assert!(self.way == Way::Commands && (line.starts_with('/') || line == "fin"));
        self.enter(line);
    }

    fn press(&mut self, key: &str) {
        assert!(self.way == Way::Keys && !key.starts_with('/'));
        self.terminal.keys(key);
    }
}
