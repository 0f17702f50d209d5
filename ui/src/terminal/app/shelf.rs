//! The shelf: what its keys and commands ask of the visit.
//!
//! Owns when the list is asked for, how the user logs in, and what is fetched and laid down. What the
//! visit tells is [`hearing`]'s.

mod hearing;

use super::super::conversation::Sign;
use super::super::editor::Edit;
use super::super::keys::Action;
use super::super::shelf::{Access, Asked, Awaited, Login};
use super::lists::row_after;
use super::{App, Effect, Overlay};
use crate::engine::shelf::Command;
use couplet::account::AccountName;
use couplet::shelf::list::Query;
use couplet::shelf::message::Password;
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::End;
use couplet::text;
use couplet::time::Moment;
use couplet::transfer::book::TransferId;
use couplet::transfer::offer::OnCollision;
use std::path::PathBuf;
use std::time::Duration;

/// Why a transfer with the shelf isn't paused.
pub(super) const NO_PAUSE: &str = "a transfer with the shelf can't be paused";

/// That it is asked who the user is.
pub(super) const LOGIN_WANTED: &str = "the shelf asks who you are: F3 to log in";

/// Why nothing comes of what was asked.
const LEFT: &str = "you left the shelf";

/// How long after the last key the question who the user is may come between by itself. Later, and
/// that is when the relay likes, they may be about to write to their peer.
const STILL_THERE: Duration = Duration::from_secs(5);

/// What is under way with the shelf at most.
const MOST_ERRANDS: usize = 1000;

/// The longest search, in bytes.
const MOST_SEARCHED: usize = couplet::shelf::list::MAX_PATTERN;

impl App {
    /// Shows the shelf, and looks what is on it.
    pub(super) fn open_shelf(&mut self, effects: &mut Vec<Effect>) {
        self.go_to(Overlay::Shelf);
        self.popup = None;
        self.shelf.begin();
        self.look_again(effects);
    }

    /// The same, as this user if one is named. Who is logged in stays so until there is a password.
    pub(super) fn visit_as(
        &mut self,
        user: Option<AccountName>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        if let Some(user) = user.map(String::from)
            && self.shelf.inside.as_ref() != Some(&user)
        {
            if let Some(trying) = &self.shelf.trying {
                return Err(format!("{trying} is logging in; try again in a moment"));
            }
            if self.shelf.inside.is_some() {
                let instead = self.shelf.login.as_ref().is_none_or(|login| login.instead);
                self.shelf.login = Some(Login { instead, ..Login::of(Some(user)) });
            } else if self.shelf.login.is_some() {
                self.shelf.login = Some(Login::of(Some(user)));
            } else if let Access::There(_) = self.shelf.access {
                self.notice = Some("this shelf asks nobody who they are".to_owned());
            } else {
                self.shelf.named = Some(user);
            }
        }
        self.open_shelf(effects);
        Ok(())
    }

    /// Asks for the list from its beginning, unless it is awaited.
    pub(super) fn look_again(&mut self, effects: &mut Vec<Effect>) {
        if !self.shelf.ask_for(Awaited::First) {
            return;
        }
        if matches!(self.shelf.access, Access::Unasked | Access::Closed { .. }) {
            self.shelf.access = Access::Asking;
        }
        effects.push(list(None));
    }

    /// When it is looked again by itself.
    pub(super) fn looks_at(&self) -> Option<Moment> {
        self.shelf.hashes_at.filter(|_| self.overlay == Some(Overlay::Shelf))
    }

    /// Looks again if it is time to.
    pub(super) fn look_if_due(&mut self, effects: &mut Vec<Effect>) {
        if self.looks_at().is_some_and(|at| self.now.moment >= at) {
            self.shelf.hashes_at = None;
            self.look_again(effects);
        }
    }

    /// Asks for the next page, if what is seen comes near its end.
    pub(super) fn want_more(&mut self, effects: &mut Vec<Effect>) {
        if self.overlay != Some(Overlay::Shelf) {
            return;
        }
        if let Some(after) = self.shelf.next_page(self.drawn.list_rows.max(1))
            && self.shelf.ask_for(Awaited::Next)
        {
            effects.push(list(Some(after)));
        }
    }

