//! The key map, as one table from which the help is made too.
//!
//! Owns which key means what, and where. What an action does is in [`super::app`].

mod composing;
mod reading;
mod transfers;

use super::editor::Edit;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Submit,
    Newline,
    Complete,
    CompleteBack,
    Interrupt,
    EndOfInput,
    TakeBack,
    AcceptOldest,
    DeclineOldest,
    Help,
    Transfers,
    Shelf,
    Again,
    PageUp,
    PageDown,
    ScrollUp,
    ScrollDown,
    Newest,
    Redraw,
    Suspend,
    Escape,
    Edit(Edit),
    Find,
    LineEndOrNewest,
    Up,
    Down,
    Accept,
    Decline,
    Cancel,
    PauseOrGoOn,
    First,
    Last,
    Same,
    Different,
    /// Choose files to offer.
    Choose,
    /// Compare the verification words.
    Compare,
    /// Give the turn away.
    Pass,
    /// The first key of two.
    Prefix,
    Seek,
    Newer,
    /// The message in the user's own editor.
    Outside,
    Hidden,
    Parent,
    Enter,
    /// Choose messages.
    Select,
    /// From here on.
    Mark,
    Reply,
    Preview,
    /// What is over goes off the list.
    Tidy,
}

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In the conversation with its composer.
    Talk,
    /// In the list of transfers (F2).
    Transfers,
    /// In all that is known of one transfer.
    Details,
    /// While a received picture is shown.
    Preview,
    /// On the shelf (F3).
    Shelf,
    /// In the search through the conversation (Ctrl-F).
    Find,
    /// Where messages are chosen.
    Select,
    /// In the help (F1).
    Help,
    /// There, while what is looked for is typed.
    Topic,
    /// Where the verification words are compared.
    Verify,
    /// In the file picker.
    Pick,
    /// In the composer, after Ctrl-X.
    Chord,
    /// In the composer, while what was entered before is searched (Ctrl-R).
    Seek,
    /// While it is asked whether what was pasted is meant.
    Ask,
}

