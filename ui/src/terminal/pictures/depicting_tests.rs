//! Pictures of friends and of enemies.

use super::super::Depict;
use super::*;
use couplet::transfer::book::TransferId;
use image::{ImageEncoder as _, Rgb, RgbImage};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::widgets::Widget as _;
use tempfile::TempDir;

const BLOCKS: Means = Means::Blocks { any_colour: true };

/// A picture whose left half is red and whose right half is blue.
fn two_colours(width: u32, height: u32) -> RgbImage {
    let red = |x: u32| x < width / 2;
    RgbImage::from_fn(
        width,
        height,
        |x, _| if red(x) { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) },
    )
}

fn saved(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    two_colours(64, 32).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn wish(directory: &TempDir, name: &str, means: Means) -> Depict {
    let (directory, name) = (directory.path().to_owned(), name.to_owned());
    Depict { id: TransferId(1), directory, name, room: (20, 10), means }
}

/// What comes of these bytes.
fn shown(bytes: &[u8], means: Means) -> Result<Picture, String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a"), bytes).unwrap();
    let screen = WindowSize { rows: 24, columns: 80, width: 800, height: 480 };
    depict(&wish(&directory, "a", means), Some(&screen)).picture
}

fn refused(bytes: &[u8]) -> String {
    shown(bytes, BLOCKS).expect_err("it was shown")
}

#[test]
fn every_kind_is_shown_in_its_colours() {
    for (format, kind) in KINDS {
        let picture = shown(&saved(format), BLOCKS).unwrap();
        assert_eq!(picture.what, format!("{kind}, 64x32"));
        let size = picture.drawn.size();
        assert_eq!((size.width, size.height), (20, 5), "as wide as there is room");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 5));
        ratatui_image::Image::new(&picture.drawn).render(buffer.area, &mut buffer);
        let Color::Rgb(red, _, blue) = buffer[(1, 2)].bg else { panic!("no colour") };
        assert!(red > 200 && blue < 50, "{kind}: {red} {blue}");
        let Color::Rgb(red, _, blue) = buffer[(18, 2)].bg else { panic!("no colour") };
        assert!(blue > 200 && red < 50, "{kind}: {red} {blue}");
    }
}

#[test]
fn each_protocol_gets_its_own_and_only_if_characters_can_be_measured() {
    let png = saved(ImageFormat::Png);
    for means in [Means::Kitty, Means::Sixel, Means::Iterm] {
        let picture = shown(&png, means).unwrap();
        let matches = match &*picture.drawn {
            Protocol::Halfblocks(_) => false,
            Protocol::Kitty(_) => means == Means::Kitty,
            Protocol::Sixel(_) => means == Means::Sixel,
            Protocol::ITerm2(_) => means == Means::Iterm,
        };
        assert!(matches, "{means:?}");
        // 64 by 32 pixels, in characters of 10 by 20.
        assert_eq!(picture.drawn.size(), Size::new(7, 2));
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.png"), &png).unwrap();
        let nothing = WindowSize { rows: 24, columns: 80, width: 0, height: 0 };
        for screen in [None, Some(&nothing)] {
            let picture = depict(&wish(&directory, "a.png", means), screen).picture.unwrap();
            assert!(matches!(&*picture.drawn, Protocol::Halfblocks(_)), "{means:?}");
        }
    }
}

#[test]
fn nothing_leads_out_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir(at("in")).unwrap();
    std::fs::write(at("a.png"), saved(ImageFormat::Png)).unwrap();
    std::fs::write(at("in/b.png"), saved(ImageFormat::Png)).unwrap();
    std::os::unix::fs::symlink(at("a.png"), at("link.png")).unwrap();
    rustix::fs::mknodat(
        CWD,
        at("pipe.png"),
        rustix::fs::FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
    let answer = |name: &str| depict(&wish(&directory, name, BLOCKS), None).picture;
    assert!(answer("a.png").is_ok());
    for name in ["in/b.png", "../a.png", "..", ".", "", "/etc/passwd", "in"] {
        assert!(answer(name).is_err(), "{name}");
    }
    assert!(answer("link.png").unwrap_err().contains("can't be read where it was saved"));
    // A pipe that nobody writes to would keep a thread for ever.
    assert!(answer("pipe.png").unwrap_err().contains("something else"));
    assert!(answer("gone\u{1b}[2J.png").unwrap_err().starts_with("gone"));
    assert!(!answer("gone\u{1b}[2J.png").unwrap_err().contains('\u{1b}'));
}

/// A PNG of one colour that claims this size.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(&[0; 3], 1, 1, image::ExtendedColorType::Rgb8).unwrap();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = crc32(&bytes[12..29]);
    bytes[29..33].swap_with_slice(&mut sum);
    bytes
}

fn crc32(bytes: &[u8]) -> [u8; 4] {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
        })
    };
    (!bytes.iter().fold(u32::MAX, step)).to_be_bytes()
}

#[test]
fn a_few_bytes_can_not_claim_all_the_memory() {
    for (width, height) in [(60_000, 60_000), (16_384, 16_384), (16_385, 1), (u32::MAX >> 1, 1)] {
        let said = refused(&claiming(width, height));
        assert!(said.contains("too many pixels"), "{width}x{height}: {said}");
    }
    // What it claims fits, but isn't there.
    assert!(refused(&claiming(1_000, 1_000)).starts_with("this PNG file can't be read: "));
}

#[test]
fn what_is_no_picture_is_said_to_be_none() {
    for bytes in [&b""[..], b"hello", b"<svg xmlns=", b"BM\0\0\0\0"] {
        assert!(refused(bytes).starts_with("it isn't a PNG, JPEG, GIF or WebP picture"));
    }
}

#[test]
fn a_file_too_large_to_read_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = File::create(directory.path().join("a.png")).unwrap();
    file.set_len(MOST_BYTES + 1).unwrap();
    let said = depict(&wish(&directory, "a.png", BLOCKS), None).picture.unwrap_err();
    assert!(said.starts_with("it is 64.0 MiB, and pictures of up to 64.0 MiB"), "{said}");
}

/// An answer comes, and no decoder panics over them.
#[test]
fn flipped_and_cut_pictures_do_no_harm() {
    for (format, _) in KINDS {
        let whole = saved(format);
        for at in 0..whole.len().min(400) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            for bytes in [&bytes[..], &whole[..at]] {
                if let Err(said) = shown(bytes, BLOCKS) {
                    let known = ["it isn't a ", "this ", "it has too many pixels"]
                        .iter()
                        .any(|it| said.starts_with(it));
                    assert!(
                        known && !said.chars().any(char::is_control),
                        "{format:?} {at}: {said}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_picture_keeps_its_shape_and_does_not_grow() {
    assert_eq!(fitted((64, 32), (20, 20)), (20, 10));
    assert_eq!(fitted((32, 64), (20, 20)), (10, 20));
    assert_eq!(fitted((5, 5), (20, 20)), (5, 5));
    assert_eq!(fitted((16_384, 1), (20, 20)), (20, 1));
    assert_eq!(fitted((5, 5), (0, 20)), (0, 0));
    assert!(encoded(&DynamicImage::from(two_colours(9, 9)), (0, 0), BLOCKS, (1, 2)).is_err());
}
