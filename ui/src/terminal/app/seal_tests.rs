//! The seal, the code and the verification words, key by key.

use super::super::scenes::{self, code, sealed};
use super::super::stage::Stage;
use super::*;
use couplet::message::Role;
use couplet::session::{Event as Told, Mark, Seal, Verdict};
use couplet::transfer::book::{Direction, TransferState};
use std::time::Duration;

/// The lines of the conversation, the newest last.
fn lines(stage: &Stage) -> Vec<String> {
    let all = 0..stage.app.conversation.len();
    all.filter_map(|at| stage.app.conversation.entry(at)).map(|entry| entry.text.clone()).collect()
}

fn last_line(stage: &Stage) -> String {
    lines(stage).pop().unwrap_or_default()
}

#[test]
fn nothing_is_said_before_the_line_is_sealed() {
    let mut stage = scenes::sealing();
    assert!(stage.app.standing.has_turn() && !stage.app.standing.may_speak());
    assert!(stage.app.composer_titles()[0].contains("until the line is sealed"));
    stage.hear(Told::Seal(Seal::Failed));
    assert!(stage.app.composer_titles()[0].contains("not sealed"));
    stage.hear(sealed(false, None));
    assert!(stage.app.standing.may_speak());
    assert!(stage.app.composer_titles()[0].contains("your turn"));
}

#[test]
fn each_state_of_the_seal_is_told_once() {
    let mut stage = scenes::sealing();
    let before = lines(&stage).len();
    stage.hear(sealed(false, None));
    assert_eq!(last_line(&stage), "sealed; words otter-lamp-reef: /verify compares them");
    // A connection that comes back brings the same seal.
    stage.hear(Told::Seal(Seal::Agreeing)).hear(sealed(false, None));
    // That the peer came, and the seal.
    assert_eq!(lines(&stage).len(), before + 2);
    stage.hear(sealed(false, Some(Verdict::Same)));
    assert_eq!(last_line(&stage), "verified: you compared the words otter-lamp-reef");
    stage.hear(sealed(false, Some(Verdict::Different)));
    assert!(last_line(&stage).starts_with("NOT VERIFIED: "));
    assert_eq!(lines(&stage).len(), before + 4);
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    stage.hear(sealed(true, None));
    assert!(last_line(&stage).starts_with("sealed by your code; "));
}

#[test]
fn whoever_has_a_wrong_code_is_nobody() {
    let mut stage = scenes::waiting_with_a_new_code();
    let before = lines(&stage).len();
    for _ in 0..2 {
        stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
        stage.hear(Told::Role(Role::Emi)).hear(Told::Seal(Seal::Agreeing));
        stage.hear(Told::Seal(Seal::Failed)).hear(Told::Trouble("a wrong code".into()));
        stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false }).hear(Told::Seal(Seal::Nobody));
    }
    // The trouble, and nothing of a peer; the code is still to be read out.
    assert_eq!(lines(&stage).len(), before + 2);
    assert_eq!(stage.app.standing.peer, Some(Peer::Waiting));
    assert!(stage.app.guide().is_some_and(|guide| guide.contains("couplet chat 7-otter-lamp")));
    // The turn is the user's from then on, and there is still nobody to hear it.
    assert!(stage.app.composer_titles()[0].contains("leaves it for whoever comes with the code"));
    stage.hear(Told::Said { draft: DraftId(1), text: "to nobody?".into() });
    stage.hear(Told::Marked { draft: DraftId(1), mark: Mark::Taken }).hear(Told::Role(Role::Rec));
    assert_eq!(last_line(&stage), "nobody is here: it waits for whoever comes with the same code");
    let said = stage.app.conversation.len() - 2;
    assert_eq!(stage.app.conversation.entry(said).and_then(|entry| entry.mark), None);
    assert!(stage.app.composer_titles()[0].contains("nobody is here yet"));
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true }).hear(sealed(true, None));
    assert!(lines(&stage).iter().any(|line| line.contains("your peer is here")));
    stage.hear(Told::Marked { draft: DraftId(1), mark: Mark::Shown });
    let shown = stage.app.conversation.entry(said).and_then(|entry| entry.mark);
    assert_eq!(shown, Some(Mark::Shown));
}

