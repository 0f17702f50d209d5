//! Texts before and after each edit.

use super::*;
use proptest::prelude::*;

/// An editor with the cursor at the `|`.
fn editor(text: &str) -> Editor {
    let cursor = text.find('|').unwrap();
    Editor { text: text.replace('|', ""), cursor, ..Editor::default() }
}

fn seen(editor: &Editor) -> String {
    let mut text = editor.text.clone();
    text.insert(editor.cursor, '|');
    text
}

#[track_caller]
fn check(before: &str, edit: impl Fn(&mut Editor), after: &str) {
    let mut editor = editor(before);
    edit(&mut editor);
    assert_eq!(seen(&editor), after);
}

#[test]
fn moving() {
    check("ab|c", Editor::left, "a|bc");
    check("👩‍👩‍👧‍👦|", Editor::left, "|👩‍👩‍👧‍👦");
    check("|e\u{301}x", Editor::right, "e\u{301}|x");
    check("one two|", Editor::word_left, "one |two");
    check("one, |two", Editor::word_left, "|one, two");
    check("one| two x", Editor::word_right, "one two| x");
    check("a\nb|c\nd", Editor::line_start, "a\n|bc\nd");
    check("a\n|bc\nd", Editor::line_end, "a\nbc|\nd");
    check("|", Editor::left, "|");
    check("|", Editor::word_right, "|");
}

#[test]
fn deleting() {
    check("ab👍🏽|c", Editor::delete_back, "ab|c");
    check("a|👍🏽c", Editor::delete_forward, "a|c");
    check("one two|", Editor::kill_word_back, "one |");
    check("one tw|o\nx", Editor::kill_to_start, "|o\nx");
    check("a\n|b", Editor::kill_to_start, "a|b");
    check("a|b\nc", Editor::kill_to_end, "a|\nc");
    check("a|\nc", Editor::kill_to_end, "a|c");
    check("x|one two", Editor::kill_word_forward, "x| two");
}

#[test]
fn what_was_cut_comes_back() {
    let mut editor = editor("one two|");
    editor.kill_word_back();
    editor.line_start();
    editor.yank();
    assert_eq!(seen(&editor), "two|one ");
}

#[test]
fn cuts_in_one_go_are_one_and_older_ones_come_back() {
    let mut editor = editor("one two three four|");
    editor.kill_word_back();
    editor.kill_word_back();
    editor.left();
    editor.kill_word_back();
    editor.line_end();
    editor.yank();
    assert_eq!(seen(&editor), "one  two|");
    editor.yank_older();
    assert_eq!(seen(&editor), "one  three four|");
    editor.yank_older();
    assert_eq!(seen(&editor), "one  two|");
    editor.left();
    editor.yank_older();
    assert_eq!(seen(&editor), "one  tw|o", "only after a yank");
}

#[test]
fn swapping() {
    check("teh|", Editor::transpose, "the|");
    check("t|he", Editor::transpose, "ht|e");
    check("a👍🏽|", Editor::transpose, "👍🏽a|");
    check("|ab", Editor::transpose, "|ab");
    check("a\nb|", Editor::transpose, "a\nb|");
    check("a|", Editor::transpose, "a|");
}

#[test]
fn cases() {
    check("|hello world", Editor::capitals, "HELLO| world");
    check("hello| WORLD x", Editor::smalls, "hello world| x");
    check("|  hELLO x", Editor::capital, "  Hello| x");
    check("stra|ße!", Editor::capitals, "straSSE|!");
    check("|", Editor::capital, "|");
}

/// The texts that undoing goes through, and redoing again.
#[track_caller]
fn undone(editor: &mut Editor, texts: &[&str]) {
    let now = seen(editor);
    for text in texts {
        editor.undo();
        assert_eq!(seen(editor), *text);
    }
    editor.undo();
    assert_eq!(seen(editor), *texts.last().unwrap_or(&""), "nothing before that");
    for _ in texts {
        editor.redo();
    }
    assert_eq!(editor.text(), now.replace('|', ""));
    editor.redo();
    assert_eq!(editor.text(), now.replace('|', ""), "nothing after that");
}

fn typed(editor: &mut Editor, text: &str) {
    for letter in text.chars() {
        editor.insert(letter.encode_utf8(&mut [0; 4]));
    }
}

