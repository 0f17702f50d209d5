//! Keys and events in, effects and state out.

use super::super::scenes;
use super::super::stage::{Stage, key_event};
use super::*;
use couplet::limits::MAX_MESSAGE_BYTES;
use couplet::message::Role;
use couplet::session::{Event as Told, Link, Peer};
use std::time::Duration;

fn say(text: &str) -> Command {
    Command::Say(text.into())
}

/// A face with its turn and nothing written.
fn ready() -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.draw(80, 24);
    stage.effects.clear();
    stage
}

#[test]
fn enter_says_and_writing_is_told() {
    let mut stage = ready();
    stage.write("hi").keys("Enter");
    assert_eq!(stage.commands(), [Command::Typing(true), say("hi"), Command::Typing(false)]);
    assert!(stage.app.editor.is_empty());
    stage.keys("Enter");
    assert_eq!(stage.commands(), []);
}

#[test]
fn writing_is_no_longer_told_after_five_seconds() {
    let mut stage = ready();
    stage.write("h").wait(Duration::from_secs(4)).write("i").wait(Duration::from_secs(4));
    assert_eq!(stage.commands(), [Command::Typing(true)]);
    stage.wait(Duration::from_secs(2));
    assert_eq!(stage.commands(), [Command::Typing(false)]);
    stage.write("!");
    assert_eq!(stage.commands(), [Command::Typing(true)]);
    stage.keys("Ctrl-U");
    assert_eq!(stage.commands(), [Command::Typing(false)]);
}

#[test]
fn commands_arent_told_as_writing() {
    let mut stage = ready();
    stage.write("/who").keys("Enter");
    assert_eq!(stage.commands(), []);
    stage.write("//x");
    assert_eq!(stage.commands(), [Command::Typing(true)]);
}

#[test]
fn several_lines_are_one_message() {
    let mut stage = ready();
    stage.write("one").keys("Alt-Enter").write("two").keys("Ctrl-J");
    stage.give(Input::Paste("three\r\nfour\rfive".into())).keys("Enter");
    let said = stage.commands().into_iter().find(|command| matches!(command, Command::Say(_)));
    assert_eq!(said, Some(say("one\ntwo\nthree\nfour\nfive")));
}

#[test]
fn fin_leaves_in_either_role_and_only_alone() {
    for role in [Role::Emi, Role::Rec] {
        let mut stage = ready();
        stage.hear(Told::Role(role)).write(" fin").keys("Enter");
        assert!(stage.commands().contains(&Command::Fin));
        assert!(stage.app.is_leaving());
    }
    let mut stage = ready();
    stage.write("finally").keys("Enter");
    assert!(!stage.app.is_leaving());
}

#[test]
fn a_session_that_doesnt_end_is_left_after_three_seconds() {
    let mut stage = ready();
    stage.write("/quit").keys("Enter");
    assert_eq!(stage.commands(), [Command::Fin]);
    stage.wait(Duration::from_millis(2_900));
    assert!(!stage.effects.contains(&Effect::Quit(Ending::Fin)));
    stage.wait(Duration::from_millis(200));
    assert!(stage.effects.contains(&Effect::Quit(Ending::Fin)));
}

#[test]
fn a_hangup_leaves_within_a_second() {
    let mut stage = ready();
    stage.give(Input::Hangup);
    assert_eq!(stage.commands(), [Command::Fin]);
    stage.wait(Duration::from_secs(1));
    assert!(stage.effects.contains(&Effect::Quit(Ending::Fin)));
}

#[test]
fn a_hangup_says_no_fin_where_the_conversation_can_be_gone_back_to() {
    let mut stage = ready();
    stage.app.setting.keeps = true;
    stage.give(Input::Hangup);
    assert_eq!(stage.effects, [Effect::Quit(Ending::Fin)]);
    assert!(stage.app.is_closed());
}

#[test]
fn the_end_of_the_session_ends_the_face() {
    let mut stage = ready();
    stage.hear(Told::Ended(Ending::RelayExit));
    assert_eq!(stage.effects, [Effect::Quit(Ending::RelayExit)]);
}

#[test]
fn a_ctrl_c_of_long_ago_is_not_the_first_of_two() {
    let mut stage = scenes::your_turn_empty();
    stage.commands();
    stage.keys("Ctrl-C").wait(Duration::from_secs(9)).keys("Ctrl-C");
    assert_eq!(stage.commands(), []);
    stage.keys("Ctrl-C");
    assert_eq!(stage.commands(), [Command::Fin]);
}

