//! Gauges and charts made of characters.
//!
//! Owns how a share of something becomes a bar.

use super::super::theme::Symbols;
use std::fmt::Write as _;

/// A gauge of `columns` columns, exact to the eighth of a column where the symbols allow it.
pub(super) fn gauge(done: u64, size: u64, columns: usize, symbols: &Symbols) -> String {
    let steps = symbols.eighths.len();
    let whole = columns * steps;
    let filled = scaled(done.min(size), size, whole);
    let mut bar = symbols.eighths.last().copied().unwrap_or("#").repeat(filled / steps);
    let mut drawn = filled / steps;
    if let Some(part) = (filled % steps).checked_sub(1).and_then(|part| symbols.eighths.get(part)) {
        bar.push_str(part);
        drawn += 1;
    }
    let _ = write!(bar, "{}", symbols.empty.repeat(columns.saturating_sub(drawn)));
    bar
}

/// A chart of the last samples, `columns` wide and `rows` high, from the top row to the lowest.
/// Its height is the highest sample's.
pub(super) fn chart<'a>(
    samples: impl DoubleEndedIterator<Item = &'a u64> + ExactSizeIterator,
    columns: usize,
    rows: usize,
    symbols: &Symbols,
) -> Vec<String> {
    let skip = samples.len().saturating_sub(columns);
    let samples: Vec<u64> = samples.skip(skip).copied().collect();
    let highest = samples.iter().copied().max().unwrap_or(0);
    let steps = symbols.columns.len();
    let heights: Vec<usize> = samples
        .iter()
        // Even nothing is a lowest step, so that a pause looks like a pause and not like an end.
        .map(|sample| scaled(*sample, highest.max(1), rows * steps).max(1))
        .collect();
    (0..rows)
        .rev()
        .map(|row| {
            let cell = |height: &usize| match height.saturating_sub(row * steps) {
                0 => " ",
                part => symbols.columns[part.min(steps) - 1],
            };
            heights.iter().map(cell).collect()
        })
        .collect()
}

/// How many of `whole` steps `part` of `all` makes.
fn scaled(part: u64, all: u64, whole: usize) -> usize {
    if all == 0 {
        return whole;
    }
    let steps = u128::from(part) * whole as u128 / u128::from(all);
    usize::try_from(steps).unwrap_or(whole).min(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::theme::Theme;

    #[test]
    fn gauges_are_exact_and_as_wide_as_asked() {
        let unicode = Theme::new(true, true).symbols;
        let ascii = Theme::new(true, false).symbols;
        assert_eq!(gauge(54, 100, 16, unicode), "████████▋░░░░░░░");
        assert_eq!(gauge(0, 100, 4, unicode), "░░░░");
        assert_eq!(gauge(100, 100, 4, unicode), "████");
        assert_eq!(gauge(0, 0, 4, unicode), "████");
        assert_eq!(gauge(54, 100, 10, ascii), "#####.....");
        assert_eq!(gauge(u64::MAX, u64::MAX, 0, ascii), "");
    }

    #[test]
    fn charts_show_the_latest_at_their_highest() {
        let unicode = Theme::new(true, true).symbols;
        assert_eq!(chart([9, 0, 4, 8].iter(), 3, 1, unicode), ["▁▄█"]);
        assert_eq!(chart([0, 4, 8].iter(), 9, 2, unicode), ["  █", "▁██"]);
        assert_eq!(chart([].iter(), 9, 1, unicode), [""]);
    }
}