    pub(super) fn shelf_key(
        &mut self,
        action: Option<Action>,
        typed: Option<char>,
        effects: &mut Vec<Effect>,
    ) {
        if self.shelf.login.is_some() {
            self.login_key(action, typed, effects);
            return;
        }
        let shown = self.shelf.shown();
        let (at, end) = (self.shelf.chosen_row(&shown), shown.len().saturating_sub(1));
        let page = self.drawn.list_rows.saturating_sub(1).max(1);
        if let Some(to) = row_after(action, at, page, end) {
            self.shelf.choose(to);
            return self.want_more(effects);
        }
        match action {
            None => {
                // It may be the rest of a password that was being typed when the way was lost.
                let is_closed = matches!(self.shelf.access, Access::Closed { .. });
                if let Some(typed) = typed.filter(|_| !is_closed) {
                    self.search(typed.encode_utf8(&mut [0; 4]));
                    self.want_more(effects);
                }
            }
            Some(Action::Edit(edit)) => {
                self.shelf.search.apply(edit);
                self.shelf.search_changed();
                self.want_more(effects);
            }
            Some(Action::Submit) => self.get_chosen(effects),
            Some(Action::Again) => {
                self.shelf.begin();
                self.look_again(effects);
            }
            Some(Action::Interrupt) if !self.shelf.search.is_empty() => {
                self.shelf.search.set("");
                self.shelf.search_changed();
            }
            Some(Action::Escape | Action::Interrupt | Action::Shelf) => self.go_back(),
            other => self.anywhere(other, effects),
        }
    }

    fn search(&mut self, text: &str) {
        let line = text::line(text.lines().next().unwrap_or_default(), MOST_SEARCHED);
        if self.shelf.search.text().len() + line.len() <= MOST_SEARCHED {
            self.shelf.search.insert(&line);
            self.shelf.search_changed();
        }
    }

    fn login_key(
        &mut self,
        action: Option<Action>,
        typed: Option<char>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(login) = self.shelf.login.as_mut() else { return };
        match action {
            Some(Action::Shelf) if login.instead => {
                self.shelf.login = None;
                self.go_back();
            }
            Some(Action::Escape | Action::Interrupt) => {
                self.give_login_up(effects);
                self.go_back();
            }
            // What waits for the login goes on to.
            Some(Action::Shelf) => self.go_back(),
            Some(Action::Help | Action::Transfers | Action::Redraw | Action::Suspend) => {
                self.anywhere(action, effects);
            }
            // The relay is asked; what is typed meanwhile would be lost.
            _ if login.sent => {}
            None => {
                if let Some(typed) = typed {
                    login.insert(typed.encode_utf8(&mut [0; 4]));
                }
            }
            Some(Action::Complete | Action::Up | Action::Down) => {
                login.at_password = !login.at_password;
            }
            Some(Action::Edit(Edit::DeleteBack)) if login.at_password => login.secret.pop(),
            // The parts of what isn't seen can't be told.
            Some(Action::Edit(Edit::KillToStart | Edit::KillWordBack)) if login.at_password => {
                login.secret.clear();
            }
            Some(Action::Edit(_)) if login.at_password => {}
            Some(Action::Edit(edit)) => login.user.apply(edit),
            Some(Action::Submit) => self.log_in(effects),
            Some(_) => {}
        }
    }

    /// The user doesn't log in after all; what waits for that isn't done, unless it is done without.
    pub(crate) fn give_login_up(&mut self, effects: &mut Vec<Effect>) {
        if self.shelf.login.take_if(|login| login.instead).is_none() && self.shelf.login.is_some() {
            self.shelf.named = None;
            self.leave_shelf(effects);
        }
    }

    pub(super) fn log_in(&mut self, effects: &mut Vec<Effect>) {
        let Some(login) = self.shelf.login.as_mut() else { return };
        let user = login.user.text().trim().to_owned();
        if user.is_empty() {
            login.at_password = false;
            self.notice = Some("first the name of your account on this relay".to_owned());
        } else if let Err(wrong) = user.parse::<AccountName>() {
            login.at_password = false;
            self.notice = Some(wrong.to_string());
        } else if !login.at_password {
            login.at_password = true;
        } else if login.secret.len() == 0 {
            self.notice = Some("the password is missing".to_owned());
        } else {
            let password = login.secret.take();
            if login.instead {
                self.end_visit(effects);
                self.send_login(user, password, effects);
                // It is said before anything is asked, so that the relay needn't ask who it is.
                self.look_again(effects);
            } else {
                self.send_login(user, password, effects);
            }
        }
    }

    /// Has the relay look at this.
    fn send_login(&mut self, user: String, password: Password, effects: &mut Vec<Effect>) {
        self.shelf.login = Some(Login { sent: true, ..Login::of(Some(user.clone())) });
        self.shelf.trying = Some(user.clone());
        effects.push(Effect::Shelf(Command::LogIn { user, password }));
    }

