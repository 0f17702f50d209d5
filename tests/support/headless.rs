//! A client without a face: the engine itself, driven by the test.

use super::PATIENCE;
use couplet::message::Role;
use couplet::seal::Password;
use couplet::session::{Ending, Event as SessionEvent, Meet, Peer, Seal};
use couplet::transfer::book::{TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::OnCollision;
use couplet_ui::engine::{self, Command, Engine, Event, Options, Target, TlsChoice, Unsaid};
use std::collections::VecDeque;
use std::path::Path;

/// An engine, with the events that it told and nobody has waited for.
pub struct Client {
    engine: Engine,
    pub unsaid: Unsaid,
    passed_over: VecDeque<Event>,
}

impl Client {
    pub fn start(relay: &str, downloads: &Path) -> Self {
        Self::start_with(relay, downloads, |_| {})
    }

    /// One that meets somebody in particular, with the words of a code.
    pub fn start_to_meet(relay: &str, downloads: &Path, meet: Meet, words: &str) -> Self {
        Self::start_with(relay, downloads, |options| {
            options.meet = meet;
            options.password = Password::new(words.to_owned());
        })
    }

    pub fn start_with(relay: &str, downloads: &Path, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            relay: relay.to_owned(),
            meet: Meet::Anybody,
            password: Password::default(),
            name: None,
            target: Target::Directory(downloads.to_owned()),
            on_collision: OnCollision::default(),
            limit: None,
            tls: TlsChoice::Auto,
            known_relays: None,
        };
        change(&mut options);
        let (engine, unsaid) = engine::start(options);
        Self { engine, unsaid, passed_over: VecDeque::new() }
    }

    /// Two clients that have met and agreed on keys; the first is in `emi`.
    pub async fn pair(relay: &str, downloads: [&Path; 2]) -> [Self; 2] {
        let mut first = Self::start(relay, downloads[0]);
        first.next(|event| matches!(event, SessionEvent::Seated { .. }).then_some(())).await;
        let mut second = Self::start(relay, downloads[1]);
        first.role(Role::Emi).await;
        second.role(Role::Rec).await;
        first.sealed().await;
        second.sealed().await;
        [first, second]
    }

    pub async fn tell(&self, command: Command) {
        self.engine.commands.send(command).await.expect("a live engine");
    }

    /// Waits for the first event that `pick` picks; others are kept for later waits.
    pub async fn next<T>(&mut self, mut pick: impl FnMut(&SessionEvent) -> Option<T>) -> T {
        let pick =
            |event: &Event| if let Event::Session(event) = event { pick(event) } else { None };
        self.next_of_all(pick).await
    }

    /// The same, progress included.
    pub async fn next_of_all<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        for at in 0..self.passed_over.len() {
            if let Some(picked) = pick(&self.passed_over[at]) {
                self.passed_over.remove(at);
                return picked;
            }
        }
        loop {
            let event = tokio::time::timeout(PATIENCE, self.engine.events.recv()).await;
            let Ok(Some(event)) = event else {
                let what = if event.is_ok() { "the engine ended" } else { "it never came" };
                panic!("{what}; passed over: {:#?}", self.passed_over);
            };
            if let Some(picked) = pick(&event) {
                return picked;
            }
            self.passed_over.push_back(event);
        }
    }

    pub async fn role(&mut self, wanted: Role) {
        self.next(|event| (*event == SessionEvent::Role(wanted)).then_some(())).await;
    }

    /// Waits until the line is sealed; gives the verification words.
    pub async fn sealed(&mut self) -> [&'static str; 3] {
        self.next(|event| {
            let SessionEvent::Seal(Seal::Sealed { words, .. }) = event else { return None };
            Some(*words)
        })
        .await
    }

    pub async fn peer(&mut self, wanted: impl Fn(Peer) -> bool) {
        self.next(|event| {
            let SessionEvent::Peer { peer, .. } = event else { return None };
            wanted(*peer).then_some(())
        })
        .await;
    }

    pub async fn say(&self, text: &str) {
        self.tell(Command::Say(text.to_owned())).await;
    }

    /// The next words from the peer; says that they were shown.
    pub async fn words(&mut self) -> String {
        let (sequence, text) = self
            .next(|event| {
                let SessionEvent::Words { sequence, text, .. } = event else { return None };
                Some((*sequence, text.clone()))
            })
            .await;
        self.tell(Command::Shown(sequence)).await;
        text
    }

    /// How the session ended.
    pub async fn ending(&mut self) -> Ending {
        self.next(|event| {
            let SessionEvent::Ended(ending) = event else { return None };
            Some(ending.clone())
        })
        .await
    }

    /// The next thing that goes wrong without ending anything.
    pub async fn trouble(&mut self) -> String {
        self.next_of_all(|event| {
            if let Event::Session(SessionEvent::Trouble(text))
            | Event::NotOffered { text, .. }
            | Event::NotAccepted { text, .. } = event
            {
                return Some(text.clone());
            }
            None
        })
        .await
    }

    pub async fn transfer<T>(
        &mut self,
        mut pick: impl FnMut(TransferId, &TransferInfo) -> Option<T>,
    ) -> T {
        self.next(|event| {
            let SessionEvent::Transfer { id, info } = event else { return None };
            pick(*id, info)
        })
        .await
    }

    /// The number of the next offer of this name.
    pub async fn offered(&mut self, name: &str) -> TransferId {
        self.transfer(|id, info| {
            let offered = info.state == TransferState::Offered && info.name().as_str() == name;
            offered.then_some(id)
        })
        .await
    }

    /// Waits until bytes of this transfer have moved.
    pub async fn moving(&mut self, id: TransferId) {
        self.next_of_all(|event| {
            let Event::Progress(progress) = event else { return None };
            (progress.id == id && progress.done > 0).then_some(())
        })
        .await;
    }

    /// How a transfer has ended, if that was told while others were waited for.
    pub fn state(&self, id: TransferId) -> Option<TransferState> {
        self.passed_over.iter().find_map(|event| {
            let Event::Session(SessionEvent::Transfer { id: at, info }) = event else {
                return None;
            };
            (*at == id && info.state.is_over()).then(|| info.state.clone())
        })
    }

    /// How a transfer ended.
    pub async fn ended(&mut self, id: TransferId) -> TransferState {
        self.transfer(|at, info| (at == id && info.state.is_over()).then(|| info.state.clone()))
            .await
    }

    /// The engine itself, for a test that uses it in its own way.
    pub fn into_parts(self) -> (Engine, Unsaid) {
        (self.engine, self.unsaid)
    }

    /// Leaves, and waits for the end.
    pub async fn leaves(mut self) {
        self.tell(Command::Fin).await;
        self.next(|event| matches!(event, SessionEvent::Ended(_)).then_some(())).await;
    }
}
