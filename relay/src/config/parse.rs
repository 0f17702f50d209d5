//! How the values of options are written.
//!
//! Owns the reading of addresses, spans of time and numbers of bytes, each with a sentence for one that
//! isn't well written.

use super::DEFAULT_LISTEN;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Reads `HOST:PORT`; whether there is such a host shows later.
pub(super) fn parse_address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
            Ok(text.to_owned())
        }
        Some(_) | None => Err(format!("expected HOST:PORT, for example {DEFAULT_LISTEN}")),
    }
}

/// Reads `30`, `0.5`, `500ms`, `30s`, `2m` or `1h`; at most a day.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    const HELP: &str = "expected seconds such as 30 or 0.5, or a unit as in 500ms, 30s, 2m, 1h";
    let seconds = seconds(text).ok_or(HELP)?;
    if !(0.0..=DAY).contains(&seconds) {
        return Err("expected at least 0 and at most 24h".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| HELP.to_owned())
}

/// The same, or `7d`; at most ten years.
pub(super) fn parse_long_duration(text: &str) -> Result<Duration, String> {
    const HELP: &str = "expected seconds such as 30, or a unit as in 30s, 2m, 1h, 7d";
    let seconds = seconds(text).ok_or(HELP)?;
    if !(0.0..=3650.0 * DAY).contains(&seconds) {
        return Err("expected at least 0 and at most 3650d".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| HELP.to_owned())
}

fn seconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => DAY,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * unit)
}

/// Reads `1000`, `64K`, `500M`, `20G` or `1T`; the units are powers of 1024.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    const HELP: &str = "expected a number of bytes, or one with a unit as in 500M, 20G, 1T";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(HELP.to_owned()),
    };
    let count = digits.parse::<u64>().map_err(|_| HELP.to_owned())?;
    count.checked_mul(1 << shift).filter(|bytes| *bytes > 0).ok_or_else(|| {
        "expected at least 1 byte, and no more than a relay could ever move".to_owned()
    })
}

/// The same, or `0` for no limit.
pub(super) fn parse_bytes_or_none(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { parse_bytes(text) }
}

/// The same, with enough for a few clients.
pub(super) fn parse_queued(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 4 << 20;
    parse_bytes(text).and_then(|bytes| {
        if bytes >= LEAST { Ok(bytes) } else { Err("expected at least 4M".to_owned()) }
    })
}

pub(super) fn parse_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; expected for example info or couplet_relay=debug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let good = [("30", 30_000), ("0.5", 500), ("500ms", 500), ("2m", 120_000), ("0", 0)];
        for (text, millis) in good {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "-1", "1x", "nan", "inf", "25h", "1e300", "é"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_long_duration("7d"), Ok(Duration::from_hours(7 * 24)));
        assert_eq!(parse_long_duration("90s"), Ok(Duration::from_secs(90)));
        for bad in ["", "d", "-1d", "3651d", "infd", "1w"] {
            assert!(parse_long_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_of_bytes_are_read_as_people_write_them() {
        let good = [("1", 1), ("64k", 65_536), ("500M", 524_288_000), ("2G", 1 << 31)];
        for (text, bytes) in good {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for bad in ["", "M", "0", "-1", "1.5G", "1X", "1MB", "99999999T", "é"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }
}
