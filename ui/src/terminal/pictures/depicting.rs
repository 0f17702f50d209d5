//! From a received file to a picture for the terminal.
//!
//! Owns the bounds of that: the file was made by a stranger, and so were the bytes that the
//! decoders read. No link is followed and nothing is opened that could wait for ever; so many bytes
//! are read at most, and so many pixels made. A decoder that panics is a file that can't be shown,
//! and nothing else ([`guard::apart`]). It blocks, so it runs on threads of its own.

use super::super::guard;
use super::{Depict, Depicted, Means, Picture};
use couplet::{text, units};
use crossterm::terminal::WindowSize;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgba, RgbaImage};
use ratatui::layout::Size;
use ratatui_image::protocol::Protocol;
use ratatui_image::protocol::halfblocks::Halfblocks;
use ratatui_image::protocol::iterm2::Iterm2;
use ratatui_image::protocol::kitty::Kitty;
use ratatui_image::protocol::sixel::Sixel;
use rustix::fs::{CWD, Mode, OFlags};
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::{Component, Path};
use std::sync::Arc;

/// What is read of a file at most.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The widest and highest picture, in pixels.
const MOST_SIDE: u32 = 16_384;
/// What a decoded picture may take.
const MOST_DECODED: u64 = 256 * 1024 * 1024;
/// The kinds that are decoded.
const KINDS: [(ImageFormat, &str); 4] = [
    (ImageFormat::Png, "PNG"),
    (ImageFormat::Jpeg, "JPEG"),
    (ImageFormat::Gif, "GIF"),
    (ImageFormat::WebP, "WebP"),
];
/// One number for all pictures, so that a terminal keeps the last one only.
const KITTY_NUMBER: u32 = 0x00c0_91e7;
/// What stands behind the transparent parts of a picture: seen on a dark and on a light screen.
const BEHIND: u8 = 0x80;

/// Makes the picture that is asked for; `screen` is the terminal's size, as far as it is known.
pub(crate) fn depict(wish: &Depict, screen: Option<&WindowSize>) -> Depicted {
    let made = guard::apart(|| made(wish, screen));
    let broken = || Err("its decoder stumbled over it: the file is broken, or made to harm".into());
    Depicted { id: wish.id, picture: made.unwrap_or_else(broken) }
}

fn made(wish: &Depict, screen: Option<&WindowSize>) -> Result<Picture, String> {
    let bytes = read(&wish.directory, &wish.name)?;
    let (picture, kind) = decoded(bytes)?;
    let what = format!("{kind}, {}x{}", picture.width(), picture.height());
    let cell = screen.and_then(cell);
    // Nothing but blocks can be measured without the size of a character.
    let means = if cell.is_some() { wish.means } else { blocks(wish.means) };
    let few_colours = means == Means::Blocks { any_colour: false };
    let drawn = encoded(&picture, wish.room, means, cell.unwrap_or((1, 2)))?;
    Ok(Picture { what, drawn: Arc::new(drawn), few_colours })
}

const fn blocks(means: Means) -> Means {
    match means {
        Means::Blocks { .. } => means,
        // Terminals that show pictures have any colour.
        Means::Kitty | Means::Sixel | Means::Iterm => Means::Blocks { any_colour: true },
    }
}

/// Width and height of a character, in pixels.
fn cell(screen: &WindowSize) -> Option<(u32, u32)> {
    let width = screen.width.checked_div(screen.columns)?;
    let height = screen.height.checked_div(screen.rows)?;
    (width > 0 && height > 0).then(|| (width.into(), height.into()))
}

/// The bytes of a file that lies right there. What its sender has called it can't lead elsewhere.
fn read(directory: &Path, name: &str) -> Result<Vec<u8>, String> {
    let mut parts = Path::new(name).components();
    if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
        return Err("only a picture that came by itself can be shown".to_owned());
    }
    let unread = |error: std::io::Error| {
        let shown = text::line(name, 80);
        format!("{shown} can't be read where it was saved: {error}")
    };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(CWD, directory, flags | OFlags::DIRECTORY, Mode::empty())
        .map_err(|error| unread(error.into()))?;
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::openat(&folder, name, flags, Mode::empty())
        .map_err(|error| unread(error.into()))?;
    let mut file = File::from(file);
    let about = file.metadata().map_err(unread)?;
    if !about.is_file() {
        return Err("there is something else where it was saved".to_owned());
    }
    if about.len() > MOST_BYTES {
        return Err(too_large(&units::bytes(about.len())));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large("growing"));
    }
    Ok(bytes)
}

