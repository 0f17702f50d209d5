//! The relay's end of one connection to the shelf.
//!
//! Owns what may be asked when and by whom, and what is answered. It knows no disk: what is there,
//! who an account is and whether a name is free are looked up by the shell, and come back in.

use super::list::{Page, Query};
use super::message::{ClientToShelf, Password, ShelfFault, ShelfToClient, Terms};
use super::name::ShelfName;
use crate::account::Rights;
use crate::limits::SHELF_IDLE_LIMIT;
use crate::message::ExitReason;
use crate::time::Moment;
use crate::transfer::offer::{Form, Offer};
use std::collections::VecDeque;
use std::time::Duration;

/// What the shell must do, in this order. Those that say so are answered with a `handle_*`, and
/// nothing is handed in meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Say this to the client.
    Send(ShelfToClient),
    /// Look whether this is an account and its password; then [`Host::handle_login`].
    CheckLogin {
        /// Its name, as it was given.
        user: String,
        /// Its password, as it was given.
        password: Password,
    },
    /// Look what is there; then [`Host::handle_list`].
    List(Query),
    /// Look for this file, and hold on to it; then [`Host::handle_found`].
    Find(ShelfName),
    /// What was found isn't wanted.
    Forget,
    /// Wait until there is a worker for a transfer, saying [`Host::handle_wait`] meanwhile; then
    /// [`Host::handle_worker`].
    AwaitWorker,
    /// Send what was found; then [`Host::handle_moved`]. With `part` the client may have some of it.
    SendFound {
        /// Whether entries must be asked about.
        part: bool,
    },
    /// Claim the name of this for the client; then [`Host::handle_claimed`].
    Claim(Offer),
    /// Receive what the name was claimed for; then [`Host::handle_moved`].
    Receive,
    /// Remove this file; then [`Host::handle_deleted`].
    Delete(ShelfName),
    /// Close the connection, once all was said.
    Close,
}

/// Why something was refused: for programs, and in a sentence for people.
pub type Refused = (ShelfFault, String);

/// The relay's end.
#[derive(Debug)]
pub struct Host {
    terms: Terms,
    /// Whether somebody has logged in.
    is_known: bool,
    state: State,
    /// When something was asked, or a transfer was through, last.
    active: Moment,
    commands: VecDeque<Command>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// The next request is awaited.
    Idle,
    /// The shell looks something up or does it.
    Busy(Ask),
    /// What was found is offered.
    Offered,
    /// It is over.
    Over,
}

/// What the shell is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Login,
    List,
    Find,
    Claim,
    /// It waits for a worker, to send what was found or to receive; `part` is as in the commands.
    Wait {
        sends: bool,
        part: bool,
    },
    Move,
    Delete,
}

impl Host {
    /// A client has come that is told these terms.
    #[must_use]
    pub fn new(terms: Terms, now: Moment) -> Self {
        let commands = VecDeque::from([Command::Send(ShelfToClient::Shelf(terms))]);
        Self { terms, is_known: false, state: State::Idle, active: now, commands }
    }

    /// The client asks for something.
    pub fn handle(&mut self, ask: ClientToShelf, now: Moment) {
        self.active = now;
        match (&self.state, ask) {
            (State::Over, _) => {}
            (_, ClientToShelf::Bye) => self.end(ExitReason::Fin),
            (State::Idle, ClientToShelf::Login { user, password }) => {
                if self.terms.login {
                    self.begin(Ask::Login, Command::CheckLogin { user, password });
                } else {
                    self.out_of_place("nobody has to log in here, or has again");
                }
            }
            (State::Idle, _) if self.terms.login => {
                self.refuse(ShelfFault::LoginNeeded, "log in first: this shelf is for accounts");
            }
            (State::Idle, ClientToShelf::List(query)) => match query.check() {
                Ok(()) => self.begin(Ask::List, Command::List(query)),
                Err(text) => self.refuse(ShelfFault::BadName, text),
            },
            (State::Idle, ClientToShelf::Get { name }) => {
                if self.allows(Rights::GET, "fetch files") && self.takes(&name) {
                    self.begin(Ask::Find, Command::Find(name));
                }
            }
            (State::Idle, ClientToShelf::Put { offer }) => self.put(offer),
            (State::Idle, ClientToShelf::Delete { name }) => {
                if self.allows(Rights::DELETE, "remove files") && self.takes(&name) {
                    self.begin(Ask::Delete, Command::Delete(name));
                }
            }
            (State::Offered, ClientToShelf::Accept { part }) => {
                self.begin(Ask::Wait { sends: true, part }, Command::AwaitWorker);
            }
            (State::Offered, ClientToShelf::Decline) => {
                self.state = State::Idle;
                self.commands.push_back(Command::Forget);
            }
            (State::Idle, ClientToShelf::Accept { .. } | ClientToShelf::Decline) => {
                self.out_of_place("nothing was offered");
            }
            (State::Offered, _) => self.out_of_place("what was offered is to be answered first"),
            (State::Busy(_), _) => {
                self.out_of_place("one request is to be answered before the next is made");
            }
        }
    }

