//! What pages are told, and what they can do.

use super::*;
use crate::engine::{Command, Event};
use crate::terminal::app::App;
use crate::terminal::scenes;
use crate::terminal::stage::{self, Stage};
use couplet::message::Role;
use couplet::session::Event as Heard;
use couplet::transfer::book::{Direction, TransferState};
use serde_json::{Value, json};

#[path = "page_tests/lines.rs"]
mod lines;
#[path = "page_tests/pace.rs"]
mod pace;
#[path = "page_tests/words.rs"]
mod words;

/// A page, its time, and what was told since the last look.
struct Play {
    page: Page,
    now: Now,
}

impl Play {
    fn from(mut stage: Stage) -> Self {
        stage.effects.clear();
        let now = stage.now;
        let mut play = Self { page: Page::new(stage.app, Saying::default()), now };
        play.give(Input::Tick);
        play.told();
        play
    }

    /// Two have met, and it is this one's turn.
    fn met() -> Self {
        Self::from(stage::on_a_page(scenes::your_turn_empty))
    }

    fn app(&self) -> &App {
        &self.page.app
    }

    fn give(&mut self, input: Input) -> Vec<Deed> {
        self.page.update(input, self.now)
    }

    fn hear(&mut self, event: Heard) -> Vec<Deed> {
        self.give(Input::Engine(Event::Session(event)))
    }

    fn act(&mut self, action: &Value) -> Vec<Deed> {
        self.page.act(TabId(1), &action.to_string(), self.now)
    }

    /// Does it, and gives what the engine is asked.
    fn asks(&mut self, action: &Value) -> Vec<Command> {
        let deeds = self.act(action).into_iter();
        deeds
            .filter_map(|deed| match deed {
                Deed::Engine(command) => Some(command),
                Deed::Shelf(_)
                | Deed::EndVisit
                | Deed::Save(..)
                | Deed::Quit(_)
                | Deed::Folder(_)
                | Deed::End => None,
            })
            .collect()
    }

    /// What was told, as pages read it.
    fn told(&mut self) -> Vec<(To, Value)> {
        std::iter::from_fn(|| self.page.poll_told())
            .map(|(to, told)| (to, serde_json::to_value(told).unwrap()))
            .collect()
    }