#[test]
fn the_words_are_compared_and_judged() {
    for (key, verdict) in [("y", Verdict::Same), ("n", Verdict::Different)] {
        let mut stage = scenes::sealed_unverified();
        stage.keys("Ctrl-U").write("/verify").keys("Enter");
        assert_eq!(stage.app.overlay, Some(Overlay::Verify));
        assert!(stage.commands().contains(&Command::Compare));
        stage.keys(key);
        assert_eq!(stage.commands(), []);
        stage.keys("Enter");
        assert_eq!(stage.commands(), [Command::Verify(verdict)]);
        assert_eq!(stage.app.overlay, None);
    }
    let mut stage = scenes::comparing();
    stage.commands();
    stage.keys("Enter Esc");
    assert_eq!((stage.commands(), stage.app.overlay), (vec![], None));
}

#[test]
fn whoever_writes_while_the_words_are_shown_gives_no_verdict_and_loses_no_letter() {
    for text in ["why", "yes", "no, wait", "ynyn", "/verify"] {
        let mut stage = scenes::comparing();
        stage.keys("Ctrl-U");
        stage.commands();
        stage.app.editor.set("");
        stage.write(text);
        assert_eq!(stage.app.draft(), text);
        assert_eq!(stage.app.overlay, None);
        let judged = |command: &Command| matches!(command, Command::Verify(_));
        assert!(!stage.commands().iter().any(judged), "{text}");
    }
}

#[test]
fn without_a_seal_there_is_nothing_to_compare() {
    for (mut stage, said) in [
        (scenes::sealing(), "still being agreed on"),
        (scenes::waiting_with_a_new_code(), "once somebody is here"),
    ] {
        stage.commands();
        stage.write("/verify").keys("Enter");
        assert!(stage.app.notice.as_ref().is_some_and(|notice| notice.contains(said)));
        assert_eq!((stage.commands(), stage.app.overlay), (vec![], None));
    }
    let mut stage = scenes::comparing();
    stage.hear(Told::Seal(Seal::Nobody));
    assert_eq!(stage.app.overlay, None);
}

#[test]
fn the_peers_comparing_brings_the_words_up_once_and_takes_no_letter_for_a_verdict() {
    let mut stage = scenes::sealed_unverified();
    // The user is in the midst of a sentence.
    stage.hear(Told::PeerCompares);
    assert_eq!(stage.app.overlay, None);
    assert_eq!(last_line(&stage), "bob compares the words of the seal: /verify");
    stage.wait(Duration::from_secs(5)).hear(Told::PeerCompares);
    assert_eq!(stage.app.overlay, Some(Overlay::Verify));
    assert_eq!(stage.app.draft(), "yes, at the usual pl");
    stage.keys("y Enter");
    assert!(stage.commands().contains(&Command::Verify(Verdict::Same)));
    // Not again by itself, and not a line each time.
    let before = lines(&stage).len();
    for _ in 0..9 {
        stage.wait(Duration::from_secs(4)).hear(Told::PeerCompares);
    }
    assert_eq!(stage.app.overlay, None);
    assert!(lines(&stage).len() <= before + 2);
    // Somebody new may bring them up again.
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true }).hear(sealed(false, None));
    stage.hear(Told::PeerCompares);
    assert_eq!(stage.app.overlay, Some(Overlay::Verify));
}

#[test]
fn the_code_is_shown_with_the_command_of_the_friend() {
    let stage = scenes::waiting_with_a_new_code();
    let guide = stage.app.guide().unwrap();
    assert!(guide.contains("\n7-otter-lamp\n"), "{guide}");
    assert!(guide.ends_with("\ncouplet chat 7-otter-lamp --relay relay.lan:3647"), "{guide}");
    let mut stage = scenes::sealed_by_code();
    stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    assert!(stage.app.guide().unwrap().contains("7-otter-lamp"));
}