#[test]
fn ctrl_c_clears_first_then_asks_then_leaves() {
    for key in ["Ctrl-C", "Ctrl-D"] {
        let mut stage = ready();
        stage.write("oops").keys("Ctrl-C");
        assert!(stage.app.editor.is_empty());
        stage.keys("Up");
        assert_eq!(stage.app.editor.text(), "oops");
        stage.keys("Ctrl-U").commands();
        stage.keys(key);
        assert_eq!(stage.app.notice.as_deref(), Some("Ctrl-C again leaves (or type fin)"));
        stage.write("x").keys("Backspace").keys(key);
        assert!(!stage.app.is_leaving(), "another key in between calls it off");
        stage.keys(key);
        assert!(stage.app.is_leaving());
        assert_eq!(stage.commands().last(), Some(&Command::Fin));
        stage.effects.clear();
        stage.keys("Ctrl-C");
        assert_eq!(stage.effects, [Effect::Quit(Ending::Fin)], "a third one doesn't wait");
    }
}

#[test]
fn a_message_that_is_too_long_stays_in_the_composer() {
    let mut stage = ready();
    let text = "x".repeat(MAX_MESSAGE_BYTES + 1);
    stage.give(Input::Paste(text.clone())).keys("Enter").commands();
    stage.keys("Enter");
    assert!(!stage.commands().iter().any(|command| matches!(command, Command::Say(_))));
    assert_eq!(stage.app.editor.text(), text);
    let notice = stage.app.notice.clone().unwrap();
    assert!(notice.contains("/send it as a file"), "{notice}");
    stage.keys("Backspace Enter");
    assert!(stage.commands().contains(&say(&"x".repeat(MAX_MESSAGE_BYTES))));
}

#[test]
fn a_paste_that_is_far_too_long_changes_nothing() {
    let mut stage = ready();
    stage.write("before").give(Input::Paste("y".repeat(1024 * 1024)));
    assert_eq!(stage.app.editor.text(), "before");
    assert!(stage.app.notice.clone().unwrap().contains("1.0 MiB"));
}

#[test]
fn history_goes_up_from_the_first_row_and_down_to_the_draft() {
    let mut stage = ready();
    stage.write("one").keys("Enter").write("two").keys("Enter").write("draft");
    stage.keys("Up Up");
    assert_eq!(stage.app.editor.text(), "one");
    stage.keys("Down Down");
    assert_eq!(stage.app.editor.text(), "draft");
    stage.keys("Alt-Enter").write("more").keys("Up");
    assert_eq!(stage.app.editor.text(), "draft\nmore", "within the text first");
}

#[test]
fn held_words_are_seen_and_taken_back() {
    let mut stage = ready();
    stage.keys("Ctrl-Up");
    assert_eq!(stage.app.notice.as_deref(), Some("nothing is held, so nothing can be taken back"));
    for (draft, text) in [(DraftId(1), "one"), (DraftId(2), "two")] {
        stage.hear(Told::Held { draft, text: text.into() });
    }
    stage.keys("Ctrl-Up");
    assert_eq!(stage.commands(), [Command::TakeBack(None)]);
    stage.write("draft").hear(Told::TakenBack { draft: DraftId(2), text: "two".into() });
    assert_eq!(stage.app.editor.text(), "two\ndraft");
    stage.hear(Told::Said { draft: DraftId(1), text: "one".into() });
    assert!(stage.app.held.is_empty());
}

#[test]
fn commands_with_mistakes_go_and_up_brings_them_back() {
    let mut stage = ready();
    for (line, can_be_mended) in [
        ("/sned x", true),
        ("/send 'x", true),
        ("/accept", false),
        ("/cancel 7", false),
        ("/take", false),
    ] {
        stage.write(line).keys("Enter");
        assert_eq!(stage.app.editor.text(), "", "{line}");
        let notice = stage.app.notice.clone().expect("a sentence");
        assert_eq!(notice.ends_with("; Up brings it back"), can_be_mended, "{notice}");
        stage.keys("Up");
        assert_eq!(stage.app.editor.text(), line);
        stage.keys("Ctrl-U");
    }
    // No code is remembered; words that can't be said aren't a mistake of a few letters.
    for line in ["/code 7-oter-lamp", "Fin"] {
        stage.write(line).keys("Enter");
        assert_eq!(stage.app.editor.text(), line);
        assert!(stage.app.notice.is_some(), "{line}");
        stage.keys("Ctrl-U").commands();
    }
    assert_eq!(stage.commands(), []);
}