    /// The newest of this kind.
    fn newest(&mut self, kind: &str) -> Value {
        let told = self.told();
        let found = told.iter().rev().find(|(_, told)| told["event"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {told:?}")).1.clone()
    }

    fn wait(&mut self, span: Duration) {
        self.now.moment = self.now.moment + span;
    }
}

fn words(sequence: u64, text: &str) -> Heard {
    Heard::Words { sequence, text: text.into(), kept: false }
}

#[test]
fn words_are_said_marked_and_shown() {
    let mut play = Play::met();
    assert_eq!(
        play.asks(&json!({"action": "say", "text": "hello"})),
        [Command::Say("hello".into())]
    );
    let draft = DraftId(1);
    play.hear(Heard::Said { draft, text: "hello".into() });
    let entries = play.newest("entries");
    let entry = &entries["entries"][0];
    assert_eq!((&entry["who"], &entry["text"]), (&json!("me"), &json!("hello")));
    play.hear(Heard::Marked { draft, mark: Mark::Shown });
    let again = play.newest("entries");
    assert_eq!(again["entries"][0]["n"], entry["n"], "the same one, told again");
    assert_eq!(again["entries"][0]["mark"], "shown");
    // The peer's are shown once a page says so, and not before.
    assert!(play.hear(words(7, "hi <b>")).is_empty());
    let entry = play.newest("entries")["entries"][0].clone();
    assert_eq!((&entry["who"], &entry["text"]), (&json!("peer"), &json!("hi <b>")));
    let n = entry["n"].as_u64().unwrap();
    assert_eq!(play.asks(&json!({"action": "shown", "before": n})), []);
    assert_eq!(play.asks(&json!({"action": "shown", "before": n + 1})), [Command::Shown(7)]);
    assert_eq!(play.asks(&json!({"action": "shown", "before": 1_u64 << 40})), []);
}

#[test]
fn what_is_said_again_is_said_once_and_answered_for_each_time() {
    let mut play = Play::met();
    let say = json!({"action": "say", "text": "hello", "id": "a1", "meeting": 1});
    assert_eq!(play.asks(&say), [Command::Say("hello".into())]);
    let receipt = json!({"event": "said", "id": "a1"});
    assert_eq!(play.told().pop(), Some((To::One(TabId(1)), receipt.clone())));
    assert_eq!(play.asks(&say), []);
    assert_eq!(play.told().pop(), Some((To::One(TabId(1)), receipt)));
    // What can't be said comes back, and is answered for too.
    let wrong = json!({"action": "say", "text": "/sned", "id": "a2", "meeting": 1});
    assert_eq!(play.asks(&wrong), []);
    assert_eq!(play.newest("draft")["text"], "/sned");
    // An id without bounds is none, and nothing is said by it.
    let long = json!({"action": "say", "text": "hello", "id": "x".repeat(1000)});
    assert_eq!(play.asks(&long), []);
    assert_eq!(play.newest("notice")["text"], wire::UNCLEAR);
}

#[test]
fn what_was_meant_for_an_earlier_line_goes_into_the_field() {
    let stage = scenes::your_turn_empty();
    let mut before = Saying::default();
    before.meet();
    let mut play = Play { now: stage.now, page: Page::new(stage.app, before) };
    play.act(&json!({"action": "draft", "text": "hi bob"}));
    play.told();
    let late = json!({"action": "say", "text": "only for ann", "id": "a1", "meeting": 1});
    let asked = play.asks(&late);
    assert!(!asked.iter().any(|command| matches!(command, Command::Say(_))), "{asked:?}");
    let told = play.told();
    let of = |kind: &str| {
        told.iter().filter(|(_, told)| told["event"] == kind).map(|it| it.1.clone()).next_back()
    };
    assert_eq!(of("draft").unwrap()["text"], "hi bob\nonly for ann");
    assert!(of("notice").unwrap()["text"].as_str().unwrap().contains("is over"));
    assert_eq!(of("said").unwrap()["id"], "a1");
}

#[test]
fn a_draft_is_everybody_elses_and_comes_back_to_all() {
    let mut play = Play::met();
    let typing = play.asks(&json!({"action": "draft", "text": "I was abo"}));
    assert_eq!(typing, [Command::Typing(true)]);
    let told = play.told();
    let drafts: Vec<_> = told.iter().filter(|(_, told)| told["event"] == "draft").collect();
    assert_eq!(drafts.len(), 1);
    assert_eq!((drafts[0].0, &drafts[0].1["text"]), (To::AllBut(TabId(1)), &json!("I was abo")));
    play.hear(Heard::Role(Role::Rec));
    play.hear(Heard::Held { draft: DraftId(4), text: "later".into() });
    assert_eq!(play.newest("held")["held"], json!([{"id": 4, "text": "later"}]));
    assert_eq!(play.asks(&json!({"action": "take-back", "id": 9})), [], "there is none");
    let back = play.asks(&json!({"action": "take-back", "id": 4}));
    assert_eq!(back, [Command::TakeBack(Some(DraftId(4)))]);
    play.hear(Heard::TakenBack { draft: DraftId(4), text: "later".into() });
    let told = play.told();
    let draft = told.iter().find(|(_, told)| told["event"] == "draft").expect("a draft");
    assert_eq!((draft.0, &draft.1["text"]), (To::All, &json!("later\nI was abo")));
}

#[test]
fn what_cant_be_said_stays_and_is_told() {
    let mut play = Play::met();
    let long = "x".repeat(couplet::limits::MAX_MESSAGE_BYTES + 1);
    assert_eq!(play.asks(&json!({"action": "say", "text": long})), [Command::Typing(true)]);
    let told = play.told();
    assert!(told.iter().any(|(_, told)| told["event"] == "notice"), "{told:?}");
    assert_eq!(play.app().draft().len(), long.len());
    assert_eq!(play.asks(&json!({"action": "decline", "id": 9})), []);
    let notice = play.newest("notice");
    assert!(notice["text"].as_str().unwrap().contains("no offer"), "{notice}");
}

/// The page that says something empties its field; what wasn't taken comes back to it, and nothing else
/// of it goes out.
#[test]
fn what_was_not_taken_comes_back_to_all() {
    let long = "x".repeat(couplet::limits::MAX_MESSAGE_BYTES + 1);
    for text in [long.as_str(), "/etc/hosts is broken", "/sned a.txt"] {
        let mut play = Play::met();
        play.act(&json!({"action": "say", "text": text}));
        let told = play.told();
        let notice = told.iter().find(|(_, told)| told["event"] == "notice").expect("why");
        assert!(!notice.1["text"].as_str().unwrap().contains("Up brings"), "{notice:?}");
        let draft = told.iter().rev().find(|(_, told)| told["event"] == "draft").expect("a draft");
        assert_eq!((draft.0, draft.1["text"].as_str()), (To::All, Some(text)));
        assert_eq!(play.app().draft(), text);
    }
    let mut play = Play::met();
    play.act(&json!({"action": "draft", "text": "hello", "id": "a1"}));
    assert_eq!(play.newest("said")["id"], "a1");
    play.act(&json!({"action": "say", "text": "hello"}));
    assert_eq!(play.newest("draft")["text"], "");
    // What another page writes meanwhile stays.
    play.act(&json!({"action": "draft", "text": "of another page"}));
    play.told();
    play.act(&json!({"action": "say", "text": "/sned a.txt"}));
    assert_eq!(play.newest("draft")["text"], "/sned a.txt\nof another page");
}

#[test]
fn what_was_said_in_another_room_is_told_page_by_page() {
    let mut before = Play::met();
    for n in 0..1200 {
        before.hear(words(n + 1, "words"));
    }
    let mut stage = scenes::your_turn_empty();
    stage.app.go_on_after(before.page.app.take_past());
    let mut play = Play { now: stage.now, page: Page::new(stage.app, Saying::default()) };
    play.give(Input::Tick);
    let told = play.told();
    assert!(!told.iter().any(|(_, told)| told["event"] == "entries"), "{} told", told.len());
    play.hear(words(1, "here"));
    assert_eq!(play.newest("entries")["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn offers_are_answered_and_transfers_told_no_more_often_than_is_seen() {
    let mut stage = scenes::your_turn_empty();
    stage.transfer(3, Direction::Incoming, "a.bin", 1000, TransferState::Offered);
    let mut play = Play::from(stage);
    play.page.welcome(TabId(2));
    let told = play.newest("transfers");
    assert_eq!(told["transfers"][0]["can"], json!(["accept", "decline"]));
    play.wait(TOLD_EVERY);
    let id = Some(TransferId(3));
    let accept = json!({"action": "accept", "id": 3, "existing": "overwrite"});
    let on_collision = Some(couplet::transfer::offer::OnCollision::Overwrite);
    assert_eq!(play.asks(&accept), [Command::Accept { id, on_collision }]);
    let all = json!({"action": "accept"});
    assert_eq!(play.asks(&all), [Command::Accept { id: None, on_collision: None }]);
    let info =
        |state| crate::terminal::stage::transfer_info(Direction::Incoming, "a.bin", 1000, state);
    play.hear(Heard::Transfer { id: TransferId(3), info: info(TransferState::Moving) });
    assert_eq!(play.newest("transfers")["transfers"][0]["stage"], "moving");
    for done in 1..100 {
        let progress = crate::engine::Progress {
            id: TransferId(3),
            done,
            size: 1000,
            moved: done,
            entries: 0,
            rate: Some(10),
            remaining: None,
            stalled_for: None,
        };
        play.give(Input::Engine(Event::Progress(progress)));
    }
    assert!(play.told().is_empty(), "it was told just now");
    let due = play.page.wake_at().expect("there is something to tell");
    assert!(due > play.now.moment && due <= play.now.moment + TOLD_EVERY);
    play.wait(TOLD_EVERY);
    play.give(Input::Tick);
    assert_eq!(play.newest("transfers")["transfers"][0]["done"], 99);
}

#[test]
fn a_page_that_comes_later_is_told_all_of_it() {
    let mut play = Play::met();
    for n in 0..1200 {
        play.hear(words(n + 1, &format!("words {n}")));
    }
    play.told();
    play.page.welcome(TabId(2));
    let told = play.told();
    assert!(told.iter().all(|(to, _)| *to == To::One(TabId(2))));
    let kinds: Vec<_> = told.iter().map(|(_, told)| told["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["line", "entries", "held", "draft", "transfers"]);
    let entries = &told[1].1;
    assert_eq!(entries["all"], true);
    let all = entries["entries"].as_array().unwrap();
    assert_eq!(all.len(), MOST_AT_ONCE);
    assert_eq!(all.last().unwrap()["text"], "words 1199");
    let oldest = all[0]["n"].as_u64().unwrap();
    play.act(&json!({"action": "earlier", "before": oldest}));
    let earlier = play.newest("entries");
    let earlier = earlier["entries"].as_array().unwrap();
    assert_eq!(earlier.len(), MOST_AT_ONCE);
    assert_eq!(earlier.last().unwrap()["n"].as_u64().unwrap() + 1, oldest);
    play.act(&json!({"action": "earlier", "before": 0}));
    assert_eq!(play.newest("entries")["entries"], json!([]));
}

#[test]
fn the_words_of_the_seal_are_compared_where_they_are_seen() {
    let mut play = Play::from(scenes::sealed_by_code());
    assert_eq!(play.asks(&json!({"action": "verify", "same": true})), [], "nobody sees them");
    assert_eq!(play.asks(&json!({"action": "compare"})), [Command::Compare]);
    let line = play.newest("line");
    assert_eq!((&line["compares"], &line["seal"]["by_code"]), (&json!(true), &json!(true)));
    let verdict = play.asks(&json!({"action": "verify", "same": false}));
    assert_eq!(verdict, [Command::Verify(Verdict::Different)]);
    assert_eq!(play.newest("line")["compares"], Value::Null);
}

#[test]
fn without_a_code_the_words_are_there_and_nothing_is_proved() {
    let mut play = Play::from(scenes::sealed_unverified());
    play.page.welcome(TabId(2));
    let seal = play.newest("line")["seal"].clone();
    assert_eq!((&seal["is"], &seal["by_code"]), (&json!("sealed"), &Value::Null));
    assert_eq!(seal["words"].as_array().map(Vec::len), Some(3));
}

#[test]
fn words_that_are_not_compared_now_are_put_away_for_all_pages() {
    let mut play = Play::from(scenes::sealed_by_code());
    play.act(&json!({"action": "compare"}));
    assert_eq!(play.newest("line")["compares"], true);
    assert_eq!(play.asks(&json!({"action": "later"})), [], "it is no verdict");
    assert_eq!(play.newest("line")["compares"], Value::Null);
    play.page.welcome(TabId(2));
    assert_eq!(play.newest("line")["compares"], Value::Null, "nor after a reload");
    assert_eq!(play.asks(&json!({"action": "verify", "same": true})), [], "nobody sees them");
}

#[test]
fn the_shelf_is_shown_as_long_as_a_page_shows_it() {
    let mut play = Play::met();
    play.act(&json!({"action": "shelf", "open": true}));
    assert_eq!(play.newest("shelf")["is"], "asking");
    let (second, now) = (TabId(2), play.now);
    play.page.act(second, r#"{"action":"shelf","open":true}"#, now);
    assert_eq!(play.newest("shelf")["is"], "asking", "for the one that came later");
    play.act(&json!({"action": "shelf", "open": false}));
    assert_eq!(play.app().overlay, Some(Overlay::Shelf));
    play.page.gone(second, now);
    assert_eq!(play.app().overlay, None);
    play.page.gone(second, now);
    assert_eq!(play.app().overlay, None);
}

#[test]
fn nothing_that_a_page_says_does_harm() {
    let mut play = Play::met();
    for text in [
        "",
        "[]",
        "{}",
        r#"{"action":"x"}"#,
        r#"{"action":"say"}"#,
        r#"{"action":"accept","id":-1}"#,
    ] {
        assert!(play.page.act(TabId(1), text, play.now).is_empty());
        let told = play.told();
        assert_eq!(told.len(), 1, "{text}");
        assert_eq!((told[0].0, &told[0].1["event"]), (To::One(TabId(1)), &json!("notice")));
    }
    let up = json!({"action": "get", "names": ["../../etc/passwd"]});
    assert!(play.act(&up).is_empty());
    play.act(&json!({"action": "say", "text": "/help"}));
    assert_eq!(play.app().overlay, None, "what a page shows otherwise covers nothing");
    let deeds = play.act(&json!({"action": "end"}));
    assert_eq!(deeds, [Deed::Engine(Command::Fin), Deed::End]);
}

/// docs/WEB-API.md: each action there is understood, and each event there has the fields it may have.
#[test]
fn the_document_is_true() {
    let document = include_str!("../../../docs/WEB-API.md");
    let examples = document.split("```json\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let examples: Vec<&str> = examples.flat_map(|(example, _)| example.lines()).collect();
    let mut actions = 0;
    let mut events = std::collections::BTreeSet::new();
    for example in examples {
        let value: Value =
            serde_json::from_str(example).unwrap_or_else(|e| panic!("{e}: {example}"));
        if value.get("action").is_some() {
            serde_json::from_str::<Action>(example).unwrap_or_else(|e| panic!("{e}: {example}"));
            actions += 1;
        } else {
            events.insert(value["event"].as_str().expect("its kind").to_owned());
        }
    }
    assert_eq!(actions, 29);
    let all = [
        "asking",
        "draft",
        "ended",
        "entries",
        "held",
        "hello",
        "line",
        "notice",
        "said",
        "shelf",
        "show",
        "transfers",
    ];
    assert_eq!(events.iter().map(String::as_str).collect::<Vec<_>>(), all);
}
