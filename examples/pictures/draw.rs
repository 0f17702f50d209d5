//! A screen as an SVG picture.
//!
//! Owns colours, fonts and the window. Coordinates are eighths of a pixel, in which all parts of a cell
//! are whole.

use super::Picture;
use super::shapes::{arms, block, dots};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use vt100::{Cell, Color, Screen};

const PIXEL: u32 = 8;
pub(super) const CELL_WIDTH: u32 = 9 * PIXEL;
pub(super) const CELL_HEIGHT: u32 = 19 * PIXEL;
/// From a cell's top to the foot of its letters.
const BASELINE: u32 = 14 * PIXEL;
const FONT_SIZE: u32 = 15;
/// A wide character of this size nearly fills its two cells.
const WIDE_FONT_SIZE: u32 = 16;
/// Any of these will do: texts are fitted to their cells. Boxes and blocks are drawn, so that they
/// join.
const FONT: &str = "'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace";

const LEFT: u32 = 14 * PIXEL;
const TOP: u32 = 44 * PIXEL;
const BOTTOM: u32 = 12 * PIXEL;
const TITLE_HEIGHT: u32 = 36;

/// Red, green and blue.
type Colour = u32;

const PAPER: Colour = 0x16_18_1d;
const INK: Colour = 0xd5_d9_e0;
/// The title bar, the window's edge, and its title.
const DARK_WINDOW: [Colour; 3] = [0x22_25_2c, 0x3a_3f_4a, 0x9a_a1_ae];
const LIGHT_WINDOW: [Colour; 3] = [0xe9_e3_d3, 0xcf_c7_b4, 0x6b_64_58];
const BUTTONS: [Colour; 3] = [0xe0_6c_6c, 0xe3_b8_5c, 0x86_bf_78];

/// A terminal's own colours, plain and bright.
const PALETTE: [Colour; 16] = [
    0x2b_2f_38, 0xe8_70_70, 0x8f_cb_7e, 0xe6_be_63, 0x6f_a6_ec, 0xcf_92_e0, 0x6c_c4_d4, 0xd5_d9_e0,
    0x5c_63_70, 0xf0_8a_8a, 0xa8_dd_98, 0xf2_d0_80, 0x8f_bd_f5, 0xdf_ac_ee, 0x8c_d8_e6, 0xff_ff_ff,
];

/// How a cell looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Colour,
    paper: Colour,
    face: Face,
}

/// How letters look but for their colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Face {
    bold: bool,
    italic: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell, under_cursor: bool) -> Self {
        let mut ink = colour(cell.fgcolor(), INK);
        let mut paper = colour(cell.bgcolor(), PAPER);
        if cell.dim() {
            ink = mixed(ink, paper, 58);
        }
        if cell.inverse() != under_cursor {
            std::mem::swap(&mut ink, &mut paper);
        }
        let face = Face { bold: cell.bold(), italic: cell.italic(), underlined: cell.underline() };
        Self { ink, paper, face }
    }
}

fn colour(colour: Color, default: Colour) -> Colour {
    match colour {
        Color::Default => default,
        Color::Idx(index) => PALETTE.get(usize::from(index)).copied().unwrap_or(default),
        Color::Rgb(red, green, blue) => u32::from_be_bytes([0, red, green, blue]),
    }
}

/// So many percent of one colour in another.
fn mixed(one: Colour, other: Colour, percent: u32) -> Colour {
    let part = |shift: u32| {
        let (one, other) = (one >> shift & 0xff, other >> shift & 0xff);
        ((one * percent + other * (100 - percent)) / 100) << shift
    };
    part(16) | part(8) | part(0)
}

/// The parts of the picture, by colour and in the order in which they are found.
#[derive(Default)]
struct Parts {
    /// Backgrounds and block characters: `[left, top, right, bottom]`.
    blocks: Vec<(Colour, [u32; 4])>,
    /// Box characters, from point to point.
    lines: Vec<(Colour, [u32; 4])>,
    /// The dots of Braille patterns, by their middles.
    dots: BTreeMap<Colour, Vec<[u32; 2]>>,
    /// Text elements by colour and face.
    texts: BTreeMap<(Colour, Face), String>,
}

