//! What is printed where something would cover the screen: the help, lists, questions.
//!
//! Owns these texts. They are printed once, when they are asked for.

use super::super::app::{App, Overlay};
use super::super::commands::COMMANDS;
use super::super::shelf::{Access, Login};
use super::super::view::details_in_words;
use super::printer::Printer;
use super::{deeds, moving};
use couplet::session::Seal;
use couplet::shelf::list::Shelved;
use couplet::{text, units};
use jiff::Timestamp;

/// What is found and listed at most.
const MOST_FOUND: usize = 50;
const MOST_LISTED: usize = 500;

/// How it goes, for somebody who has lines and no keys.
const HOW_IT_GOES: &[&str] = &[
    "Two talk in turns. A line is sent if it is your turn (emi); while you listen (rec) it is held, \
     and goes out when your turn comes.",
    "A line that ends in a backslash goes on with the next; to end one in a backslash, write two.",
    "What you said begins with me, what your peer said with its name, each of its lines; what \
     couplet says begins with a star.",
    "Files can be offered, answered and sent at any time, whoever's turn it is.",
    "fin alone on a line leaves. The end of the input (Ctrl-D) leaves once what you said and sent is \
     through; Ctrl-C leaves at once, without waiting for that.",
];

/// Prints what would cover the conversation.
pub(super) fn cover(printer: &mut Printer, app: &App, overlay: Overlay) {
    if let Overlay::Help { .. } = overlay {
        help(printer, app);
    } else if let Overlay::Transfers { .. } = overlay {
        transfers(printer, app);
    } else if overlay == Overlay::Find {
        find(printer, app);
    } else if let Overlay::Details { id, .. } = overlay {
        for line in app.transfers.get(id).map_or_else(Vec::new, |it| details_in_words(app, it)) {
            printer.own(app, &line);
        }
    } else if overlay == Overlay::Pick {
        let text = "which files? /send PATH offers them, /put PATH lays them on the shelf; names \
                    with spaces go between quotes";
        printer.own(app, text);
    } else {
        printer.own(app, "that can only be shown on a screen");
    }
}

/// Says once how it goes to somebody who has never been here.
pub(super) fn welcome(printer: &mut Printer, app: &App) {
    printer.own(app, "Welcome to couplet. How it goes; this is said only once:");
    for text in HOW_IT_GOES {
        printer.own(app, text);
    }
    printer.own(app, "/help says all commands.");
}

/// All of it, or what has a word in it.
fn help(printer: &mut Printer, app: &App) {
    let word = app.topic.query.to_lowercase();
    let commands = COMMANDS.iter().filter(|command| !deeds::needs_screen(command.name));
    let commands = commands.map(|command| format!("{}: {}", command.usage, command.help));
    let slash = "//text: say a line that begins with a slash".to_owned();
    let how = HOW_IT_GOES.iter().map(|text| (*text).to_owned());
    let mut said = false;
    for text in how.chain(commands).chain([slash]) {
        if text.to_lowercase().contains(&word) {
            printer.own(app, &text);
            said = true;
        }
    }
    if !said {
        printer.own(app, "the help says nothing of that; /help alone says all");
    }
}

fn transfers(printer: &mut Printer, app: &App) {
    let all = app.transfers.all();
    if all.is_empty() {
        printer.own(app, "nothing was offered yet; /send PATH offers a file");
    }
    for transfer in all {
        printer.own(app, &moving::listed(app, transfer));
    }
}