#[test]
fn commands_complete() {
    let mut stage = ready();
    stage.write("/sen").keys("Tab");
    assert_eq!(stage.app.editor.text(), "/send ");
    stage.keys("Ctrl-U").write("/").keys("Tab Tab");
    assert_eq!(stage.app.editor.text(), "/send");
    stage.keys("Tab BackTab BackTab");
    assert_eq!(stage.app.editor.text(), "/fin");
    stage.keys("Enter");
    assert!(stage.app.popup.is_none() && !stage.app.is_leaving(), "the first Enter takes it");
    stage.keys("Ctrl-U").write("/xy").keys("Tab");
    assert_eq!(stage.app.notice.as_deref(), Some("nothing here begins with /xy"));
}

fn complete(stage: &mut Stage, names: &[&str]) -> ListingRequest {
    stage.effects.clear();
    stage.keys("Tab");
    let request = match stage.effects.as_slice() {
        [Effect::List(request)] => request.clone(),
        other => panic!("no directory was asked for: {other:?}"),
    };
    let names = Ok(names.iter().map(|name| (*name).to_owned()).collect());
    stage.give(Input::Listing(Listing { request: request.clone(), names }));
    request
}

#[test]
fn paths_complete_as_a_shell_would() {
    let mut stage = ready();
    stage.write("/send ~/pi");
    let request = complete(&mut stage, &["pictures of us/"]);
    assert_eq!((request.directory.to_str(), request.prefix.as_str()), (Some("/home/ann/"), "pi"));
    assert_eq!(stage.app.editor.text(), r"/send ~/pictures\ of\ us/");
    let request = complete(&mut stage, &["a'b.png", "a'c.png"]);
    assert_eq!(request.directory.to_str(), Some("/home/ann/pictures of us/"));
    assert_eq!(stage.app.editor.text(), r"/send ~/pictures\ of\ us/a\'");
    stage.keys("Down Down Enter").write("x");
    let request = complete(&mut stage, &["xyz"]);
    assert_eq!((request.directory.to_str(), request.prefix.as_str()), (Some("."), "x"));
    assert_eq!(stage.app.editor.text(), r"/send ~/pictures\ of\ us/a\'c.png xyz ");
}

#[test]
fn a_listing_that_comes_too_late_changes_nothing() {
    let mut stage = ready();
    stage.write("/send a").keys("Tab");
    let Some(Effect::List(request)) = stage.effects.last().cloned() else { panic!() };
    stage.write("b").give(Input::Listing(Listing { request, names: Ok(vec!["abc".into()]) }));
    assert_eq!(stage.app.editor.text(), "/send ab");
}

#[test]
fn a_dropped_file_becomes_a_command() {
    let mut stage = ready();
    stage.give(Input::Paste("'/tmp/a b.png' ".into()));
    let Some(Effect::Probe { pasted, readings }) =
        stage.effects.iter().find(|effect| matches!(effect, Effect::Probe { .. })).cloned()
    else {
        panic!()
    };
    assert_eq!(readings.last().unwrap(), &[PathBuf::from("/tmp/a b.png")]);
    stage.give(Input::Probed { pasted, paths: readings[1].clone() });
    assert_eq!(stage.app.editor.text(), r"/send /tmp/a\ b.png");
    stage.keys("Ctrl-U").effects.clear();
    stage.give(Input::Paste("file://host/tmp/a%20b".into()));
    assert!(stage.effects.iter().any(
        |effect| matches!(effect, Effect::Probe { readings, .. } if readings == &[[PathBuf::from("/tmp/a b")]])
    ));
}

#[test]
fn words_are_shown_once_they_are_on_the_screen() {
    let mut stage = ready();
    stage.words(1, "hi");
    assert_eq!(stage.commands(), []);
    stage.draw(10, 3);
    assert_eq!(stage.commands(), [], "too small to be seen");
    stage.draw(80, 24);
    assert_eq!(stage.commands(), [Command::Shown(1)]);
    stage.keys("F1").words(2, "under the help").draw(80, 24);
    assert_eq!(stage.commands(), []);
    stage.keys("Esc").draw(80, 24);
    assert_eq!(stage.commands(), [Command::Shown(2)]);
}

#[test]
fn scrolled_up_words_are_new_until_the_user_answers() {
    let mut stage = scenes::long_conversation();
    stage.draw(80, 24);
    stage.keys("PgUp").commands();
    stage.words(90, "news").draw(80, 24);
    assert_eq!(stage.commands(), []);
    assert!(stage.app.conversation.is_scrolled());
    stage.keys("End").draw(80, 24);
    assert_eq!(stage.commands(), [Command::Shown(90)]);
    stage.write("seen").keys("Enter").draw(80, 24);
    assert!(!stage.app.conversation.is_scrolled());
}