fn too_large(what: &str) -> String {
    let most = units::bytes(MOST_BYTES);
    format!("it is {what}, and pictures of up to {most} are shown; open it with another program")
}

/// The pixels, turned as the camera was held, and what kind of file they were in.
fn decoded(bytes: Vec<u8>) -> Result<(DynamicImage, &'static str), String> {
    let known = image::guess_format(&bytes).ok();
    let known = known.and_then(|format| KINDS.iter().find(|(kind, _)| *kind == format));
    let Some((format, kind)) = known else {
        return Err("it isn't a PNG, JPEG, GIF or WebP picture, whatever its name says".to_owned());
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_DECODED);
    let broken = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => too_many_pixels(),
        image::ImageError::Decoding(_)
        | image::ImageError::Encoding(_)
        | image::ImageError::Parameter(_)
        | image::ImageError::Unsupported(_)
        | image::ImageError::IoError(_) => {
            format!("this {kind} file can't be read: {}", text::line(&error.to_string(), 120))
        }
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), *format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MOST_SIDE || decoder.total_bytes() > MOST_DECODED {
        return Err(too_many_pixels());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    Ok((picture, kind))
}

fn too_many_pixels() -> String {
    "it has too many pixels to be shown here; open it with another program".to_owned()
}

/// The picture for the terminal, as large as there is room and no larger than it is.
fn encoded(
    picture: &DynamicImage,
    (columns, rows): (u16, u16),
    means: Means,
    (cell_width, cell_height): (u32, u32),
) -> Result<Protocol, String> {
    // A block is half a character, and taken for square.
    let (cell_width, cell_height) =
        if matches!(means, Means::Blocks { .. }) { (1, 2) } else { (cell_width, cell_height) };
    // Sixels come in sixes, of which the last may reach into the row below.
    let rows = if means == Means::Sixel { rows.saturating_sub(1) } else { rows };
    let room = (u32::from(columns) * cell_width, u32::from(rows) * cell_height);
    let (width, height) = fitted((picture.width(), picture.height()), room);
    if width == 0 || height == 0 {
        return Err("there is no room for it on this screen; make the terminal larger".to_owned());
    }
    let small = picture.thumbnail_exact(width, height);
    let size = |width: u32, height: u32| {
        let cells = |pixels: u32, cell: u32| u16::try_from(pixels.div_ceil(cell));
        let (width, height) = (cells(width, cell_width), cells(height, cell_height));
        Size::new(width.unwrap_or(columns), height.unwrap_or(rows))
    };
    let size = size(width, height);
    let told = |error: ratatui_image::errors::Errors| {
        format!("it can't be made fit for this terminal: {}", text::line(&error.to_string(), 120))
    };
    Ok(match means {
        Means::Blocks { .. } => {
            let whole = (u32::from(size.width), u32::from(size.height) * 2);
            let small = on_grey(&small, whole);
            Protocol::Halfblocks(Halfblocks::new(small, size).map_err(told)?)
        }
        Means::Kitty => {
            let kitty = Kitty::new(small, size, KITTY_NUMBER, false, false);
            Protocol::Kitty(kitty.map_err(told)?)
        }
        Means::Sixel => Protocol::Sixel(Sixel::new(small, size, false).map_err(told)?),
        Means::Iterm => Protocol::ITerm2(Iterm2::new(small, size, false).map_err(told)?),
    })
}

/// So large is a picture of this size in that room: its shape stays, and it doesn't grow.
fn fitted((width, height): (u32, u32), room: (u32, u32)) -> (u32, u32) {
    if room.0 == 0 || room.1 == 0 || width == 0 || height == 0 {
        return (0, 0);
    }
    if width <= room.0 && height <= room.1 {
        return (width, height);
    }
    let scaled = |of: u32, by: u32, over: u32| {
        u32::try_from(u64::from(of) * u64::from(by) / u64::from(over)).unwrap_or(u32::MAX).max(1)
    };
    let by_width = (room.0, scaled(height, room.0, width));
    if by_width.1 <= room.1 { by_width } else { (scaled(width, room.1, height), room.1) }
}

/// A picture without transparent parts, on a ground of this size.
fn on_grey(picture: &DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    let mut ground = RgbaImage::from_pixel(width, height, Rgba([BEHIND, BEHIND, BEHIND, 0xff]));
    image::imageops::overlay(&mut ground, &picture.to_rgba8(), 0, 0);
    ground.into()
}

#[cfg(test)]
#[path = "depicting_tests.rs"]
mod tests;