#[test]
fn a_word_is_undone_at_once() {
    let mut editor = Editor::default();
    typed(&mut editor, "one two  e\u{301}x");
    undone(&mut editor, &["one two  |", "one |", "|"]);
    editor.insert("pasted");
    typed(&mut editor, "!");
    undone(
        &mut editor,
        &["one two  e\u{301}xpasted|", "one two  e\u{301}x|", "one two  |", "one |", "|"],
    );
}

#[test]
fn deletions_in_a_row_are_undone_at_once() {
    let mut editor = editor("one two|three");
    for _ in 0..4 {
        editor.delete_back();
    }
    for _ in 0..2 {
        editor.delete_forward();
    }
    editor.kill_to_end();
    editor.set("else");
    undone(&mut editor, &["one|", "one|ree", "one two|three"]);
}

#[test]
fn what_is_taken_out_isnt_undone_and_a_change_ends_the_redoing() {
    let mut editor = editor("one|");
    assert_eq!(editor.take(), "one");
    editor.undo();
    assert_eq!(seen(&editor), "|");
    typed(&mut editor, "ab c");
    editor.undo();
    typed(&mut editor, "d");
    editor.redo();
    assert_eq!(seen(&editor), "ab d|");
}

#[test]
fn what_can_be_undone_is_bounded() {
    let mut editor = Editor::default();
    for _ in 0..100 {
        editor.set("x".repeat(60_000));
        editor.set("");
    }
    let mut undone = 0;
    while {
        editor.undo();
        !editor.is_empty() || undone == 0
    } && undone < 300
    {
        undone += 1;
        editor.undo();
    }
    assert!((3..20).contains(&undone), "{undone}");
}

#[test]
fn rows_up_and_down_keep_the_column() {
    let down = |editor: &mut Editor| assert!(editor.down(4));
    let up = |editor: &mut Editor| assert!(editor.up(4));
    check("abcd|", |editor| assert!(!editor.up(9)), "abcd|");
    check("ab|c\nx\nabc", down, "abc\nx|\nabc");
    check(
        "ab|c\nx\nabc",
        |editor| {
            down(editor);
            down(editor);
        },
        "abc\nx\nab|c",
    );
    check("abcdef|", up, "ab|cdef");
    check("abcd|ef", up, "|abcdef");
}

proptest! {
    #[test]
    fn the_cursor_stays_between_clusters(
        edits in proptest::collection::vec((0_u8..24, "(a|é|e\u{301}|日|👩‍👩|\u{200d}|👦| |\n|🇩|🇪){0,4}"), 0..60)
    ) {
        let mut editor = Editor::default();
        for (edit, text) in edits {
            match edit {
                0..=3 => editor.insert(&text),
                4 => editor.left(),
                5 => editor.right(),
                6 => editor.word_left(),
                7 => editor.word_right(),
                8 => editor.delete_back(),
                9 => editor.delete_forward(),
                10 => editor.kill_to_start(),
                11 => editor.kill_word_back(),
                12 => editor.kill_to_end(),
                13 => editor.yank(),
                14 => { editor.up(3); }
                15 => { editor.down(3); }
                16 => editor.transpose(),
                17 => editor.capitals(),
                18 => editor.capital(),
                19 => editor.yank_older(),
                20 | 21 => editor.undo(),
                22 => editor.redo(),
                _ => editor.kill_word_forward(),
            }
            let boundary = editor.cursor == editor.text.len()
                || editor.text.grapheme_indices(true).any(|(at, _)| at == editor.cursor);
            prop_assert!(boundary, "{:?}", seen(&editor));
        }
    }
}

proptest! {
    /// Undoing everything gives the text of the start, and redoing everything that of the end.
    #[test]
    fn undoing_and_redoing_lose_nothing(
        edits in proptest::collection::vec((0_u8..10, "(a|b |e\u{301}|日|👩‍👩|\n|🇩){0,3}"), 0..60)
    ) {
        let mut editor = Editor::default();
        editor.insert("start");
        editor.log = undo::Log::default();
        for (edit, text) in edits {
            match edit {
                0..=3 => editor.insert(&text),
                4 => editor.left(),
                5 => editor.delete_back(),
                6 => editor.delete_forward(),
                7 => editor.kill_word_back(),
                8 => editor.transpose(),
                _ => editor.yank(),
            }
        }
        let end = editor.text().to_owned();
        for _ in 0..80 {
            editor.undo();
        }
        prop_assert_eq!(editor.text(), "start");
        for _ in 0..80 {
            editor.redo();
        }
        prop_assert_eq!(editor.text(), end);
    }
}
