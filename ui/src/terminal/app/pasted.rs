//! What is pasted or dropped onto the terminal.
//!
//! Owns three rules: it is never sent by itself; what is long is asked about before it stands in the
//! composer; and what names files becomes the command that sends them.

use super::super::keys::Action;
use super::super::quoting;
use super::mode::Mode;
use super::write::MOST_WRITTEN;
use super::{App, Effect, Overlay};
use couplet::limits::MAX_MESSAGE_BYTES;
use couplet::units;
use std::path::{Path, PathBuf};

/// What is pasted without a question.
const UNASKED_LINES: usize = 20;
const UNASKED_BYTES: usize = 4 * 1024;

/// The longest text that is looked at as names of files.
const LONGEST_PATHS: usize = 4 * 1024;

/// Long text that waits for the user's word.
#[derive(Debug)]
pub(crate) struct Pasted {
    text: String,
    /// What came after it and had no room.
    left_out: usize,
}

impl Pasted {
    /// What the user is asked.
    pub(super) fn question(&self) -> String {
        let more = match self.left_out {
            0 => String::new(),
            bytes => format!("; {} more than fits was pasted, too", units::bytes(bytes as u64)),
        };
        format!("Enter pastes {}, as one message; Esc drops it{more}", self.size())
    }

    fn size(&self) -> String {
        let lines = units::count(self.text.lines().count(), "line");
        format!("{lines}, {}", units::bytes(self.text.len() as u64))
    }
}

impl App {
    /// Takes pasted text into the composer; it is never sent by itself.
    pub(super) fn paste(&mut self, pasted: &str, effects: &mut Vec<Effect>) {
        if self.overlay.is_some() {
            match self.overlay {
                Some(Overlay::Pick) => self.paste_filter(pasted, effects),
                Some(Overlay::Find) => self.paste_to_find(pasted),
                Some(Overlay::Help { .. }) => self.paste_to_topic(pasted),
                _ => self.paste_at_shelf(pasted),
            }
            return;
        }
        self.popup = None;
        self.notice = None;
        self.armed = None;
        match &mut self.mode {
            Mode::Write => {}
            Mode::Chord => self.mode = Mode::Write,
            Mode::Seek(_) => return self.paste_query(pasted),
            Mode::Ask(waiting) => {
                // Nothing of it goes without a word.
                if self.editor.text().len() + waiting.text.len() + pasted.len() > MOST_WRITTEN {
                    waiting.left_out += pasted.len();
                } else {
                    waiting.text.push_str(&cleaned(pasted));
                }
                return;
            }
        }
        if self.editor.text().len() + pasted.len() > MOST_WRITTEN {
            self.notice = Some(format!(
                "what you pasted is {}, more than a message can hold ({}); send it as a file: /send PATH",
                units::bytes(pasted.len() as u64),
                units::bytes(MAX_MESSAGE_BYTES as u64),
            ));
            return;
        }
        let text = cleaned(pasted);
        if text.len() > UNASKED_BYTES || text.lines().count() > UNASKED_LINES {
            self.mode = Mode::Ask(Pasted { text, left_out: 0 });
            return;
        }
        let readings =
            if self.editor.is_empty() { path_readings(&text, self.home()) } else { vec![] };
        self.insert(&text);
        if !readings.is_empty() {
            effects.push(Effect::Probe { pasted: text, readings });
        }
    }

    /// A key while it is asked whether what was pasted is meant. Keys that are no answer are none of
    /// the message either.
    pub(super) fn ask_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        match action {
            Some(Action::Submit | Action::Escape) => {}
            other => return self.anywhere(other, effects),
        }
        let Mode::Ask(pasted) = std::mem::take(&mut self.mode) else { return };
        if action == Some(Action::Submit) {
            self.insert(&pasted.text);
        } else {
            let size = pasted.size();
            self.notice = Some(format!("not pasted: {size}; it is still where you copied it"));
        }
    }

    /// Turns a pasted or dropped path into the command that sends it.
    pub(super) fn probed(&mut self, pasted: &str, paths: &[PathBuf]) {
        if self.editor.text() == pasted && !paths.is_empty() {
            let mut line = "/send".to_owned();
            for path in paths {
                line.push(' ');
                line.push_str(&quoting::escaped(&path.to_string_lossy()));
            }
            self.editor.set(line);
            self.notice = Some("Enter offers it; Ctrl-C clears the line".to_owned());
        }
    }
}

pub(super) fn cleaned(pasted: &str) -> String {
    // Terminals paste line ends as carriage returns.
    let text = pasted.replace("\r\n", "\n").replace('\r', "\n");
    couplet::text::message(&text, MOST_WRITTEN)
}