impl Parts {
    /// Adds a block, or makes the last one wider.
    fn block(&mut self, colour: Colour, block: [u32; 4]) {
        let [left, top, right, bottom] = block;
        if let Some((last, [_, last_top, last_right, last_bottom])) = self.blocks.last_mut()
            && (*last, *last_top, *last_right, *last_bottom) == (colour, top, left, bottom)
        {
            *last_right = right;
        } else {
            self.blocks.push((colour, block));
        }
    }

    /// Adds a line, or makes the last one longer.
    fn line(&mut self, colour: Colour, line: [u32; 4]) {
        let [from_x, from_y, to_x, to_y] = line;
        if let Some((last, [last_x, last_y, end_x, end_y])) = self.lines.last_mut()
            && (*last, *end_x, *end_y) == (colour, from_x, from_y)
            && (*last_x == to_x || *last_y == to_y)
        {
            (*end_x, *end_y) = (to_x, to_y);
        } else {
            self.lines.push((colour, line));
        }
    }

    /// Adds text in so many cells.
    fn text(&mut self, look: Look, [left, top]: [u32; 2], text: &str, cells: usize) {
        let (y, width) = (top + BASELINE, u32::try_from(cells).unwrap_or(0) * CELL_WIDTH);
        let out = self.texts.entry((look.ink, look.face)).or_default();
        let text = escaped(text);
        let written = if text.is_ascii() || cells == 1 {
            // As wide as its cells in any font.
            writeln!(
                out,
                r#"<text x="{}" y="{}" textLength="{}" lengthAdjust="spacingAndGlyphs">{text}</text>"#,
                pixels(left),
                pixels(y),
                pixels(width)
            )
        } else {
            let (x, y) = (pixels(left + width / 2), pixels(y));
            writeln!(
                out,
                r#"<text x="{x}" y="{y}" text-anchor="middle" font-size="{WIDE_FONT_SIZE}">{text}</text>"#
            )
        };
        written.expect("a string takes everything");
    }
}

fn pixels(eighths: u32) -> f64 {
    f64::from(eighths) / f64::from(PIXEL)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A cell of the screen, with its place and its look.
struct Spot {
    at: [u32; 2],
    look: Look,
    /// None for blanks.
    text: Option<String>,
    cells: usize,
}

impl Spot {
    fn character(&self) -> Option<char> {
        self.text.as_ref()?.chars().next()
    }
}

/// The cells of a row; a wide character has one.
fn spots(screen: &Screen, row: u16) -> Vec<Spot> {
    let cursor = Some(screen.cursor_position()).filter(|_| !screen.hide_cursor());
    let spot = |column: u16| {
        let cell = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation())?;
        let text = Some(cell.contents()).filter(|text| !text.trim().is_empty());
        Some(Spot {
            at: [LEFT + u32::from(column) * CELL_WIDTH, TOP + u32::from(row) * CELL_HEIGHT],
            look: Look::of(cell, cursor == Some((row, column))),
            text: text.map(str::to_owned),
            cells: if cell.is_wide() { 2 } else { 1 },
        })
    };
    (0..screen.size().1.get()).filter_map(spot).collect()
}

/// The picture as SVG.
pub(super) fn drawn(picture: &Picture) -> String {
    let screen = &picture.screen;
    let rows: Vec<Vec<Spot>> = (0..screen.size().0.get()).map(|row| spots(screen, row)).collect();
    let paper = most_used(rows.iter().flatten().map(|spot| spot.look.paper));
    let mut parts = Parts::default();
    for spot in rows.iter().flatten().filter(|spot| spot.look.paper != paper) {
        let [left, top] = spot.at;
        let right = left + u32::try_from(spot.cells).unwrap_or(1) * CELL_WIDTH;
        parts.block(spot.look.paper, [left, top, right, top + CELL_HEIGHT]);
    }
    for row in &rows {
        draw_row(&mut parts, row);
    }
    draw_uprights(&mut parts, rows.iter().flatten());
    svg(picture, paper, &parts)
}

