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

/// How many samples a [`dotted`] chart of so many columns shows.
pub(super) const fn samples_across(columns: usize, symbols: &Symbols) -> usize {
    if has_dots(symbols) { columns * 2 } else { columns }
}

/// A chart of these samples, the latest at its right edge, from the top row to the lowest: two
/// samples and four steps to a cell where there are dots for it. Its height is the highest sample's.
pub(super) fn dotted(
    samples: &[u64],
    columns: usize,
    rows: usize,
    symbols: &Symbols,
) -> Vec<String> {
    let across = samples_across(columns, symbols);
    let samples = &samples[samples.len().saturating_sub(across)..];
    if !has_dots(symbols) {
        let pad = " ".repeat(across - samples.len());
        let chart = chart(samples.iter(), columns, rows, symbols);
        return chart.into_iter().map(|row| format!("{pad}{row}")).collect();
    }
    let highest = samples.iter().copied().max().unwrap_or(0).max(1);
    let heights = samples.iter().map(|sample| scaled(*sample, highest, rows * 4).max(1));
    // Before the first sample there was nothing, not even a zero.
    let mut dots: Vec<usize> = vec![0; across - samples.len()];
    dots.extend(heights);
    (0..rows)
        .rev()
        .map(|row| {
            let cell = |pair: &[usize]| {
                let bits = |height: usize, column: [u32; 4]| {
                    let lit = height.saturating_sub(row * 4).min(4);
                    column[..lit].iter().sum::<u32>()
                };
                // The bits of a braille cell's columns, from the lowest dot up.
                let left = bits(pair[0], [0x40, 0x04, 0x02, 0x01]);
                let right = bits(pair[1], [0x80, 0x20, 0x10, 0x08]);
                char::from_u32(0x2800 + left + right).filter(|_| left + right > 0).unwrap_or(' ')
            };
            dots.chunks_exact(2).map(cell).collect()
        })
        .collect()
}

/// Whether the symbols of the terminal's font can be taken to have dots: where they have eighths.
const fn has_dots(symbols: &Symbols) -> bool {
    symbols.eighths.len() > 1
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

    #[test]
    fn dotted_charts_end_now() {
        let unicode = Theme::new(true, true).symbols;
        let ascii = Theme::new(true, false).symbols;
        assert_eq!(dotted(&[0, 1, 2, 3, 4], 3, 1, unicode), ["⢀⣠⣾"]);
        assert_eq!(dotted(&[1, 8], 2, 2, unicode), [" ⢸", " ⣸"]);
        assert_eq!(dotted(&[9; 40], 4, 1, unicode), ["⣿⣿⣿⣿"]);
        assert_eq!(dotted(&[0, 8], 4, 1, ascii), ["  _#"]);
        assert_eq!(dotted(&[], 2, 1, unicode), ["  "]);
        assert_eq!(dotted(&[u64::MAX], 0, 3, unicode), ["", "", ""]);
    }
}
