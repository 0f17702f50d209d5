//! Lines of text, from bytes in any pieces.
//!
//! Owns where a line ends and what is none. LF ends one, and so does NUL; a CR before either belongs to
//! the end. NUL with nothing before it ends nothing: programs in C send it behind their LF, or fill a
//! buffer up with it. What is between the ends is kept byte for byte.

use crate::limits::MAX_PLAIN_LINE;

/// Bytes that are no line. Each says what is wrong and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// More than a line may have.
    #[error(
        "a line has more than {MAX_PLAIN_LINE} bytes; send shorter ones, each ended by a line feed"
    )]
    TooLong,
    /// Not UTF-8.
    #[error("a line isn't text in UTF-8; send UTF-8")]
    NotText,
    /// A line end within what should be one line.
    #[error("there is more than one line; send one at a time")]
    Several,
}

/// Whether this is one line, without its end.
///
/// # Errors
/// [`LineError`] if it isn't.
pub fn check(line: &[u8]) -> Result<&str, LineError> {
    if line.len() > MAX_PLAIN_LINE {
        return Err(LineError::TooLong);
    }
    if line.iter().any(|byte| is_end(*byte)) {
        return Err(LineError::Several);
    }
    std::str::from_utf8(line).map_err(|_| LineError::NotText)
}

/// Cuts what comes in into lines.
///
/// It holds what was pushed and not polled, so whoever pushes polls until there is nothing more; then
/// it holds less than a line.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where the next line begins: what is before it has been given.
    start: usize,
    /// Up to here it is known that no further line ends.
    scanned: usize,
    /// How often NUL has come since a line ended: whoever sends nothing else sends no lines.
    padding: usize,
    failed: Option<LineError>,
}

impl Lines {
    /// Takes what came in next. After an error it is dropped.
    pub fn push(&mut self, piece: &[u8]) {
        if self.failed.is_none() {
            self.bytes.extend_from_slice(piece);
        }
    }

    /// The next line, without its end; `None` until more comes.
    ///
    /// # Errors
    /// [`LineError`], the same ever after.
    pub fn poll_line(&mut self) -> Result<Option<String>, LineError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while let Some(at) = self.bytes[self.scanned..].iter().position(|byte| is_end(*byte)) {
            let (start, end) = (self.start, self.scanned + at);
            (self.start, self.scanned) = (end + 1, end + 1);
            let line = &self.bytes[start..end];
            if line.is_empty() && self.bytes[end] == 0 {
                self.padding += 1;
                if self.padding > MAX_PLAIN_LINE {
                    return self.fail(LineError::TooLong);
                }
                continue;
            }
            self.padding = 0;
            return match check(line.strip_suffix(b"\r").unwrap_or(line)) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(error) => self.fail(error),
            };
        }
        self.bytes.drain(..std::mem::take(&mut self.start));
        self.scanned = self.bytes.len();
        // One more may be the CR before the end.
        if self.bytes.len() > MAX_PLAIN_LINE + 1 {
            return self.fail(LineError::TooLong);
        }
        if self.bytes.is_empty() || self.bytes.capacity() > 2 * self.bytes.len() + 64 {
            // What is left of a large piece doesn't keep all of it.
            self.bytes.shrink_to_fit();
        }
        Ok(None)
    }

    /// The beginning of a line whose end hasn't come.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    fn fail<T>(&mut self, error: LineError) -> Result<T, LineError> {
        *self = Self { failed: Some(error), ..Self::default() };
        Err(error)
    }
}

const fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8], cuts: &[usize]) -> (Vec<String>, Option<LineError>, Vec<u8>) {
        let (mut lines, mut got) = (Lines::default(), Vec::new());
        let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
        loop {
            let cut = cuts.next().map_or(rest.len(), |cut| (*cut).min(rest.len()));
            let (piece, later) = rest.split_at(cut);
            rest = later;
            lines.push(piece);
            loop {
                match lines.poll_line() {
                    Ok(Some(line)) => got.push(line),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(lines.poll_line(), Err(error), "an error is for good");
                        assert_eq!(lines.memory(), 0);
                        return (got, Some(error), Vec::new());
                    }
                }
            }
            assert!(lines.rest().len() <= MAX_PLAIN_LINE + 1);
            assert!(lines.memory() <= 2 * lines.rest().len() + 64);
            if rest.is_empty() {
                return (got, None, lines.rest().to_vec());
            }
        }
    }

    #[test]
    fn every_end_ends_a_line() {
        let (lines, error, rest) = all(b"one\ntwo\r\nthree\0four\r\0\n\r\nfive", &[]);
        assert_eq!(lines, ["one", "two", "three", "four", "", ""]);
        assert_eq!((error, &rest[..]), (None, &b"five"[..]));
    }

    #[test]
    fn a_nul_behind_an_end_is_no_line() {
        let (lines, ..) = all(b"\0hello\n\0fin\0\0\0\0\0", &[]);
        assert_eq!(lines, ["hello", "fin"]);
        let (lines, ..) = all(b"a\r\n\0\r\0b\n", &[1]);
        assert_eq!(lines, ["a", "", "b"], "Enter alone, as some telnets send it");
    }

    #[test]
    fn what_is_between_the_ends_stays_as_it_is() {
        let (lines, ..) = all("  \x1b[1m a\rb\té \r\r\n".as_bytes(), &[2]);
        assert_eq!(lines, ["  \x1b[1m a\rb\té \r"]);
    }

    #[test]
    fn the_longest_line_is_taken_and_one_byte_more_isn_t() {
        for end in [&b"\n"[..], b"\r\n", b"\0"] {
            let line = vec![b'x'; MAX_PLAIN_LINE];
            let (lines, error, _) = all(&[&line[..], end].concat(), &[1000]);
            assert_eq!((lines.len(), error), (1, None));
            let (lines, error, _) = all(&[&line[..], b"x", end].concat(), &[1000]);
            assert_eq!((lines.len(), error), (0, Some(LineError::TooLong)));
        }
        // One that has no end is told as soon as it is too long.
        let (_, error, _) = all(&vec![b'x'; MAX_PLAIN_LINE + 2], &[1000]);
        assert_eq!(error, Some(LineError::TooLong));
    }

    #[test]
    fn nothing_but_nul_is_no_line_either() {
        let (lines, error, _) = all(&[&[0; MAX_PLAIN_LINE][..], b"x\0"].concat(), &[1000]);
        assert_eq!((lines.len(), error), (1, None));
        assert_eq!(all(&vec![0; MAX_PLAIN_LINE + 1], &[1000]).1, Some(LineError::TooLong));
    }

    #[test]
    fn what_isn_t_text_is_an_error() {
        let (lines, error, _) = all(b"good\nbad \xe9\ngood\n", &[]);
        assert_eq!((lines.len(), error), (1, Some(LineError::NotText)));
    }

    proptest! {
        /// Against the simplest reading of the rule, however the bytes are cut.
        #[test]
        fn any_bytes_in_any_pieces(
            bytes in prop::collection::vec(
                prop::sample::select(b"ab \n\n\r\0\xc3\xa9".to_vec()), 0..200),
            cuts in prop::collection::vec(1_usize..20, 1..20),
        ) {
            let (mut expected, mut wrong) = (Vec::new(), None);
            let mut pieces: Vec<_> = bytes.split_inclusive(|byte| is_end(*byte)).collect();
            let rest = pieces.pop_if(|last| !last.last().is_some_and(|byte| is_end(*byte)));
            for piece in pieces {
                let line = &piece[..piece.len() - 1];
                if piece == [0] {
                    continue;
                }
                let Ok(line) = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) else {
                    wrong = Some(LineError::NotText);
                    break;
                };
                expected.push(line.to_owned());
            }
            let (lines, error, left) = all(&bytes, &cuts);
            prop_assert_eq!(lines, expected);
            prop_assert_eq!(error, wrong);
            if error.is_none() {
                prop_assert_eq!(left, rest.unwrap_or_default());
            }
        }
    }
}
