//! For the tests: the situations that the face gets into.
//!
//! Owns the script of each; what it must look like is in the snapshots of [`super::view`].

use super::app::{Effect, Input, Listing};
use super::stage::Stage;
use crate::meeting::{Hosted, Meeting};
use couplet::code::Code;
use couplet::fingerprint::Fingerprint;
use couplet::message::{Role, RoomName, Seat};
use couplet::session::{DraftId, Event as Told, Link, Mark, Peer, Seal, Verdict};
use couplet::transfer::book::TransferState;
use couplet::transfer::wire::Fault;
use std::time::Duration;

pub(crate) mod closer;
mod composing;
pub(crate) mod plain;
pub(crate) mod shelf;
mod states;
pub(crate) mod talk;
mod transfers;

pub(crate) use transfers::{offer_to_resume, transfers_held, transfers_moving};

/// A situation: its name, and how the face gets into it.
pub(crate) type Scene = (&'static str, fn() -> Stage);

/// All situations, by name.
pub(crate) fn all() -> impl Iterator<Item = Scene> {
    SCENES
        .iter()
        .chain(transfers::SCENES)
        .chain(closer::SCENES)
        .chain(plain::SCENES)
        .chain(shelf::SCENES)
        .chain(composing::SCENES)
        .chain(talk::SCENES)
        .chain(states::SCENES)
        .copied()
}

const SCENES: &[Scene] = &[
    ("connecting", connecting),
    ("nobody_answers", nobody_answers),
    ("waiting_for_a_peer", waiting_for_a_peer),
    ("first_run", first_run),
    ("first_run_with_a_peer", first_run_with_a_peer),
    ("waiting_as_host", waiting_as_host),
    ("hosting_with_a_code", hosting_with_a_code),
    ("waiting_with_a_new_code", waiting_with_a_new_code),
    ("waiting_after_a_conversation", waiting_after_a_conversation),
    ("waiting_with_the_same_code", waiting_with_the_same_code),
    ("sealing", sealing),
    ("sealed_by_code", sealed_by_code),
    ("sealed_unverified", sealed_unverified),
    ("verified", verified),
    ("not_verified", not_verified),
    ("not_sealed", not_sealed),
    ("comparing", comparing),
    ("comparing_by_code", comparing_by_code),
    ("code_peer_gone", code_peer_gone),
    ("your_turn_empty", your_turn_empty),
    ("listening_empty", listening_empty),
    ("conversation_emi", conversation_emi),
    ("conversation_rec_held", conversation_rec_held),
    ("peer_silent", peer_silent),
    ("peer_gone", peer_gone),
    ("reconnecting", reconnecting),
    ("help", help),
    ("help_on_a_topic", help_on_a_topic),
    ("help_on_nothing", help_on_nothing),
    ("completion", completion),
    ("unread_scrolled_up", unread_scrolled_up),
    ("unread_ruler", unread_ruler),
    ("scripts_and_emoji", scripts_and_emoji),
    ("trouble", trouble),
    ("mistake", mistake),
    ("long_message", long_message),
    ("kept_message", kept_message),
];

pub(crate) fn connecting() -> Stage {
    connecting_with(Stage::new())
}

fn connecting_with(mut stage: Stage) -> Stage {
    stage.hear(Told::Link(Link::Connecting { attempt: 1 }));
    stage
}

fn nobody_answers() -> Stage {
    let mut stage = connecting();
    stage.hear(Told::Link(Link::Lost { attempt: 3, retry_in: Duration::from_millis(3_200) }));
    stage
}

pub(crate) fn waiting_for_a_peer() -> Stage {
    waiting_with(connecting())
}

fn first_run() -> Stage {
    let mut stage = Stage::with("relay.lan:3647", Meeting::New(code().words().clone()), None);
    stage.app.welcome();
    seated_in_seven(stage)
}

fn first_run_with_a_peer() -> Stage {
    let mut stage = first_run();
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true }).hear(Told::Role(Role::Emi));
    stage.hear(Told::PeerName("bob".into())).hear(sealed(true, None));
    stage
}

fn waiting_as_host() -> Stage {
    waiting_with(connecting_with(hosting(Meeting::Anybody)))
}

fn hosting(meeting: Meeting) -> Stage {
    let hosted = Hosted {
        local: "127.0.0.1:40123".into(),
        network: Some("192.168.1.20:40123".into()),
        port: Some(40123),
        fingerprint: Some(Fingerprint([0x5a; 32])),
    };
    Stage::with("127.0.0.1:40123", meeting, Some(hosted))
}

fn hosting_with_a_code() -> Stage {
    seated_in_seven(hosting(Meeting::New(code().words().clone())))
}

