//! What was said, in rows: words, quotations, and blocks of code.
//!
//! Owns which lines are which. Words and quotations are broken between words; lines between two
//! fences (three backticks) are kept as they are, and cut only where the row ends. It draws nothing.

use super::wrap;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// The room for the bar before what isn't plain words.
pub(crate) const BAR: usize = 2;

const FENCE: &str = "```";

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Words.
    Words,
    /// A part of a quotation; its mark isn't in the range.
    Quote,
    /// A part of a line of code.
    Code,
    /// The beginning or the end of a block of code.
    Fence,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The part of the text.
    pub(crate) range: Range<usize>,
    /// What it is.
    pub(crate) form: Form,
}

/// The rows that what somebody said takes at `columns`; never none.
pub(crate) fn parts(text: &str, columns: usize) -> Vec<Part> {
    if !text.contains(FENCE) && !text.starts_with('>') && !text.contains("\n>") {
        return words(text, columns);
    }
    let inner = columns.saturating_sub(BAR).max(1);
    let mut parts = Vec::new();
    let mut in_code = false;
    let mut start = 0;
    for line in text.split('\n') {
        let fenced = line.trim_start().strip_prefix(FENCE);
        if in_code && fenced.is_some_and(|rest| rest.trim().is_empty())
            || !in_code && fenced.is_some_and(|rest| !rest.contains('`'))
        {
            in_code = !in_code;
            cut(line, start, inner, Form::Fence, &mut parts);
        } else if in_code {
            cut(line, start, inner, Form::Code, &mut parts);
        } else {
            let quoted = line
                .strip_prefix("> ")
                .or_else(|| line.strip_prefix('>').filter(|it| it.is_empty()));
            let (line, columns, form) = match quoted {
                Some(quoted) => (quoted, inner, Form::Quote),
                None => (line, columns, Form::Words),
            };
            let start = start + if form == Form::Quote { BAR } else { 0 };
            parts.extend(wrap::rows(line, columns).into_iter().map(|range| {
                let range =
                    (start + range.start).min(text.len())..(start + range.end).min(text.len());
                Part { range, form }
            }));
        }
        start += line.len() + 1;
    }
    parts
}

/// The same for a text without forms.
pub(crate) fn words(text: &str, columns: usize) -> Vec<Part> {
    let rows = wrap::rows(text, columns).into_iter();
    rows.map(|range| Part { range, form: Form::Words }).collect()
}

/// A line in rows that end where there is no more room.
fn cut(line: &str, offset: usize, columns: usize, form: Form, parts: &mut Vec<Part>) {
    let mut from = 0;
    let mut taken = 0;
    for (at, cluster) in line.grapheme_indices(true) {
        let wide = wrap::grapheme_width(cluster);
        if taken + wide > columns && at > from {
            parts.push(Part { range: offset + from..offset + at, form });
            (from, taken) = (at, 0);
        }
        taken += wide;
    }
    parts.push(Part { range: offset + from..offset + line.len(), form });
}

/// Whether a terminal that knows of right-to-left writing would turn some of `text` around.
pub(crate) fn turns(text: &str) -> bool {
    let is_rtl = |c: char| {
        matches!(
            u32::from(c),
            0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x10800..=0x10fff | 0x1e800..=0x1efff
        )
    };
    !text.is_ascii() && text.chars().any(is_rtl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, columns: usize) -> Vec<(Form, &str)> {
        parts(text, columns).into_iter().map(|part| (part.form, &text[part.range])).collect()
    }

    #[test]
    fn quotations_lose_their_mark_and_break_between_words() {
        use Form::{Quote, Words};
        assert_eq!(
            shown("> ab cd ef\n>\nyes", 8),
            [(Quote, "ab cd "), (Quote, "ef"), (Quote, ""), (Words, "yes")]
        );
        // A face is no quotation, nor is what is amid a line.
        assert_eq!(shown(">.< a > b", 20), [(Words, ">.< a > b")]);
        assert_eq!(shown(">", 20), [(Quote, "")]);
    }

    #[test]
    fn code_is_kept_as_it_is() {
        use Form::{Code, Fence, Words};
        let text = "so:\n```rust\nif a {   b  }\n    > 日本語\n``` x\n```\nend";
        assert_eq!(
            shown(text, 10),
            [
                (Words, "so:"),
                (Fence, "```rust"),
                (Code, "if a {  "),
                (Code, " b  }"),
                (Code, "    > 日"),
                (Code, "本語"),
                (Code, "``` x"),
                (Fence, "```"),
                (Words, "end"),
            ]
        );
        assert_eq!(shown("```\na", 10), [(Fence, "```"), (Code, "a")]);
        assert_eq!(shown("```a```", 10), [(Words, "```a```")]);
    }

    #[test]
    fn right_to_left_is_known() {
        for text in ["שלום", "a مرحبا", "ﷺ"] {
            assert!(turns(text), "{text}");
        }
        for text in ["", "abc", "日本語", "é", "привет"] {
            assert!(!turns(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_row_fits(text in "(> |>|```|\n|\\PC| |é|日){0,60}", columns in 1_usize..30) {
            let parts = parts(&text, columns);
            prop_assert!(!parts.is_empty());
            let mut covered = 0;
            for part in parts {
                prop_assert!(part.range.start >= covered);
                let skipped = &text[covered..part.range.start];
                prop_assert!(skipped.chars().all(|c| "> \n".contains(c)), "{:?}", skipped);
                covered = part.range.end;
                let seen = text[part.range].trim_end_matches(' ');
                prop_assert!(wrap::width(seen) <= columns || seen.graphemes(true).filter(|it| wrap::grapheme_width(it) > 0).count() <= 1);
            }
            prop_assert!(text[covered..].chars().all(|c| "> \n".contains(c)));
        }
    }
}
