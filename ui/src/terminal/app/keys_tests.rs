//! The composer before and after each of its keys; the cursor is at the `|`.

use super::super::scenes;
use super::super::stage::Stage;
use couplet::limits::MAX_MESSAGE_BYTES;

/// A face with its turn and this in its composer.
fn composer(before: &str) -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.draw(80, 24);
    stage.effects.clear();
    let at = before.find('|').expect("a cursor");
    stage.app.editor.set(before.replace('|', ""));
    stage.app.editor.go_to(at);
    stage
}

fn seen(stage: &Stage) -> String {
    let mut text = stage.app.editor.text().to_owned();
    text.insert(stage.app.editor.cursor(), '|');
    text
}

#[test]
fn before_keys_after() {
    for (before, keys, after) in [
        ("ab|c", "Left", "a|bc"),
        ("ab|c", "Ctrl-B", "a|bc"),
        ("a|bc", "Right", "ab|c"),
        ("one two|", "Alt-B", "one |two"),
        ("one two|", "Ctrl-Left", "one |two"),
        ("one two|", "Alt-Left", "one |two"),
        ("|one two", "Alt-F", "one| two"),
        ("|one two", "Ctrl-Right", "one| two"),
        ("|one two", "Alt-Right", "one| two"),
        ("a\nb|c", "Ctrl-A", "a\n|bc"),
        ("a\nb|c", "Home", "a\n|bc"),
        ("a|b\nc", "Ctrl-E", "ab|\nc"),
        ("a|b\nc", "End", "ab|\nc"),
        ("ab|c", "Backspace", "a|c"),
        ("ab|c", "Ctrl-H", "a|c"),
        ("ab|c", "Delete", "ab|"),
        ("ab|c", "Ctrl-D", "ab|"),
        ("one two| x", "Ctrl-W", "one | x"),
        ("one two| x", "Alt-Backspace", "one | x"),
        ("one| two x", "Alt-D", "one| x"),
        ("one| two x", "Alt-Delete", "one| x"),
        ("one t|wo", "Ctrl-U", "|wo"),
        ("one t|wo", "Ctrl-K", "one t|"),
        ("one two|", "Ctrl-W Ctrl-A Ctrl-Y", "two|one "),
        ("one two|", "Ctrl-W Ctrl-W Ctrl-Y", "one two|"),
        ("one two|", "Ctrl-W Left Ctrl-U Ctrl-Y Alt-Y", "two| "),
        ("teh|", "Ctrl-T", "the|"),
        ("|one two", "Alt-U", "ONE| two"),
        ("|ONE two", "Alt-L", "one| two"),
        ("|oNE two", "Alt-C", "One| two"),
        ("one|", "Ctrl-W Ctrl-_", "one|"),
        ("one|", "Ctrl-W Ctrl-7", "one|"),
        ("one|", "Ctrl-W Ctrl-/", "one|"),
        ("one|", "Ctrl-W Ctrl-_ Alt-_", "|"),
        ("one|", "Alt-Enter", "one\n|"),
        ("one|", "Shift-Enter", "one\n|"),
        ("one|", "Ctrl-J", "one\n|"),
        ("a\nb|", "Up", "a|\nb"),
        ("a\nb|", "Ctrl-P", "a|\nb"),
        ("a|\nb", "Down", "a\nb|"),
        ("a|\nb", "Ctrl-N", "a\nb|"),
        ("one|", "Ctrl-C", "|"),
        ("one|", "Ctrl-C Ctrl-P", "one|"),
        ("one|", "Ctrl-C Ctrl-P Ctrl-N", "|"),
    ] {
        let mut stage = composer(before);
        stage.keys(keys);
        assert_eq!(seen(&stage), after, "{before:?} and {keys}");
    }
}

#[test]
fn no_edit_makes_more_than_the_composer_takes() {
    let most = 2 * MAX_MESSAGE_BYTES;
    // Each of these is two bytes and three in capitals.
    let mut stage = composer("|");
    stage.app.editor.set("ŉ".repeat(most / 2));
    stage.app.editor.go_to(0);
    for keys in ["Alt-U", "Ctrl-K Ctrl-Y Ctrl-Y", "Alt-_"] {
        stage.keys(keys);
        assert_eq!(stage.app.editor.text().len(), most, "{keys}");
    }
}
