//! Numbers, texts and seats out of an input, as the machines' targets want them.
//!
//! Most numbers are small or near one that counts, so that an input which knows nothing still gets
//! far; some are anything at all.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use couplet::message::{RoomName, Seat, Token};
use std::time::Duration;

/// What comes out of an input.
pub type Input<'a> = Unstructured<'a>;

/// A seat.
///
/// # Errors
/// None: an input that is at its end gives zeros.
pub fn seat(input: &mut Input<'_>) -> Result<Seat> {
    Ok(if input.arbitrary()? { Seat::Two } else { Seat::One })
}

/// A number near `this`, or a small one, or an end of numbers, or any.
///
/// # Errors
/// None: an input that is at its end gives zeros.
pub fn near(input: &mut Input<'_>, this: u64) -> Result<u64> {
    Ok(match input.arbitrary::<u8>()? {
        0..=99 => this,
        100..=149 => this.saturating_add(1),
        150..=179 => this.saturating_sub(1),
        180..=219 => u64::from(input.arbitrary::<u8>()? % 8),
        220..=229 => u64::MAX - u64::from(input.arbitrary::<u8>()? % 4),
        230..=239 => this.saturating_add(1 << (input.arbitrary::<u8>()? % 64)),
        _ => input.arbitrary()?,
    })
}

/// As [`near`], of a shorter number.
///
/// # Errors
/// None: an input that is at its end gives zeros.
pub fn near32(input: &mut Input<'_>, this: u32) -> Result<u32> {
    let number = near(input, u64::from(this))?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX - u32::try_from(number % 4).unwrap_or(0)))
}

/// One of a few tokens.
///
/// # Errors
/// None: an input that is at its end gives zeros.
pub fn token(input: &mut Input<'_>) -> Result<Token> {
    Ok(Token::from_bytes([input.arbitrary::<u8>()? % 8; 16]))
}

/// One of a few names of rooms, or none.
///
/// # Errors
/// None: an input that is at its end gives zeros.
pub fn room(input: &mut Input<'_>) -> Result<Option<RoomName>> {
    let number = input.arbitrary::<u8>()? % 4;
    Ok((number > 0).then(|| RoomName::numbered(number.into())))
}

/// A wait: none, a moment, or long.
///
/// # Errors
/// None: an input that is at its end gives zeros.
pub fn wait(input: &mut Input<'_>) -> Result<Duration> {
    let number = u64::from(input.arbitrary::<u8>()?);
    Ok(match number {
        0..=99 => Duration::from_millis(number * 10),
        100..=199 => Duration::from_secs(number - 99),
        _ => Duration::from_secs((number - 199) * 3600),
    })
}

/// Some bytes, most often few.
///
/// # Errors
/// None: an input that is at its end gives none.
pub fn bytes(input: &mut Input<'_>) -> Result<Bytes> {
    let len = usize::from(input.arbitrary::<u8>()? % 48).min(input.len());
    Ok(Bytes::copy_from_slice(input.bytes(len)?))
}

/// A text, most often short, now and then as long as it may be or longer.
///
/// # Errors
/// None: an input that is at its end gives an empty one.
pub fn text(input: &mut Input<'_>) -> Result<String> {
    let bytes = bytes(input)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match input.arbitrary::<u8>()? {
        250..=255 => text.repeat(2000),
        _ => text,
    })
}
