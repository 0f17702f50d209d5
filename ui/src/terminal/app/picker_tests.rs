//! Choosing files, key by key.

use super::super::picker::{Entry, Found, Kind, Look, Seen};
use super::super::scenes;
use super::super::stage::Stage;
use super::*;
use crate::engine::Outgoing;

const HERE: &[(&str, Kind)] = &[
    ("docs", Kind::Directory),
    (".git", Kind::Directory),
    (".profile", Kind::File(7)),
    ("notes.txt", Kind::File(2_048)),
    ("Photo of us.png", Kind::File(5_000_000)),
    ("socket", Kind::Other),
];

/// The last thing that was to be looked at, of this sort.
fn asked(stage: &Stage, entries: bool) -> Look {
    let mut looks = stage
        .effects
        .iter()
        .rev()
        .filter_map(|effect| if let Effect::Look(look) = effect { Some(look) } else { None });
    let look = looks.find(|look| look.entries == entries).cloned();
    look.expect("something to look at")
}

/// Answers with these entries at `path`.
fn answer(stage: &mut Stage, path: &str, entries: &[(&str, Kind)]) {
    let look = asked(stage, true);
    let entry = |(label, kind): &(&str, Kind)| {
        let label = (*label).to_owned();
        Entry { file: label.clone().into(), label, kind: *kind }
    };
    let entries = entries.iter().map(entry).collect();
    let seen = Seen::Entries { path: path.into(), entries, cut: false };
    stage.effects.clear();
    stage.give(Input::Found(Found { look, seen }));
}

/// The picker in a directory.
fn picking(command: &str) -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.draw(80, 24);
    stage.write(command).keys("Enter");
    assert_eq!(stage.app.overlay, Some(Overlay::Pick));
    assert_eq!(asked(&stage, true).path, PathBuf::from("."));
    answer(&mut stage, "/home/ann/work", HERE);
    stage.draw(80, 24);
    stage
}

fn chosen(stage: &Stage) -> &str {
    stage.app.picker.as_ref().and_then(|picker| picker.chosen()).map_or("", |entry| &entry.label)
}

fn sent(stage: &mut Stage, paths: &[&str]) {
    let paths = paths.iter().map(PathBuf::from).collect();
    assert_eq!(stage.commands(), [Command::Send(Outgoing::Each(paths))]);
    assert!(stage.app.overlay.is_none() && stage.app.picker.is_none());
}

#[test]
fn before_keys_after() {
    for (keys, after) in [
        ("", "docs"),
        ("Down", "notes.txt"),
        ("Ctrl-N Ctrl-P", "docs"),
        ("PgDn PgUp", "docs"),
        ("End", "socket"),
        ("End Home", "docs"),
        ("Tab", "notes.txt"),
        ("Alt-. Down", ".git"),
        ("Alt-. Alt-. Down", "notes.txt"),
        ("o t", "notes.txt"),
        ("o f Ctrl-W P", "Photo of us.png"),
        ("P x", ""),
        ("P x Ctrl-U", "docs"),
        ("P x Ctrl-C", "docs"),
        ("P x Backspace", "Photo of us.png"),
        (". p", ".profile"),
    ] {
        let mut stage = picking("/send");
        stage.keys(keys);
        assert_eq!(chosen(&stage), after, "{keys}");
    }
}

#[test]
fn enter_sends_the_chosen_file_or_what_is_ticked() {
    let mut stage = picking("/send");
    stage.effects.clear();
    stage.keys("n o Enter");
    sent(&mut stage, &["/home/ann/work/notes.txt"]);
    let mut stage = picking("/send");
    stage.keys("Tab Tab Tab Up Up Tab Enter");
    sent(&mut stage, &["/home/ann/work/Photo of us.png", "/home/ann/work/docs"]);
    let mut stage = picking("/put");
    stage.effects.clear();
    stage.keys("n Enter");
    assert!(
        stage.effects.iter().any(|effect| matches!(effect, Effect::Shelf(visit::Command::Put(_))))
    );
}

