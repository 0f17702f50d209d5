//! Somebody with an engine who counts: says `a-1`, `a-2`, … when it is their turn or before, passes now
//! and then, sends a file, and checks what comes.

use crate::chance::Chance;
use crate::sky::{SAYINGS, Sky};
use couplet::message::{Role, RoomName};
use couplet::seal::Password;
use couplet::session::{DraftId, Event as SessionEvent, Link, Mark, Meet, Seal};
use couplet::transfer::book::{Direction, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::OnCollision;
use couplet_ui::engine::{self, Command, Engine, Event, Options, Outgoing, Target, TlsChoice};
use std::path::{Path, PathBuf};

#[expect(clippy::struct_excessive_bools, reason = "each is true or not by itself")]
pub(crate) struct Person {
    /// What own messages begin with; the other's begin with the other letter.
    pub(crate) letter: char,
    pub(crate) engine: Engine,
    chance: Chance,
    role: Option<Role>,
    pub(crate) is_sealed: bool,
    /// How many messages the engine was given, how many went out, and of the last that did its number
    /// and how far it is.
    pub(crate) said: u64,
    pub(crate) left: u64,
    last: Option<(DraftId, Mark)>,
    pub(crate) heard: u64,
    /// How many are said ahead of the turn next.
    ahead: u64,
    /// A pass was asked for, and has neither happened nor been refused.
    passing: bool,
    /// The file to send, until it is offered.
    to_send: Option<PathBuf>,
    /// It was given to the engine, which hasn't offered it yet.
    offering: bool,
    pub(crate) sent: bool,
    pub(crate) received: bool,
    /// The other's file, and how much of it has come.
    incoming: Option<TransferId>,
    pub(crate) came: u64,
    /// How often the connection was lost, and a file cut.
    pub(crate) lost: u64,
    pub(crate) cut: u64,
}

impl Person {
    /// Comes to the relay behind this link.
    pub(crate) fn comes(letter: char, link: &str, dir: &Path, file: PathBuf, sky: &Sky) -> Self {
        let named = Meet::In(RoomName::new("weather").expect("well-formed"));
        let (engine, _unsaid) = engine::start(Options {
            relay: link.to_owned(),
            meet: if sky.by_code { named } else { Meet::Anybody },
            password: Password::new(if sky.by_code { "otter-lamp" } else { "" }.to_owned()),
            name: Some(letter.to_string()),
            target: Target::Directory(dir.to_owned()),
            on_collision: OnCollision::default(),
            limit: sky.limit,
            tls: if sky.tls { TlsChoice::Always } else { TlsChoice::Never },
            known_relays: None,
        });
        Self {
            letter,
            engine,
            chance: Chance::new(sky.seed ^ (u64::from(letter) << 32)),
            role: None,
            is_sealed: false,
            said: 0,
            left: 0,
            last: None,
            heard: 0,
            ahead: 1,
            passing: false,
            to_send: Some(file),
            offering: false,
            sent: false,
            received: false,
            incoming: None,
            came: 0,
            lost: 0,
            cut: 0,
        }
    }

    /// Whether there is nothing more that must be said, and the file has gone.
    pub(crate) const fn has_done(&self) -> bool {
        self.said >= SAYINGS && self.said == self.left && self.sent
    }

    /// Whether the turn is needed: for what is held, or for what is yet to be said.
    pub(crate) const fn waits(&self) -> bool {
        self.said > self.left || self.said < SAYINGS
    }

    /// Whether the last message went out and was shown to the other.
    pub(crate) fn was_heard(&self) -> bool {
        self.said == self.left && self.last.is_some_and(|(_, mark)| mark == Mark::Shown)
    }

    async fn tell(&self, command: Command) -> Result<(), String> {
        self.engine.commands.send(command).await.map_err(|_| format!("{} ended", self.letter))
    }

    /// Says the next message.
    pub(crate) async fn says(&mut self) -> Result<(), String> {
        self.said += 1;
        self.tell(Command::Say(format!("{}-{}", self.letter, self.said))).await
    }

    /// Talks, `on` and on or until enough is said; with `sends` the file goes too. The turn is passed
    /// now and then, and to one who `waits` for it.
    pub(crate) async fn acts(&mut self, on: bool, sends: bool, waits: bool) -> Result<(), String> {
        if sends
            && self.is_sealed
            && !self.offering
            && let Some(file) = &self.to_send
        {
            let outgoing = Outgoing::Each(vec![file.clone()]);
            self.offering = true;
            self.tell(Command::Send(outgoing)).await?;
        }
        let talks = on || self.said < SAYINGS;
        while talks && self.said < self.left + self.ahead {
            self.says().await?;
        }
        let idle = self.said == self.left && !self.passing;
        if idle && self.role == Some(Role::Emi) {
            if talks && !self.chance.one_in(3) {
                self.says().await?;
            } else if talks || waits {
                self.passing = true;
                self.tell(Command::Pass).await?;
            }
        }
        Ok(())
    }

    /// Takes in what the engine tells; an error if it mustn't be.
    pub(crate) async fn hears(&mut self, event: &Event) -> Result<(), String> {
        let name = self.letter;
        match event {
            Event::Session(event) => self.hears_of_session(event).await,
            Event::NotOffered { unreadable: false, .. } => {
                // Nobody is there just now; later.
                self.offering = false;
                Ok(())
            }
            Event::NotOffered { unreadable: true, text, .. } | Event::NotAccepted { text, .. } => {
                Err(format!("{name}: {text}"))
            }
            Event::Progress(progress) => {
                if self.incoming == Some(progress.id) {
                    self.came = progress.done;
                }
                Ok(())
            }
            Event::Preflight { .. }
            | Event::Started { .. }
            | Event::Hash { .. }
            | Event::Text { .. }
            | Event::RelayIsNew
            | Event::Offered { .. }
            | Event::Number { .. } => Ok(()),
        }
    }

    async fn hears_of_session(&mut self, event: &SessionEvent) -> Result<(), String> {
        let name = self.letter;
        match event {
            SessionEvent::Link(Link::Lost { .. }) => self.lost += 1,
            SessionEvent::Role(role) => self.role = Some(*role),
            SessionEvent::Seal(seal) => {
                self.is_sealed = matches!(seal, Seal::Sealed { .. });
                if *seal == Seal::Failed {
                    return Err(format!("{name} couldn't agree on keys"));
                }
            }
            SessionEvent::Words { sequence, text, .. } => {
                let other = if name == 'a' { 'b' } else { 'a' };
                self.heard += 1;
                let expected = format!("{other}-{}", self.heard);
                if *text != expected {
                    return Err(format!("{name} heard {text} in the place of {expected}"));
                }
                self.tell(Command::Shown(*sequence)).await?;
            }
            SessionEvent::Said { draft, text } => {
                self.left += 1;
                let expected = format!("{name}-{}", self.left);
                if *text != expected {
                    return Err(format!("{name} said {text} in the place of {expected}"));
                }
                self.last = Some((*draft, Mark::Sent));
                // As the next event says, too.
                self.role = Some(Role::Rec);
                self.ahead = self.chance.below(4);
            }
            SessionEvent::Marked { draft, mark } => {
                if let Some((last, so_far)) = &mut self.last
                    && last == draft
                {
                    *so_far = *mark;
                }
            }
            SessionEvent::Passed => self.passing = false,
            SessionEvent::Trouble(text) => {
                if self.passing && text.contains("pass") {
                    // What is said is held until it can go, and then the turn is the other's.
                    self.passing = false;
                    self.says().await?;
                }
            }
            SessionEvent::Transfer { id, info } => {
                if info.state == TransferState::Offered {
                    if info.direction == Direction::Incoming {
                        self.incoming = Some(*id);
                        let id = Some(*id);
                        self.tell(Command::Accept { id, on_collision: None }).await?;
                    } else {
                        self.to_send = None;
                    }
                }
                self.sees(info)?;
            }
            SessionEvent::TakenBack { text, .. } => {
                return Err(format!("{name} was given {text} back"));
            }
            SessionEvent::Ended(ending) => return Err(format!("{name} ended: {ending:?}")),
            SessionEvent::Link(_)
            | SessionEvent::Seated { .. }
            | SessionEvent::Peer { .. }
            | SessionEvent::PeerCompares
            | SessionEvent::PeerName(_)
            | SessionEvent::PeerTyping(_)
            | SessionEvent::RoundTrip(_)
            | SessionEvent::Held { .. }
            | SessionEvent::Notice(_) => {}
        }
        Ok(())
    }

    fn sees(&mut self, info: &TransferInfo) -> Result<(), String> {
        if info.state == TransferState::Interrupted {
            self.cut += 1;
        }
        let over = match info.direction {
            Direction::Outgoing => &mut self.sent,
            Direction::Incoming => &mut self.received,
        };
        if *over {
            return Err(format!("{}: after its end: {info:?}", self.letter));
        }
        *over = info.state.is_over();
        if *over && !matches!(info.state, TransferState::Verified { .. }) {
            return Err(format!("{}: it came to nothing: {info:?}", self.letter));
        }
        Ok(())
    }
}
