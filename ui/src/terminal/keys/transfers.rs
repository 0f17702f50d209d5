//! The keys of the list of transfers, and of what is opened from there.
//!
//! Owns these rows of the key map, and no others.

use super::{ALT, Action, Binding, CTRL, NONE, Place};
use crossterm::event::KeyCode::{
    self, Char, Delete, Down, End, Enter, Esc, F, Home, PageDown, PageUp, Up,
};
use crossterm::event::KeyModifiers;

type Keys = &'static [(KeyModifiers, KeyCode)];

const fn list(keys: Keys, action: Action, label: &'static str, help: &'static str) -> Binding {
    Binding { place: Place::Transfers, keys, action, label, help }
}

const fn details(keys: Keys, action: Action) -> Binding {
    Binding { place: Place::Details, keys, action, label: "", help: "" }
}

const fn preview(keys: Keys, action: Action) -> Binding {
    Binding { place: Place::Preview, keys, action, label: "", help: "" }
}

const UP: Keys = &[(NONE, Up), (CTRL, Char('p')), (NONE, Char('k'))];
const DOWN: Keys = &[(NONE, Down), (CTRL, Char('n')), (NONE, Char('j'))];
const ACCEPT: Keys = &[(NONE, Char('a')), (ALT, Char('a'))];
const DECLINE: Keys = &[(NONE, Char('d')), (ALT, Char('d'))];
const CANCEL: Keys = &[(NONE, Char('c')), (NONE, Delete)];

/// The rows. What can be done in the list can be done where one of them is seen by itself, too.
pub(super) static BINDINGS: &[Binding] = &[
    list(UP, Action::Up, "Up, Down", "choose"),
    list(DOWN, Action::Down, "", ""),
    list(&[(NONE, PageUp)], Action::PageUp, "", ""),
    list(&[(NONE, PageDown)], Action::PageDown, "", ""),
    list(&[(NONE, Home)], Action::First, "", ""),
    list(&[(NONE, End)], Action::Last, "", ""),
    list(
        &[(NONE, Enter)],
        Action::Enter,
        "Enter",
        "all that is known of it; these keys work there, too",
    ),
    list(ACCEPT, Action::Accept, "a", "accept, or resume what is here in part"),
    list(DECLINE, Action::Decline, "d", "decline"),
    list(&[(NONE, Char('p'))], Action::PauseOrGoOn, "p", "pause, or let it go on"),
    list(CANCEL, Action::Cancel, "c", "cancel; what has come is kept, to resume from"),
    list(&[(NONE, Char('v'))], Action::Preview, "v", "show a picture that was received"),
    list(&[(NONE, Char('x'))], Action::Tidy, "x", "take what is finished off the list"),
    list(
        &[(NONE, Esc), (NONE, F(2)), (NONE, Char('q')), (CTRL, Char('c'))],
        Action::Escape,
        "Esc",
        "back",
    ),
    list(&[(NONE, F(1))], Action::Help, "", ""),
    list(&[(NONE, F(3))], Action::Shelf, "", ""),
    list(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    list(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
    details(UP, Action::Up),
    details(DOWN, Action::Down),
    details(&[(NONE, PageUp)], Action::PageUp),
    details(&[(NONE, PageDown), (NONE, Char(' '))], Action::PageDown),
    details(&[(NONE, Home)], Action::First),
    details(&[(NONE, End)], Action::Last),
    details(ACCEPT, Action::Accept),
    details(DECLINE, Action::Decline),
    details(&[(NONE, Char('p'))], Action::PauseOrGoOn),
    details(CANCEL, Action::Cancel),
    details(&[(NONE, Char('v'))], Action::Preview),
    details(&[(NONE, Char('x'))], Action::Tidy),
    details(&[(NONE, Esc), (NONE, Enter), (NONE, Char('q')), (CTRL, Char('c'))], Action::Escape),
    details(&[(NONE, F(1))], Action::Help),
    details(&[(NONE, F(2))], Action::Transfers),
    details(&[(NONE, F(3))], Action::Shelf),
    details(&[(CTRL, Char('l'))], Action::Redraw),
    details(&[(CTRL, Char('z'))], Action::Suspend),
    preview(
        &[
            (NONE, Esc),
            (NONE, Enter),
            (NONE, Char('v')),
            (NONE, Char('q')),
            (NONE, Char(' ')),
            (CTRL, Char('c')),
        ],
        Action::Escape,
    ),
    preview(&[(NONE, F(1))], Action::Help),
    preview(&[(NONE, F(2))], Action::Transfers),
    preview(&[(CTRL, Char('l'))], Action::Redraw),
    preview(&[(CTRL, Char('z'))], Action::Suspend),
];
