//! How two people are to meet, and what the one who waits tells the other.
//!
//! Owns the way from a code to what the engine needs, and the exact commands that a friend types.
//! Which meeting is wanted comes from the command line, or from the user in a face.

use crate::config::{DEFAULT_RELAY, is_loopback};
use couplet::code::{Code, Words};
use couplet::fingerprint::Fingerprint;
use couplet::message::RoomName;
use couplet::seal::Password;
use couplet::session::Meet;

/// Whom the user wants to meet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Meeting {
    /// Whoever comes next.
    #[default]
    Anybody,
    /// Whoever names the same room.
    Room(RoomName),
    /// Whoever is told the code that these words and the number of a new room make.
    New(Words),
    /// Whoever has the same code.
    Code(Code),
}

/// How the program is started where it is installed.
pub const STARTED_AS: &str = "couplet chat";

impl Meeting {
    /// Where to meet.
    #[must_use]
    pub fn meet(&self) -> Meet {
        match self {
            Self::Anybody => Meet::Anybody,
            Self::Room(room) => Meet::In(room.clone()),
            Self::New(_) => Meet::InNewRoom,
            Self::Code(code) => Meet::In(code.room()),
        }
    }

    /// What both must know.
    #[must_use]
    pub fn password(&self) -> Password {
        match self {
            Self::Anybody | Self::Room(_) => Password::default(),
            Self::New(words) => words.password(),
            Self::Code(code) => code.words().password(),
        }
    }

    /// The meeting that a conversation in this room came from, where the words of the code are these;
    /// empty without one.
    #[must_use]
    pub fn of(room: Option<&RoomName>, password: &str) -> Self {
        let Some(room) = room else { return Self::Anybody };
        let code = (!password.is_empty()).then(|| Code::parse(&format!("{room}-{password}")));
        match code {
            Some(Ok(code)) => Self::Code(code),
            Some(Err(_)) | None => Self::Room(room.clone()),
        }
    }

    /// The code, if there is one. That of a new room needs its number, which the relay gives.
    #[must_use]
    pub fn code(&self, room: Option<&RoomName>) -> Option<Code> {
        match self {
            Self::Anybody | Self::Room(_) => None,
            Self::New(words) => {
                let number = room?.as_str().parse().ok()?;
                Some(Code::new(number, words.clone()))
            }
            Self::Code(code) => Some(code.clone()),
        }
    }
}

/// What a friend types to meet by `code` at `relay`, if they start the program as `started_as`.
#[must_use]
pub fn command_with(code: &Code, relay: &str, started_as: &str) -> String {
    let at = if relay == DEFAULT_RELAY { String::new() } else { format!(" --relay {relay}") };
    format!("{started_as} {code}{at}")
}

/// What a friend types to meet without a code, in `room` if there is one.
#[must_use]
pub fn command_without(relay: &str, room: Option<&RoomName>) -> String {
    let at = if relay == DEFAULT_RELAY { String::new() } else { format!(" --relay {relay}") };
    let room = room.map(|room| format!(" --room {room}")).unwrap_or_default();
    format!("bash launch_client.sh{at}{room}")
}

/// What starts a relay that is reached at `relay`, a `HOST:PORT`, on the machine where it is to run.
#[must_use]
pub fn command_of_relay(relay: &str) -> String {
    let listen = match relay.rsplit_once(':') {
        _ if relay == DEFAULT_RELAY => return "bash launch_server.sh".to_owned(),
        // There it must let others in, at whichever of its addresses.
        Some((_, port)) if !is_loopback(relay) => format!("0.0.0.0:{port}"),
        Some(_) | None => relay.to_owned(),
    };
    format!("bash launch_server.sh --listen {listen}")
}

/// Where a relay that this client runs itself is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// From this machine, as `HOST:PORT`.
    pub local: String,
    /// From the network, if it can be.
    pub network: Option<String>,
    /// The port, if it isn't the usual one.
    pub port: Option<u16>,
    /// Of its certificate, which a friend on another machine is shown the first time.
    pub fingerprint: Option<Fingerprint>,
}

