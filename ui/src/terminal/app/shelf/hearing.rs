//! What is heard of the visit, and what becomes of it on the screen.
//!
//! Owns how the transfers with the shelf stand in the lists, and which lines they are in the
//! conversation.

use super::super::super::conversation::Sign;
use super::super::super::shelf::{Access, Errand, Login};
use super::super::super::transfers::Transfer;
use super::super::{App, Effect, Face, Overlay};
use super::{LEFT, LOGIN_WANTED, STILL_THERE};
use crate::engine::shelf::{Event, ShelfFigures};
use crate::engine::{Command, Progress};
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::shelf::message::ShelfFault;
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::{Connection, End, ErrandId, Event as Told, Wish};
use couplet::text;
use couplet::transfer::book::{Direction, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::wire::Fault;

impl App {
    /// Takes what is heard of the visit.
    pub(in super::super) fn hear_shelf(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Notice(text) => {
                self.shelf.met_first = true;
                self.tell(Sign::Info, text);
            }
            Event::Wanted(id, wish) => self.hear_wanted(id, wish, effects),
            // It is known by its name.
            Event::Laying(..) => {}
            Event::NotPut(_, text) => {
                self.shelf.put_taken_on();
                self.tell(Sign::Trouble, text::line(&text, MAX_REASON_COLUMNS));
            }
            Event::Started { id, held, size } => {
                let Some(errand) = self.shelf.errand(id) else { return };
                errand.info.state = TransferState::Moving;
                errand.info.offer.size = size.or(errand.info.offer.size);
                let number = errand.number;
                self.show_errand(id, effects);
                if let Some(number) = number {
                    self.transfers.started(number, held, self.now.moment);
                }
            }
            Event::Progress(id, figures) => {
                let moving = self.shelf.errands.iter().find(|errand| errand.id == id);
                if let Some(number) = moving.and_then(|errand| errand.number) {
                    self.transfers.progress(progress(number, &figures), self.now.moment);
                }
            }
            Event::Visit(told) => self.hear_visit(told, effects),
        }
    }

    fn hear_wanted(&mut self, id: ErrandId, wish: Wish, effects: &mut Vec<Effect>) {
        let (name, direction, offer) = match wish {
            Wish::List(_) | Wish::Delete { .. } => return,
            Wish::Get { name } => {
                self.shelf.get_taken_on(&name);
                let known = self.shelf.files.iter().find(|file| file.name == name);
                let size = known.map(|file| file.size);
                (name.to_string(), Direction::Incoming, expected(&name, size))
            }
            Wish::Put { offer } => {
                let name = offer.name.as_str().to_owned();
                self.shelf.put_taken_on();
                (name, Direction::Outgoing, offer)
            }
        };
        self.shelf.last_serial += 1;
        let serial = self.shelf.last_serial;
        let info = TransferInfo {
            direction,
            offer,
            state: TransferState::Queued,
            held_here: None,
            held_there: None,
        };
        let (number, before, is_here, is_over) = (None, None, false, false);
        let errand = Errand { serial, id, name, number, info, before, is_here, is_over };
        self.shelf.errands.push(errand);
        effects.push(Effect::Engine(Command::Number(serial)));
    }

    /// An errand has its number, and is shown from here on.
    pub(in super::super) fn number_errand(
        &mut self,
        serial: u64,
        number: TransferId,
        effects: &mut Vec<Effect>,
    ) {
        let found = self.shelf.errands.iter_mut().find(|errand| errand.serial == serial);
        let Some(errand) = found else { return };
        errand.number = Some(number);
        let errand = errand.clone();
        self.show(&errand, effects);
        self.shelf.errands.retain(|errand| !(errand.is_over && errand.number.is_some()));
    }

    fn hear_visit(&mut self, told: Told, effects: &mut Vec<Effect>) {
        match told {
            Told::Connection(connection) => self.hear_connection(&connection, effects),
            Told::LoginWanted => self.hear_login_wanted(effects),
            Told::LoginFailed { text } => {
                self.shelf.named = self.shelf.trying.take().or(self.shelf.inside.take());
                self.ask_who(Some(text::line(&text, 300)));
            }
            Told::List(None, page) => {
                self.shelf.take_greeting(page);
                self.want_more(effects);
            }
            Told::List(Some(_), page) => {
                self.shelf.take_page(page);
                self.shelf.await_hashes(self.now.moment);
                self.want_more(effects);
            }
            Told::Offered { id, offer, again, changed } => {
                let Some(errand) = self.shelf.errand(id) else { return };
                errand.info.offer = offer;
                let name = errand.name.clone();
                self.show_errand(id, effects);
                if again && changed {
                    let text = format!("{name} was changed on the shelf, and is fetched anew");
                    self.tell(Sign::Info, text);
                }
            }
            Told::Waiting(id, before) => {
                let Some(errand) = self.shelf.errand(id) else { return };
                errand.before = Some(before);
                errand.info.state = TransferState::Queued;
                self.show_errand(id, effects);
            }
            Told::Ended(id, end) => self.hear_ended(id, end, effects),
            Told::Over => {
                let why = if let Access::Closed { text, .. } = &self.shelf.access {
                    text.clone()
                } else {
                    let text = "the visit ended unexpectedly".to_owned();
                    self.shelf.access = Access::Closed { what: LOST, text: text.clone() };
                    text
                };
                self.visit_over(Some(&why), effects);
            }
        }
    }

    fn hear_connection(&mut self, connection: &Connection, effects: &mut Vec<Effect>) {
        let text = text::line(connection.text(), 300);
        let what = match connection {
            Connection::There(terms) => {
                self.shelf.access = Access::There(*terms);
                self.shelf.login.take_if(|login| !login.instead);
                self.shelf.named = None;
                self.shelf.environment_tried = false;
                if let Some(user) = self.shelf.trying.take() {
                    self.shelf.inside = Some(user.clone());
                    self.shelf.user = Some(user);
                }
                if !self.standing.is_online() {
                    effects.push(Effect::Engine(Command::RelayMet));
                }
                return;
            }
            Connection::Lost { .. } => {
                self.shelf.access = Access::Lost(text);
                let moving = |errand: &&Errand| errand.info.state == TransferState::Moving;
                let cut: Vec<_> =
                    self.shelf.errands.iter().filter(moving).map(|errand| errand.id).collect();
                for id in cut {
                    if let Some(errand) = self.shelf.errand(id) {
                        errand.info.state = TransferState::Interrupted;
                    }
                    self.show_errand(id, effects);
                }
                return;
            }
            Connection::None(_) | Connection::Ended(_) => LOST,
            Connection::Distrusted(_) => "This relay isn't trusted.",
            // What is said says it.
            Connection::NoShelf(_) | Connection::Refused(ShelfFault::NoShelf, ..) => "",
            Connection::Refused(ShelfFault::Closed, ..) => "The shelf isn't open to you.",
            Connection::Refused(..) => "The shelf doesn't let you in.",
        };
        self.shelf.access = Access::Closed { what, text };
    }

    /// The user must say who it is, unless the environment has said so.
    fn hear_login_wanted(&mut self, effects: &mut Vec<Effect>) {
        let said = &self.shelf.environment;
        let (account, password) = (said.account.as_ref(), said.password.clone());
        let account = account.map(ToString::to_string);
        let named = self.shelf.named.clone().or_else(|| self.shelf.user.clone());
        let user = named.or_else(|| account.clone());
        let known = user.clone().filter(|_| user == account);
        // A relay that is met for the first time may be anybody's.
        let is_wise = !self.shelf.met_first && !self.shelf.environment_tried;
        match (known, password) {
            (Some(user), Some(password)) if is_wise && self.shelf.login.is_none() => {
                self.shelf.environment_tried = true;
                self.send_login(user, password, effects);
            }
            _ => {
                self.shelf.named = user;
                self.ask_who(None);
            }
        }
    }

    /// The user must say who it is.
    fn ask_who(&mut self, wrong: Option<String>) {
        let shelf = &mut self.shelf;
        // What is being typed stays.
        let open = shelf.login.take_if(|login| !login.sent);
        let user = shelf.named.take().or_else(|| shelf.user.clone());
        let login = open.unwrap_or_else(|| Login::of(user));
        shelf.login = Some(Login { wrong, instead: false, ..login });
        // Who is writing something must not find it in a field for a password.
        let just_asked = self.now.moment.since(self.last_key) < STILL_THERE;
        // Whether a page shows the shelf is the page's own affair.
        let may_cover = self.setting.face == Face::Terminal && self.overlay.is_none();
        if may_cover && self.editor.is_empty() && just_asked {
            self.overlay = Some(Overlay::Shelf);
        } else if self.overlay != Some(Overlay::Shelf) {
            self.tell(Sign::Info, self.setting.face.reworded(LOGIN_WANTED.to_owned()));
        }
    }

    pub(super) fn hear_ended(&mut self, id: ErrandId, end: End, effects: &mut Vec<Effect>) {
        let Some(incoming) = self.shelf.errand(id).map(|errand| errand.is_incoming()) else {
            // Of the list nothing comes any more, if it is over without it.
            match end {
                End::Listed => {}
                End::Refused(_, text) => self.shelf.take_none(Some(text::line(&text, 300))),
                // Why the visit is over is told of the visit.
                End::Moved(_)
                | End::Deleted
                | End::Missing { .. }
                | End::NotTaken(_)
                | End::Cancelled
                | End::GivenUp(_) => self.shelf.take_none(None),
            }
            return;
        };
        let downloads = self.downloads();
        let is_here = matches!(&end, End::NotTaken(not) if not.taken);
        let Some(errand) = self.shelf.errand(id) else { return };
        errand.is_here = is_here;
        let face = self.setting.face;
        errand.info.state = state_of(end, incoming, &errand.name, &downloads, face);
        if let TransferState::Failed { reason, .. } = &errand.info.state
            && is_here
            && self.overlay == Some(Overlay::Shelf)
        {
            self.notice = Some(reason.clone());
        }
        self.show_errand(id, effects);
        if let Some(errand) = self.shelf.errand(id) {
            errand.is_over = true;
        }
        self.shelf.errands.retain(|errand| !(errand.is_over && errand.number.is_some()));
    }

    /// The visit is over: so is all that was under way, for this reason, or cancelled.
    pub(super) fn visit_over(&mut self, why: Option<&str>, effects: &mut Vec<Effect>) {
        self.shelf.login.take_if(|login| !login.instead);
        (self.shelf.trying, self.shelf.inside) = (None, None);
        self.shelf.forget_pages();
        let open = self.shelf.errands.iter().filter(|errand| !errand.is_over);
        let open: Vec<_> = open.map(|errand| errand.id).collect();
        for id in open {
            let end = why.map_or(End::Cancelled, |why| End::GivenUp(why.to_owned()));
            self.hear_ended(id, end, effects);
        }
        for asked in std::mem::take(&mut self.shelf.asked) {
            self.tell_undone(&asked, why.unwrap_or(LEFT));
        }
    }

    fn show_errand(&mut self, id: ErrandId, effects: &mut Vec<Effect>) {
        if let Some(errand) = self.shelf.errand(id).map(|errand| errand.clone()) {
            self.show(&errand, effects);
        }
    }

    /// Shows how it stands, once it has a number.
    fn show(&mut self, errand: &Errand, effects: &mut Vec<Effect>) {
        let Some(number) = errand.number else { return };
        let before = self.transfers.update(number, errand.info.clone(), self.now.moment);
        if let Some(transfer) = self.transfers.get_mut(number) {
            transfer.shelf = Some(errand.name.clone());
            (transfer.before, transfer.is_here) = (errand.before, errand.is_here);
        }
        // That it isn't fetched again takes nothing from that it was.
        let was_fetched = |known: &&Transfer| {
            errand.is_here
                && known.shelf.as_ref() == Some(&errand.name)
                && known.info.direction == Direction::Incoming
                && matches!(known.info.state, TransferState::Verified { .. })
        };
        let fetched = self.transfers.all().iter().filter(was_fetched).map(|known| known.id).max();
        self.shelf.latest.insert(errand.name.clone(), fetched.unwrap_or(number));
        let is_news = before.is_none_or(|before| before.state != errand.info.state);
        let line = self.transfers.get(number).filter(|_| is_news);
        if let Some((sign, text)) =
            line.and_then(|transfer| self.shelf_line(transfer, &errand.name))
        {
            if matches!(sign, Sign::Good | Sign::Trouble) {
                self.call(|_| text.clone(), effects);
            }
            self.tell(sign, text);
        }
    }

    /// How its state reads in the conversation, if it is told there.
    fn shelf_line(&self, transfer: &Transfer, name: &str) -> Option<(Sign, String)> {
        let info = &transfer.info;
        let incoming = info.direction == Direction::Incoming;
        Some(match &info.state {
            TransferState::Verified { saved_as, .. } if incoming => {
                let downloads = self.downloads();
                let place = if saved_as == info.name().as_str() {
                    format!("saved in {downloads}")
                } else {
                    let saved_as = text::line(saved_as, MAX_REASON_COLUMNS);
                    format!("saved as {saved_as} in {downloads}")
                };
                (Sign::Good, format!("{name} fetched from the shelf, verified, {place}"))
            }
            TransferState::Verified { .. } => {
                (Sign::Good, format!("{name} lies on the shelf, verified"))
            }
            TransferState::Failed { reason, .. } => {
                let reason = text::line(reason, MAX_REASON_COLUMNS);
                let named = reason.starts_with(name);
                let sign = if transfer.is_here { Sign::Info } else { Sign::Trouble };
                (sign, if named { reason } else { format!("{name}: {reason}") })
            }
            TransferState::Cancelled { .. } => {
                let (sign, kept) = match incoming {
                    true if transfer.done() > 0 => {
                        let again = match self.setting.face {
                            Face::Terminal => format!("/get {name}"),
                            Face::Page => "fetching it again".to_owned(),
                        };
                        (Sign::Incoming, format!("; what has come is kept: {again} goes on"))
                    }
                    true => (Sign::Incoming, String::new()),
                    false => (Sign::Outgoing, String::new()),
                };
                (sign, format!("you cancelled {name}{kept}"))
            }
            TransferState::Offered
            | TransferState::Queued
            | TransferState::Moving
            | TransferState::Interrupted
            | TransferState::Declined
            | TransferState::Withdrawn => return None,
        })
    }
}