    /// Whether the login was right: what the account may do, or why it is refused and for how long.
    pub fn handle_login(
        &mut self,
        result: Result<Rights, (Refused, Option<Duration>)>,
        now: Moment,
    ) {
        if self.done(Ask::Login, now) {
            match result {
                Ok(rights) => {
                    self.is_known = true;
                    self.terms = Terms { login: false, rights, ..self.terms };
                    self.send(ShelfToClient::Shelf(self.terms));
                    // Whoever comes in wants to see what there is.
                    self.begin(Ask::List, Command::List(Query::default()));
                }
                Err(((code, text), wait)) => {
                    let wait_ms =
                        wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                    self.send(ShelfToClient::Error { code, text, wait_ms });
                    self.close();
                }
            }
        }
    }

    /// What is there.
    pub fn handle_list(&mut self, result: Result<Page, Refused>, now: Moment) {
        if self.done(Ask::List, now) {
            match result {
                Ok(page) => self.send(ShelfToClient::List(page)),
                Err((code, text)) => self.refuse(code, text),
            }
        }
    }

    /// The file that was asked for, or why it can't be had. If there is none of that name the client
    /// is told what there is.
    pub fn handle_found(&mut self, result: Result<Offer, Refused>, now: Moment) {
        if self.done(Ask::Find, now) {
            match result {
                Ok(offer) => {
                    self.state = State::Offered;
                    self.send(ShelfToClient::Offered { offer });
                }
                Err((code, text)) => {
                    self.refuse(code, text);
                    if code == ShelfFault::NoSuchName {
                        self.begin(Ask::List, Command::List(Query::default()));
                    }
                }
            }
        }
    }

    /// The name is claimed, and a part of what comes may be there; or why not.
    pub fn handle_claimed(&mut self, result: Result<bool, Refused>, now: Moment) {
        if self.done(Ask::Claim, now) {
            match result {
                Ok(part) => self.begin(Ask::Wait { sends: false, part }, Command::AwaitWorker),
                Err((code, text)) => self.refuse(code, text),
            }
        }
    }

    /// Another transfer has to end before this one begins.
    pub fn handle_wait(&mut self, before: u32) {
        if matches!(self.state, State::Busy(Ask::Wait { .. })) {
            self.send(ShelfToClient::Wait { before });
        }
    }

    /// There is a worker for the transfer.
    pub fn handle_worker(&mut self) {
        let State::Busy(Ask::Wait { sends, part }) = self.state else { return };
        self.send(ShelfToClient::Begin { part: part && !sends });
        let next = if sends { Command::SendFound { part } } else { Command::Receive };
        self.begin(Ask::Move, next);
    }

    /// The transfer is over, however it ended, and its last steps are through in both directions.
    pub fn handle_moved(&mut self, now: Moment) {
        self.done(Ask::Move, now);
    }

    /// The file is removed, or why not.
    pub fn handle_deleted(&mut self, name: ShelfName, result: Result<(), Refused>, now: Moment) {
        if self.done(Ask::Delete, now) {
            match result {
                Ok(()) => self.send(ShelfToClient::Deleted { name }),
                Err((code, text)) => self.refuse(code, text),
            }
        }
    }

