//! Sizes, speeds, shares and spans of time in the few columns there are for them.
//!
//! Owns the wording of numbers. Sizes are in binary units: 1 KiB is 1024 bytes.

use std::time::Duration;

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// A size such as `412 MiB` or `9.8 KiB`: at most three digits before the unit.
#[must_use]
pub fn bytes(size: u64) -> String {
    let unit = unit_of(size);
    format!("{} {}", in_unit(size, unit), UNITS[unit])
}

/// Two sizes in the second one's unit: `65.1/120 MiB`.
#[must_use]
pub fn part_of(done: u64, size: u64) -> String {
    let unit = unit_of(size);
    format!("{}/{} {}", in_unit(done, unit), in_unit(size, unit), UNITS[unit])
}

/// A speed: `9.8 MiB/s`.
#[must_use]
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// Whole percent, rounded down, so that 100 means all of it. Nothing of nothing is all.
#[must_use]
pub fn percent(done: u64, size: u64) -> u64 {
    if size == 0 {
        return 100;
    }
    u64::try_from(u128::from(done.min(size)) * 100 / u128::from(size)).unwrap_or(100)
}

/// The time something will still take: `0:06`, `1:02:09`, or `--:--` if it can't be told.
#[must_use]
pub fn remaining(span: Option<Duration>) -> String {
    let Some(span) = span else { return "--:--".to_owned() };
    // Rounded up, so that 0:00 isn't shown while there is something to wait for.
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours @ 1..100, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
        (hours, _, _) => format!("{} d", hours / 24),
    }
}

/// Seconds of a countdown, rounded up: it says 1 until it is over.
#[must_use]
pub fn countdown(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// How long an answer took: `<1 ms`, `24 ms`, `1.2 s`.
#[must_use]
pub fn latency(span: Duration) -> String {
    match span.as_millis() {
        0 => "<1 ms".to_owned(),
        millis @ 1..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", span.as_secs_f64()),
    }
}

/// How long something is waited for, rounded up: `45 s`, `10 min`, `3 h`.
#[must_use]
pub fn wait(span: Duration) -> String {
    match countdown(span) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// `1 file`, `2 files`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A number that can be read at a glance: `200,000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The bytes that a user means by `800`, `500K`, `5M` or `1G`; nothing if it can't be read, or is
/// more than can be counted.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        b'g' | b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    // Not what else a number may be written as, such as +5.
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn unit_of(size: u64) -> usize {
    let mut unit = 0;
    // At 1000 rather than 1024, so that there are never four digits.
    while unit + 1 < UNITS.len() && scaled(size, unit) >= 999.5 {
        unit += 1;
    }
    unit
}

fn in_unit(size: u64, unit: usize) -> String {
    let value = scaled(size, unit);
    if unit == 0 {
        size.to_string()
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn scaled(size: u64, unit: usize) -> f64 {
    let mut value = size as f64;
    for _ in 0..unit {
        value /= 1024.0;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_take_milliseconds_or_seconds() {
        for (micros, shown) in [
            (0, "<1 ms"),
            (999, "<1 ms"),
            (24_600, "24 ms"),
            (999_999, "999 ms"),
            (1_240_000, "1.2 s"),
        ] {
            assert_eq!(latency(Duration::from_micros(micros)), shown);
        }
    }

    #[test]
    fn sizes_have_three_digits() {
        let shown: Vec<_> = [0, 999, 1000, 1024, 10_188, 102_400, 1_048_575, 432_013_312, u64::MAX]
            .map(bytes)
            .into();
        assert_eq!(
            shown,
            [
                "0 B", "999 B", "1.0 KiB", "1.0 KiB", "9.9 KiB", "100 KiB", "1.0 MiB", "412 MiB",
                "16.0 EiB"
            ]
        );
        assert_eq!(part_of(68_262_297, 126_248_550), "65.1/120 MiB");
    }

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("800", Some(800)),
            ("500K", Some(500 << 10)),
            ("5M", Some(5 << 20)),
            ("2g", Some(2 << 30)),
            ("17179869183G", Some(u64::MAX - (1 << 30) + 1)),
            ("17179869184G", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse_bytes(text), bytes, "{text}");
        }
        for bad in ["", "M", "5MB", "-5M", "+5M", "1.5M", "5 M", " 5", "é", "5é", "off"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn long_numbers_are_grouped() {
        let shown = [0, 999, 1000, 200_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "200,000", "1,234,567"]);
    }

    #[test]
    fn hundred_percent_is_all_of_it() {
        assert_eq!(percent(999, 1000), 99);
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
    }

    #[test]
    fn spans() {
        assert_eq!(remaining(None), "--:--");
        assert_eq!(remaining(Some(Duration::from_millis(5_200))), "0:06");
        assert_eq!(remaining(Some(Duration::from_secs(3_729))), "1:02:09");
        assert_eq!(remaining(Some(Duration::from_secs(400_000))), "4 d");
        assert_eq!(countdown(Duration::from_millis(23_001)), 24);
        let shown = [0, 119, 120, 541, 7199, 7200, 90_000].map(|s| wait(Duration::from_secs(s)));
        assert_eq!(shown, ["0 s", "119 s", "2 min", "10 min", "120 min", "2 h", "25 h"]);
    }
}
