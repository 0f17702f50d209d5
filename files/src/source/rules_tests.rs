//! What is left out on request.

use super::super::tests::{inside, is_root, source_with, tree, walked};
use super::super::{Source, WalkOptions};
use std::fs;
use std::path::Path;

fn without(patterns: &[&str], path: &Path) -> Vec<String> {
    let exclude = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    inside(&source_with(path, &WalkOptions { exclude, gitignore: false }))
}

fn by_gitignore(path: &Path) -> Vec<String> {
    inside(&source_with(path, &WalkOptions { exclude: Vec::new(), gitignore: true }))
}

#[test]
fn nothing_is_left_out_unasked() {
    let dir = tree(&["t/.gitignore", "t/.git/x", "t/.hidden", "t/a.o"]);
    fs::write(dir.path().join("t/.gitignore"), "*.o\n").expect("rules");
    let all = [".git", ".git/x", ".gitignore", ".hidden", "a.o"];
    assert_eq!(without(&[], &dir.path().join("t")), all);
}

#[test]
fn patterns_leave_out_what_they_match() {
    let dir = tree(&["t/a.tmp", "t/b/c.tmp", "t/b/d", "t/build/x", "t/sub/build/y", "t/#x#"]);
    let top = dir.path().join("t");
    assert_eq!(
        without(&["*.tmp"], &top),
        ["#x#", "b", "b/d", "build", "build/x", "sub", "sub/build", "sub/build/y"]
    );
    assert_eq!(without(&["build/", "#x#"], &top), ["a.tmp", "b", "b/c.tmp", "b/d", "sub"]);
    assert_eq!(
        without(&["/build", "b/*", "!b/d"], &top),
        ["#x#", "a.tmp", "b", "b/d", "sub", "sub/build", "sub/build/y"]
    );
    // A pattern for folders isn't one for files.
    assert!(without(&["d/"], &top).contains(&"b/d".to_owned()));
}

#[test]
fn what_is_named_is_sent_whatever_the_patterns() {
    let dir = tree(&["a.tmp", "build/x.tmp", "build/y"]);
    let paths = ["a.tmp", "build"].map(|name| dir.path().join(name));
    let exclude = vec!["*.tmp".to_owned(), "build".to_owned()];
    let options = WalkOptions { exclude, gitignore: false };
    let source = Source::inspect(&paths, &options).expect("a source");
    assert_eq!(walked(&source).0, ["a.tmp", "build", "build/y"]);
    assert_eq!(source.offer().entries, 3);
}

#[test]
fn a_pattern_that_makes_no_sense_is_said() {
    let options = WalkOptions { exclude: vec!["a[".to_owned()], gitignore: false };
    let error = Source::inspect(&[".".into()], &options).expect_err("no pattern");
    assert!(error.contains("the pattern a[ can't be understood"), "{error}");
}

#[test]
fn gitignores_count_for_their_folder_and_the_innermost_decides() {
    let dir = tree(&[
        "t/.git/config",
        "t/a.log",
        "t/keep.log",
        "t/target/x",
        "t/sub/b.log",
        "t/sub/c.log",
        "t/sub/target/y",
        "t/sub/deep/only",
        "t/deep/only",
        "t/.env",
    ]);
    let top = dir.path().join("t");
    fs::write(top.join(".gitignore"), "\u{feff}*.log\n!keep.log\n/target/\n[\n\n# no\n")
        .expect("rules");
    fs::write(top.join("sub/.gitignore"), b"!b.log\n\xff\xfe\n/deep/only\n").expect("rules");
    assert_eq!(
        by_gitignore(&top),
        [
            ".env",
            ".gitignore",
            "deep",
            "deep/only",
            "keep.log",
            "sub",
            "sub/.gitignore",
            "sub/b.log",
            "sub/deep",
            "sub/target",
            "sub/target/y",
        ]
    );
}

#[test]
fn gitignores_above_count_up_to_the_top_of_the_repository() {
    let dir = tree(&["r/.git/", "r/s/t/a.log", "r/s/t/b.txt", "r/s/t/x/c.tmp", "r/s/t/x/d"]);
    let at = |name: &str| dir.path().join(name);
    fs::write(at(".gitignore"), "d\n").expect("rules");
    fs::write(at("r/.gitignore"), "*.log\n/s/t/x/*.tmp\n*.txt\n").expect("rules");
    fs::write(at("r/s/.gitignore"), "!b.txt\n").expect("rules");
    assert_eq!(by_gitignore(&at("r/s/t")), ["b.txt", "x", "x/d"]);
    // In no repository those above aren't about what is sent.
    fs::remove_dir(at("r/.git")).expect("no repository");
    assert_eq!(by_gitignore(&at("r/s/t")), ["a.log", "b.txt", "x", "x/c.tmp", "x/d"]);
}

#[test]
fn a_repository_in_another_has_rules_of_its_own() {
    let dir = tree(&["t/.git/", "t/inner/.git", "t/inner/a.log", "t/b.log"]);
    fs::write(dir.path().join("t/.gitignore"), "*.log\n").expect("rules");
    assert_eq!(by_gitignore(&dir.path().join("t")), [".gitignore", "inner", "inner/a.log"]);
    // Nor has the one above a say about one that is sent by itself.
    assert_eq!(by_gitignore(&dir.path().join("t/inner")), ["a.log"]);
}

#[test]
fn the_users_patterns_have_the_last_word() {
    let dir = tree(&["t/dist/x", "t/dist/y.map", "t/a"]);
    fs::write(dir.path().join("t/.gitignore"), "dist\n").expect("rules");
    let exclude = vec!["!dist".to_owned(), "*.map".to_owned()];
    let options = WalkOptions { exclude, gitignore: true };
    let source = source_with(&dir.path().join("t"), &options);
    assert_eq!(inside(&source), [".gitignore", "a", "dist", "dist/x"]);
}

#[test]
fn rules_that_cant_be_read_leave_out_their_folder() {
    if is_root() {
        return;
    }
    let dir = tree(&["t/a", "t/sub/.gitignore", "t/sub/private"]);
    let rules = dir.path().join("t/sub/.gitignore");
    rustix::fs::chmod(&rules, rustix::fs::Mode::empty()).expect("no permissions");
    let options = WalkOptions { exclude: Vec::new(), gitignore: true };
    let (entries, left_out) = walked(&source_with(&dir.path().join("t"), &options));
    assert_eq!(entries, ["t", "t/a"]);
    assert!(left_out[0].contains("since its .gitignore can't be read"), "{left_out:?}");
}

#[test]
fn rules_that_are_no_file_say_nothing() {
    let dir = tree(&["t/.gitignore/x", "t/d/.gitignore -> ../rules", "t/d/y"]);
    fs::write(dir.path().join("t/rules"), "*\n").expect("a file");
    let all = [".gitignore", ".gitignore/x", "d", "d/.gitignore", "d/y", "rules"];
    assert_eq!(by_gitignore(&dir.path().join("t")), all);
}
