//! Standard input, line by line.
//!
//! Owns the thread that reads it, which can't be given up, and the bound of a line. Two lines are read
//! ahead and no more, so whoever writes faster than that waits.

use couplet::limits::MAX_MESSAGE_BYTES;
use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// The longest line that is taken; a message that is a bit too long is told how long it is.
const MOST: usize = MAX_MESSAGE_BYTES + 4096;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// A line, without its end. It may be a password, so it is wiped.
    Line(Zeroizing<String>),
    /// A line that isn't UTF-8.
    NotText,
    /// A line that is longer than any may be; it was read to its end.
    TooLong,
    /// A line that was read before the question was there that it would answer.
    TooSoon,
    /// There are no more lines.
    End,
}

/// Lines that come in.
#[derive(Debug)]
pub(super) struct Lines {
    /// Each with the number of the question that was there when it was read.
    coming: mpsc::Receiver<(Entered, u64)>,
    /// How many questions there were that nothing may answer which was read before.
    questions: Arc<AtomicU64>,
    /// Whether the end was given.
    over: bool,
}

impl Lines {
    /// Reads standard input from here on.
    pub(super) fn read() -> io::Result<Self> {
        Self::read_from(|| io::stdin().lock())
    }

    fn read_from<I: BufRead>(open: impl FnOnce() -> I + Send + 'static) -> io::Result<Self> {
        let (lines, coming) = mpsc::channel(1);
        let questions = Arc::new(AtomicU64::new(0));
        let asked = Arc::clone(&questions);
        // Not one of the runtime's threads, whose end would be waited for.
        std::thread::Builder::new().name("couplet-input".to_owned()).spawn(move || {
            let mut input = open();
            loop {
                let entered = line(&mut input);
                let over = entered == Entered::End;
                let question = asked.load(Ordering::SeqCst);
                // Whoever waited may have given up.
                if lines.blocking_send((entered, question)).is_err() || over {
                    return;
                }
            }
        })?;
        Ok(Self { coming, questions, over: false })
    }

    /// The next line, and the end once. Nothing is lost if the wait is given up.
    pub(super) async fn next(&mut self) -> Entered {
        if self.over {
            return std::future::pending().await;
        }
        let Some((entered, question)) = self.coming.recv().await else {
            self.over = true;
            return Entered::End;
        };
        self.over = entered == Entered::End;
        if question < self.questions.load(Ordering::SeqCst) && !self.over {
            return Entered::TooSoon;
        }
        entered
    }

    /// What was read until now is no answer to what is asked now.
    pub(super) fn ask_anew(&self) {
        self.questions.fetch_add(1, Ordering::SeqCst);
    }

    /// Gives the end again to who hasn't heard of it.
    pub(super) const fn begin_again(&mut self) {
        self.over = false;
    }
}

/// Reads a line to its end, and keeps what may be taken of it.
fn line(input: &mut impl BufRead) -> Entered {
    // Where it grows, what it leaves behind is wiped too.
    let mut line = Zeroizing::new(Vec::with_capacity(512));
    let mut too_long = false;
    let mut begun = false;
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // A terminal that is gone says so by a signal as well.
            Err(_) => &[],
        };
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let (used, is_last) = (part.len() + usize::from(end.is_some()), end.is_some());
        let nothing = bytes.is_empty();
        begun |= !nothing;
        too_long |= line.len() + part.len() > MOST;
        if !too_long {
            append(&mut line, part);
        }
        input.consume(used);
        if nothing && !begun {
            return Entered::End;
        }
        if is_last || nothing {
            break;
        }
    }
    if too_long {
        return Entered::TooLong;
    }
    std::str::from_utf8(&line)
        .map_or(Entered::NotText, |line| Entered::Line(Zeroizing::new(line.to_owned())))
}

/// Appends without leaving a copy of what is there.
fn append(line: &mut Zeroizing<Vec<u8>>, part: &[u8]) {
    if line.len() + part.len() > line.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * (line.len() + part.len())));
        larger.extend_from_slice(line);
        *line = larger;
    }
    line.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Read};
    use std::sync::mpsc as std_mpsc;

    fn all(bytes: &[u8]) -> Vec<Entered> {
        // A few bytes at a time, so that lines lie across what is read at once.
        let mut input = BufReader::with_capacity(7, bytes);
        let mut all = Vec::new();
        while all.last() != Some(&Entered::End) {
            all.push(line(&mut input));
        }
        all
    }

    fn one(text: &str) -> Entered {
        Entered::Line(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn lines_end_where_they_end() {
        assert_eq!(all(b""), [Entered::End]);
        assert_eq!(all(b"\n\nab"), [one(""), one(""), one("ab"), Entered::End]);
        let long = "a line that is longer than the buffer";
        let text = format!("{long}\nfin\n");
        assert_eq!(all(text.as_bytes()), [one(long), one("fin"), Entered::End]);
    }

    #[test]
    fn what_is_no_line_is_told_and_left_behind() {
        assert_eq!(all(b"\xff\xfe\nok\n"), [Entered::NotText, one("ok"), Entered::End]);
        let mut long = vec![b'x'; 10 * MOST];
        long.extend_from_slice(b"\nok");
        assert_eq!(all(&long), [Entered::TooLong, one("ok"), Entered::End]);
        assert_eq!(all(&vec![b'x'; MOST]).len(), 2);
    }

    /// Gives a line each time that it is let, and says when the next one is wanted.
    struct Paced {
        lines: std_mpsc::Receiver<&'static str>,
        wanted: std_mpsc::Sender<()>,
    }

    impl Read for Paced {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            // A test that has failed listens no more.
            let _ = self.wanted.send(());
            let line = self.lines.recv().unwrap_or_default();
            into[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }

    fn paced() -> (Lines, std_mpsc::Sender<&'static str>, std_mpsc::Receiver<()>) {
        let (give, lines) = std_mpsc::channel();
        let (wanted, is_wanted) = std_mpsc::channel();
        let paced = Paced { lines, wanted };
        (Lines::read_from(|| BufReader::new(paced)).expect("a thread"), give, is_wanted)
    }

    #[tokio::test]
    async fn what_was_typed_ahead_answers_nothing_that_was_asked_later() {
        let (mut lines, give, is_wanted) = paced();
        is_wanted.recv().expect("a reader");
        give.send("typed ahead\n").expect("a reader");
        // By then the line before is handed over.
        is_wanted.recv().expect("a reader");
        lines.ask_anew();
        give.send("the answer\n").expect("a reader");
        assert_eq!(lines.next().await, Entered::TooSoon);
        assert_eq!(lines.next().await, one("the answer"));
        drop(give);
        assert_eq!(lines.next().await, Entered::End);
    }

    #[tokio::test]
    async fn the_end_is_given_once_to_each_who_begins() {
        let (mut lines, give, _is_wanted) = paced();
        give.send("a\n").expect("a reader");
        drop(give);
        assert_eq!(lines.next().await, one("a"));
        assert_eq!(lines.next().await, Entered::End);
        let again = tokio::time::timeout(std::time::Duration::ZERO, lines.next()).await;
        assert!(again.is_err(), "{again:?}");
        lines.begin_again();
        lines.ask_anew();
        assert_eq!(lines.next().await, Entered::End);
    }
}
