//! What is asked and shown where there is somebody to ask: in real (pseudo-)terminals.

use super::support::terminal::Terminal;
use super::{CODE, Place};
use couplet_ui::config::exit;
use rustix::process::Signal;

const SIZE: (u16, u16) = (100, 24);

fn receive(place: &Place, args: &[&str]) -> Terminal {
    let args: Vec<_> =
        ["receive", "--relay", &place.relay.address].iter().chain(args).copied().collect();
    Terminal::run("bob", SIZE, place.bob.path(), &args)
}

#[test]
fn an_offer_is_asked_about_and_declined() {
    let place = Place::new();
    place.file("photo.png", 900);
    let mut bob = receive(&place, &[CODE]);
    bob.sees("waiting for your peer");
    let ann = place.ann(&["send", "photo.png", "--code", CODE, "--name", "ann"]);
    bob.sees("ann offers photo.png (900 B). Accept? [Y/n]");
    bob.line("perhaps");
    bob.waits("the question again", |screen| screen.contents().matches("[Y/n]").count() == 2);
    bob.line("n");
    let (status, screen) = bob.ends();
    assert_eq!(status, u32::from(exit::DECLINED), "{screen}");
    let ann = ann.ends().with(exit::DECLINED.into());
    assert!(ann.err.contains("couplet: your peer declined it"), "{}", ann.err);
}

#[test]
fn a_bar_moves_and_a_part_is_resumed_never_overwritten() {
    let place = Place::new();
    let bytes = place.file("big.bin", 24 << 20);
    let bob = receive(&place, &[CODE, "--yes"]);
    let ann = place.ann(&["send", "big.bin", "--code", CODE, "--limit", "8M"]);
    bob.sees("receiving big.bin");
    bob.waits("a bar that moves", |screen| {
        let shown = screen.contents();
        shown.contains("big.bin") && shown.contains("[===") && shown.contains("/24.0 MiB")
    });
    bob.signal(Signal::INT);
    let (status, screen) = bob.ends();
    assert_eq!(status, u32::from(exit::INTERRUPTED), "{screen}");
    assert!(screen.contains("% of big.bin is kept"), "{screen}");
    ann.ends().with(exit::CANCELLED.into());

    let mut bob = receive(&place, &[CODE]);
    let ann = place.ann(&["send", "big.bin", "--code", CODE]);
    bob.sees("Resume (");
    bob.line("");
    bob.sees("resuming at");
    let (status, screen) = bob.ends();
    assert_eq!(status, u32::from(exit::OK), "{screen}");
    assert!(screen.contains("verified: big.bin is in downloads/"), "{screen}");
    assert!(!screen.contains("verwrite"), "{screen}");
    ann.ends().well();
    assert!(place.received("big.bin") == bytes);
}

#[test]
fn a_code_is_typed_unseen() {
    let place = Place::new();
    place.file("photo.png", 1000);
    let mut bob = receive(&place, &["--code"]);
    bob.sees("code (it isn't shown):");
    bob.line(CODE);
    bob.sees("waiting for your peer");
    assert!(!bob.screen().contains("otter"), "{}", bob.screen());
    let ann = place.ann(&["send", "photo.png", "--code", CODE]);
    bob.sees("[Y/n]");
    bob.line("y");
    assert_eq!(bob.ends().0, u32::from(exit::OK));
    ann.ends().well();
}

#[test]
fn a_text_cannot_draw_on_the_screen() {
    let place = Place::new();
    let bob = receive(&place, &[CODE, "--yes"]);
    let text = "before\x1b]0;owned\x07\x1b[2J after";
    place.ann(&["send", "--text", text, "--code", CODE]).ends().well();
    bob.sees("before after");
    assert!(!bob.output().windows(5).any(|bytes| bytes == b"owned"));
    assert_eq!(bob.ends().0, u32::from(exit::OK));
}

#[test]
fn a_name_that_is_taken_can_be_asked_about() {
    let place = Place::new();
    let bytes = place.file("notes.txt", 1000);
    std::fs::create_dir(place.downloads()).expect("made");
    std::fs::write(place.downloads().join("notes.txt"), "old").expect("written");
    let mut bob = receive(&place, &[CODE, "--existing", "ask"]);
    let ann = place.ann(&["send", "notes.txt", "--code", CODE]);
    bob.sees("That name is taken");
    bob.line("o");
    assert_eq!(bob.ends().0, u32::from(exit::OK));
    ann.ends().well();
    assert_eq!(place.received("notes.txt"), bytes);
}
