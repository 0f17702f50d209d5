//! How near one word is to another, for telling what a slip was probably meant to be.
//!
//! Owns the measure; which words there are is its users'.

/// More letters than this are not compared; no word that is offered is that long.
const MOST_LETTERS: usize = 32;

/// The least number of letters to insert, delete, replace or swap with their neighbour to make
/// `meant` of `typed`, whose case doesn't count.
///
/// ```
/// use couplet::nearness::distance;
/// assert_eq!(distance("oter", "otter"), 1);
/// assert_eq!(distance("Ottre", "otter"), 1);
/// ```
#[must_use]
pub fn distance(typed: &str, meant: &str) -> usize {
    let left: Vec<char> = typed.chars().take(MOST_LETTERS).flat_map(char::to_lowercase).collect();
    let right: Vec<char> = meant.chars().take(MOST_LETTERS).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let replaced = last[j] + usize::from(l != r);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(left.len())
}
