//! Addresses of web pages in what was said, for terminals that open them.
//!
//! Owns what counts as one. A link leads where its text says and nowhere else, and only printable
//! ASCII without spaces is a part of it, so it can't hide anything.

use std::env::VarError;
use std::ops::Range;

/// The longest address. Terminals take twice as much, but each of its cells has all of it.
const MOST_BYTES: usize = 1000;
/// Addresses that are looked for in one text.
const MOST_LINKS: usize = 100;

/// Whether the terminal can be told of links (OSC 8), as far as its name says, which is read through
/// `variable`. A terminal that doesn't know them is to pass over them; these few may show them.
pub(crate) fn are_known(variable: impl Fn(&str) -> Result<String, VarError>) -> bool {
    let term = variable("TERM").unwrap_or_default();
    let screen = term.starts_with("screen") && variable("TMUX").is_err();
    !screen && !["", "dumb", "linux", "ansi", "vt100", "vt220"].contains(&term.as_str())
}

/// What ends a link (OSC 8).
pub(crate) const END: &str = "\x1b]8;;\x1b\\";

/// What is put into a cell so that it leads to `target`, which is printable ASCII. All cells of one
/// link have the same `id`. Each has all of it: any of them may be all that is drawn again.
pub(crate) fn cell(symbol: &str, target: &str, id: &str) -> String {
    format!("\x1b]8;id={id};{target}\x1b\\{symbol}{END}")
}

/// The beginning of the link that [`cell`] has put into a cell, and what is seen of it.
pub(crate) fn in_cell(cell: &str) -> Option<(&str, &str)> {
    let linked = cell.strip_suffix(END).filter(|linked| linked.starts_with("\x1b]8;id="))?;
    let begins = linked.find("\x1b\\")? + 2;
    Some(linked.split_at(begins))
}

/// Where in `text` addresses are, in order.
pub(crate) fn in_text(text: &str) -> Vec<Range<usize>> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("://").map(|at| from + at) {
        from = at + 3;
        let Some(start) = ["https", "http"].iter().find_map(|scheme| {
            let start = at.checked_sub(scheme.len())?;
            (text.get(start..at)? == *scheme).then_some(start)
        }) else {
            continue;
        };
        let begins = text[..start].chars().next_back().is_none_or(|it| !it.is_alphanumeric());
        let rest = &text.as_bytes()[from..];
        let long = rest.iter().take_while(|byte| byte.is_ascii_graphic()).count();
        let end = from + trimmed(&text[from..from + long]);
        if begins && end > from && end - start <= MOST_BYTES {
            links.push(start..end);
            if links.len() == MOST_LINKS {
                break;
            }
        }
        from += long;
    }
    links
}

/// How long an address is without what ends a sentence, or a bracket around it. Brackets that it
/// has opened itself are its own. `written` is ASCII.
fn trimmed(written: &str) -> usize {
    let counted = |bracket: u8| written.bytes().filter(|byte| *byte == bracket).count();
    let (opened, mut closed) = (counted(b'('), counted(b')'));
    let (opened_square, mut closed_square) = (counted(b'['), counted(b']'));
    let mut length = written.len();
    for last in written.bytes().rev() {
        let (opened, closed) = match last {
            b')' => (opened, &mut closed),
            b']' => (opened_square, &mut closed_square),
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'"' | b'<' | b'>' | b'{' | b'}'
            | b'`' | b'|' => {
                length -= 1;
                continue;
            }
            _ => break,
        };
        if opened >= *closed {
            break;
        }
        *closed -= 1;
        length -= 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<&str> {
        in_text(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn addresses_end_where_a_reader_ends_them() {
        for (text, links) in [
            ("see https://example.org/a?b=c#d, and", &["https://example.org/a?b=c#d"][..]),
            ("(http://example.org/x_(y)).", &["http://example.org/x_(y)"]),
            ("\"https://a.b\"; <http://c.d>!", &["https://a.b", "http://c.d"]),
            ("http://[::1]:80/ and http://a/日本", &["http://[::1]:80/", "http://a/"]),
            ("ftp://a.b xhttp://a.b https:// http://. no://", &[]),
            ("日http://a.b", &[]),
            ("https://a.b\nhttps://c.d", &["https://a.b", "https://c.d"]),
        ] {
            assert_eq!(found(text), links, "{text}");
        }
        assert!(found(&format!("https://{}", "a".repeat(MOST_BYTES))).is_empty());
        assert_eq!(found(&"http://a ".repeat(1000)).len(), MOST_LINKS);
    }

    /// Brackets are counted once, not once for each: 900 KiB of them take no time.
    #[test]
    fn a_long_row_of_brackets_is_no_work() {
        let brackets = format!("http://{}", ")]".repeat(450 * 1024));
        assert!(found(&brackets).is_empty());
        assert_eq!(found(&format!("http://a/(b{}", ")".repeat(400))), ["http://a/(b)"]);
    }

    #[test]
    fn some_terminals_would_show_what_they_do_not_know() {
        let known = |term: &'static str, tmux: bool| {
            are_known(|name| match name {
                "TERM" => Ok(term.to_owned()),
                "TMUX" if tmux => Ok("x".to_owned()),
                _ => Err(VarError::NotPresent),
            })
        };
        assert!(known("xterm-256color", false) && known("screen-256color", true));
        assert!(!known("screen", false) && !known("linux", false) && !known("", true));
    }

    proptest! {
        #[test]
        fn nothing_but_printable_ascii_is_ever_a_link(text in "(\\PC|\u{1b}|\n|http://|https://|[().,]){0,40}") {
            let mut last = 0;
            for range in in_text(&text) {
                prop_assert!(range.start >= last && range.end > range.start);
                last = range.end;
                prop_assert!(text[range].bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