/// What lies behind most of the screen, and so fills the window.
fn most_used(papers: impl Iterator<Item = Colour>) -> Colour {
    let mut counts = BTreeMap::new();
    for paper in papers {
        *counts.entry(paper).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(PAPER, |(paper, _)| paper)
}

/// Draws all of a row but the box characters' upper and lower arms.
fn draw_row(parts: &mut Parts, row: &[Spot]) {
    let mut rest = row;
    while let Some((spot, after)) = rest.split_first() {
        rest = after;
        let (Some(text), Some(character)) = (&spot.text, spot.character()) else { continue };
        let [left, top] = spot.at;
        if let Some([to_left, to_right, ..]) = arms(character) {
            let (x, y) = (left + CELL_WIDTH / 2, top + CELL_HEIGHT / 2);
            if to_left {
                parts.line(spot.look.ink, [left, y, x, y]);
            }
            if to_right {
                parts.line(spot.look.ink, [x, y, left + CELL_WIDTH, y]);
            }
        } else if let Some((area, percent)) = block(character, spot.at) {
            parts.block(mixed(spot.look.ink, spot.look.paper, percent), area);
        } else if let Some(dots) = dots(character, spot.at) {
            parts.dots.entry(spot.look.ink).or_default().extend(dots);
        } else if text.is_ascii() {
            let run = ascii_run(spot, after);
            let cells = run.len();
            parts.text(spot.look, spot.at, &run, cells);
            rest = &after[cells - 1..];
        } else {
            parts.text(spot.look, spot.at, text, spot.cells);
        }
    }
}

/// The text from `first` on that can be one element: words of one look, a space between them.
fn ascii_run(first: &Spot, after: &[Spot]) -> String {
    let mut run = first.text.clone().unwrap_or_default();
    for (at, spot) in after.iter().enumerate() {
        let is_word = |spot: &Spot| {
            spot.look == first.look && spot.text.as_ref().is_some_and(|text| text.is_ascii())
        };
        if is_word(spot) {
            run.push_str(spot.text.as_deref().unwrap_or_default());
        } else if spot.text.is_none()
            && spot.look.paper == first.look.paper
            && after.get(at + 1).is_some_and(is_word)
        {
            run.push(' ');
        } else {
            break;
        }
    }
    run
}

/// Draws the upper and lower arms of box characters, column by column, so that they become lines.
fn draw_uprights<'a>(parts: &mut Parts, spots: impl Iterator<Item = &'a Spot>) {
    let mut columns: BTreeMap<u32, Vec<&Spot>> = BTreeMap::new();
    for spot in spots {
        columns.entry(spot.at[0]).or_default().push(spot);
    }
    for spot in columns.into_values().flatten() {
        let Some([_, _, up, down]) = spot.character().and_then(arms) else { continue };
        let [left, top] = spot.at;
        let (x, y) = (left + CELL_WIDTH / 2, top + CELL_HEIGHT / 2);
        if up {
            parts.line(spot.look.ink, [x, top, x, y]);
        }
        if down {
            parts.line(spot.look.ink, [x, y, x, top + CELL_HEIGHT]);
        }
    }
}

/// The parts in a window.
fn svg(picture: &Picture, paper: Colour, parts: &Parts) -> String {
    let (rows, columns) = picture.screen.size();
    let width = pixels(2 * LEFT + u32::from(columns.get()) * CELL_WIDTH);
    let height = pixels(TOP + u32::from(rows.get()) * CELL_HEIGHT + BOTTOM);
    let mut out = String::new();
    let text = window(&mut out, (width, height), paper, picture)
        .and_then(|()| blocks(&mut out, parts))
        .and_then(|()| lines(&mut out, parts))
        .and_then(|()| dotted(&mut out, parts))
        .and_then(|()| texts(&mut out, parts));
    text.expect("a string takes everything");
    out.push_str("</svg>\n");
    out
}