/// The code of all scenes that have one.
pub(crate) fn code() -> Code {
    Code::parse("7-otter-lamp").unwrap()
}

/// What seals the line in all scenes.
pub(crate) fn sealed(by_code: bool, verdict: Option<Verdict>) -> Told {
    Told::Seal(Seal::Sealed { words: ["otter", "lamp", "reef"], by_code, verdict })
}

fn seated_in_seven(stage: Stage) -> Stage {
    let mut stage = connecting_with(stage);
    stage.hear(Told::Link(Link::Online));
    let room = Some(RoomName::numbered(7));
    stage.hear(Told::Seated { seat: Seat::One, room, returned: false });
    stage.hear(Told::Seal(Seal::Nobody));
    stage.hear(Told::Peer { peer: Peer::Waiting, newcomer: false });
    stage
}

pub(crate) fn waiting_with_a_new_code() -> Stage {
    let meeting = Meeting::New(code().words().clone());
    seated_in_seven(Stage::with("relay.lan:3647", meeting, None))
}

fn waiting_after_a_conversation() -> Stage {
    let mut before = conversation_emi();
    let mut stage = waiting_with_a_new_code();
    stage.app.go_on_after(before.app.take_past());
    stage
}

fn waiting_with_the_same_code() -> Stage {
    seated_in_seven(Stage::with("relay.lan:3647", Meeting::Code(code()), None))
}

pub(crate) fn sealing() -> Stage {
    let mut stage = waiting_with_a_new_code();
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    stage.hear(Told::Seal(Seal::Agreeing));
    stage.hear(Told::Role(Role::Emi));
    stage
}

pub(crate) fn sealed_by_code() -> Stage {
    let mut stage = sealing();
    stage.hear(sealed(true, None)).hear(Told::PeerName("bob".into()));
    stage.hear(Told::RoundTrip(Duration::from_millis(24)));
    stage
}

pub(crate) fn sealed_unverified() -> Stage {
    let mut stage = conversation_emi();
    stage.hear(sealed(false, None)).hear(Told::RoundTrip(Duration::from_micros(310)));
    stage
}

fn verified() -> Stage {
    let mut stage = sealed_unverified();
    stage.keys("Ctrl-U").hear(sealed(false, Some(Verdict::Same)));
    stage
}

fn not_verified() -> Stage {
    let mut stage = sealed_unverified();
    stage.keys("Ctrl-U").hear(sealed(false, Some(Verdict::Different)));
    stage
}

fn not_sealed() -> Stage {
    let mut stage = sealing();
    stage.hear(Told::Seal(Seal::Failed));
    let text = "somebody came with a wrong code and was turned away; if that was your peer, read \
                the code to them again. The room stays open";
    stage.hear(Told::Trouble(text.into()));
    stage
}

pub(crate) fn comparing() -> Stage {
    let mut stage = sealed_unverified();
    stage.keys("Ctrl-U").write("/verify").keys("Enter");
    stage
}

fn comparing_by_code() -> Stage {
    let mut stage = sealed_by_code();
    stage.hear(sealed(true, Some(Verdict::Different)));
    stage.write("/verify").keys("Enter");
    stage
}

fn code_peer_gone() -> Stage {
    let mut stage = sealed_by_code();
    stage.words(1, "bye").hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    stage.hear(Told::Seal(Seal::Nobody));
    stage
}

fn waiting_with(mut stage: Stage) -> Stage {
    stage.hear(Told::Link(Link::Online));
    stage.hear(Told::Seated { seat: Seat::One, room: None, returned: false });
    stage.hear(Told::Peer { peer: Peer::Waiting, newcomer: false });
    stage
}

pub(crate) fn your_turn_empty() -> Stage {
    let mut stage = waiting_for_a_peer();
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    stage.hear(Told::Role(Role::Emi));
    stage.hear(Told::PeerName("bob".into()));
    stage
}

fn listening_empty() -> Stage {
    let mut stage = connecting();
    stage.hear(Told::Link(Link::Online));
    let room = Some(RoomName::new("7").unwrap());
    stage.hear(Told::Seated { seat: Seat::Two, room, returned: false });
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    stage.hear(Told::Role(Role::Rec));
    stage.hear(Told::PeerTyping(true));
    stage
}

pub(crate) fn conversation_emi() -> Stage {
    let mut stage = your_turn_empty();
    stage.said(1, "hi bob, did the build finish?", Mark::Shown).minutes(1);
    stage.words(1, "it did, all green. do you want the logs, or only the summary? the whole lot is about 120 MiB packed");
    stage.minutes(1).said(2, "the logs please,\n\nand the summary too", Mark::Shown);
    stage.minutes(1).words(2, "ok. offer coming");
    stage.said(3, "thanks", Mark::Taken);
    stage.words(3, "one more thing: see you at 5?");
    stage.hear(Told::Role(Role::Emi));
    stage.write("yes, at the usual pl");
    stage
}

