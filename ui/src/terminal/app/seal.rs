//! The seal on the screen: what is told of it, and comparing the verification words.
//!
//! Owns when the words are put before the user, and that a letter that was meant for a sentence is
//! never taken for a verdict on them.

use super::super::conversation::Sign;
use super::super::keys::{self, Action};
use super::{App, Effect, Overlay};
use crate::engine::Command;
use couplet::session::{Peer, Seal, Verdict};
use couplet::time::Moment;
use crossterm::event::KeyEvent;
use std::time::Duration;

/// A user who has written something and pressed a key within this time isn't interrupted.
const WRITING: Duration = Duration::from_secs(2);

/// A peer that compares again and again is told once in this time.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// What has been told of the seal to this peer.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    /// The words of which it was said that they seal the line, and the verdict that was told.
    told: Option<([&'static str; 3], Option<Verdict>)>,
    /// Whether the words have come up by themselves since this peer came.
    came_up: bool,
    /// When it was last said that the peer compares.
    compares_told: Option<Moment>,
    /// The verdict that was chosen and not yet confirmed.
    pub(crate) chosen: Option<Verdict>,
}

impl App {
    /// Takes how what is said is protected now.
    pub(super) fn hear_seal(&mut self, seal: Seal) {
        self.standing.seal = Some(seal);
        match seal {
            // Why it failed is told by the session, with what to do.
            Seal::Nobody | Seal::Agreeing | Seal::Failed | Seal::Plain => {}
            Seal::Sealed { words, by_code, verdict } => {
                self.welcome_proven();
                let before = self.sealing.told.replace((words, verdict));
                if before != Some((words, verdict)) {
                    let known = before.is_some_and(|(known, _)| known == words);
                    self.tell_sealed(words, by_code, verdict, known);
                }
                return;
            }
        }
        // There are no words to compare any more.
        self.take_away(Overlay::Verify);
    }

    /// The peer is somebody new: nothing that was told holds for it.
    pub(super) fn forget_sealing(&mut self) {
        self.sealing = Sealing::default();
    }

    /// The peer's user compares the words: they come up here too, but only once for each peer by
    /// themselves, and never while the user writes.
    pub(super) fn hear_compares(&mut self) {
        let now = self.now.moment;
        let sealed = matches!(self.standing.seal, Some(Seal::Sealed { .. }));
        if !sealed || self.overlay == Some(Overlay::Verify) {
            return;
        }
        let writes = !self.editor.is_empty() && now.since(self.last_key) < WRITING;
        // Nor is an answer to another question to be taken for one to this.
        let writes = writes || self.is_elsewhere();
        if self.overlay.is_none() && !self.sealing.came_up && !writes && !self.is_leaving() {
            self.sealing.came_up = true;
            self.sealing.chosen = None;
            self.popup = None;
            self.overlay = Some(Overlay::Verify);
        } else if self.sealing.compares_told.is_none_or(|told| now.since(told) >= TOLD_EVERY) {
            self.sealing.compares_told = Some(now);
            let name = self.standing.peer_in_words();
            let how = self.setting.face.pick("/verify", "press Verify");
            self.tell(Sign::Info, format!("{name} compares the words of the seal: {how}"));
        }
    }

    /// `/verify`: shows the words, here and on the other side.
    pub(super) fn compare(&mut self) -> Result<Command, String> {
        match self.standing.seal {
            Some(Seal::Sealed { .. }) if self.standing.peer == Some(Peer::Present) => {
                self.sealing.chosen = None;
                self.overlay = Some(Overlay::Verify);
                Ok(Command::Compare)
            }
            Some(Seal::Agreeing) => {
                Err("the keys are still being agreed on; try again in a moment".to_owned())
            }
            Some(Seal::Plain) => {
                Err("a plain room isn't sealed, so there are no words to compare; \
                                      for a sealed line, leave with fin and meet by a code"
                    .to_owned())
            }
            Some(Seal::Failed) => Err("this line isn't sealed, so there are no words to compare; \
                                       leave with fin and meet by a code"
                .to_owned()),
            Some(Seal::Sealed { .. } | Seal::Nobody) | None => {
                Err("there are words to compare once somebody is here".to_owned())
            }
        }
    }

    /// A letter chooses a verdict and Enter gives it. Whoever goes on typing meant the composer: it
    /// gets what was typed, so no sentence becomes a verdict and none loses a letter.
    pub(super) fn verify_key(
        &mut self,
        action: Option<Action>,
        key: KeyEvent,
        was_armed: bool,
        effects: &mut Vec<Effect>,
    ) {
        match (action, self.sealing.chosen) {
            (Some(Action::Same), None) => self.sealing.chosen = Some(Verdict::Same),
            (Some(Action::Different), None) => self.sealing.chosen = Some(Verdict::Different),
            (Some(Action::Submit), Some(verdict)) => {
                self.overlay = None;
                self.sealing.chosen = None;
                effects.push(Effect::Engine(Command::Verify(verdict)));
            }
            (Some(Action::Submit), None) => {
                self.notice = Some("press y if they are the same, n if they differ".to_owned());
            }
            (Some(Action::Escape), _) => self.overlay = None,
            (action, chosen) => {
                let Some(typed) = keys::typed(key) else { return self.anywhere(action, effects) };
                self.overlay = None;
                let before = match chosen {
                    Some(Verdict::Same) => Some('y'),
                    Some(Verdict::Different) => Some('n'),
                    None => None,
                };
                for typed in before.into_iter().chain([typed]) {
                    self.talk_key(None, Some(typed), was_armed, effects);
                }
            }
        }
    }

    fn tell_sealed(
        &mut self,
        words: [&'static str; 3],
        by_code: bool,
        verdict: Option<Verdict>,
        known: bool,
    ) {
        let spelled = words.join("-");
        let how = self.setting.face.pick("/verify", "Verify");
        let (sign, text) = match verdict {
            // Coming back to what it was isn't worth a line.
            None if known => return,
            None if by_code => {
                (Sign::Good, format!("sealed by your code; words {spelled}: {how} compares them"))
            }
            None => (Sign::Good, format!("sealed; words {spelled}: {how} compares them")),
            Some(Verdict::Same) => {
                (Sign::Good, format!("verified: you compared the words {spelled}"))
            }
            Some(Verdict::Different) => (
                Sign::Trouble,
                "NOT VERIFIED: the words differ, so somebody may be sitting in the middle. \
                 Nothing more is sent or taken; leave with fin, and meet by a new code, best \
                 over another relay"
                    .to_owned(),
            ),
        };
        self.tell(sign, self.setting.face.reworded(text));
    }
}