#[test]
fn the_bell_rings_only_for_who_is_away() {
    let bells = |stage: &Stage| stage.effects.iter().filter(|e| **e == Effect::Bell).count();
    let mut stage = ready();
    stage.write("x").words(1, "hi");
    assert_eq!(bells(&stage), 0);
    stage.wait(Duration::from_secs(20)).words(2, "hi");
    assert_eq!(bells(&stage), 1, "no focus reports: by the last key");
    stage.give(Input::Focus(true)).wait(Duration::from_mins(1)).words(3, "hi");
    assert_eq!(bells(&stage), 1);
    stage.give(Input::Focus(false)).words(4, "hi");
    assert_eq!(bells(&stage), 2);
}

#[test]
fn nothing_ticks_while_nothing_moves() {
    let mut stage = scenes::conversation_rec_held();
    stage.keys("Ctrl-U").wait(Duration::from_secs(6));
    assert_eq!(stage.app.wake_at(), None);
    stage.hear(Told::Peer {
        peer: Peer::Silent { kept_for: Duration::from_secs(3) },
        newcomer: false,
    });
    assert!(stage.app.wake_at().is_some());
    stage.wait(Duration::from_secs(4));
    assert_eq!(stage.app.wake_at(), None, "the countdown is over");
    stage.hear(Told::Link(Link::Lost { attempt: 1, retry_in: Duration::from_secs(1) }));
    stage.wait(Duration::from_secs(2));
    assert_eq!(stage.app.wake_at(), None);
}

#[test]
fn who_left_is_told_from_who_didnt_come_back() {
    let gone_after = |seconds| {
        let mut stage = scenes::conversation_emi();
        let peer = Peer::Silent { kept_for: Duration::from_secs(30) };
        stage.hear(Told::Peer { peer, newcomer: false }).wait(Duration::from_secs(seconds));
        stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
        let last = stage.app.conversation.len() - 1;
        stage.app.conversation.entry(last).map(|entry| entry.text.clone()).expect("a line")
    };
    assert_eq!(gone_after(30), "bob didn't come back in time; its seat is free");
    // While this client was away itself, its peer may have been back.
    assert_eq!(gone_after(10), "bob left");
}

#[test]
fn releases_of_keys_are_no_keys() {
    let mut stage = ready();
    let mut key = key_event("x");
    key.kind = crossterm::event::KeyEventKind::Release;
    stage.give(Input::Key(key));
    assert!(stage.app.editor.is_empty());
}

#[test]
fn a_name_cant_pass_for_the_user_or_for_couplet() {
    for (name, label) in [("me", "peer:me"), ("ME", "peer:ME"), ("!", "peer:!"), ("mel", "mel")] {
        let mut stage = ready();
        stage.hear(Told::PeerName(name.into()));
        assert_eq!(stage.app.standing.peer_label().as_ref(), label);
    }
}

#[test]
fn a_newcomer_is_told_as_one_once_its_name_is_known() {
    let mut stage = scenes::peer_gone();
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    let last = |stage: &Stage| {
        let number = stage.app.conversation.len() - 1;
        stage.app.conversation.entry(number).unwrap().text.clone()
    };
    assert_eq!(last(&stage), "a new peer has taken the empty seat");
    stage.hear(Told::PeerName("carol".into()));
    assert_eq!(last(&stage), "carol has taken the empty seat");
}

#[test]
fn news_after_news_that_were_seen_get_their_own_ruler() {
    let mut stage = ready();
    stage.give(Input::Focus(false)).words(1, "one").words(2, "two").draw(80, 24);
    stage.give(Input::Focus(true)).draw(80, 24);
    stage.give(Input::Focus(false)).words(3, "three").draw(80, 24);
    let columns = super::super::conversation::Columns { text: 60, own: 57 };
    let rows = stage.app.conversation.visible(columns, 9).rows;
    let ruler =
        rows.iter().position(|row| *row == super::super::conversation::Row::Ruler { new: 1 });
    assert_eq!(ruler, Some(rows.len() - 2));
}

#[test]
fn the_second_client_is_told_where_and_in_which_room() {
    let mut stage = Stage::with("relay.lan:4000", crate::meeting::Meeting::Anybody, None);
    stage.hear(Told::Link(Link::Online));
    let room = Some(couplet::message::RoomName::new("tea").unwrap());
    stage.hear(Told::Seated { seat: couplet::message::Seat::One, room, returned: false });
    let guide = stage.app.guide().unwrap();
    assert!(
        guide.ends_with("\nbash launch_client.sh --relay relay.lan:4000 --room tea"),
        "{guide}"
    );
}