fn find(printer: &mut Printer, app: &App) {
    let Some((needle, _)) = app.looked_for() else {
        printer.own(app, "what is to be found? /find TEXT");
        return;
    };
    let entries = app.conversation.numbers().rev().filter_map(|number| {
        let entry = app.conversation.entry(number)?;
        needle.first_in(&entry.text).map(|_| entry)
    });
    let mut found: Vec<_> = entries.take(MOST_FOUND + 1).collect();
    let more = found.len() > MOST_FOUND;
    found.truncate(MOST_FOUND);
    let count = match found.len() {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    printer.own(
        app,
        &match (found.len(), more) {
            (0, _) => "not found".to_owned(),
            (_, false) => format!("{count} found:"),
            (_, true) => format!("the last {count} found:"),
        },
    );
    for entry in found.into_iter().rev() {
        printer.again(app, entry);
    }
}

/// Asks to compare the words of the seal.
pub(super) fn verify(printer: &mut Printer, app: &App) {
    let Some(Seal::Sealed { words, .. }) = app.standing.seal else { return };
    let name = app.standing.peer_in_words();
    printer.own(app, &format!("the words are: {}", words.join(" ")));
    printer.own(
        app,
        &format!(
            "read them to each other over a voice you know, on the phone or across the table. If \
             {name} has the same, type same; if they differ, type different; anything else is \
             taken as usual"
        ),
    );
}

/// Asks who the user is at the shelf.
pub(super) fn login(printer: &mut Printer, app: &App, login: &Login) {
    if let Some(wrong) = &login.wrong {
        printer.own(app, wrong);
    }
    if login.at_password {
        let user = login.user.text();
        let text = format!("password of {user} (it isn't shown; an empty line: not now)");
        printer.own(app, &text);
        return;
    }
    if let Some(inside) = &app.shelf.inside {
        printer.own(app, &format!("you are logged in as {inside}"));
    }
    if app.shelf.met_first {
        let text = "you meet this relay for the first time: compare its certificate with what its \
                    operator told you before you type a password";
        printer.own(app, text);
    }
    printer.own(
        app,
        "the shelf asks who you are; your account on this relay (an empty line: not now)",
    );
}

/// Prints what is known of the shelf; says whether all of it is.
pub(super) fn shelf(printer: &mut Printer, app: &App) -> bool {
    let shelf = &app.shelf;
    match &shelf.access {
        Access::Unasked | Access::Asking => return false,
        Access::There(_) if shelf.awaited.is_some() && shelf.untold.is_none() => return false,
        Access::Lost(text) => printer.own(app, &format!("the relay is lost: {text}")),
        Access::Closed { what, text } => {
            let what = what.trim_end_matches('.');
            let gap = if what.is_empty() || text.is_empty() { "" } else { ": " };
            printer.own(app, &format!("{what}{gap}{text}"));
        }
        Access::There(_) => match &shelf.untold {
            Some(why) => printer.own(app, why),
            None => list(printer, app),
        },
    }
    true
}

fn list(printer: &mut Printer, app: &App) {
    let shelf = &app.shelf;
    let (files, bytes, left_out) = shelf.total;
    if shelf.files.is_empty() {
        let how = if shelf.may_put() { "; /put PATH lays a file down" } else { "" };
        printer.own(app, &format!("nothing lies on this shelf{how}"));
        return;
    }
    let count =
        if files == 1 { "1 file".to_owned() } else { format!("{} files", units::grouped(files)) };
    let left_out = match left_out {
        0 => String::new(),
        count => format!(", {} not shown", units::grouped(count)),
    };
    let text =
        format!("on the shelf: {count}, {}{left_out}; /get NAME fetches one", units::bytes(bytes));
    printer.own(app, &text);
    for file in shelf.files.iter().take(MOST_LISTED) {
        printer.own(app, &listed(app, file));
    }
    let more = files.saturating_sub(shelf.files.len().min(MOST_LISTED) as u64);
    if more > 0 {
        let more = units::grouped(more);
        printer.own(app, &format!("and {more} more; couplet shelf list PATTERN finds them"));
    }
}

fn listed(app: &App, file: &Shelved) -> String {
    let time = Timestamp::new(file.mtime.0, i32::try_from(file.mtime.1).unwrap_or(0));
    let time = time.unwrap_or_default().to_zoned(app.setting.zone.clone());
    let name = text::line(file.name.as_str(), usize::MAX);
    format!("{name}, {}, {}", units::bytes(file.size), time.strftime("%Y-%m-%d %H:%M"))
}