    /// What the client may do has changed; nothing, not even to be here, if its account is gone, or if
    /// there are accounts now and it has none.
    pub fn handle_rights(&mut self, rights: Option<Rights>) {
        match rights {
            Some(rights) => self.terms.rights = rights,
            None if self.state == State::Over => {}
            None => {
                let text = if self.is_known {
                    "the account was removed or its password changed; log in again"
                } else {
                    "this shelf is for accounts now; log in"
                };
                self.send(ShelfToClient::error(ShelfFault::LoginNeeded, text));
                self.close();
            }
        }
    }

    /// What came can't be understood, or the relay can't go on with this client.
    pub fn handle_fault(&mut self, code: ShelfFault, text: impl Into<String>) {
        if self.state != State::Over {
            self.send(ShelfToClient::error(code, text));
            self.close();
        }
    }

    /// The relay is being ended.
    pub fn handle_shutdown(&mut self, reason: ExitReason) {
        self.end(reason);
    }

    /// The next thing to do.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        // The shell bounds what it does itself, and a transfer has its own signs of life.
        let waits = matches!(self.state, State::Idle | State::Offered);
        waits.then(|| self.active + SHELF_IDLE_LIMIT)
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.poll_timeout().is_some_and(|at| now >= at) {
            let text = "nothing was asked for some minutes; connect again to go on";
            self.send(ShelfToClient::error(ShelfFault::Idle, text));
            self.close();
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    fn put(&mut self, offer: Offer) {
        if !self.allows(Rights::PUT, "lay files down") {
            return;
        }
        match offer.form {
            Form::File => {}
            Form::Folder if self.terms.folders => {}
            Form::Folder => {
                return self.refuse(
                    ShelfFault::BadName,
                    "this shelf takes files and no folders; put the files in it one by one",
                );
            }
            Form::Several | Form::Stream | Form::Text => {
                return self.refuse(
                    ShelfFault::BadName,
                    "only a file or a folder can be laid down, one at a time",
                );
            }
        }
        self.begin(Ask::Claim, Command::Claim(offer));
    }

    /// Whether the client may; it is told if not.
    fn allows(&mut self, right: Rights, what: &str) -> bool {
        let allowed = self.terms.rights.include(right);
        if !allowed {
            self.refuse(
                ShelfFault::NotAllowed,
                format!(
                    "you may not {what} here; whoever runs the relay gives an account that right: \
                     couplet-relay account add NAME --rights …"
                ),
            );
        }
        allowed
    }

    /// Whether a name can be one of this shelf's; the client is told if not.
    fn takes(&mut self, name: &ShelfName) -> bool {
        let takes = self.terms.folders || !name.is_in_folder();
        if !takes {
            self.refuse(ShelfFault::BadName, "this shelf has no folders, so no name has a slash");
        }
        takes
    }

    fn begin(&mut self, ask: Ask, command: Command) {
        self.state = State::Busy(ask);
        self.commands.push_back(command);
    }

    /// What was asked of the shell is done; `false` if it wasn't asked, or nobody waits for it.
    fn done(&mut self, ask: Ask, now: Moment) -> bool {
        let asked = self.state == State::Busy(ask);
        if asked {
            self.state = State::Idle;
            self.active = now;
        }
        asked
    }

    fn refuse(&mut self, code: ShelfFault, text: impl Into<String>) {
        self.send(ShelfToClient::error(code, text));
        if code.is_final() && code != ShelfFault::LoginNeeded {
            self.close();
        }
    }

    fn out_of_place(&mut self, text: &str) {
        self.handle_fault(ShelfFault::Unexpected, text);
    }

    fn send(&mut self, message: ShelfToClient) {
        self.commands.push_back(Command::Send(message));
    }

    fn end(&mut self, reason: ExitReason) {
        if self.state != State::Over {
            self.send(ShelfToClient::Exit { reason });
            self.close();
        }
    }

    fn close(&mut self) {
        self.state = State::Over;
        self.commands.push_back(Command::Close);
    }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
