//! Characters that are drawn, so that they join whatever the font is: boxes, blocks and dots.
//!
//! Owns which parts of their cells they fill.

use super::draw::{CELL_HEIGHT, CELL_WIDTH};

/// The arms of a box character: left, right, up and down.
pub(super) fn arms(character: char) -> Option<[bool; 4]> {
    Some(match character {
        '─' => [true, true, false, false],
        '│' => [false, false, true, true],
        '┌' => [false, true, false, true],
        '┐' => [true, false, false, true],
        '└' => [false, true, true, false],
        '┘' => [true, false, true, false],
        _ => return None,
    })
}

/// The part of its cell that a block character fills, and how strongly, in percent.
pub(super) fn block(character: char, [left, top]: [u32; 2]) -> Option<([u32; 4], u32)> {
    let (right, bottom) = (left + CELL_WIDTH, top + CELL_HEIGHT);
    let code = u32::from(character);
    Some(match character {
        '▁'..='█' => ([left, bottom - (code - 0x2580) * CELL_HEIGHT / 8, right, bottom], 100),
        '▉'..='▏' => ([left, top, left + (0x2590 - code) * CELL_WIDTH / 8, bottom], 100),
        '░' => ([left, top, right, bottom], 20),
        _ => return None,
    })
}

/// The middles of a Braille pattern's dots. They are as far apart across cells as within them.
pub(super) fn dots(character: char, [left, top]: [u32; 2]) -> Option<Vec<[u32; 2]>> {
    let bits = u32::from(character).checked_sub(0x2800).filter(|bits| *bits < 0x100)?;
    // The bits go down the left column and down the right one, but for the lowest row, which is last.
    let places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let middle = |(column, row): (u32, u32)| {
        [left + (2 * column + 1) * CELL_WIDTH / 4, top + (2 * row + 1) * CELL_HEIGHT / 8]
    };
    let set = (0_u32..).zip(places).filter(|(bit, _)| bits >> bit & 1 == 1);
    Some(set.map(|(_, place)| middle(place)).collect())
}
