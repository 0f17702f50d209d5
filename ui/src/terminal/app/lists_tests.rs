//! The way back from what covers the conversation.

use super::super::super::scenes::shelf::{list, login, told};
use super::super::super::scenes::{comparing, transfers_moving};
use super::super::super::stage::Stage;
use super::*;
use crate::engine::shelf::Command as Ask;
use couplet::session::{Event as SessionEvent, Seal};
use couplet::shelf::visit::Event as Told;

#[test]
fn help_goes_back_to_where_it_was_asked_for() {
    // What is typed behind it must not land in the conversation: it may be a password.
    let mut stage = login();
    stage.keys("Tab F1 Down Esc").write("a");
    assert_eq!(stage.app.overlay, Some(Overlay::Shelf));
    assert_eq!(stage.app.shelf.login.as_ref().unwrap().user.text(), "anna");
    assert_eq!(stage.app.draft(), "");
    for leave in ["Esc", "F1", "Enter", "q", "Ctrl-c"] {
        let mut stage = list();
        stage.keys("F1").keys(leave).write("PDF");
        assert_eq!(stage.app.overlay, Some(Overlay::Shelf), "{leave}");
        assert_eq!((stage.app.shelf.search.text(), stage.app.draft()), ("PDF", ""));
        stage.keys("Esc");
        assert_eq!(stage.app.overlay, None);
    }
    let mut stage = transfers_moving();
    stage.keys("F2 Down");
    let chosen = stage.app.overlay;
    assert_ne!(chosen, Some(Overlay::Transfers { chosen: None }));
    stage.keys("F1 Esc");
    assert_eq!(stage.app.overlay, chosen);
    let mut stage = comparing();
    stage.keys("F1 Esc");
    assert_eq!(stage.app.overlay, Some(Overlay::Verify));
    let mut stage = transfers_moving();
    stage.keys("F1 Esc");
    assert_eq!(stage.app.overlay, None);
}

#[test]
fn to_go_back_and_forth_leads_back_all_the_same() {
    let mut stage = list();
    stage.keys("F2 F3 F2 F1 Esc Esc");
    assert_eq!(stage.app.overlay, Some(Overlay::Shelf));
    stage.keys("Esc");
    assert_eq!(stage.app.overlay, None);
    // Whoever doesn't log in is back where F3 was pressed.
    let mut stage = transfers_moving();
    stage.keys("F2 F3");
    told(&mut stage, Told::LoginWanted);
    stage.keys("F1 Esc").write("ann").keys("Esc");
    assert!(matches!(stage.app.overlay, Some(Overlay::Transfers { .. })));
    assert!(stage.effects.contains(&Effect::EndVisit), "{:?}", stage.effects);
    let asks = |effect: &&Effect| matches!(effect, Effect::Shelf(Ask::List(_)));
    assert_eq!(stage.effects.iter().filter(asks).count(), 1);
}

#[test]
fn words_that_can_not_be_compared_any_more_are_not_gone_back_to() {
    let mut stage: Stage = comparing();
    stage.keys("F1");
    stage.hear(SessionEvent::Seal(Seal::Agreeing));
    assert!(matches!(stage.app.overlay, Some(Overlay::Help { .. })));
    stage.keys("Esc");
    assert_eq!(stage.app.overlay, None);
}