    /// Takes what was pasted while the shelf is shown.
    pub(super) fn paste_at_shelf(&mut self, pasted: &str) {
        if self.overlay != Some(Overlay::Shelf) {
            return;
        }
        let is_closed = matches!(self.shelf.access, Access::Closed { .. });
        match self.shelf.login.as_mut() {
            Some(login) if login.sent => {}
            Some(login) => login.insert(pasted),
            None if is_closed => {}
            None => self.search(pasted),
        }
    }

    /// Lists only what matches this.
    pub(super) fn search_for(&mut self, pattern: &str) {
        self.shelf.search.set("");
        self.search(pattern);
        self.shelf.search_changed();
    }

    fn get_chosen(&mut self, effects: &mut Vec<Effect>) {
        let Some(name) = self.shelf.chosen().map(|file| file.name.clone()) else { return };
        if let Err(text) = self.get(name, effects) {
            self.notice = Some(text);
        }
    }

    /// Fetches a file.
    pub(super) fn get(&mut self, name: ShelfName, effects: &mut Vec<Effect>) -> Result<(), String> {
        self.get_with(name, None, effects)
    }

    /// The same, and this is done if its name is taken.
    pub(super) fn get_with(
        &mut self,
        name: ShelfName,
        how: Option<OnCollision>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let asked = Asked::Get(name.clone());
        let under_way =
            self.shelf.errands.iter().any(|errand| {
                errand.name == name.as_str() && !errand.is_over && errand.is_incoming()
            });
        if under_way || self.shelf.asked.contains(&asked) {
            return Err(format!("{name} is being fetched already"));
        }
        if self.shelf.errands.len() + self.shelf.asked.len() >= MOST_ERRANDS {
            return Err(format!(
                "{MOST_ERRANDS} files wait for the shelf; let some of them through"
            ));
        }
        self.shelf.asked.push(asked);
        effects.push(Effect::Shelf(match how {
            None => Command::Get(name),
            Some(how) => Command::GetWith(name, how),
        }));
        Ok(())
    }

    /// Lays files down.
    pub(super) fn put(&mut self, paths: Vec<PathBuf>, effects: &mut Vec<Effect>) {
        for path in paths {
            self.shelf.asked.push(Asked::Put(path.clone()));
            effects.push(Effect::Shelf(Command::Put(path)));
        }
    }

    /// Stops what has this number.
    pub(super) fn cancel_errand(&mut self, number: TransferId, effects: &mut Vec<Effect>) {
        let found = self.shelf.errands.iter().find(|errand| errand.number == Some(number));
        effects.extend(found.map(|errand| Effect::Shelf(Command::Cancel(errand.id))));
    }

    /// The visit ends, at the user's wish; what was under way is cancelled.
    fn end_visit(&mut self, effects: &mut Vec<Effect>) {
        effects.push(Effect::EndVisit);
        self.shelf.login = None;
        self.visit_over(None, effects);
        self.shelf.access = Access::Unasked;
    }

    /// The same, as the user doesn't log in; what waited for that can't be.
    pub(super) fn leave_shelf(&mut self, effects: &mut Vec<Effect>) {
        let open = self.shelf.errands.iter().filter(|errand| !errand.is_over);
        let open: Vec<_> = open
            .map(|errand| (errand.id, undone(&errand.name, errand.is_incoming(), LEFT)))
            .collect();
        for (id, text) in open {
            self.hear_ended(id, End::GivenUp(text), effects);
        }
        self.end_visit(effects);
    }

    /// Tells what was asked of the shelf and never came to be.
    fn tell_undone(&mut self, asked: &Asked, why: &str) {
        let text = match asked {
            Asked::Get(name) => undone(name.as_str(), true, why),
            Asked::Put(path) => undone(&text::line(&path.to_string_lossy(), 200), false, why),
        };
        self.tell(Sign::Trouble, text);
    }
}

/// What is said of a file that is neither fetched nor laid down.
fn undone(name: &str, incoming: bool, why: &str) -> String {
    let what = if incoming { "fetched" } else { "laid down" };
    format!("{name} isn't {what}: {why}")
}

fn list(after: Option<ShelfName>) -> Effect {
    Effect::Shelf(Command::List(Query { pattern: None, after, hashes: true }))
}

#[cfg(test)]
#[path = "here_tests.rs"]
mod here_tests;
#[cfg(test)]
#[path = "login_tests.rs"]
mod login_tests;