fn window(
    out: &mut String,
    (width, height): (f64, f64),
    paper: Colour,
    picture: &Picture,
) -> std::fmt::Result {
    let light = paper >> 8 & 0xff >= 0x80;
    let [bar, edge, title] = if light { LIGHT_WINDOW } else { DARK_WINDOW };
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>couplet in a terminal: {}</title>
<rect x=".5" y=".5" width="{}" height="{}" rx="10" fill="{}" stroke="{}"/>
<path d="M1 {TITLE_HEIGHT}V10.5A9.5 9.5 0 0 1 10.5 1H{}A9.5 9.5 0 0 1 {} 10.5V{TITLE_HEIGHT}Z" fill="{}"/>"#,
        escaped(picture.says),
        width - 1.0,
        height - 1.0,
        hex(paper),
        hex(edge),
        width - 10.5,
        width - 1.0,
        hex(bar),
    )?;
    for (x, button) in [20, 40, 60].into_iter().zip(BUTTONS) {
        writeln!(out, r#"<circle cx="{x}" cy="18.5" r="6" fill="{}"/>"#, hex(button))?;
    }
    writeln!(
        out,
        r#"<text x="{}" y="23" text-anchor="middle" font-family="system-ui,'DejaVu Sans',sans-serif" font-size="13" fill="{}">{}</text>"#,
        width / 2.0,
        hex(title),
        escaped(picture.window)
    )
}

fn blocks(out: &mut String, parts: &Parts) -> std::fmt::Result {
    // Without blurred edges, which would show as seams between blocks.
    writeln!(out, r#"<g shape-rendering="crispEdges">"#)?;
    for (colour, [left, top, right, bottom]) in &parts.blocks {
        writeln!(
            out,
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>"#,
            pixels(*left),
            pixels(*top),
            pixels(right - left),
            pixels(bottom - top),
            hex(*colour)
        )?;
    }
    writeln!(out, "</g>")
}

fn lines(out: &mut String, parts: &Parts) -> std::fmt::Result {
    let mut paths: BTreeMap<Colour, String> = BTreeMap::new();
    for (colour, [from_x, from_y, to_x, to_y]) in &parts.lines {
        let path = paths.entry(*colour).or_default();
        write!(path, "M{} {}", pixels(*from_x), pixels(*from_y))?;
        if from_y == to_y {
            write!(path, "H{}", pixels(*to_x))?;
        } else {
            write!(path, "V{}", pixels(*to_y))?;
        }
    }
    for (colour, path) in paths {
        let stroke = hex(colour);
        writeln!(
            out,
            r#"<path d="{path}" stroke="{stroke}" stroke-linecap="square" fill="none"/>"#
        )?;
    }
    Ok(())
}

fn dotted(out: &mut String, parts: &Parts) -> std::fmt::Result {
    for (colour, dots) in &parts.dots {
        write!(out, r#"<path d=""#)?;
        for [x, y] in dots {
            write!(out, "M{} {}h0", pixels(*x), pixels(*y))?;
        }
        let stroke = hex(*colour);
        writeln!(out, r#"" stroke="{stroke}" stroke-width="2.5" stroke-linecap="round"/>"#)?;
    }
    Ok(())
}

fn texts(out: &mut String, parts: &Parts) -> std::fmt::Result {
    writeln!(out, r#"<g font-family="{FONT}" font-size="{FONT_SIZE}">"#)?;
    for ((colour, face), texts) in &parts.texts {
        write!(out, r#"<g fill="{}""#, hex(*colour))?;
        for (has, attribute) in [
            (face.bold, r#" font-weight="bold""#),
            (face.italic, r#" font-style="italic""#),
            (face.underlined, r#" text-decoration="underline""#),
        ] {
            out.push_str(if has { attribute } else { "" });
        }
        out.push_str(">\n");
        out.push_str(texts);
        out.push_str("</g>\n");
    }
    writeln!(out, "</g>")
}

fn hex(colour: Colour) -> String {
    format!("#{colour:06x}")
}
