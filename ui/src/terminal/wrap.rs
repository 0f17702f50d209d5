//! Breaking text into rows of a given width, as a terminal will show it.
//!
//! Owns the one measure of width that the whole face uses: whole grapheme clusters, counted in
//! columns, exactly as ratatui's buffer counts them. It draws nothing.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The columns that one grapheme cluster takes; none for what the buffer wouldn't take.
pub(crate) fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) { 0 } else { grapheme.width() }
}

/// The columns that `text` takes on one row.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        // The common case, and much cheaper than finding clusters.
        return text.bytes().filter(|byte| !byte.is_ascii_control()).count();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// `text` in at most `columns` columns, ending in `ellipsis` if something had to go.
pub(crate) fn shortened(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(ellipsis));
    let mut taken = 0;
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        taken += grapheme_width(grapheme);
        if taken > room {
            break;
        }
        out.push_str(grapheme);
    }
    if columns >= width(ellipsis) {
        out.push_str(ellipsis);
    }
    out
}

/// The rows that `text` takes at `columns`, as byte ranges; never empty.
///
/// Rows break after spaces and around wide characters if they can, inside a word if they must. The
/// ranges cover everything but the line feeds: spaces at a break stay with the row before it and
/// may hang over its edge.
pub(crate) fn rows(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(1);
    let mut rows = Vec::new();
    let mut line_start = 0;
    for line in text.split('\n') {
        if line.len() <= columns && line.is_ascii() {
            rows.push(line_start..line_start + line.len());
        } else {
            wrap_line(line, line_start, columns, &mut rows);
        }
        line_start += line.len() + 1;
    }
    rows
}

fn wrap_line(line: &str, offset: usize, columns: usize, rows: &mut Vec<Range<usize>>) {
    let mut row_start = 0;
    let mut row_width = 0;
    // Where this row may break, and how wide it is up to there.
    let mut break_at = 0;
    let mut break_width = 0;
    for (start, grapheme) in line.grapheme_indices(true) {
        let wide = grapheme_width(grapheme);
        let is_space = grapheme == " ";
        // A cluster can be wider than two columns, such as a letter with a spacing vowel sign.
        if wide >= 2 && start > row_start {
            (break_at, break_width) = (start, row_width);
        }
        if row_width + wide > columns && !is_space && start > row_start {
            if break_at <= row_start {
                (break_at, break_width) = (start, row_width);
            }
            rows.push(offset + row_start..offset + break_at);
            row_start = break_at;
            row_width -= break_width;
        }
        row_width += wide;
        if is_space || wide >= 2 {
            (break_at, break_width) = (start + grapheme.len(), row_width);
        }
    }
    rows.push(offset + row_start..offset + line.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, columns: usize) -> Vec<&str> {
        rows(text, columns).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn breaks_after_spaces_and_inside_long_words() {
        assert_eq!(shown("ab cd ef", 5), ["ab cd ", "ef"]);
        assert_eq!(shown("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(shown("a bcdefgh", 4), ["a ", "bcde", "fgh"]);
        assert_eq!(shown("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(shown("", 4), [""]);
        assert_eq!(shown("x", 0), ["x"]);
    }

    #[test]
    fn wide_characters_and_clusters_stay_whole() {
        assert_eq!(shown("日本語の", 5), ["日本", "語の"]);
        assert_eq!(shown("ab👩‍👩‍👧‍👦cd", 3), ["ab", "👩‍👩‍👧‍👦", "cd"]);
        assert_eq!(shown("日本", 1), ["日", "本"]);
        // A cluster of three columns, found by the property below.
        assert_eq!(shown("aΣ\u{2ebf0}\u{acb}", 3), ["aΣ", "\u{2ebf0}\u{acb}"]);
    }

    #[test]
    fn shortening_says_so() {
        assert_eq!(shortened("abcdef", 6, "…"), "abcdef");
        assert_eq!(shortened("abcdefg", 6, "…"), "abcde…");
        assert_eq!(shortened("日本語", 4, "…"), "日…");
        assert_eq!(shortened("abc", 0, "…"), "");
    }

    proptest! {
        #[test]
        fn rows_fit_and_cover(text in "\\PC{0,80}( |\n|é|日|👍🏽){0,9}\\PC{0,40}", columns in 1_usize..40) {
            let rows = rows(&text, columns);
            let mut covered = 0;
            for row in &rows {
                prop_assert!(row.start == covered || text[covered..row.start] == *"\n");
                covered = row.end;
                let seen = text[row.clone()].trim_end_matches(' ');
                prop_assert!(width(seen) <= columns || seen.graphemes(true).count() == 1
                    || seen.graphemes(true).filter(|g| grapheme_width(g) > 0).count() == 1);
            }
            prop_assert_eq!(covered, text.len());
        }
    }
}
