//! What the user can do next, in words.
//!
//! Owns the sentences of advice: the composer's title, and the guide at the foot of the conversation.
//! Each depends on where the session stands, and on nothing else.

use super::App;
use crate::meeting::{self, Meeting};
use couplet::message::{Role, Seat};
use couplet::session::{Link, Peer, Seal};
use couplet::units;

impl App {
    /// The composer's title, the longest first; the first that fits is shown.
    pub(crate) fn composer_titles(&self) -> &'static [&'static str] {
        let standing = &self.standing;
        if standing.lacks_seal() && (standing.has_turn() || standing.is_distrusted()) {
            return match standing.seal {
                Some(Seal::Failed) => &[
                    "message (not sealed: Enter holds it, nothing is said to this peer)",
                    "message (not sealed: Enter holds it)",
                    "not sealed: held",
                    "message",
                ],
                _ if standing.is_distrusted() => &[
                    "message (the words differ: Enter holds it, nothing is sent; /verify)",
                    "message (the words differ: held)",
                    "words differ: held",
                    "message",
                ],
                _ => &[
                    "message (sealing: Enter holds it until the line is sealed)",
                    "message (sealing: Enter holds it)",
                    "sealing: held",
                    "message",
                ],
            };
        }
        if standing.is_plain() && standing.may_speak() {
            return &[
                "message (NOT SEALED; your turn: Enter sends the line)",
                "message (NOT SEALED; your turn)",
                "NOT SEALED, your turn",
                "NOT SEALED",
            ];
        }
        if standing.may_speak() && standing.peer == Some(Peer::Gone) {
            return &[
                "message (the other seat is empty: Enter leaves it for whoever comes)",
                "message (for whoever comes next)",
                "for the next peer",
                "message",
            ];
        }
        if standing.may_speak() && standing.is_nobody_here() {
            return if self.code().is_some() {
                &[
                    "message (nobody is here: Enter leaves it for whoever comes with the code)",
                    "message (for whoever has the code)",
                    "for whoever comes",
                    "message",
                ]
            } else {
                &[
                    "message (nobody is here: Enter leaves it for whoever comes)",
                    "message (for whoever comes)",
                    "for whoever comes",
                    "message",
                ]
            };
        }
        if standing.may_speak() {
            return &[
                "message (your turn: Enter sends, Alt-Enter newline)",
                "message (your turn: Enter sends)",
                "your turn",
                "message",
            ];
        }
        match (standing.is_online(), standing.role) {
            (true, Some(Role::Rec)) if !standing.is_nobody_here() => &[
                "message (rec: Enter holds it until your turn)",
                "message (rec: Enter holds it)",
                "rec: held",
                "message",
            ],
            (true, _) => &[
                "message (nobody is here yet: Enter holds it until your turn)",
                "message (Enter holds it)",
                "message",
            ],
            (false, _) => &[
                "message (no connection: Enter holds it until your turn)",
                "message (Enter holds it)",
                "message",
            ],
        }
    }

    /// Advice at the foot of the conversation, where the situation calls for it.
    pub(crate) fn guide(&self) -> Option<String> {
        let now = self.now.moment;
        let standing = &self.standing;
        let relay = &self.setting.relay;
        let face = self.setting.face;
        if self.is_leaving() {
            let what = if self.next.is_some() { "Going to another room" } else { "Leaving" };
            let again = face.pick("Ctrl-C", "Leave");
            return Some(format!("{what}. {again} once more doesn't wait for the relay."));
        }
        if let (true, Some(guide)) = (standing.is_plain(), self.plain_guide()) {
            return Some(guide);
        }
        let (Some(seat), true) = (standing.seat, standing.is_online()) else {
            return Some(match (standing.seat, standing.link, standing.retry(now)) {
                (Some(_), _, Some((attempt, wait))) => format!(
                    "The connection to {relay} is lost; try {attempt} comes in {} s. What you \
                     write is held, nothing is lost.",
                    units::countdown(wait)
                ),
                (Some(_), _, None) => format!(
                    "The connection to {relay} is lost; trying again. What you write is held, \
                     nothing is lost."
                ),
                (None, _, Some((attempt, wait))) => format!(
                    "Nobody answers at {relay}; try {attempt} comes in {} s. Is the relay \
                     running? Start it with:\n{}",
                    units::countdown(wait),
                    meeting::command_of_relay(relay)
                ),
                (None, Some(Link::Online), None) => "Connected; waiting for a seat.".to_owned(),
                (None, _, None) => format!("Connecting to {relay}."),
            });
        };
        let name = standing.peer_label();
        let name = if standing.peer_name.is_some() { name.as_ref() } else { "Your peer" };
        match standing.peer {
            None | Some(Peer::Waiting)
                if self.setting.hosted.is_some() || self.code().is_some() =>
            {
                Some(self.waiting_guide(seat))
            }
            None | Some(Peer::Waiting) => Some(format!(
                "You have seat {seat}. Waiting for a peer: start a second client, in another \
                 terminal:\n{}",
                self.second_client()
            )),
            Some(Peer::Silent { .. }) => Some(format!(
                "{name} has lost the connection; its seat is kept for {} s. No words are lost.",
                units::countdown(standing.kept_for(now).unwrap_or_default())
            )),
            Some(Peer::Gone) if self.code().is_some() => Some(format!(
                "{name} is gone. You keep seat {seat}; whoever has the code may take the empty one:\n{}",
                self.code().map(|code| code.to_string()).unwrap_or_default()
            )),
            Some(Peer::Gone) if standing.may_speak() => Some(format!(
                "{name} is gone. You keep seat {seat}, a newcomer takes the empty one. You may say \
                 one message for them."
            )),
            Some(Peer::Gone) => Some(format!(
                "{name} is gone. You keep seat {seat}, a newcomer takes the empty one."
            )),
            Some(Peer::Present) if standing.seal == Some(Seal::Agreeing) => Some(format!(
                "{name} is here. Your clients agree on keys; until then what you enter is held."
            )),
            Some(Peer::Present) if standing.seal == Some(Seal::Failed) => Some(format!(
                "This line isn't sealed, so nothing is said. Ask your peer over another way which \
                 code they have{}.",
                face.pick("; fin leaves", ", or leave")
            )),
            Some(Peer::Present) if standing.is_distrusted() => Some(format!(
                "The words differ, so nothing is sent and nothing taken. {} meet again by a new \
                 code, best over another relay.",
                face.pick("fin leaves;", "Leave, and")
            )),
            Some(Peer::Present) if self.conversation.has_words() => None,
            Some(Peer::Present) if standing.may_speak() => Some(format!(
                "It is your turn: write a message and press Enter. {} at any time.",
                face.pick("/send PATH offers a file,", "Files can be sent")
            )),
            Some(Peer::Present) => Some(format!(
                "{name} has the turn. What you enter is held until it is yours; {} at any time.",
                face.pick("/send PATH offers a file,", "files can be sent")
            )),
        }
    }

    /// Advice for a plain room, where it is another than for a sealed line.
    fn plain_guide(&self) -> Option<String> {
        let standing = &self.standing;
        let seat = standing.seat?;
        if !standing.is_online() {
            let relay = &self.setting.relay;
            return Some(match standing.retry(self.now.moment) {
                Some((attempt, wait)) => format!(
                    "The connection to {relay} is lost; try {attempt} comes in {} s. You come again \
                     as a newcomer.",
                    units::countdown(wait)
                ),
                None => format!("The connection to {relay} is lost; trying again, as a newcomer."),
            });
        }
        match standing.peer {
            None | Some(Peer::Waiting) => Some(format!(
                "You have seat {seat} of a plain room, which is NOT SEALED. Waiting for a second: \
                 netcat or the like at the relay's port for it, or\n{} --plain-room",
                self.second_client()
            )),
            Some(Peer::Present) if self.conversation.has_words() => None,
            Some(Peer::Present) if standing.may_speak() => Some(
                "It is your turn: write a line and press Enter. The relay can read it.".to_owned(),
            ),
            Some(Peer::Present) => Some(
                "Your peer has the turn. What you enter is held until it is yours. The relay can \
                 read it."
                    .to_owned(),
            ),
            Some(Peer::Gone | Peer::Silent { .. }) => None,
        }
    }

    /// What to do while nobody has come yet, and there is a code or a relay of one's own.
    fn waiting_guide(&self, seat: Seat) -> String {
        let code = self.code();
        let mut lines = Vec::new();
        match (&code, &self.setting.meeting) {
            (Some(code), Meeting::Code(_)) => lines.push(format!(
                "You have seat {seat}. Waiting for whoever has the same code:\n\n{code}\n\nIf \
                 nobody comes, compare the code and the relay with your friend."
            )),
            (Some(code), _) => {
                lines.push(format!("Your code, to tell on the phone:\n\n{code}\n"));
            }
            (None, _) => lines.push(format!("You have seat {seat}. Waiting for a peer.")),
        }
        if let Some(hosted) = &self.setting.hosted {
            let how = hosted.how_to_join(
                code.as_ref(),
                self.standing.room.as_ref(),
                &self.setting.started_as,
            );
            lines.extend(how.into_iter().map(|line| self.setting.face.reworded(line)));
        } else if let (Some(code), Meeting::New(_)) = (&code, &self.setting.meeting) {
            lines.push("Your friend types:".to_owned());
            lines.push(meeting::command_with(code, &self.setting.relay, &self.setting.started_as));
        }
        lines.join("\n")
    }

    /// What starts a client that meets this one.
    fn second_client(&self) -> String {
        meeting::command_without(&self.setting.relay, self.standing.room.as_ref())
    }
}
