//! TOML as the configuration and the themes are written in it: names with one value each.
//!
//! Owns how a line with a mistake in it is told. Every key and value is looked at one by one, so
//! that each mistake is one sentence with its line, and with what was probably meant.

use couplet::nearness::distance;
use couplet::text;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// The columns of a file that a mistake may repeat.
const MOST_REPEATED: usize = 60;

/// What is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// In which line.
    pub(crate) line: usize,
    /// What, and what was expected.
    pub(crate) text: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The name.
    pub(crate) key: String,
    line: usize,
    value: Value,
}

/// A value, as far as any setting has such values.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Switch(bool),
    Number(String),
    Other(&'static str),
}

/// The entries of a file in the order of their names.
pub(crate) fn entries(text: &str) -> Result<Vec<Entry>, Wrong> {
    let line_at = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| {
        let line = line_at(error.span().map_or(0, |span| span.start));
        Wrong { line, text: shown(error.message()) }
    })?;
    let entries = table.get_ref().iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        line: line_at(key.span().start),
        value: match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(switch) => Value::Switch(*switch),
            DeValue::Integer(number) if number.radix() == 10 => {
                Value::Number(number.as_str().to_owned())
            }
            DeValue::Integer(_) => Value::Other("such an integer"),
            DeValue::Float(_) => Value::Other("a fraction"),
            DeValue::Datetime(_) => Value::Other("a time"),
            DeValue::Array(_) => Value::Other("a list"),
            DeValue::Table(_) => Value::Other("a table"),
        },
    });
    Ok(entries.collect())
}

impl Entry {
    /// The value, which must be text.
    pub(crate) fn text(&self) -> Result<&str, Wrong> {
        match &self.value {
            Value::Text(text) => Ok(text),
            Value::Switch(_) | Value::Number(_) | Value::Other(_) => {
                Err(self.wrong(format!("is text in quotes, not {}", self.kind())))
            }
        }
    }

    /// The value, which must be true or false.
    pub(crate) fn switch(&self) -> Result<bool, Wrong> {
        match &self.value {
            Value::Switch(switch) => Ok(*switch),
            Value::Text(_) | Value::Number(_) | Value::Other(_) => {
                Err(self.wrong(format!("is true or false, not {}", self.kind())))
            }
        }
    }

    /// The value, which must be text or a number.
    pub(crate) fn figure(&self) -> Result<&str, Wrong> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Ok(text),
            Value::Switch(_) | Value::Other(_) => {
                Err(self.wrong(format!("is a number or text in quotes, not {}", self.kind())))
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "text",
            Value::Switch(_) => "true or false",
            Value::Number(_) => "an integer",
            Value::Other(kind) => kind,
        }
    }

    /// The value can't be taken; `text` goes on after the key, or stands for itself.
    pub(crate) fn wrong(&self, text: impl AsRef<str>) -> Wrong {
        let text = text.as_ref();
        let between = if text.starts_with("is ") { " " } else { ": " };
        Wrong { line: self.line, text: shown(&format!("{}{between}{text}", self.key)) }
    }

    /// The value is none of these words.
    pub(crate) fn none_of(&self, words: &[String], given: &str) -> Wrong {
        let meant = near(given, words.iter().map(String::as_str))
            .map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        let given = text::line(given, MOST_REPEATED);
        self.wrong(format!("is one of {}, not {given}{meant}", words.join(", ")))
    }

    /// There is no such key among those that `whose` file has.
    pub(crate) fn unknown<'a>(
        &self,
        whose: &str,
        keys: impl Iterator<Item = &'a str> + Clone,
    ) -> Wrong {
        let meant = match near(&self.key, keys.clone()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("there are {}", keys.collect::<Vec<_>>().join(", ")),
        };
        let key = text::line(&self.key, MOST_REPEATED);
        Wrong { line: self.line, text: format!("{whose} has no setting {key}; {meant}") }
    }
}

/// What was probably meant.
fn near<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (slips, word) = words.map(|word| (distance(given, word), word)).min()?;
    (slips <= 2 && slips < word.len().max(2)).then_some(word)
}

/// In one line, without anything that a terminal would obey.
fn shown(text: &str) -> String {
    text::line(text, 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let entries = entries("# a\nb = 'x'\n\na = true\n").expect("entries");
        let found: Vec<_> = entries.iter().map(|entry| (&*entry.key, entry.line)).collect();
        assert_eq!(found, [("a", 4), ("b", 2)]);
        assert_eq!(entries[0].switch(), Ok(true));
        assert_eq!(entries[1].text(), Ok("x"));
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        for (text, line) in [("a = 'x\n", 1), ("a = 1\nb\n", 2), ("a = 1\na = 2", 2)] {
            let wrong = entries(text).expect_err(text);
            assert_eq!(wrong.line, line, "{text:?}: {wrong}");
            assert!(!wrong.text.is_empty() && !wrong.text.contains('\n'), "{wrong}");
        }
    }

    #[test]
    fn nothing_of_a_file_draws_on_the_terminal() {
        let text = "\"a\\u001b[2J\\u009b\" = 'x'";
        let entries = entries(text).expect("an entry");
        let wrong = entries[0].unknown("the configuration", ["relay"].into_iter());
        assert!(!wrong.to_string().chars().any(char::is_control), "{wrong:?}");
    }
}
