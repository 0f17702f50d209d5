//! Each key of the key map: before, the key, after.
//!
//! Owns how a row of the tables is played, and that no key of the map is without one. All keys of a
//! binding are pressed, and do the same. The tables have a file for each part of the face.

mod lists;
mod pick;
mod reading;
mod seen;
mod shelf;
mod talk;
mod transfers;

use super::super::keys::{self, Action, Binding, Place};
use super::super::scenes;
use super::super::stage::{Stage, key_event};
use super::{Effect, Input};
use crate::engine::Command;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use seen::Seen;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

/// What there is before the key.
#[derive(Debug, Clone, Copy)]
enum Before {
    /// One's own turn, and this in the composer; the cursor is at the `|`.
    Writing(&'static str),
    /// A situation of [`scenes`], by name.
    Scene(&'static str),
}

/// What a key does: where, to what, after which other keys.
#[derive(Debug)]
struct Row {
    place: Place,
    before: Before,
    /// Keys that are pressed first; `write:two_words` types text, `paste:21` pastes so many lines,
    /// `size:40x12` is another screen.
    first: &'static str,
    /// One of the keys of the binding. All of them are pressed, each after the same.
    key: &'static str,
    /// All that is different after it.
    after: &'static str,
}

/// A row about the composer or another line that is written in.
const fn writing(
    place: Place,
    before: &'static str,
    first: &'static str,
    key: &'static str,
    after: &'static str,
) -> Row {
    Row { place, before: Before::Writing(before), first, key, after }
}

/// A row about a situation.
const fn scene(
    place: Place,
    before: &'static str,
    first: &'static str,
    key: &'static str,
    after: &'static str,
) -> Row {
    Row { place, before: Before::Scene(before), first, key, after }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [talk::ROWS, talk::BESIDES, reading::ROWS, lists::ROWS, transfers::ROWS]
        .into_iter()
        .chain([shelf::ROWS, pick::ROWS])
        .flatten()
}

impl Row {
    /// The binding that this is about; none for a key that types a letter.
    fn binding(&self) -> Option<&'static Binding> {
        let key = pressed(self.key);
        keys::bindings()
            .filter(|binding| binding.place == self.place)
            .find(|binding| binding.keys.contains(&(key.modifiers, key.code)))
    }

    /// The keys that do what this says.
    fn keys(&self) -> Vec<KeyEvent> {
        let Some(binding) = self.binding() else { return vec![pressed(self.key)] };
        binding.keys.iter().flat_map(|(modifiers, code)| ways(*modifiers, *code)).collect()
    }

    fn begin(&self) -> Stage {
        let mut stage = match self.before {
            Before::Writing(text) => {
                let mut stage = scenes::your_turn_empty();
                let at = text.find('|').expect("a cursor");
                stage.app.editor.set(text.replace('|', ""));
                stage.app.editor.go_to(at);
                stage
            }
            Before::Scene(name) => {
                let mut all = scenes::all();
                let (_, scene) = all.find(|(known, _)| *known == name).expect(name);
                scene()
            }
        };
        let mut size = (80, 24);
        stage.draw(size.0, size.1);
        for word in self.first.split_whitespace() {
            match word.split_once(':') {
                Some(("write", text)) => {
                    stage.write(&text.replace('_', " "));
                }
                Some(("paste", lines)) => {
                    stage.give(Input::Paste("line\r".repeat(lines.parse().unwrap())));
                }
                Some(("size", new)) => {
                    let (width, height) = new.split_once('x').unwrap();
                    size = (width.parse().unwrap(), height.parse().unwrap());
                }
                _ => {
                    stage.keys(word);
                }
            }
            stage.draw(size.0, size.1);
        }
        stage.effects.clear();
        stage
    }

    /// What is different after this key.
    fn play(&self, key: KeyEvent) -> String {
        let mut stage = self.begin();
        assert_eq!(stage.app.place_of_keys(), self.place, "{self:?}");
        let before = Seen::of(&stage);
        stage.give(Input::Key(key));
        let mut after = Seen::of(&stage).since(&before);
        for effect in &stage.effects {
            // That somebody writes has tests of its own.
            if !matches!(effect, Effect::Engine(Command::Typing(_))) {
                after.push(seen::effect(effect));
            }
        }
        after.join("; ")
    }
}

/// The key of this name, as most terminals tell it: `Ctrl-A` is pressed without Shift.
fn pressed(name: &str) -> KeyEvent {
    let key = key_event(name);
    if let KeyCode::Char(letter) = key.code
        && !key.modifiers.is_empty()
    {
        return KeyEvent::new(KeyCode::Char(letter.to_ascii_lowercase()), key.modifiers);
    }
    key
}

/// The ways in which terminals tell of a key: with Shift or Caps Lock letters are capitals.
fn ways(modifiers: KeyModifiers, code: KeyCode) -> Vec<KeyEvent> {
    let mut ways = vec![KeyEvent::new(code, modifiers)];
    if let KeyCode::Char(letter) = code
        && letter.is_ascii_lowercase()
        && !modifiers.is_empty()
    {
        let capital = KeyCode::Char(letter.to_ascii_uppercase());
        ways.push(KeyEvent::new(capital, modifiers));
        ways.push(KeyEvent::new(capital, modifiers | KeyModifiers::SHIFT));
        ways.push(KeyEvent::new(code, modifiers | KeyModifiers::SHIFT));
    }
    ways
}

#[test]
fn before_each_key_and_after_it() {
    let mut wrong = String::new();
    for row in rows() {
        for key in row.keys() {
            let after = row.play(key);
            assert!(!after.is_empty(), "nothing is different after {row:?}");
            if after != row.after {
                let Row { place, before, first, key: name, after: expected } = row;
                let _ = writeln!(
                    wrong,
                    "{place:?} {before:?} {first:?} {name:?}, {key:?}\n  is:  {after}\n  not: \
                     {expected}"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_key_of_the_map_has_a_row() {
    let told: HashSet<(Place, Option<Action>)> =
        rows().map(|row| (row.place, row.binding().map(|binding| binding.action))).collect();
    let mut without = Vec::new();
    for binding in keys::bindings() {
        // What has no keys is about letters.
        let action = (!binding.keys.is_empty()).then_some(binding.action);
        if !told.contains(&(binding.place, action)) {
            without.push((binding.place, binding.action, binding.keys));
        }
    }
    assert!(without.is_empty(), "{without:?}");
    for row in rows() {
        let key = pressed(row.key);
        // What the search in what was entered doesn't know has its meaning in the composer.
        let is_known = row.binding().is_some()
            || keys::typed(key).is_some()
            || (row.place == Place::Seek && keys::action(Place::Talk, key).is_some());
        assert!(is_known, "no such key: {row:?}");
    }
}

/// The keys that a label names. `letters` are no key of the map.
fn named(label: &str) -> impl Iterator<Item = KeyEvent> {
    label.split(", ").filter(|name| !name.is_empty() && *name != "letters").map(pressed)
}

#[test]
fn the_help_names_only_keys_of_the_map() {
    for binding in keys::bindings().filter(|binding| !binding.label.is_empty()) {
        assert!(!binding.help.is_empty(), "{binding:?} is named and not told");
        let mut names = named(binding.label);
        let Some(first) = names.next() else {
            assert!(binding.keys.is_empty() && binding.label == "letters", "{binding:?}");
            continue;
        };
        assert!(binding.keys.contains(&(first.modifiers, first.code)), "{binding:?}");
        for other in names {
            let meant = keys::bindings()
                .filter(|row| row.place == binding.place)
                .find(|row| row.keys.contains(&(other.modifiers, other.code)))
                .unwrap_or_else(|| panic!("no such key: {other:?} of {binding:?}"));
            // What it does is told here, and nowhere else.
            let is_same = meant.action == binding.action;
            assert!(is_same || meant.help.is_empty(), "{meant:?} is told twice");
        }
    }
}

/// What is neither in the help nor does what its name says on every keyboard.
#[test]
fn the_help_tells_what_nobody_would_guess() {
    let told: HashSet<(Place, KeyModifiers, KeyCode)> = keys::bindings()
        .flat_map(|binding| named(binding.label).map(|key| (binding.place, key)))
        .map(|(place, key)| (place, key.modifiers, key.code))
        .collect();
    let named_there: HashSet<Place> = told.iter().map(|(place, _, _)| *place).collect();
    let plain = |code: &KeyCode| !matches!(code, KeyCode::Char(_) | KeyCode::F(_));
    let mut silent = BTreeSet::new();
    for binding in keys::bindings().filter(|binding| named_there.contains(&binding.place)) {
        let told_here = binding
            .keys
            .iter()
            .any(|(modifiers, code)| told.contains(&(binding.place, *modifiers, *code)));
        // These are told once, among the keys of the conversation.
        let told_above = binding.keys.iter().any(|(modifiers, code)| {
            let talk = keys::action(Place::Talk, KeyEvent::new(*code, *modifiers));
            talk == Some(binding.action) && told.contains(&(Place::Talk, *modifiers, *code))
        });
        let guessed = binding
            .keys
            .iter()
            .any(|(modifiers, code)| plain(code) && (modifiers.is_empty() || code == &KeyCode::Up));
        if !binding.keys.is_empty() && !told_here && !told_above && !guessed {
            silent.insert(format!("{:?} {:?}", binding.place, binding.action));
        }
    }
    assert_eq!(silent.into_iter().collect::<Vec<_>>(), SILENT);
}

/// Keys of readline next to some that are told; and Ctrl-X, which has a heading of its own.
const SILENT: &[&str] = &["Talk Edit(KillWordForward)", "Talk Newest", "Talk Prefix"];

/// Each place where keys have a meaning is seen in one of the pictures.
#[test]
fn every_place_has_a_scene() {
    let drawn: HashSet<Place> =
        scenes::all().map(|(_, scene)| scene().app.place_of_keys()).collect();
    let known: HashSet<Place> = keys::bindings().map(|binding| binding.place).collect();
    assert_eq!(drawn, known);
}
