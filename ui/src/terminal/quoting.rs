//! Words the way a shell splits them: quotes, backslashes, and `~` for the home directory.
//!
//! Owns splitting and its inverse, and numbers and names with a word behind them. It knows no variables, globs or commands, on purpose: what is
//! typed is what is meant.

use couplet::transfer::book::TransferId;
use std::path::{Path, PathBuf};

/// A quote that isn't closed, or a backslash with nothing after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuoteError {
    /// A quote without its other end.
    #[error("the quote {0} isn't closed; close it, or write \\{0} for the character itself")]
    Open(char),
    /// A lone backslash at the end.
    #[error("nothing follows the backslash at the end; write \\\\ for the character itself")]
    Backslash,
}

/// One word of a line, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Without quotes and escapes.
    pub(crate) text: String,
    /// Where it begins in the line.
    pub(crate) start: usize,
    /// Where it ends in the line.
    pub(crate) end: usize,
    /// Whether it begins with a `~` that no quote or escape protects.
    pub(crate) tilde: bool,
    /// What is missing at its end, if it isn't complete.
    pub(crate) open: Option<QuoteError>,
}

/// Splits `line` at its spaces, without complaint about an incomplete last word.
pub(crate) fn words(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut current: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            words.extend(current.take());
            continue;
        }
        let word = current.get_or_insert_with(|| Word {
            text: String::new(),
            start: at,
            end: at,
            tilde: character == '~',
            open: None,
        });
        word.end = at + character.len_utf8();
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None | Some('"'), '\\') => match characters.next() {
                Some((at, escaped)) => {
                    word.text.push(escaped);
                    word.end = at + escaped.len_utf8();
                }
                None => word.open = Some(QuoteError::Backslash),
            },
            _ => word.text.push(character),
        }
    }
    if let (Some(word), Some(open)) = (&mut current, quote) {
        word.open = Some(QuoteError::Open(open));
    }
    words.extend(current);
    words
}

/// The paths that `line` names.
///
/// # Errors
/// [`QuoteError`] if the last one isn't complete.
pub(crate) fn paths(line: &str, home: Option<&Path>) -> Result<Vec<PathBuf>, QuoteError> {
    words(line)
        .into_iter()
        .map(|word| word.open.map_or_else(|| Ok(expanded(&word, home)), Err))
        .collect()
}

/// The path that `word` names, with `~` replaced.
pub(crate) fn expanded(word: &Word, home: Option<&Path>) -> PathBuf {
    if let (true, Some(home)) = (word.tilde, home) {
        if word.text == "~" {
            return home.to_owned();
        }
        if let Some(below) = word.text.strip_prefix("~/") {
            return home.join(below);
        }
    }
    PathBuf::from(&word.text)
}

/// `text` written so that [`words`] reads it back as one word.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if character.is_whitespace() || "\\\"'".contains(character) || (at == 0 && character == '~')
        {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A transfer's number, as it is typed.
pub(crate) fn read_number(typed: &str) -> Option<TransferId> {
    typed.strip_prefix('#').unwrap_or(typed).parse().ok().map(TransferId)
}

/// A transfer's number and one of a few words, in either order, each at most once; or what is
/// neither.
pub(crate) fn number_and_word<T: Copy>(
    typed: &str,
    words: &[(&str, T)],
) -> Result<(Option<TransferId>, Option<T>), String> {
    let (mut number, mut word) = (None, None);
    for part in typed.split_whitespace() {
        let known = words.iter().find(|(name, _)| name.eq_ignore_ascii_case(part));
        match (read_number(part), known) {
            (Some(id), None) if number.is_none() => number = Some(id),
            (None, Some((_, meaning))) if word.is_none() => word = Some(*meaning),
            _ => return Err(part.to_owned()),
        }
    }
    Ok((number, word))
}

/// A name, which may have spaces, and one of a few words if it is the last.
pub(crate) fn name_and_word<'a, T: Copy>(
    typed: &'a str,
    words: &[(&str, T)],
) -> (&'a str, Option<T>) {
    let Some((name, last)) = typed.rsplit_once(char::is_whitespace) else { return (typed, None) };
    let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(last));
    known.map_or((typed, None), |(_, meaning)| (name.trim_end(), Some(*meaning)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(line: &str) -> Vec<String> {
        words(line).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(split(r#"a 'b c' "d \" e" f\ g"#), ["a", "b c", "d \" e", "f g"]);
        assert_eq!(split("  "), Vec::<String>::new());
        assert_eq!(split("''"), [""]);
        assert_eq!(paths("a 'b", None), Err(QuoteError::Open('\'')));
        assert_eq!(paths("a \\", None), Err(QuoteError::Backslash));
    }

    #[test]
    fn home() {
        let home = Some(Path::new("/home/ann"));
        let all = paths(r"~/a ~ '~/b' \~/c x~", home).unwrap();
        let wanted = ["/home/ann/a", "/home/ann", "~/b", "~/c", "x~"];
        assert_eq!(all, wanted.map(PathBuf::from));
    }

    proptest! {
        #[test]
        fn escaping_is_undone_by_splitting(text in "\\PC{1,40}") {
            let read = words(&escaped(&text));
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(&read[0].text, &text);
            prop_assert!(!read[0].tilde && read[0].open.is_none());
        }
    }
}