/// The ways in which pasted text can name files: each line one, or words of a shell.
fn path_readings(pasted: &str, home: Option<&Path>) -> Vec<Vec<PathBuf>> {
    let text = pasted.trim();
    let bare = text.trim_start_matches(['\'', '"']);
    let looks_like_one = ["/", "~/", "file://"].iter().any(|start| bare.starts_with(start));
    if !looks_like_one || text.starts_with("//") || text.len() > LONGEST_PATHS {
        return Vec::new();
    }
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let whole: Option<Vec<PathBuf>> = lines().map(|line| whole_line(line, home)).collect();
    let words: Option<Vec<PathBuf>> = lines()
        .flat_map(quoting::words)
        .map(|word| {
            let complete = word.open.is_none();
            let located = word.text.starts_with("file://").then(|| located(&word.text));
            let path = located.unwrap_or_else(|| Some(quoting::expanded(&word, home)));
            path.filter(|path| complete && path.is_absolute())
        })
        .collect();
    let mut readings: Vec<Vec<PathBuf>> = whole.into_iter().chain(words).collect();
    readings.dedup();
    readings
}

/// The path that a whole line names.
fn whole_line(line: &str, home: Option<&Path>) -> Option<PathBuf> {
    if line.starts_with("file://") {
        return located(line);
    }
    match (line.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Some(home.join(below)),
        _ => Some(PathBuf::from(line)),
    }
}

/// The path in a `file://` address.
fn located(address: &str) -> Option<PathBuf> {
    let rest = address.strip_prefix("file://")?;
    percent_decoded(&rest[rest.find('/')?..]).map(PathBuf::from)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::scenes;
    use super::super::super::stage::Stage;
    use super::*;
    use crate::engine::Command;
    use crate::terminal::app::Input;

    fn read(pasted: &str) -> Vec<Vec<String>> {
        let home = Some(Path::new("/home/ann"));
        let name = |path: PathBuf| path.to_string_lossy().into_owned();
        let reading = |paths: Vec<PathBuf>| paths.into_iter().map(name).collect();
        path_readings(pasted, home).into_iter().map(reading).collect()
    }

    #[test]
    fn paths_as_terminals_and_file_managers_write_them() {
        assert_eq!(read("/tmp/a\\ b.png \n"), [["/tmp/a\\ b.png"], ["/tmp/a b.png"]]);
        assert_eq!(read("'/tmp/a b' \"/c d\"").last().unwrap(), &["/tmp/a b", "/c d"]);
        assert_eq!(read("'/tmp/it'\\''s'").last().unwrap(), &["/tmp/it's"]);
        assert_eq!(read("file:///tmp/a%20b"), [["/tmp/a b"]]);
        assert_eq!(read("file://localhost/a file:///b%C3%A9").last().unwrap(), &["/a", "/bé"]);
        assert_eq!(read("file:///a b\r\nfile:///c\r\n")[0], ["/a b", "/c"]);
        assert_eq!(read("/a b\n/c")[0], ["/a b", "/c"]);
        assert_eq!(read("~/a b")[0], ["/home/ann/a b"]);
        for words in ["hello", "//etc", "file:x", "a /b", &"/x".repeat(3_000), ""] {
            assert!(read(words).is_empty(), "{words}");
        }
        for words in ["/a and b", "file:///%zz", "/a 'b"] {
            assert!(read(words).len() <= 1, "only as a whole: {words}");
        }
    }

    fn ready() -> Stage {
        let mut stage = scenes::your_turn_empty();
        stage.draw(80, 24);
        stage.write("see: ").effects.clear();
        stage
    }

    #[test]
    fn what_is_long_is_asked_about_and_stays_one_message() {
        let text = "line\n".repeat(21);
        let mut stage = ready();
        stage.give(Input::Paste(text.replace('\n', "\r")));
        assert_eq!(stage.app.editor.text(), "see: ");
        let question = stage.app.sentence().expect("a question").into_owned();
        assert_eq!(question, "Enter pastes 21 lines, 105 B, as one message; Esc drops it");
        stage.write("x").keys("Up F1 Ctrl-L");
        assert_eq!(stage.app.sentence().as_deref(), Some(question.as_str()), "no answer");
        stage.keys("Enter Enter");
        let said = stage.commands().into_iter().find(|command| matches!(command, Command::Say(_)));
        assert_eq!(said, Some(Command::Say(format!("see: {text}"))));
    }

    #[test]
    fn what_is_dropped_leaves_the_composer_as_it_was() {
        for key in ["Esc", "Ctrl-C", "n"] {
            let mut stage = ready();
            stage.give(Input::Paste("x".repeat(5_000))).keys(key);
            assert_eq!(stage.app.editor.text(), "see: ");
            let notice = stage.app.notice.clone().unwrap_or_default();
            assert!(notice.starts_with("not pasted: 1 line, 4.9 KiB"), "{notice}");
            stage.write("on");
            assert_eq!(stage.app.editor.text(), "see: on");
        }
    }

    #[test]
    fn what_is_pasted_meanwhile_is_asked_about_with_it_or_told() {
        let mut stage = ready();
        stage.give(Input::Paste("x".repeat(5_000))).give(Input::Paste("y\r".repeat(9)));
        stage.give(Input::Paste("z".repeat(100_000)));
        let question = stage.app.sentence().expect("a question").into_owned();
        assert!(question.contains("9 lines, 4.9 KiB"), "{question}");
        assert!(question.contains("97.7 KiB more than fits"), "{question}");
        stage.keys("Enter");
        assert!(stage.app.editor.text().ends_with("xy\ny\ny\ny\ny\ny\ny\ny\ny\n"));
        stage.keys("Ctrl-_");
        assert_eq!(stage.app.editor.text(), "see: ");
    }
}