#[test]
fn another_room_is_gone_to_only_if_nobody_is_left_behind() {
    let went = |stage: &mut Stage, line: &str| {
        stage.commands();
        stage.write(line).keys("Enter");
        (stage.commands(), stage.app.take_next())
    };
    for peer in [Peer::Waiting, Peer::Gone] {
        let mut stage = scenes::waiting_for_a_peer();
        stage.hear(Told::Peer { peer, newcomer: false });
        let (commands, next) = went(&mut stage, "/new");
        assert_eq!((commands.last(), next), (Some(&Command::Fin), Some(Next::New)));
    }
    let (_, next) = went(&mut scenes::waiting_for_a_peer(), "/code 7 Otter lamp");
    assert_eq!(next, Some(Next::Code(code())));
    let kept_for = Duration::from_secs(9);
    for peer in [Peer::Present, Peer::Silent { kept_for }] {
        let mut stage = scenes::your_turn_empty();
        stage.hear(Told::Peer { peer, newcomer: false });
        let (commands, next) = went(&mut stage, "/new");
        assert_eq!((commands, next), (vec![], None));
        assert!(stage.app.notice.as_ref().is_some_and(|notice| notice.contains("fin")));
    }
    // Whoever doesn't wait for it wants to leave, not to go on.
    let mut stage = scenes::waiting_for_a_peer();
    stage.write("/new").keys("Enter Ctrl-C Ctrl-C");
    assert_eq!(stage.app.take_next(), None);
    assert!(stage.effects.contains(&Effect::Quit(Ending::Fin)));
}

#[test]
fn what_was_said_stays_readable_in_the_next_room() {
    let mut before = scenes::conversation_emi();
    let past = before.app.take_past();
    let mut stage = scenes::waiting_with_a_new_code();
    stage.app.go_on_after(past);
    assert!(lines(&stage).iter().any(|line| line.contains("see you at 5?")));
    assert!(last_line(&stage).starts_with("you went to another room"));
    // The numbers of the new session's messages begin anew and mean no old ones.
    stage.commands();
    stage.draw(80, 24);
    assert_eq!(stage.commands(), []);
    let old = stage.app.conversation.entry(2).map(|entry| (entry.text.clone(), entry.mark));
    stage.hear(Told::Marked { draft: DraftId(2), mark: Mark::Sent });
    assert_eq!(stage.app.conversation.entry(2).map(|e| (e.text.clone(), e.mark)), old);
    // And a fresh start says nothing of it.
    let mut fresh = Stage::new();
    fresh.app.go_on_after(Past::default());
    assert_eq!(lines(&fresh).len(), 0);
}

#[test]
fn what_was_not_through_is_told_in_the_next_room() {
    let mut before = scenes::your_turn_empty();
    let state = TransferState::Moving;
    before.transfer(3, Direction::Outgoing, "big.bin", 1000, state);
    before.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    before.write("/new").keys("Enter");
    let mut stage = scenes::waiting_with_a_new_code();
    stage.app.go_on_after(before.app.take_past());
    let told = lines(&stage);
    assert!(
        told.iter().any(|line| line.starts_with("not finished: outgoing big.bin, ")),
        "{told:?}"
    );
}

#[test]
fn codes_are_completed_and_never_remembered() {
    let mut stage = scenes::your_turn_empty();
    stage.write("/code 7-ott").keys("Tab");
    assert_eq!(stage.app.draft(), "/code 7-otter");
    stage.write("-twi").keys("Tab Tab");
    assert_eq!(stage.app.draft(), "/code 7-otter-twice");
    stage.keys("Esc Ctrl-C");
    assert_eq!((stage.app.draft(), stage.app.notice.as_deref()), ("", Some("cleared")));
    stage.keys("Up");
    assert_eq!(stage.app.draft(), "");
    stage.write("/code 7-oter-lamp").keys("Enter");
    let notice = stage.app.notice.clone().unwrap();
    assert_eq!(notice, "no code has the word oter; did you mean otter?");
    stage.hear(Told::Role(Role::Rec));
    let debug = format!("{:?}", scenes::waiting_with_a_new_code().app.setting);
    assert!(!debug.contains("otter"), "{debug}");
}
