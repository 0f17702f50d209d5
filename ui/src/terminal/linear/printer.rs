//! Which lines tell of a change, and how each begins.
//!
//! Owns the form of the lines: a time, then who speaks. Everything that somebody said begins with
//! their name on each of its lines, and what couplet says with a star, so nobody can speak in
//! another's place; a name that looks like one of these is changed. It looks at the [`App`] after
//! each change and remembers what it has told.

use super::super::app::App;
use super::super::clock::WallTime;
use super::super::conversation::{Entry, Sign, Who};
use super::super::wrap;
use super::moving::Moving;
use crate::config::Timestamps;
use couplet::message::{Role, Seat};
use couplet::session::{DraftId, Mark, Peer, Seal};
use couplet::text;
use couplet::time::Moment;
use jiff::civil::Date;
use std::collections::VecDeque;
use std::time::Duration;

/// Before what couplet says.
const OWN: &str = "* ";
/// Before what the user says, and before what waits for the turn.
const ME: &str = "me: ";
const HELD: &str = "me (held): ";
/// Before the rest of a line that is wider than the terminal.
const INDENT: &str = "  ";
/// With fewer columns, lines are left to the terminal.
const FEWEST_COLUMNS: usize = 20;
/// How long advice must hold before it is told.
const STAYS_FOR: Duration = Duration::from_millis(300);
/// Lines of couplet's own that may still change, and messages of the user's that may still be shown.
const MOST_REMEMBERED: usize = 64;

/// Words that are about keys, and what they are where there are none.
const WITHOUT_KEYS: &[(&str, &str)] = &[
    ("; Up brings it back", ""),
    ("F3 to log in", "/shelf to log in"),
    ("F1 lists them", "/help lists them"),
    (" (Tab completes it, F3 shows all)", " (/shelf shows all)"),
    ("; without a path: choose them", ""),
    (", as Ctrl-F does", ""),
];

/// Prints what has changed.
#[derive(Debug)]
pub(super) struct Printer {
    out: String,
    /// The width of the terminal, if it is one.
    pub(super) columns: Option<usize>,
    /// The number of the next entry.
    next: usize,
    /// The day of the last line.
    day: Date,
    /// Lines of couplet's own as they were printed.
    recent: VecDeque<(usize, String)>,
    /// Own messages that the peer hasn't seen.
    unshown: VecDeque<usize>,
    held: Vec<DraftId>,
    /// The advice that was told, without its numbers; and what will be told then, if it stays.
    guide: String,
    guide_at: Option<(String, Moment)>,
    told: Told,
    moving: Moving,
}

/// What was told of where the session stands.
#[derive(Debug, Default)]
struct Told {
    seat: Option<Seat>,
    plain: bool,
    turn: Option<Role>,
    silent: bool,
    lost: bool,
}

impl Printer {
    /// Everything that is there was printed, but for the last entry, which says why this begins.
    pub(super) fn new(app: &App) -> Self {
        let end = app.conversation.numbers().end;
        Self {
            out: String::new(),
            columns: None,
            next: end.saturating_sub(1),
            day: app.now.wall.date,
            recent: VecDeque::new(),
            unshown: VecDeque::new(),
            held: Vec::new(),
            guide: String::new(),
            guide_at: None,
            told: Told::default(),
            moving: Moving::default(),
        }
    }

    /// What was printed since the last time.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// The number before which all entries are printed.
    pub(super) const fn before(&self) -> usize {
        self.next
    }

