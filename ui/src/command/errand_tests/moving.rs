//! What is offered, asked, moved and told while both are there.

use super::super::{LEFT_AFTER, Step, Terms};
use super::scene::{ID, Scene, offer, outgoing, verified};
use crate::command::report::{Figures, Report, Side};
use crate::config::exit;
use crate::engine::{Command, Event};
use couplet::session::{Event as SessionEvent, Peer};
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, OnCollision, Preflight};

#[test]
fn sent_and_verified() {
    let mut scene = Scene::sending().meets();
    assert_eq!(scene.commands(), [Command::Send(outgoing())]);
    scene = scene.moving(500);
    scene.transfer(ID, Form::Folder, verified(0));
    assert_eq!(scene.leaves(), (exit::OK, String::new()));
    let kinds: Vec<_> = scene.reports().into_iter().map(std::mem::discriminant).collect();
    let figures = Report::Progress(Figures::default());
    let offered = Report::Offered {
        by: Side::You,
        peer: None,
        name: String::new(),
        form: Form::File,
        size: None,
        entries: 0,
    };
    let verified =
        Report::Verified { saved_as: String::new(), left_out: Vec::new(), left_out_count: 0 };
    let expected = [
        Report::Met { words: [""; 3] },
        offered,
        Report::Started { held: 0 },
        figures,
        verified,
        Report::Ended { status: 0, reason: None },
    ];
    assert_eq!(kinds, expected.iter().map(std::mem::discriminant).collect::<Vec<_>>());
}

#[test]
fn received_without_being_asked() {
    let mut scene = Scene::receiving(Terms::default()).meets();
    assert_eq!(scene.commands(), []);
    scene.session(SessionEvent::PeerName("bob".to_owned()));
    scene = scene.moving(300);
    assert_eq!(scene.commands(), [Command::Accept { id: Some(ID), on_collision: None }]);
    scene.transfer(ID, Form::Folder, verified(2));
    assert_eq!(scene.leaves(), (exit::LEFT_OUT, "2 items were left out".to_owned()));
}

#[test]
fn asked_and_answered() {
    let terms = Terms { asks: true, asks_names: true, to_stdout: false };
    for (part, answer, expected) in [
        (true, Some("\n"), Command::Accept { id: Some(ID), on_collision: None }),
        (
            false,
            Some("o"),
            Command::Accept { id: Some(ID), on_collision: Some(OnCollision::Overwrite) },
        ),
        (true, Some("n"), Command::Decline(Some(ID))),
        (false, None, Command::Decline(Some(ID))),
    ] {
        let mut scene = Scene::receiving(terms).meets();
        scene.transfer(ID, Form::File, TransferState::Offered);
        let preflight = Preflight { part, held: 940, exists: true, ..Preflight::default() };
        scene.event(Event::Preflight { id: ID, preflight });
        let Some(Step::Ask(question)) = scene.steps.last().cloned() else { panic!("no question") };
        assert_eq!(question.contains("Resume (94 %)?"), part, "{question}");
        assert_eq!(scene.commands(), []);
        scene.errand.handle_line(Some("perhaps"), scene.now);
        scene.take();
        assert_eq!(scene.steps.last(), Some(&Step::Ask(question)));
        scene.errand.handle_line(answer, scene.now);
        scene.take();
        assert_eq!(scene.commands()[0], expected);
        if matches!(expected, Command::Decline(_)) {
            assert_eq!(scene.leaves().0, exit::DECLINED);
        }
    }
}

#[test]
fn an_answer_to_an_offer_that_is_gone_means_nothing() {
    let terms = Terms { asks: true, ..Terms::default() };
    let mut scene = Scene::receiving(terms).meets();
    scene.transfer(ID, Form::File, TransferState::Offered);
    scene.event(Event::Preflight { id: ID, preflight: Preflight::default() });
    scene.transfer(ID, Form::File, TransferState::Withdrawn);
    scene.errand.handle_line(Some("y"), scene.now);
    scene.take();
    assert_eq!(scene.commands(), []);
}

#[test]
fn what_cannot_be_received_is_declined_before_a_byte_moves() {
    let full = Preflight { free: Some(10), ..Preflight::default() };
    let to_stdout = Terms { to_stdout: true, ..Terms::default() };
    for (terms, preflight, with) in
        [(Terms::default(), full, "too full"), (to_stdout, Preflight::default(), "--to DIR")]
    {
        let mut scene = Scene::receiving(terms).meets();
        scene.transfer(ID, Form::Folder, TransferState::Offered);
        scene.event(Event::Preflight { id: ID, preflight });
        assert_eq!(scene.commands(), [Command::Decline(Some(ID)), Command::Leave]);
        let (status, reason) = scene.leaves();
        assert_eq!(status, exit::UNWRITABLE);
        assert!(reason.contains(with), "{reason}");
    }
}

#[test]
fn one_offer_is_enough() {
    let mut scene = Scene::receiving(Terms::default()).meets().moving(1);
    let commands = scene.commands().len();
    scene.transfer(TransferId(2), Form::File, TransferState::Offered);
    scene.event(Event::Preflight { id: TransferId(2), preflight: Preflight::default() });
    assert_eq!(scene.commands().len(), commands);
}

#[test]
fn a_cut_is_told_and_so_is_its_end() {
    let mut scene = Scene::sending().meets().moving(450);
    scene.transfer(ID, Form::Folder, TransferState::Interrupted);
    scene.transfer(ID, Form::Folder, TransferState::Moving);
    scene.transfer(ID, Form::Folder, TransferState::Moving);
    let reports = scene.reports();
    assert_eq!(
        reports[reports.len() - 2..],
        [&Report::Interrupted, &Report::Resumed { held: 450 }]
    );
}

#[test]
fn holds_are_told_with_who_and_why() {
    let mut scene = Scene::sending().meets().moving(450);
    for (held_here, held_there) in
        [(None, Some(Hold::DiskFull)), (None, Some(Hold::DiskFull)), (None, None)]
    {
        let info = TransferInfo {
            direction: Direction::Outgoing,
            offer: offer(Form::Folder),
            state: TransferState::Moving,
            held_here,
            held_there,
        };
        scene.session(SessionEvent::Transfer { id: ID, info });
    }
    let reports = scene.reports();
    let paused = Report::Paused { by: Side::Peer, reason: Hold::DiskFull };
    assert_eq!(reports[reports.len() - 2..], [&paused, &Report::Continued]);
}

#[test]
fn a_text_is_told_and_what_comes_after_the_end_is_not() {
    let mut scene = Scene::receiving(Terms::default()).meets();
    scene.transfer(ID, Form::Text, TransferState::Offered);
    scene.event(Event::Preflight { id: ID, preflight: Preflight::default() });
    scene.event(Event::Text { id: ID, text: "hello".to_owned() });
    assert!(scene.has(&Step::Tell(Report::Text { text: "hello".to_owned() })));
    // A sender that knows that all is through may be gone before it is found here.
    scene.session(SessionEvent::Peer { peer: Peer::Gone, newcomer: false });
    assert_eq!(scene.errand.poll_timeout(), Some(scene.now + LEFT_AFTER));
    scene.transfer(ID, Form::Text, verified(0));
    assert!(!scene.has(&Step::Tell(Report::Left)));
    let told = scene.reports().len();
    scene.session(SessionEvent::Peer { peer: Peer::Gone, newcomer: false });
    assert_eq!(scene.reports().len(), told);
    assert_eq!(scene.leaves().0, exit::OK);
}