const LOST: &str = "There is no way to the shelf.";

/// What will be offered, as far as the list tells.
fn expected(name: &ShelfName, size: Option<u64>) -> Offer {
    Offer { name: name.last(), form: Form::File, size, on_disk: None, entries: 1, mtime: None }
}

fn progress(id: TransferId, figures: &ShelfFigures) -> Progress {
    let ShelfFigures { done, size, rate, remaining, stalled_for } = *figures;
    let size = size.unwrap_or(done);
    Progress { id, done, size, moved: done, entries: 0, rate, remaining, stalled_for }
}

/// How an errand ended, as a transfer's state.
fn state_of(end: End, incoming: bool, name: &str, downloads: &str, face: Face) -> TransferState {
    let failed = |reason| TransferState::Failed { code: Fault::Unknown, reason };
    match end {
        End::Moved(Outcome::Verified { saved_as, problems }) => TransferState::Verified {
            saved_as,
            left_out: problems.told().map(str::to_owned).collect(),
            left_out_count: problems.count(),
        },
        End::Moved(Outcome::Failed { code, text }) => {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "two of all faults read otherwise here"
            )]
            let reason = match code {
                Fault::Storage if !incoming => {
                    "the relay can't write it to its shelf, which may be full; tell its operator"
                        .to_owned()
                }
                Fault::SourceChanged if incoming => {
                    "it was changed on the shelf while it was fetched; fetch it again".to_owned()
                }
                _ => text,
            };
            TransferState::Failed { code, reason }
        }
        End::NotTaken(not) if not.taken => {
            let again = match face {
                Face::Terminal => format!("/get {name} rename puts it beside that"),
                Face::Page => "move that away to fetch it again".to_owned(),
            };
            failed(format!("{name} is in {downloads} already, so it isn't fetched; {again}"))
        }
        End::NotTaken(not) => failed(not.text),
        End::Refused(_, text) | End::Missing { text, .. } | End::GivenUp(text) => failed(text),
        End::Cancelled | End::Listed | End::Deleted => TransferState::Cancelled { by_peer: false },
    }
}