    /// When there is something to tell though nothing happens.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        let guide = self.guide_at.as_ref().map(|(_, at)| *at);
        self.moving.wake_at().into_iter().chain(guide).min()
    }

    /// Prints what has changed.
    pub(super) fn look(&mut self, app: &App) {
        self.look_at_marks(app);
        self.look_at_entries(app);
        self.look_at_held(app);
        self.look_at_line(app);
        self.look_at_turn(app);
        self.look_at_guide(app);
        for text in self.moving.look(app) {
            self.own(app, &text);
        }
    }

    /// Prints a line of couplet's own, now.
    pub(super) fn own(&mut self, app: &App, text: &str) {
        self.begin_day(app.now.wall.date);
        self.say(app, app.now.wall, OWN, &without_keys(text));
    }

    /// Prints a line of couplet's own that has something of the peer's or of a file's in it.
    pub(super) fn quoted(&mut self, app: &App, text: &str) {
        self.say(app, app.now.wall, "* > ", text);
    }

    /// Prints an entry again, as the answer to a question.
    pub(super) fn again(&mut self, app: &App, entry: &Entry) {
        let day = if entry.time.date == app.now.wall.date {
            String::new()
        } else {
            format!("{} ", entry.time.date)
        };
        let before = format!("* > {day}{} {}", entry.time, beginning(entry));
        self.say(app, app.now.wall, &before, &entry.text);
    }

    fn look_at_marks(&mut self, app: &App) {
        let shown = |number: &usize| {
            let entry = app.conversation.entry(*number);
            entry.is_none_or(|entry| entry.mark == Some(Mark::Shown))
        };
        let before = self.unshown.len();
        self.unshown.retain(|number| !shown(number));
        for _ in self.unshown.len()..before {
            self.own(app, "delivered");
        }
    }

    fn look_at_entries(&mut self, app: &App) {
        let numbers = app.conversation.numbers();
        let changed: Vec<String> = self
            .recent
            .iter_mut()
            .filter_map(|(number, before)| {
                let entry = app.conversation.entry(*number)?;
                (entry.text != *before).then(|| before.clone_from(&entry.text))?;
                Some(said(entry))
            })
            .collect();
        for text in changed {
            self.own(app, &text);
        }
        for number in self.next.max(numbers.start)..numbers.end {
            let Some(entry) = app.conversation.entry(number) else { continue };
            self.begin_day(entry.time.date);
            match &entry.who {
                Who::System(_) => {
                    self.say(app, entry.time, OWN, &without_keys(&said(entry)));
                    remember(&mut self.recent, (number, entry.text.clone()));
                }
                Who::Me => {
                    self.say(app, entry.time, ME, &entry.text);
                    remember(&mut self.unshown, number);
                }
                Who::Peer(_) => self.say(app, entry.time, &beginning(entry), &entry.text),
            }
        }
        self.next = numbers.end;
        self.look_at_marks(app);
    }

    fn look_at_held(&mut self, app: &App) {
        for held in &app.held {
            if !self.held.contains(&held.draft) {
                self.say(app, app.now.wall, HELD, &held.text);
            }
        }
        self.held = app.held.iter().map(|held| held.draft).collect();
    }

    /// The connection, the seat, and the peer's connection.
    fn look_at_line(&mut self, app: &App) {
        let standing = &app.standing;
        if standing.is_online() && std::mem::take(&mut self.told.lost) {
            self.own(app, "the connection is back");
        }
        let plain = matches!(standing.seal, Some(Seal::Plain));
        if plain && !std::mem::replace(&mut self.told.plain, plain) {
            self.own(app, "this is a plain room, NOT SEALED: the relay can read what is said here");
        }
        if let (Some(seat), Some(_)) = (standing.seat, standing.peer)
            && self.told.seat.replace(seat) != Some(seat)
        {
            let room = standing.room.as_ref().map(|room| format!(", room {room}"));
            let waits = if standing.is_nobody_here() { ", waiting for a peer" } else { "" };
            self.own(app, &format!("seat {seat}{}{waits}", room.unwrap_or_default()));
        }
        let silent = matches!(standing.peer, Some(Peer::Silent { .. }));
        if self.told.silent && standing.peer == Some(Peer::Present) && standing.is_online() {
            let name = standing.peer_in_words();
            self.own(app, &format!("{name} is back"));
        }
        self.told.silent = silent;
    }

    /// Whose turn it is, as soon as something can be said.
    fn look_at_turn(&mut self, app: &App) {
        let standing = &app.standing;
        let there =
            standing.is_online() && standing.peer == Some(Peer::Present) && !standing.lacks_seal();
        let turn = standing.role.filter(|_| there);
        if self.told.turn == turn {
            return;
        }
        self.told.turn = turn;
        match turn {
            None => {}
            Some(Role::Emi) => self.own(app, "your turn (emi)"),
            Some(Role::Rec) => {
                let name = standing.peer_in_words();
                self.own(app, &format!("{name} has the turn (rec)"));
            }
        }
    }

    /// Advice, when it is another than before but for its numbers, and stays so for a moment: what
    /// only holds while two meet isn't worth a line. That a connection is lost is told at once.
    fn look_at_guide(&mut self, app: &App) {
        let (now, standing) = (app.now.moment, &app.standing);
        let guide = app.guide().filter(|_| !app.is_leaving()).unwrap_or_default();
        let without_numbers: String = guide.chars().filter(|c| !c.is_ascii_digit()).collect();
        if self.guide == without_numbers {
            self.guide_at = None;
            return;
        }
        let lost = standing.is_reconnecting();
        let silent = matches!(standing.peer, Some(Peer::Silent { .. })) && standing.is_online();
        if !lost && !silent {
            let known = self.guide_at.take().filter(|(known, _)| *known == without_numbers);
            let (_, at) = known.unwrap_or_else(|| (without_numbers.clone(), now + STAYS_FOR));
            if at > now {
                self.guide_at = Some((without_numbers, at));
                return;
            }
        }
        self.guide = without_numbers;
        if lost && !std::mem::replace(&mut self.told.lost, true) {
            self.own(app, "reconnecting");
        }
        if silent {
            let name = standing.peer_in_words();
            self.own(app, &format!("{name} is silent"));
        }
        for line in guide.split('\n').filter(|line| !line.trim().is_empty()) {
            self.own(app, line);
        }
    }

    /// Says that a day begins.
    fn begin_day(&mut self, day: Date) {
        if std::mem::replace(&mut self.day, day) != day {
            self.out.push_str(OWN);
            self.out.push_str(&day.strftime("%A %-d %B %Y").to_string());
            self.out.push('\n');
        }
    }

    /// Puts lines, each with the same beginning.
    fn say(&mut self, app: &App, time: WallTime, before: &str, what: &str) {
        let stamp = match app.setting.timestamps {
            Timestamps::Short => format!("{time} "),
            Timestamps::Seconds => format!("{time}:{:02} ", time.second),
            Timestamps::Off => String::new(),
        };
        for line in what.split('\n') {
            // Clean already; nothing that isn't may ever come out.
            let line = text::line(&format!("{stamp}{before}{line}"), usize::MAX);
            self.put(line.trim_end());
        }
    }

    /// Puts a line in as many rows as it takes, so that nothing in it can begin a row but its
    /// beginning.
    fn put(&mut self, line: &str) {
        let columns = self.columns.filter(|columns| *columns >= FEWEST_COLUMNS);
        let Some(columns) = columns.filter(|columns| wrap::width(line) > *columns) else {
            self.out.push_str(line);
            self.out.push('\n');
            return;
        };
        for (at, row) in wrap::rows(line, columns - INDENT.len()).into_iter().enumerate() {
            self.out.push_str(if at == 0 { "" } else { INDENT });
            self.out.push_str(line[row].trim_end());
            self.out.push('\n');
        }
    }
}