impl Hosted {
    /// What to tell the user: the exact commands for a second terminal and for a friend.
    #[must_use]
    pub fn how_to_join(
        &self,
        code: Option<&Code>,
        room: Option<&RoomName>,
        started_as: &str,
    ) -> Vec<String> {
        let room = room.map(|room| format!(" --room {room}")).unwrap_or_default();
        let command = |address: &str| {
            // Without a code the address stands there in any case: it is all there is to tell.
            let without = || format!("bash launch_client.sh --relay {address}{room}");
            code.map_or_else(without, |code| command_with(code, address, started_as))
        };
        let port = self.port.map(|port| format!(" It has the port {port}.")).unwrap_or_default();
        let mut lines = vec![
            format!("A relay runs here and ends when you leave.{port}"),
            String::new(),
            "In a second terminal on this machine, type:".to_owned(),
            command(&self.local),
        ];
        if let Some(network) = &self.network {
            lines.extend([
                String::new(),
                "Your friend, on another machine in this network:".to_owned(),
                command(network),
            ]);
            if let Some(fingerprint) = self.fingerprint {
                lines.extend([
                    String::new(),
                    "The first time, your friend's couplet shows the relay's certificate; it must \
                     be:"
                    .to_owned(),
                    fingerprint.to_string(),
                ]);
            }
        }
        if code.is_none() {
            lines.extend([
                String::new(),
                "Without a code, whoever reaches this relay may sit down: /new makes one, and so \
                 does couplet --host --new."
                    .to_owned(),
            ]);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Code {
        Code::parse("7-otter-lamp").expect("a code")
    }

    #[test]
    fn a_new_room_has_a_code_once_it_has_a_number() {
        let new = Meeting::New(code().words().clone());
        assert_eq!(new.meet(), Meet::InNewRoom);
        assert_eq!(new.code(None), None);
        assert_eq!(new.code(RoomName::new("attic").ok().as_ref()), None);
        let known = new.code(Some(&RoomName::numbered(7)));
        assert_eq!(known.map(|code| code.to_string()).as_deref(), Some("7-otter-lamp"));
        assert_eq!(Meeting::Code(code()).meet(), Meet::In(RoomName::numbered(7)));
        assert!(Meeting::Anybody.password().is_empty() && !new.password().is_empty());
    }

    #[test]
    fn a_meeting_is_known_again_by_room_and_words() {
        let seven = RoomName::numbered(7);
        assert_eq!(Meeting::of(Some(&seven), "otter-lamp"), Meeting::Code(code()));
        assert_eq!(Meeting::of(Some(&seven), ""), Meeting::Room(seven));
        assert_eq!(Meeting::of(None, ""), Meeting::Anybody);
    }

    #[test]
    fn a_relay_is_started_where_it_is_looked_for() {
        for (relay, command) in [
            (DEFAULT_RELAY, "bash launch_server.sh"),
            ("127.0.0.1:59976", "bash launch_server.sh --listen 127.0.0.1:59976"),
            ("localhost:3647", "bash launch_server.sh --listen localhost:3647"),
            ("[::1]:80", "bash launch_server.sh --listen [::1]:80"),
            ("relay.lan:4000", "bash launch_server.sh --listen 0.0.0.0:4000"),
        ] {
            assert_eq!(command_of_relay(relay), command);
        }
    }

    #[test]
    fn a_friend_is_told_the_whole_command() {
        assert_eq!(command_with(&code(), DEFAULT_RELAY, STARTED_AS), "couplet chat 7-otter-lamp");
        assert_eq!(
            command_with(&code(), "x.lan:1", STARTED_AS),
            "couplet chat 7-otter-lamp --relay x.lan:1"
        );
        let hosted = Hosted {
            local: DEFAULT_RELAY.to_owned(),
            network: Some("10.0.0.2:3647".to_owned()),
            port: None,
            fingerprint: None,
        };
        let lines = hosted.how_to_join(Some(&code()), None, STARTED_AS).join("\n");
        assert!(lines.contains("couplet chat 7-otter-lamp --relay 10.0.0.2:3647"), "{lines}");
        let lines = hosted.how_to_join(None, None, STARTED_AS).join("\n");
        assert!(lines.contains("launch_client.sh --relay 127.0.0.1:3647\n"), "{lines}");
        assert!(lines.contains("couplet --host --new"), "{lines}");
    }
}
