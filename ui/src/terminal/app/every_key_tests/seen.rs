//! What can be seen of the face, in words, to be compared before a key and after it.

use super::super::super::stage::Stage;
use super::super::{App, Effect, Mode, Overlay};

/// The longest text that is told whole.
const LONGEST: usize = 60;

/// Each part of the face and what is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen(Vec<(&'static str, String)>);

impl Seen {
    pub(super) fn of(stage: &Stage) -> Self {
        let app = &stage.app;
        let shelf = &app.shelf;
        let picker = app.picker.as_ref();
        let login = shelf.login.as_ref();
        let popup = app.popup.as_ref();
        Self(vec![
            ("writes", line(app.editor.text(), app.editor.cursor())),
            ("over", over(app)),
            ("chosen", chosen(app)),
            ("seeks", seeks(app)),
            ("picker", or_nothing(picker.map(|picker| picker.directory.display().to_string()))),
            ("ticked", picker.map_or(0, |picker| picker.ticked.len()).to_string()),
            ("hidden", picker.is_some_and(|picker| picker.hidden).to_string()),
            (
                "login",
                or_nothing(login.map(|login| {
                    let user = line(login.user.text(), login.user.cursor());
                    let at = if login.at_password { "password" } else { "user" };
                    format!(
                        "{user} {} at {at}{}",
                        login.secret.len(),
                        if login.sent { " sent" } else { "" }
                    )
                })),
            ),
            (
                "popup",
                or_nothing(
                    popup.map(|popup| {
                        popup.chosen.map_or("open", |at| &popup.labels[at]).to_owned()
                    }),
                ),
            ),
            ("mode", mode(app)),
            ("list", app.transfers.all().len().to_string()),
            (
                "bottom",
                format!("{:?}", app.conversation.place())
                    .replace("Place(None)", "newest")
                    .replace("Place(Some(Anchor { entry: ", "")
                    .replace(", hidden: ", "/")
                    .replace(" }))", ""),
            ),
            ("leaves", app.is_leaving().to_string()),
            ("says", or_nothing(app.notice.clone())),
        ])
    }

    /// What is different from before.
    pub(super) fn since(&self, before: &Self) -> Vec<String> {
        let both = self.0.iter().zip(&before.0);
        let new = both.filter(|(after, before)| after != before);
        new.map(|((what, after), _)| format!("{what} {}", shortened(after))).collect()
    }
}

/// What was asked for, in words.
pub(super) fn effect(effect: &Effect) -> String {
    let told = if let Effect::Look(look) = effect {
        format!("Look({}{})", look.path.display(), if look.entries { "/" } else { "" })
    } else {
        format!("{effect:?}")
    };
    format!("does {}", shortened(&told))
}

fn or_nothing(what: Option<String>) -> String {
    what.unwrap_or_else(|| "nothing".to_owned())
}

fn shortened(text: &str) -> String {
    let text = text.replace('\n', "\\n");
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut}…")
}

/// A line with its cursor.
fn line(text: &str, cursor: usize) -> String {
    let mut text = text.to_owned();
    text.insert(cursor, '|');
    text
}

fn over(app: &App) -> String {
    match app.overlay {
        None => "nothing".to_owned(),
        Some(Overlay::Help { top }) if top > 0 && top == app.drawn.help_end => {
            "the end of the help".to_owned()
        }
        Some(Overlay::Help { top }) => format!("help from {top}"),
        Some(Overlay::Details { id, top }) => format!("details {id} from {top}"),
        Some(Overlay::Transfers { .. }) => "transfers".to_owned(),
        Some(Overlay::Preview { id }) => format!("picture {id}"),
        Some(Overlay::Verify) => "words".to_owned(),
        Some(Overlay::Shelf) => "shelf".to_owned(),
        Some(Overlay::Pick) => "picker".to_owned(),
        Some(Overlay::Find) => "search".to_owned(),
        Some(Overlay::Select) => "choice".to_owned(),
    }
}

fn chosen(app: &App) -> String {
    match app.overlay {
        Some(Overlay::Transfers { chosen }) => {
            let row = app.chosen_row(chosen);
            or_nothing(app.transfers.all().get(row).map(|transfer| transfer.id.to_string()))
        }
        Some(Overlay::Verify) => format!("{:?}", app.sealing.chosen),
        Some(Overlay::Shelf) => or_nothing(app.shelf.chosen().map(|file| file.name.to_string())),
        Some(Overlay::Pick) => {
            let picker = app.picker.as_ref();
            or_nothing(picker.and_then(|picker| picker.chosen()).map(|entry| entry.label.clone()))
        }
        Some(Overlay::Select) => {
            let several = format!("{:?}", app.reading.select).contains("mark: Some");
            let range = app.selected().map(|range| format!("{range:?}"));
            format!("{}{}", or_nothing(range), if several { " of several" } else { "" })
        }
        Some(
            Overlay::Help { .. }
            | Overlay::Details { .. }
            | Overlay::Preview { .. }
            | Overlay::Find,
        )
        | None => "nothing".to_owned(),
    }
}

fn seeks(app: &App) -> String {
    match app.overlay {
        Some(Overlay::Find) => {
            let (query, found) = app.sought().unwrap_or_default();
            format!("{query}: {found}")
        }
        Some(Overlay::Help { .. }) => {
            let typing = if app.topic.typing { "|" } else { "" };
            format!("{}{typing}", app.topic.query)
        }
        Some(Overlay::Shelf) => line(app.shelf.search.text(), app.shelf.search.cursor()),
        Some(Overlay::Pick) => app
            .picker
            .as_ref()
            .map_or_else(String::new, |picker| line(picker.filter.text(), picker.filter.cursor())),
        Some(
            Overlay::Transfers { .. }
            | Overlay::Details { .. }
            | Overlay::Preview { .. }
            | Overlay::Verify
            | Overlay::Select,
        )
        | None => String::new(),
    }
}

fn mode(app: &App) -> String {
    match &app.mode {
        Mode::Write => "write".to_owned(),
        Mode::Chord => "after Ctrl-X".to_owned(),
        Mode::Seek(_) => or_nothing(app.mode_title()),
        Mode::Ask(_) => "asks".to_owned(),
    }
}