fn remember<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == MOST_REMEMBERED {
        all.pop_front();
    }
    all.push_back(one);
}

/// What an entry of couplet's own says.
fn said(entry: &Entry) -> String {
    match entry.who {
        Who::System(Sign::Trouble) => format!("trouble: {}", entry.text),
        Who::System(Sign::Info | Sign::Incoming | Sign::Outgoing | Sign::Good | Sign::Step(_))
        | Who::Me
        | Who::Peer(_) => entry.text.clone(),
    }
}

/// What an entry begins with.
fn beginning(entry: &Entry) -> String {
    match &entry.who {
        Who::Me => ME.to_owned(),
        Who::Peer(name) => format!("{}: ", label(name)),
        Who::System(_) => OWN.to_owned(),
    }
}

/// What a peer is called before its words, so that they can be nobody else's: it begins with a letter
/// or digit, ends with the first colon of the line, and its first word isn't the user's.
fn label(name: &str) -> String {
    let name = name.replace(':', ";");
    let first: String = name.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    let taken = first.is_empty() || first.eq_ignore_ascii_case("me");
    if taken { format!("peer {name}") } else { name }
}

/// A sentence of couplet's own for somebody who has lines and no keys.
fn without_keys(text: &str) -> String {
    let mut text = text.to_owned();
    for (with, without) in WITHOUT_KEYS {
        if text.contains(with) {
            text = text.replace(with, without);
        }
    }
    text
}
