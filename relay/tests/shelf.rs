//! The shelf over its own wire, by hand: what is answered in which order, what is counted, and what is
//! seen of something that isn't whole.

#[path = "common/mod.rs"]
mod common;
#[path = "common/shelf.rs"]
mod shelf;

use bytes::BytesMut;
use common::{Relay, soon};
use couplet::frame;
use couplet::message::kind;
use couplet::path::SafePath;
use couplet::shelf::message::steps::STEPS;
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::wire::{Hello, SenderStep};
use couplet_relay::config::Config;
use couplet_relay::counters::{Count, Counters};
use couplet_relay::shelf::Shelf;
use serde_json::json;
use shelf::{Ann, accounts};
use std::sync::Arc;
use tempfile::TempDir;

/// A relay with a shelf that ann may use.
struct Place {
    relay: Relay,
    shelf: TempDir,
    counters: Arc<Counters>,
    _data: TempDir,
}

impl Place {
    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (shelf, data) = (tempfile::tempdir().expect("a directory"), accounts());
        let counters = Arc::<Counters>::default();
        let relay = Relay::with(|config| {
            config.shelf = Some(shelf.path().to_owned());
            config.accounts_in = Some(data.path().to_owned());
            config.counters = Arc::clone(&counters);
            change(config);
            config.opened_shelf = Shelf::open(config).expect("a shelf");
        });
        Self { relay: relay.await, shelf, counters, _data: data }
    }

    async fn ann(&self) -> Ann {
        Ann::at(self.relay.address).await
    }

    fn shelve(&self, name: &str) {
        std::fs::write(self.shelf.path().join(name), name).expect("written");
    }

    /// Waits until a gauge is at nothing.
    async fn nothing(&self, what: Count) {
        soon(async {
            while self.counters.get(what) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_requests_at_once_are_answered_in_their_order() {
    let place = Place::with(|_| {}).await;
    for name in ["a", "b", "ab"] {
        place.shelve(name);
    }
    let mut ann = place.ann().await;
    let mut out = BytesMut::new();
    for ask in [
        json!({"type": "list", "pattern": "b"}),
        json!({"type": "delete", "name": "b"}),
        json!({"type": "get", "name": "b"}),
        json!({"type": "list", "pattern": "b"}),
        json!({"type": "bye"}),
    ] {
        frame::encode(kind::CONTROL, &[ask.to_string().as_bytes()], &mut out);
    }
    ann.bytes(&out).await;
    assert_eq!(ann.word().await["total_files"], 2);
    assert_eq!(ann.word().await["type"], "deleted");
    assert_eq!(ann.word().await["code"], "no_such_name");
    assert_eq!(ann.word().await["total_files"], 2, "the list that follows: a and ab");
    assert_eq!(ann.word().await["total_files"], 1);
    assert_eq!(ann.word().await["reason"], "fin");
    place.nothing(Count::ShelfClients).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_files_and_no_more_until_one_is_removed() {
    let place = Place::with(|config| config.shelf_max_files = 2).await;
    place.shelve("one");
    let mut ann = place.ann().await;
    assert_eq!(ann.puts("two", 3).await["type"], "begin");
    let mut other = place.ann().await;
    let word = other.puts("three", 3).await;
    assert_eq!(word["code"], "shelf_full", "what is in transit counts: {word}");
    let text = word["text"].as_str().expect("a text");
    assert!(text.contains("may have 2 files and folders and has room for 0 more"), "{text}");
    ann.sends("two", b"2nd").await;
    assert_eq!(other.puts("three", 3).await["code"], "shelf_full");
    assert_eq!(other.asks(&json!({"type": "delete", "name": "one"})).await["type"], "deleted");
    assert_eq!(other.puts("three", 3).await["type"], "begin");
    other.sends("three", b"3rd").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_seen_when_it_is_whole_and_a_cut_one_goes_on() {
    let place = Place::with(|config| config.shelf_folders = true).await;
    let offer = json!({"name": "site", "form": "folder", "size": 3, "entries": 2});
    let put = json!({"type": "put", "offer": offer});
    let mut ann = place.ann().await;
    let begun = ann.asks(&put).await;
    assert_eq!((&begun["type"], begun["part"].is_null()), (&"begin".into(), true), "{begun}");
    let path = SafePath::new("site").expect("a path");
    let what = Entry { path, kind: EntryKind::Folder, mode: None, mtime: None };
    let mut record = Vec::new();
    SenderStep::Hello(Hello { entry: 0, ask: true, what }).encode(&mut record);
    ann.frame(STEPS, &record).await;
    // The relay has answered, so it is made.
    loop {
        let (kind, body) = ann.next().await;
        assert_eq!(kind, STEPS);
        if !body.is_empty() {
            break;
        }
    }
    let mut other = place.ann().await;
    assert_eq!(other.puts("site", 3).await["code"], "in_transit");
    for is_cut in [false, true] {
        let word = other.asks(&json!({"type": "get", "name": "site"})).await;
        assert_eq!(word["code"], "no_such_name", "{word}");
        let is_coming = word["text"].as_str().is_some_and(|text| text.contains("being laid down"));
        assert_eq!(is_coming, !is_cut, "{word}");
        assert_eq!(other.word().await["total_files"], 0);
        if !is_cut {
            ann.bytes(b"nonsense, and so the end of the connection").await;
            place.nothing(Count::ShelfClaims).await;
        }
    }
    let mut ann = place.ann().await;
    let begun = ann.asks(&put).await;
    assert_eq!((&begun["type"], &begun["part"]), (&"begin".into(), &true.into()), "{begun}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_worker_is_told_when_the_relay_ends() {
    let place = Place::with(|config| config.shelf_workers = 1).await;
    let mut ann = place.ann().await;
    assert_eq!(ann.puts("one", 3).await["type"], "begin");
    let mut other = place.ann().await;
    assert_eq!(other.puts("two", 3).await["type"], "wait");
    assert_eq!(place.counters.get(Count::ShelfWaiting), 1);
    place.relay.begin_end();
    let told = loop {
        let word = other.word().await;
        if word["type"] != "wait" {
            break word;
        }
    };
    assert_eq!((&told["type"], &told["reason"]), (&"exit".into(), &"shutdown".into()), "{told}");
    place.nothing(Count::ShelfWaiting).await;
    place.nothing(Count::ShelfClaims).await;
    place.relay.ended().await;
}
