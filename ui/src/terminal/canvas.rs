//! The way from cells to bytes: a frame that changes nothing writes nothing.
//!
//! Owns every byte that a frame is made of. Those of one frame are gathered, put between the two
//! marks of a synchronized update, and written at once. Colours are asked for only where a cell has
//! one, so a colourless theme says nothing of colours. A control character never gets through,
//! whoever has put it into a cell; but for pictures and links, which are marked by their forced width.

use super::links;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Cell, CellDiffOption};
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use std::io::{self, Write};

/// Asks the terminal to show what follows at once.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// It may show it.
const END: &[u8] = b"\x1b[?2026l";

/// What is drawn on.
#[derive(Debug)]
pub(super) struct Canvas<W: Write> {
    out: W,
    /// The frame as far as it has come.
    frame: Vec<u8>,
    /// How big the terminal is, if it isn't asked.
    size: Option<Size>,
    /// Where the terminal's cursor stands and is seen, as far as that is known.
    cursor: Option<Position>,
    shows_cursor: Option<bool>,
}

impl<W: Write> Canvas<W> {
    /// A canvas as big as the terminal is.
    pub(super) const fn new(out: W) -> Self {
        Self { out, frame: Vec::new(), size: None, cursor: None, shows_cursor: None }
    }

    /// A canvas of this size, whatever `out` is.
    #[cfg(test)]
    pub(super) const fn of(out: W, size: Size) -> Self {
        Self { out, frame: Vec::new(), size: Some(size), cursor: None, shows_cursor: None }
    }

    /// What it is written to.
    #[cfg(test)]
    pub(super) const fn out(&self) -> &W {
        &self.out
    }

    /// Writes `bytes` between two frames.
    pub(super) fn between(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Forgets what the terminal is known to show: somebody else has had it.
    pub(super) const fn forget(&mut self) {
        (self.cursor, self.shows_cursor) = (None, None);
    }

    fn go(&mut self, to: Position) {
        // Writing to memory doesn't fail.
        let _ = write!(self.frame, "\x1b[{};{}H", u32::from(to.y) + 1, u32::from(to.x) + 1);
        self.cursor = Some(to);
    }

    fn show(&mut self, shown: bool) {
        if self.shows_cursor != Some(shown) {
            self.frame.extend_from_slice(if shown { b"\x1b[?25h" } else { b"\x1b[?25l" });
            self.shows_cursor = Some(shown);
        }
    }
}

impl<W: Write> Backend for Canvas<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut worn = Worn::default();
        let mut link = "";
        let mut next = None;
        for (x, y, cell) in content {
            let is_raw = matches!(cell.diff_option, CellDiffOption::ForcedWidth(_));
            let linked = links::in_cell(cell.symbol()).filter(|_| is_raw);
            let (target, symbol) = linked.unwrap_or(("", cell.symbol()));
            // Cells side by side that lead to the same are one link; its target is said once.
            let begins = target != link || next != Some((x, y));
            if begins && !link.is_empty() {
                self.frame.extend_from_slice(links::END.as_bytes());
            }
            if next != Some((x, y)) {
                self.go(Position { x, y });
            }
            next = Some((x + 1, y));
            // Only the cell before is known to have moved the cursor so far.
            self.cursor = None;
            worn = worn.change(Worn::of(cell), &mut self.frame);
            if begins {
                self.frame.extend_from_slice(target.as_bytes());
                link = target;
            }
            if is_raw && linked.is_none() {
                // A picture, made by couplet itself: no text that is put on the screen has its
                // width forced.
                self.frame.extend_from_slice(symbol.as_bytes());
                next = None;
            } else {
                put(symbol, &mut self.frame);
            }
        }
        if !link.is_empty() {
            self.frame.extend_from_slice(links::END.as_bytes());
        }
        worn.change(Worn::default(), &mut self.frame);
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.show(false);
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.show(true);
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // The terminal isn't asked: its answer would come among the keys.
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor != Some(position) {
            self.go(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.frame.extend_from_slice(match clear_type {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[0J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[0K",
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        if let Some(size) = self.size {
            return Ok(size);
        }
        let (width, height) = crossterm::terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    /// Ends the frame.
    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut whole = Vec::with_capacity(BEGIN.len() + self.frame.len() + END.len());
        whole.extend_from_slice(BEGIN);
        whole.append(&mut self.frame);
        whole.extend_from_slice(END);
        self.between(&whole)
    }
}

/// What the letters wear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Worn {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Default for Worn {
    fn default() -> Self {
        Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() }
    }
}

/// The modifiers and their numbers.
const MODIFIERS: &[(Modifier, u8)] = &[
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

impl Worn {
    const fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Says what is to be worn from now on, if it is something else: from bare, as nothing else is
    /// sure to take anything off.
    fn change(self, to: Self, frame: &mut Vec<u8>) -> Self {
        if self == to {
            return to;
        }
        frame.extend_from_slice(b"\x1b[0");
        for (modifier, number) in MODIFIERS {
            if to.modifier.contains(*modifier) {
                let _ = write!(frame, ";{number}");
            }
        }
        colour(to.fg, 30, frame);
        colour(to.bg, 40, frame);
        frame.push(b'm');
        to
    }
}

/// A colour; `first` is the number of the first of the eight.
fn colour(colour: Color, first: u8, frame: &mut Vec<u8>) {
    let bright = first + 60;
    let number = match colour {
        Color::Reset => return,
        Color::Black => first,
        Color::Red => first + 1,
        Color::Green => first + 2,
        Color::Yellow => first + 3,
        Color::Blue => first + 4,
        Color::Magenta => first + 5,
        Color::Cyan => first + 6,
        Color::Gray => first + 7,
        Color::DarkGray => bright,
        Color::LightRed => bright + 1,
        Color::LightGreen => bright + 2,
        Color::LightYellow => bright + 3,
        Color::LightBlue => bright + 4,
        Color::LightMagenta => bright + 5,
        Color::LightCyan => bright + 6,
        Color::White => bright + 7,
        Color::Indexed(index) => {
            let _ = write!(frame, ";{};5;{index}", first + 8);
            return;
        }
        Color::Rgb(r, g, b) => {
            let _ = write!(frame, ";{};2;{r};{g};{b}", first + 8);
            return;
        }
    };
    let _ = write!(frame, ";{number}");
}

/// Puts a cell's text, of which a control character is no part.
fn put(symbol: &str, frame: &mut Vec<u8>) {
    if !symbol.chars().any(char::is_control) {
        frame.extend_from_slice(symbol.as_bytes());
        return;
    }
    let clean: String = symbol.chars().filter(|character| !character.is_control()).collect();
    frame.extend_from_slice(if clean.is_empty() { b" " } else { clean.as_bytes() });
}

#[cfg(test)]
#[path = "canvas_tests.rs"]
mod tests;
