//! The keys of the help, of the search in it, and of choosing messages.

use super::{ALT, Action, Binding, CTRL, NONE, Place, SHIFT};
use crate::terminal::editor::Edit;
use crossterm::event::KeyCode::{
    self, Backspace, Char, Down, End, Enter, Esc, F, Home, PageDown, PageUp, Up,
};
use crossterm::event::KeyModifiers;

const fn help(
    keys: &'static [(KeyModifiers, KeyCode)],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place: Place::Help, keys, action, label, help }
}

const fn select(
    keys: &'static [(KeyModifiers, KeyCode)],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place: Place::Select, keys, action, label, help }
}

const fn topic(keys: &'static [(KeyModifiers, KeyCode)], action: Action) -> Binding {
    Binding { place: Place::Topic, keys, action, label: "", help: "" }
}

pub(super) static BINDINGS: &[Binding] = &[
    help(&[(NONE, Char('/')), (CTRL, Char('f'))], Action::Find, "/, Ctrl-F", "find a word in it"),
    help(&[(NONE, Up), (NONE, Char('k'))], Action::Up, "Up, Down", "a line up or down"),
    help(&[(NONE, Down), (NONE, Char('j'))], Action::Down, "", ""),
    help(&[(NONE, PageUp)], Action::PageUp, "PgUp, PgDn", "a page up or down"),
    help(&[(NONE, PageDown), (NONE, Char(' '))], Action::PageDown, "", ""),
    help(&[(NONE, Home)], Action::First, "Home, End", "to its start or end"),
    help(&[(NONE, End)], Action::Last, "", ""),
    help(
        &[(NONE, Esc), (NONE, F(1)), (NONE, Enter), (NONE, Char('q')), (CTRL, Char('c'))],
        Action::Escape,
        "Esc, q",
        "all of it again; back",
    ),
    help(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    help(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
    topic(&[(NONE, Enter)], Action::Submit),
    topic(&[(NONE, Esc), (CTRL, Char('c'))], Action::Escape),
    topic(
        &[(NONE, Backspace), (SHIFT, Backspace), (CTRL, Char('h'))],
        Action::Edit(Edit::DeleteBack),
    ),
    topic(&[(CTRL, Char('u'))], Action::Edit(Edit::KillToStart)),
    topic(&[(NONE, Up)], Action::Up),
    topic(&[(NONE, Down)], Action::Down),
    topic(&[(NONE, PageUp)], Action::PageUp),
    topic(&[(NONE, PageDown)], Action::PageDown),
    topic(&[(CTRL, Char('l'))], Action::Redraw),
    topic(&[(CTRL, Char('z'))], Action::Suspend),
    select(&[(NONE, Up), (NONE, Char('k')), (CTRL, Char('p'))], Action::Up, "Up, Down", "choose"),
    select(&[(NONE, Down), (NONE, Char('j')), (CTRL, Char('n'))], Action::Down, "", ""),
    select(&[(NONE, PageUp)], Action::PageUp, "", ""),
    select(&[(NONE, PageDown)], Action::PageDown, "", ""),
    select(&[(NONE, Home)], Action::First, "", ""),
    select(&[(NONE, End)], Action::Last, "", ""),
    select(
        &[(NONE, Char(' ')), (NONE, Char('v'))],
        Action::Mark,
        "Space",
        "from here on: several; again: one",
    ),
    select(&[(SHIFT, Up)], Action::ScrollUp, "Shift-Up, Shift-Down", "one more, one less"),
    select(&[(SHIFT, Down)], Action::ScrollDown, "", ""),
    select(
        &[(NONE, Enter), (NONE, Char('c')), (NONE, Char('y'))],
        Action::Submit,
        "Enter, c",
        "ask the terminal to copy it",
    ),
    select(&[(NONE, Char('r'))], Action::Reply, "r", "answer it, with its beginning quoted"),
    select(
        &[(NONE, Esc), (NONE, Char('q')), (CTRL, Char('c')), (ALT, Char('s'))],
        Action::Escape,
        "Esc",
        "back",
    ),
    select(&[(NONE, F(1))], Action::Help, "", ""),
    select(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    select(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
];
