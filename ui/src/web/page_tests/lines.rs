//! Lines that are commands: each does something on a page, shows something or says why not.

use super::*;
use crate::terminal::app::Sight;
use crate::terminal::commands::{COMMANDS, LIMITS};
use couplet::transfer::book::TransferId;
use std::path::PathBuf;

/// What may follow a command.
const ARGUMENTS: &[&str] = &["", "1", "9", "a.txt", "on", "7-otter-lamp", "\"", LIMITS[0]];

/// Says this, as a page; gives the deeds, and what was told beside what stands in the composer.
fn says(play: &mut Play, line: &str) -> (Vec<Deed>, Vec<(To, Value)>) {
    play.told();
    let deeds = play.act(&json!({"action": "say", "text": line}));
    let told = play.told().into_iter();
    (deeds, told.filter(|(_, told)| told["event"] != "draft").collect())
}

/// What this line has the page show.
fn shows(play: &mut Play, line: &str) -> Value {
    let (_, told) = says(play, line);
    let shown = told.into_iter().find(|(_, told)| told["event"] == "show");
    let (to, mut shown) = shown.unwrap_or_else(|| panic!("{line} shows nothing"));
    assert_eq!(to, To::One(TabId(1)), "only where it was asked for");
    shown.as_object_mut().unwrap().remove("event");
    shown
}

fn refused(line: &str) -> String {
    let (deeds, told) = says(&mut Play::met(), line);
    assert_eq!(deeds, [], "{line}");
    let [(To::One(TabId(1)), notice)] = told.as_slice() else { panic!("{line}: {told:?}") };
    notice["text"].as_str().expect("a sentence").to_owned()
}

#[test]
fn no_command_is_silent() {
    for command in COMMANDS {
        for argument in ARGUMENTS {
            let mut play = Play::met();
            let line = format!("{} {argument}", command.name);
            let (deeds, told) = says(&mut play, line.trim());
            assert!(!deeds.is_empty() || !told.is_empty(), "{line} does nothing and says nothing");
            let covered = play.app().overlay;
            assert!(matches!(covered, None | Some(Overlay::Verify | Overlay::Shelf)), "{line}");
            for key in words::KEYS {
                let text = json!(told.iter().map(|(_, told)| told).collect::<Vec<_>>()).to_string();
                assert!(!text.contains(key), "{line}: {key} in {text}");
            }
        }
    }
}

#[test]
fn what_a_page_shows_otherwise_it_is_asked_to_show() {
    let mut stage = stage::on_a_page(scenes::sealed_by_code);
    stage.transfer(3, Direction::Incoming, "a.bin", 1000, TransferState::Offered);
    let mut play = Play::from(stage);
    for (line, shown) in [
        ("/help", json!({"what": "help"})),
        ("/help turn", json!({"what": "help", "words": "turn"})),
        ("/transfers", json!({"what": "transfers"})),
        ("/details 3", json!({"what": "transfer", "id": 3})),
        ("/send", json!({"what": "files"})),
        ("/verify", json!({"what": "words"})),
        ("/verify", json!({"what": "words"})),
        ("/shelf", json!({"what": "shelf"})),
        ("/put", json!({"what": "shelf"})),
        ("/help", json!({"what": "help"})),
    ] {
        assert_eq!(shows(&mut play, line), shown, "{line}");
        assert_eq!(play.app().draft(), "", "{line}");
    }
    assert_eq!(play.app().overlay, Some(Overlay::Shelf), "other lines take nothing away");
    play.page.gone(TabId(1), play.now);
    assert_eq!(play.app().overlay, Some(Overlay::Verify), "nobody looks at the shelf any more");
    play.act(&json!({"action": "later"}));
    assert_eq!(play.app().overlay, None);
    assert_eq!(
        deeds::show(Sight::Transfer(TransferId(7))),
        Told::Show { what: "transfer", id: Some(7), words: None }
    );
}

#[test]
fn what_is_for_a_terminal_is_refused_with_what_there_is_instead() {
    for (line, instead) in [
        ("/mouse on", "the mouse"),
        ("/preview", "Download"),
        ("/find hello", "browser's own search"),
        ("/select", "selected"),
        ("/copy", "select the text"),
    ] {
        let said = refused(line);
        assert!(said.contains("is for terminals") && said.contains(instead), "{line}: {said}");
        let mut play = Play::met();
        says(&mut play, line);
        assert_eq!(play.app().draft(), line, "it is still there to be changed");
    }
    let typo = refused("/sned a.txt");
    assert!(typo.contains("did you mean /send"), "{typo}");
}

#[test]
fn what_names_files_of_this_machine_works_as_in_a_terminal() {
    let mut play = Play::met();
    let (deeds, _) = says(&mut play, "/save said.txt");
    let [Deed::Save(path, text)] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert_eq!((path, text), (&PathBuf::from("said.txt"), &play.app().transcript()));
    let saved = crate::terminal::app::Saved { path: path.clone(), lines: Ok(7) };
    play.give(Input::Saved(saved));
    assert_eq!(play.newest("entries")["entries"][0]["text"], "7 lines written to said.txt");
    let (deeds, _) = says(&mut play, "/send a.txt");
    let sent = crate::engine::Outgoing::Each(vec!["a.txt".into()]);
    assert_eq!(deeds, [Deed::Engine(Command::Send(sent))]);
}

#[test]
fn a_question_of_the_shelf_covers_nothing_and_is_told() {
    use crate::engine::shelf::Event as AtShelf;
    use couplet::shelf::visit::Event as Visited;
    let mut play = Play::met();
    says(&mut play, "/get report.pdf");
    play.give(Input::Shelf(AtShelf::Visit(Visited::LoginWanted)));
    let told = play.newest("entries");
    let said = "the shelf asks who you are: open the shelf to log in";
    assert_eq!(told["entries"][0]["text"], said);
    assert_eq!(play.app().overlay, None);
    assert_eq!(shows(&mut play, "/shelf"), json!({"what": "shelf"}));
    play.give(Input::Tick);
    play.act(&json!({"action": "shelf", "open": true}));
    assert_eq!(play.newest("shelf")["is"], "login");
}