pub(crate) fn conversation_rec_held() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U").said(4, "yes, at five", Mark::Sent);
    stage.hear(Told::Role(Role::Rec));
    stage.hear(Told::PeerTyping(true));
    let held = [
        (5, "and bring the disk, the big one, if you can still find it somewhere"),
        (6, "two\nlines"),
    ];
    for (draft, text) in held {
        stage.hear(Told::Held { draft: DraftId(draft), text: text.into() });
    }
    stage
}

/// The end of a transfer that failed.
pub(crate) fn failed(reason: &str) -> TransferState {
    TransferState::Failed { code: Fault::Unknown, reason: reason.into() }
}

fn peer_silent() -> Stage {
    let mut stage = conversation_emi();
    stage.hear(Told::Peer {
        peer: Peer::Silent { kept_for: Duration::from_secs(30) },
        newcomer: false,
    });
    stage.wait(Duration::from_millis(6_300));
    stage
}

pub(crate) fn peer_gone() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U");
    stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    stage
}

fn reconnecting() -> Stage {
    let mut stage = conversation_rec_held();
    stage.hear(Told::Link(Link::Lost { attempt: 3, retry_in: Duration::from_secs(4) }));
    stage
}

fn help_on_a_topic() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("F1 /").write("decline");
    stage
}

fn help_on_nothing() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("F1 Ctrl-F").write("teleport").keys("Enter");
    stage
}

fn help() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("F1");
    stage
}

fn completion() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U").write("/send ~/lo").keys("Tab");
    let Some(Effect::List(request)) = stage.effects.last().cloned() else {
        panic!("no directory was asked for")
    };
    let names = ["lodge photo.png", "log/", "logs-2026.tgz", "lorem ipsum.txt"];
    let names = Ok(names.map(str::to_owned).into());
    stage.give(Input::Listing(Listing { request, names }));
    stage.keys("Tab Tab Tab");
    stage
}

pub(crate) fn long_conversation() -> Stage {
    let mut stage = your_turn_empty();
    for number in 1..30 {
        stage.words(number, &format!("message number {number}"));
        stage.said(number, &format!("answer to number {number}"), Mark::Shown);
    }
    stage
}

fn unread_scrolled_up() -> Stage {
    let mut stage = long_conversation();
    stage.draw(80, 24);
    stage.keys("PgUp PgUp");
    stage.words(30, "are you there?").words(31, "hello?");
    stage
}

fn unread_ruler() -> Stage {
    let mut stage = long_conversation();
    stage.draw(80, 24);
    stage.give(Input::Focus(false));
    stage.words(30, "are you there?").words(31, "hello?");
    stage
}

pub(crate) fn scripts_and_emoji() -> Stage {
    let mut stage = your_turn_empty();
    stage.hear(Told::PeerName("博士 Ünal".into()));
    stage.words(1, "日本語の長い文章は空白がなくても正しく折り返されなければならない。終わり。");
    stage.words(2, "family 👩‍👩‍👧‍👦 flags 🇩🇪🇫🇷 skin 👍🏽 heart ❤️ done");
    stage.words(3, "cafe\u{301} na\u{308}ive Z\u{351}\u{36b}\u{343}alg\u{31f}o");
    stage.words(4, "שלום עולם and مرحبا بالعالم");
    stage.said(
        1,
        "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongwordwithoutspaces",
        Mark::Shown,
    );
    stage.write("写 👩‍👩‍👧‍👦e\u{301}");
    stage
}

fn trouble() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U");
    stage.hear(Told::Trouble("project is a directory; sending directories comes later, pack it first: tar czf project.tgz project".into()));
    stage.hear(Told::Notice("the relay will be restarted at 18:00".into()));
    stage
}

fn mistake() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U").write("/sned photo.png").keys("Enter");
    stage
}

fn long_message() -> Stage {
    let mut stage = conversation_emi();
    stage
        .keys("Ctrl-U")
        .give(Input::Paste("a line of a log that goes on and on and on and on\r".repeat(700)));
    stage.keys("Enter Enter");
    stage
}

fn kept_message() -> Stage {
    let mut stage = connecting();
    stage.hear(Told::Link(Link::Online));
    stage.hear(Told::Seated { seat: Seat::Two, room: None, returned: false });
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    stage.hear(Told::Role(Role::Rec));
    stage.hear(Told::Words {
        sequence: 4,
        text: "whoever comes: the key is under the mat".into(),
        kept: true,
    });
    stage
}