#[test]
fn what_is_ticked_stays_so_in_other_directories() {
    let mut stage = picking("/send");
    stage.keys("n Tab Ctrl-U Enter");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::Send(_))));
    let mut stage = picking("/send");
    stage.keys("Down Tab Home Right");
    assert_eq!(asked(&stage, true).path, PathBuf::from("/home/ann/work/docs"));
    answer(&mut stage, "/home/ann/work/docs", &[("a", Kind::File(1))]);
    stage.effects.clear();
    stage.keys("Tab Enter");
    sent(&mut stage, &["/home/ann/work/docs/a", "/home/ann/work/notes.txt"]);
}

#[test]
fn directories_are_entered_and_left() {
    for keys in ["Enter", "Right", "d o c /"] {
        let mut stage = picking("/send");
        stage.keys(keys);
        assert_eq!(asked(&stage, true).path, PathBuf::from("/home/ann/work/docs"), "{keys}");
        answer(&mut stage, "/home/ann/work/docs", &[]);
        assert_eq!(chosen(&stage), "");
        stage.keys("Enter Tab Down");
        for back in ["Left", "Backspace"] {
            stage.keys(back);
            assert_eq!(asked(&stage, true).path, PathBuf::from("/home/ann/work"), "{back}");
        }
        answer(&mut stage, "/home/ann/work", HERE);
        assert_eq!(chosen(&stage), "docs", "where one came from");
    }
    let mut stage = picking("/send");
    stage.keys("~");
    assert_eq!(asked(&stage, true).path, PathBuf::from("/home/ann"));
    stage.keys("/");
    assert_eq!(asked(&stage, true).path, PathBuf::from("/"));
}

#[test]
fn what_comes_too_late_or_fails_changes_nothing() {
    let mut stage = picking("/send");
    stage.keys("Right");
    let late = asked(&stage, true);
    stage.keys("Left");
    let seen = Seen::Entries { path: "/late".into(), entries: Vec::new(), cut: false };
    stage.give(Input::Found(Found { look: late, seen }));
    assert_eq!(chosen(&stage), "docs");
    let look = asked(&stage, true);
    let seen = Seen::Nothing("/home/ann can't be read: no".to_owned());
    stage.give(Input::Found(Found { look: look.clone(), seen: seen.clone() }));
    assert_eq!(stage.app.notice.as_deref(), Some("/home/ann can't be read: no"));
    assert_eq!(chosen(&stage), "docs");
    stage.keys("Esc").give(Input::Found(Found { look, seen }));
    assert!(stage.app.picker.is_none());
}

#[test]
fn one_preview_is_asked_for_at_a_time() {
    let mut stage = picking("/send");
    let first = asked(&stage, false);
    assert_eq!(first.path, PathBuf::from("/home/ann/work/docs"));
    stage.effects.clear();
    stage.keys("Down Down");
    assert_eq!(stage.effects, []);
    let seen = Seen::Preview(vec!["of docs".to_owned()]);
    stage.give(Input::Found(Found { look: first, seen }));
    assert!(stage.app.picker.as_ref().is_some_and(|picker| picker.preview().is_empty()));
    let second = asked(&stage, false);
    assert_eq!(second.path, PathBuf::from("/home/ann/work/Photo of us.png"));
    let seen = Seen::Preview(vec!["a picture".to_owned()]);
    stage.give(Input::Found(Found { look: second, seen }));
    assert!(stage.app.picker.as_ref().is_some_and(|picker| picker.preview() == ["a picture"]));
}

#[test]
fn what_is_neither_file_nor_directory_isnt_sent() {
    let mut stage = picking("/send");
    stage.commands();
    for keys in ["End Enter", "End Tab"] {
        stage.keys(keys);
        let notice = stage.app.notice.clone().unwrap_or_default();
        assert_eq!(notice, "socket is neither a file nor a directory");
    }
    stage.keys("End Right");
    assert!(stage.app.notice.clone().unwrap_or_default().contains("no directory"));
    assert_eq!(stage.commands(), []);
}
