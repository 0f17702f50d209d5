//! Every situation at every size from nothing to 130x50: nothing panics.
//!
//! Owns which are drawn where. At the sizes at which the layout changes, and one less, that is every
//! situation; at each of the others a third of them, in turns, so that it takes seconds.

use super::super::scenes;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// The largest screen.
const MOST: (u16, u16) = (130, 50);

/// From these widths and heights on the layout is another one.
const WIDTHS: [u16; 7] = [1, 20, 30, 50, 80, 100, 110];
const HEIGHTS: [u16; 5] = [1, 5, 8, 10, 16];

/// One part of the situations in so many: the parts are tests of their own, to be run side by side.
fn sweep(part: usize, parts: usize) {
    let mut terminal = Terminal::new(TestBackend::new(0, 0)).unwrap();
    for (number, (_, scene)) in scenes::all().enumerate().skip(part).step_by(parts) {
        let mut stage = scene();
        for height in 0..=MOST.1 {
            for width in 0..=MOST.0 {
                let turn = (number + usize::from(width) + usize::from(height)).is_multiple_of(3);
                if turn || is_edge(width, &WIDTHS, MOST.0) || is_edge(height, &HEIGHTS, MOST.1) {
                    terminal.backend_mut().resize(width, height);
                    stage.draw_on(&mut terminal);
                }
            }
        }
    }
}

fn is_edge(length: u16, edges: &[u16], most: u16) -> bool {
    length == most || edges.iter().any(|edge| length == *edge || length + 1 == *edge)
}

#[test]
fn no_size_is_too_much_for_a_quarter_of_the_situations() {
    sweep(0, 4);
}

#[test]
fn no_size_is_too_much_for_the_second_quarter() {
    sweep(1, 4);
}

#[test]
fn no_size_is_too_much_for_the_third_quarter() {
    sweep(2, 4);
}

#[test]
fn no_size_is_too_much_for_the_last_quarter() {
    sweep(3, 4);
}