/// A row of the key map.
#[derive(Debug)]
pub(crate) struct Binding {
    /// Where.
    pub(crate) place: Place,
    /// The keys that mean it.
    pub(crate) keys: &'static [(KeyModifiers, KeyCode)],
    /// What.
    pub(crate) action: Action,
    /// The keys in the user's words.
    pub(crate) label: &'static str,
    /// The action in the user's words; empty for keys that the help need not name.
    pub(crate) help: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn talk(
    keys: &'static [(KeyModifiers, KeyCode)],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place: Place::Talk, keys, action, label, help }
}

const fn shelf(
    keys: &'static [(KeyModifiers, KeyCode)],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place: Place::Shelf, keys, action, label, help }
}

const fn find(
    keys: &'static [(KeyModifiers, KeyCode)],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place: Place::Find, keys, action, label, help }
}

const fn verify(
    keys: &'static [(KeyModifiers, KeyCode)],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { place: Place::Verify, keys, action, label, help }
}

use KeyCode::{
    BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp,
    Right, Tab, Up,
};

/// The keys of the conversation and of what covers it.
static BINDINGS: &[Binding] = &[
    talk(&[(NONE, Enter)], Action::Submit, "Enter", "send, or hold until it is your turn"),
    talk(
        &[(ALT, Enter), (SHIFT, Enter), (CTRL, Enter), (CTRL, Char('j'))],
        Action::Newline,
        "Alt-Enter, Ctrl-J",
        "new line in the message",
    ),
    talk(&[(NONE, Tab)], Action::Complete, "Tab", "complete a command, a path or a number"),
    talk(&[(NONE, BackTab), (SHIFT, BackTab)], Action::CompleteBack, "", ""),
    talk(&[(CTRL, Up)], Action::TakeBack, "Ctrl-Up", "take the newest held message back"),
    talk(&[(ALT, Char('a'))], Action::AcceptOldest, "Alt-A", "accept the oldest open offer"),
    talk(
        &[(ALT, Char('d'))],
        Action::DeclineOldest,
        "Alt-D",
        "decline it (with text: delete a word)",
    ),
    talk(&[(ALT, Char('p'))], Action::Pass, "Alt-P", "give the turn without a message"),
    talk(&[(ALT, Char('v'))], Action::Compare, "Alt-V", "compare the words of the seal"),
    talk(&[(NONE, F(1))], Action::Help, "F1", "this help"),
    talk(&[(NONE, F(2))], Action::Transfers, "F2", "all transfers, to choose from"),
    talk(&[(NONE, F(3))], Action::Shelf, "F3", "the relay's shelf: files that lie ready"),
    talk(&[(NONE, F(4))], Action::Choose, "F4", "choose files to offer"),
    talk(&[(NONE, PageUp)], Action::PageUp, "PgUp, PgDn", "scroll the conversation"),
    talk(&[(NONE, PageDown)], Action::PageDown, "", ""),
    talk(&[(CTRL, Char('f'))], Action::Find, "Ctrl-F", "find something that was said"),
    talk(&[(ALT, Char('s'))], Action::Select, "Alt-S", "choose messages, to copy or to answer"),
    talk(&[(SHIFT, Up), (ALT, Up)], Action::ScrollUp, "Shift-Up, Shift-Down", "scroll by one row"),
    talk(&[(SHIFT, Down), (ALT, Down)], Action::ScrollDown, "", ""),
    talk(&[(NONE, End)], Action::LineEndOrNewest, "End", "to the newest (with text: end of line)"),
    talk(&[(CTRL, End)], Action::Newest, "", ""),
    talk(
        &[(NONE, Up), (CTRL, Char('p'))],
        Action::Up,
        "Up, Down",
        "line up or down; earlier messages",
    ),
    talk(&[(NONE, Down), (CTRL, Char('n'))], Action::Down, "", ""),
    talk(&[(NONE, Left), (CTRL, Char('b'))], Action::Edit(Edit::Left), "", ""),
    talk(&[(NONE, Right)], Action::Edit(Edit::Right), "", ""),
    talk(
        &[(ALT, Char('b')), (CTRL, Left), (ALT, Left)],
        Action::Edit(Edit::WordLeft),
        "Alt-B, Alt-F",
        "a word back, a word on",
    ),
    talk(&[(ALT, Char('f')), (CTRL, Right), (ALT, Right)], Action::Edit(Edit::WordRight), "", ""),
    talk(
        &[(CTRL, Char('a')), (NONE, Home)],
        Action::Edit(Edit::LineStart),
        "Ctrl-A, Ctrl-E",
        "start or end of the line",
    ),
    talk(&[(CTRL, Char('e'))], Action::Edit(Edit::LineEnd), "", ""),
    talk(
        &[(CTRL, Char('w')), (ALT, Backspace), (CTRL, Backspace)],
        Action::Edit(Edit::KillWordBack),
        "Ctrl-W",
        "cut the word before",
    ),
    talk(&[(ALT, Delete), (CTRL, Delete)], Action::Edit(Edit::KillWordForward), "", ""),
    talk(
        &[(CTRL, Char('u'))],
        Action::Edit(Edit::KillToStart),
        "Ctrl-U, Ctrl-K",
        "cut to the start or end of the line",
    ),
    talk(&[(CTRL, Char('k'))], Action::Edit(Edit::KillToEnd), "", ""),
    talk(&[(CTRL, Char('y'))], Action::Edit(Edit::Yank), "Ctrl-Y", "put back what was cut"),
    talk(
        &[(ALT, Char('y'))],
        Action::Edit(Edit::YankOlder),
        "Alt-Y",
        "after Ctrl-Y: what was cut before that",
    ),
    // Most terminals send Ctrl-7 for Ctrl-_ and Ctrl-/, which have no code of their own.
    talk(
        &[(CTRL, Char('_')), (CTRL, Char('7')), (CTRL, Char('/'))],
        Action::Edit(Edit::Undo),
        "Ctrl-_, Alt-_",
        "undo; redo",
    ),
    talk(&[(ALT, Char('_'))], Action::Edit(Edit::Redo), "", ""),
    talk(
        &[(CTRL, Char('t'))],
        Action::Edit(Edit::Transpose),
        "Ctrl-T",
        "swap the characters around the cursor",
    ),
    talk(
        &[(ALT, Char('u'))],
        Action::Edit(Edit::Capitals),
        "Alt-U, Alt-L, Alt-C",
        "the next word in capitals, small, with a capital",
    ),
    talk(&[(ALT, Char('l'))], Action::Edit(Edit::Smalls), "", ""),
    talk(&[(ALT, Char('c'))], Action::Edit(Edit::Capital), "", ""),
    talk(
        &[(NONE, Backspace), (SHIFT, Backspace), (CTRL, Char('h'))],
        Action::Edit(Edit::DeleteBack),
        "",
        "",
    ),
    talk(&[(NONE, Delete)], Action::Edit(Edit::DeleteForward), "", ""),
    talk(
        &[(CTRL, Char('r'))],
        Action::Seek,
        "Ctrl-R",
        "search what you entered before; again: older",
    ),
    talk(&[(CTRL, Char('x'))], Action::Prefix, "", ""),
    talk(&[(CTRL, Char('l'))], Action::Redraw, "Ctrl-L", "draw the screen again"),
    talk(&[(CTRL, Char('z'))], Action::Suspend, "Ctrl-Z", "suspend; fg comes back"),
    talk(
        &[(CTRL, Char('c'))],
        Action::Interrupt,
        "Ctrl-C",
        "clear the message; twice when empty: leave",
    ),
    talk(&[(CTRL, Char('d'))], Action::EndOfInput, "Ctrl-D", "delete; twice when empty: leave"),
    talk(&[(NONE, Esc)], Action::Escape, "", ""),
    shelf(&[], Action::Submit, "letters", "search the names; with * or ? a pattern"),
    shelf(&[(NONE, Enter)], Action::Submit, "Enter", "fetch the file"),
    shelf(&[(NONE, Up), (CTRL, Char('p'))], Action::Up, "Up, Down", "choose"),
    shelf(&[(NONE, Down), (CTRL, Char('n'))], Action::Down, "", ""),
    shelf(&[(NONE, PageUp)], Action::PageUp, "", ""),
    shelf(&[(NONE, PageDown)], Action::PageDown, "", ""),
    shelf(&[(NONE, Home)], Action::First, "", ""),
    shelf(&[(NONE, End)], Action::Last, "", ""),
    shelf(&[(NONE, Tab), (NONE, BackTab), (SHIFT, BackTab)], Action::Complete, "", ""),
    shelf(&[(NONE, F(5)), (CTRL, Char('r'))], Action::Again, "F5, Ctrl-R", "look again"),
    shelf(&[(NONE, Left), (CTRL, Char('b'))], Action::Edit(Edit::Left), "", ""),
    shelf(&[(NONE, Right), (CTRL, Char('f'))], Action::Edit(Edit::Right), "", ""),
    shelf(&[(CTRL, Char('w')), (ALT, Backspace)], Action::Edit(Edit::KillWordBack), "", ""),
    shelf(&[(CTRL, Char('u'))], Action::Edit(Edit::KillToStart), "", ""),
    shelf(&[(CTRL, Char('k'))], Action::Edit(Edit::KillToEnd), "", ""),
    shelf(
        &[(NONE, Backspace), (SHIFT, Backspace), (CTRL, Char('h'))],
        Action::Edit(Edit::DeleteBack),
        "",
        "",
    ),
    shelf(&[(NONE, Delete)], Action::Edit(Edit::DeleteForward), "", ""),
    shelf(&[(NONE, Esc)], Action::Escape, "Esc", "back"),
    shelf(&[(NONE, F(3))], Action::Shelf, "", ""),
    shelf(&[(CTRL, Char('c'))], Action::Interrupt, "", ""),
    shelf(&[(NONE, F(1))], Action::Help, "", ""),
    shelf(&[(NONE, F(2))], Action::Transfers, "", ""),
    shelf(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    shelf(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
    find(&[], Action::Submit, "letters", "what is looked for, in any case"),
    find(
        &[(NONE, Up), (CTRL, Char('f')), (CTRL, Char('r')), (CTRL, Char('p'))],
        Action::Up,
        "Up, Ctrl-F",
        "what was said before that",
    ),
    find(
        &[(NONE, Down), (CTRL, Char('s')), (CTRL, Char('n'))],
        Action::Down,
        "Down, Ctrl-N",
        "what was said after it",
    ),
    find(&[(NONE, PageUp)], Action::PageUp, "", ""),
    find(&[(NONE, PageDown)], Action::PageDown, "", ""),
    find(&[(NONE, Enter)], Action::Submit, "Enter", "stay there"),
    find(&[(NONE, Esc), (CTRL, Char('c'))], Action::Escape, "Esc", "back to where you were"),
    find(
        &[(NONE, Backspace), (SHIFT, Backspace), (CTRL, Char('h'))],
        Action::Edit(Edit::DeleteBack),
        "",
        "",
    ),
    find(&[(CTRL, Char('u'))], Action::Edit(Edit::KillToStart), "", ""),
    find(&[(NONE, F(1))], Action::Help, "", ""),
    find(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    find(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
    verify(&[(NONE, Char('y'))], Action::Same, "y", "the words are the same on both sides"),
    verify(&[(NONE, Char('n'))], Action::Different, "n", "they differ"),
    verify(&[(NONE, Enter)], Action::Submit, "Enter", "that is the verdict"),
    verify(&[(NONE, Esc), (CTRL, Char('c'))], Action::Escape, "Esc", "later"),
    verify(&[(NONE, F(1))], Action::Help, "", ""),
    verify(&[(CTRL, Char('l'))], Action::Redraw, "", ""),
    verify(&[(CTRL, Char('z'))], Action::Suspend, "", ""),
];

/// The whole key map, in the order in which the help shows it.
pub(crate) fn bindings() -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().chain(composing::BINDINGS).chain(reading::BINDINGS).chain(transfers::BINDINGS)
}

/// What `key` means at `place`; nothing if the map doesn't have it.
pub(crate) fn action(place: Place, key: KeyEvent) -> Option<Action> {
    let wanted = (key.modifiers & (CTRL | ALT | SHIFT), key.code);
    // Some terminals tell capital letters with Shift, some with Alt-A for Alt-a.
    let folded = match wanted {
        (modifiers, Char(letter)) => (modifiers - SHIFT, Char(letter.to_ascii_lowercase())),
        other => other,
    };
    let with_modifier = (folded.0 & (CTRL | ALT)) != NONE;
    bindings()
        .filter(|binding| binding.place == place)
        .find(|binding| {
            binding.keys.contains(&wanted) || (with_modifier && binding.keys.contains(&folded))
        })
        .map(|binding| binding.action)
}

/// The character that `key` types, if it types one.
pub(crate) fn typed(key: KeyEvent) -> Option<char> {
    let KeyCode::Char(character) = key.code else { return None };
    let modifiers = key.modifiers & (CTRL | ALT);
    // Control and Alt together are how some layouts send AltGr.
    let types = modifiers == NONE || modifiers == CTRL | ALT;
    (types && !character.is_control()).then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_has_two_meanings() {
        let mut seen = HashSet::new();
        for binding in bindings() {
            for key in binding.keys {
                assert!(seen.insert((binding.place, *key)), "{key:?} twice in {:?}", binding.place);
            }
        }
    }

    #[test]
    fn letters_without_control_or_alt_are_typed() {
        for letter in "abcdqjk /".chars() {
            let key = KeyEvent::new(Char(letter), NONE);
            assert_eq!(action(Place::Talk, key), None);
            assert_eq!(typed(key), Some(letter));
        }
        assert_eq!(
            action(Place::Talk, KeyEvent::new(Char('A'), ALT | SHIFT)),
            Some(Action::AcceptOldest)
        );
        assert_eq!(typed(KeyEvent::new(Char('@'), CTRL | ALT)), Some('@'));
        assert_eq!(typed(KeyEvent::new(Char('a'), ALT)), None);
    }
}
