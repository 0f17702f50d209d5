//! Which part of a file a request asks for.
//!
//! Owns the reading of `Range`, as RFC 9110 has it: what can't be understood is passed over, and so are
//! several ranges at once, which a server needn't serve.

/// What is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From one byte to another, that one included.
    Of(u64, u64),
    /// Nothing of it is there.
    Nowhere,
}

/// What this header asks for, of a file of this size.
pub(super) fn part(range: &str, size: u64) -> Part {
    let Some((unit, range)) = range.split_once('=') else { return Part::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Part::Whole };
    if !unit.eq_ignore_ascii_case("bytes") || range.contains(',') {
        return Part::Whole;
    }
    let Some(end) = size.checked_sub(1) else {
        // Of nothing, all is nothing.
        return if is_number(first) || is_number(last) { Part::Nowhere } else { Part::Whole };
    };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => from(first, end, end),
        (Some(first), Some(last)) if first <= last => from(first, last, end),
        (None, Some(0)) if first.is_empty() => Part::Nowhere,
        (None, Some(count)) if first.is_empty() => Part::Of(size.saturating_sub(count), end),
        (Some(_) | None, Some(_) | None) => Part::Whole,
    }
}

fn from(first: u64, last: u64, end: u64) -> Part {
    if first > end { Part::Nowhere } else { Part::Of(first, last.min(end)) }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number that is too large is as good as the largest.
fn number(text: &str) -> Option<u64> {
    is_number(text).then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-99", Part::Of(0, 99)),
            ("bytes=0-0", Part::Of(0, 0)),
            ("bytes=999-999", Part::Of(999, 999)),
            ("bytes=500-", Part::Of(500, 999)),
            ("bytes=0-", Part::Of(0, 999)),
            ("bytes=-1", Part::Of(999, 999)),
            ("bytes=-1000", Part::Of(0, 999)),
            ("bytes=-5000", Part::Of(0, 999)),
            ("bytes=900-5000", Part::Of(900, 999)),
            ("bytes=0-18446744073709551616", Part::Of(0, 999)),
            ("Bytes=1-2", Part::Of(1, 2)),
            ("bytes= 1-2 ", Part::Of(1, 2)),
            ("bytes=1000-", Part::Nowhere),
            ("bytes=1000-1001", Part::Nowhere),
            ("bytes=18446744073709551616-", Part::Nowhere),
            ("bytes=-0", Part::Nowhere),
            ("bytes=2-1", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes", Part::Whole),
            ("", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=--1", Part::Whole),
            ("bytes=1--2", Part::Whole),
            ("bytes=0x1-2", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(part(range, 1000), expected, "{range}");
        }
        for range in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(part(range, 0), Part::Nowhere, "{range}");
        }
        assert_eq!(part("bytes=-", 0), Part::Whole);
        assert_eq!(part("bytes=0-", 1), Part::Of(0, 0));
    }
}
