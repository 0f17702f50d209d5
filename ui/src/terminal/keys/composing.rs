//! The keys of what the composer does besides writing.
//!
//! Owns these rows of the key map, and no others.

use super::{ALT, Action, Binding, CTRL, NONE, Place, SHIFT};
use crate::terminal::editor::Edit;
use crossterm::event::KeyCode::{
    self, BackTab, Backspace, Char, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right,
    Tab, Up,
};
use crossterm::event::KeyModifiers;

type Keys = &'static [(KeyModifiers, KeyCode)];

const fn row(
    place: Place,
    keys: Keys,
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place, keys, action, label, help }
}

const fn chord(keys: Keys, action: Action, label: &'static str, help: &'static str) -> Binding {
    row(Place::Chord, keys, action, label, help)
}

const fn seek(keys: Keys, action: Action, label: &'static str, help: &'static str) -> Binding {
    row(Place::Seek, keys, action, label, help)
}

const fn pick(keys: Keys, action: Action, label: &'static str, help: &'static str) -> Binding {
    row(Place::Pick, keys, action, label, help)
}

const fn ask(keys: Keys, action: Action) -> Binding {
    row(Place::Ask, keys, action, "", "")
}

/// The rows.
pub(super) static BINDINGS: &[Binding] = &[
    chord(
        &[(CTRL, Char('e'))],
        Action::Outside,
        "Ctrl-E",
        "the message in your own editor (VISUAL or EDITOR)",
    ),
    chord(&[(CTRL, Char('u'))], Action::Edit(Edit::Undo), "Ctrl-U", "undo"),
    chord(&[(NONE, Esc), (CTRL, Char('g')), (CTRL, Char('c'))], Action::Escape, "", ""),
    seek(&[], Action::Seek, "letters", "what the message has in it"),
    seek(&[(CTRL, Char('r'))], Action::Seek, "Ctrl-R, Ctrl-S", "an older one; a newer one"),
    seek(&[(CTRL, Char('s'))], Action::Newer, "", ""),
    seek(&[(NONE, Enter)], Action::Submit, "Enter", "take it, to send or to change"),
    seek(
        &[(NONE, Backspace), (SHIFT, Backspace), (CTRL, Char('h'))],
        Action::Edit(Edit::DeleteBack),
        "",
        "",
    ),
    seek(&[(CTRL, Char('w')), (ALT, Backspace)], Action::Edit(Edit::KillWordBack), "", ""),
    seek(&[(CTRL, Char('u'))], Action::Edit(Edit::KillToStart), "", ""),
    seek(
        &[(NONE, Esc), (CTRL, Char('g')), (CTRL, Char('c'))],
        Action::Escape,
        "Esc",
        "back to what you were writing",
    ),
    pick(&[], Action::Submit, "letters", "a part of the name"),
    pick(
        &[(NONE, Enter)],
        Action::Submit,
        "Enter",
        "send what is ticked, or this file; enter this directory",
    ),
    pick(
        &[(NONE, Tab), (NONE, BackTab), (SHIFT, BackTab)],
        Action::Complete,
        "Tab",
        "tick it, files and whole directories; again: not",
    ),
    pick(&[(NONE, Right)], Action::Enter, "Right, Left", "into this directory; out of it"),
    pick(&[(NONE, Left)], Action::Parent, "", ""),
    pick(&[(ALT, Char('.'))], Action::Hidden, "Alt-.", "hidden files, too; again: not"),
    pick(&[(NONE, F(5)), (CTRL, Char('r'))], Action::Again, "F5, Ctrl-R", "look again"),
    pick(&[(NONE, Up), (CTRL, Char('p'))], Action::Up, "", ""),
    pick(&[(NONE, Down), (CTRL, Char('n'))], Action::Down, "", ""),
    pick(&[(NONE, PageUp)], Action::PageUp, "", ""),
    pick(&[(NONE, PageDown)], Action::PageDown, "", ""),
    pick(&[(NONE, Home)], Action::First, "", ""),
    pick(&[(NONE, End)], Action::Last, "", ""),
    pick(&[(CTRL, Char('w')), (ALT, Backspace)], Action::Edit(Edit::KillWordBack), "", ""),
    pick(&[(CTRL, Char('u'))], Action::Edit(Edit::KillToStart), "", ""),
    pick(
        &[(NONE, Backspace), (SHIFT, Backspace), (CTRL, Char('h'))],
        Action::Edit(Edit::DeleteBack),
        "",
        "",
    ),
    pick(&[(NONE, Esc), (NONE, F(4))], Action::Escape, "Esc", "back"),
    pick(&[(CTRL, Char('c'))], Action::Interrupt, "", ""),
    pick(&[(NONE, F(1))], Action::Help, "", ""),
    pick(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    pick(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
    ask(&[(NONE, Enter), (NONE, Char('y'))], Action::Submit),
    ask(&[(NONE, Esc), (NONE, Char('n')), (CTRL, Char('c')), (CTRL, Char('g'))], Action::Escape),
    ask(&[(CTRL, Char('l'))], Action::Redraw),
    ask(&[(CTRL, Char('z'))], Action::Suspend),
];
