//! Choosing files (`/send` or `/put` without a path).
//!
//! Owns what its keys do; what is shown is [`super::super::picker`]'s.

use super::super::editor::Edit;
use super::super::keys::Action;
use super::super::picker::{Found, Kind, Picker, Purpose};
use super::{App, Effect, Overlay};
use crate::engine::{Command, Outgoing};
use couplet::text;
use std::path::PathBuf;

/// The longest filter, in bytes.
const MOST_SOUGHT: usize = 200;

impl App {
    pub(super) fn open_picker(&mut self, purpose: Purpose, effects: &mut Vec<Effect>) {
        let mut picker = Box::new(Picker::new(purpose));
        effects.push(Effect::Look(picker.go_to(PathBuf::from("."))));
        self.picker = Some(picker);
        self.overlay = Some(Overlay::Pick);
        self.popup = None;
    }

    pub(super) fn found(&mut self, found: Found, effects: &mut Vec<Effect>) {
        if let Some(picker) = self.picker.as_mut() {
            picker.found(found);
            // Where there is something to see, it stays.
            if !picker.shown().is_empty() && picker.problem.is_some() {
                self.notice = picker.problem.take();
            }
        }
        self.want_preview(effects);
    }

    pub(super) fn pick_key(
        &mut self,
        action: Option<Action>,
        typed: Option<char>,
        effects: &mut Vec<Effect>,
    ) {
        let page = self.drawn.list_rows.saturating_sub(1).max(1);
        let home = self.home().map(ToOwned::to_owned);
        let Some(picker) = self.picker.as_mut() else {
            self.overlay = None;
            return;
        };
        let shown = picker.shown().len();
        let (at, end) = (picker.row(shown), shown.saturating_sub(1));
        let mut to = at;
        match action {
            None => {
                let empty = picker.filter.is_empty();
                match (typed, home) {
                    (Some('~'), Some(home)) if empty => {
                        effects.push(Effect::Look(picker.go_to(home)));
                    }
                    (Some('/'), _) if empty => {
                        effects.push(Effect::Look(picker.go_to(PathBuf::from("/"))));
                    }
                    // As one types a path.
                    (Some('/'), _) => return self.enter(effects),
                    (Some(typed), _) => {
                        return self.narrow(typed.encode_utf8(&mut [0; 4]), effects);
                    }
                    (None, _) => {}
                }
            }
            Some(Action::Edit(Edit::DeleteBack)) if picker.filter.is_empty() => {
                effects.extend(picker.go_up().map(Effect::Look));
            }
            Some(Action::Edit(edit)) => {
                picker.filter.apply(edit);
                to = 0;
            }
            Some(Action::Submit) => return self.pick(effects),
            Some(Action::Complete) => match picker.tick() {
                Ok(()) => to = at + 1,
                Err(sentence) => self.notice = Some(sentence),
            },
            Some(Action::Enter) => return self.enter(effects),
            Some(Action::Parent) => effects.extend(picker.go_up().map(Effect::Look)),
            Some(Action::Hidden) => picker.hidden = !picker.hidden,
            Some(Action::Again) => {
                let here = picker.directory.clone();
                effects.push(Effect::Look(picker.go_to(here)));
            }
            Some(Action::Interrupt) if !picker.filter.is_empty() => picker.filter.set(""),
            Some(Action::Escape | Action::Interrupt) => return self.close_picker(),
            Some(Action::Up) => to = at.saturating_sub(1),
            Some(Action::Down) => to = at + 1,
            Some(Action::PageUp) => to = at.saturating_sub(page),
            Some(Action::PageDown) => to = at + page,
            Some(Action::First) => to = 0,
            Some(Action::Last) => to = end,
            other => return self.anywhere(other, effects),
        }
        if let Some(picker) = self.picker.as_mut() {
            picker.choose(to.min(end));
        }
        self.want_preview(effects);
    }

    /// Takes pasted text into the filter.
    pub(super) fn paste_filter(&mut self, pasted: &str, effects: &mut Vec<Effect>) {
        self.narrow(pasted.lines().next().unwrap_or_default(), effects);
    }

    fn narrow(&mut self, typed: &str, effects: &mut Vec<Effect>) {
        let Some(picker) = self.picker.as_mut() else { return };
        let line = text::line(typed, MOST_SOUGHT);
        if picker.filter.text().len() + line.len() <= MOST_SOUGHT {
            picker.filter.insert(&line);
            picker.choose(0);
        }
        self.want_preview(effects);
    }

    fn enter(&mut self, effects: &mut Vec<Effect>) {
        let Some(picker) = self.picker.as_mut() else { return };
        let Some((entry, path)) = picker.chosen().cloned().zip(picker.path()) else { return };
        if entry.kind == Kind::Directory {
            effects.push(Effect::Look(picker.go_to(path)));
        } else {
            self.notice = Some(format!("{} is no directory; Enter sends it", entry.label));
        }
    }

    /// What Enter does: what is ticked is meant, else the chosen file.
    fn pick(&mut self, effects: &mut Vec<Effect>) {
        let Some(picker) = self.picker.as_mut() else { return };
        let mut paths: Vec<PathBuf> = picker.ticked.keys().cloned().collect();
        if paths.is_empty() {
            let chosen = picker.chosen().map(|entry| (entry.kind, entry.label.clone()));
            match (chosen, picker.path()) {
                (Some((Kind::File(_), _)), Some(path)) => paths.push(path),
                (Some((Kind::Directory, _)), _) => return self.enter(effects),
                (Some((Kind::Other, label)), _) => {
                    self.notice = Some(format!("{label} is neither a file nor a directory"));
                    return;
                }
                _ => return,
            }
        }
        let purpose = picker.purpose;
        self.close_picker();
        match purpose {
            Purpose::Send => effects.push(Effect::Engine(Command::Send(Outgoing::Each(paths)))),
            Purpose::Put => self.put(paths, effects),
        }
    }

    fn close_picker(&mut self) {
        self.overlay = None;
        self.picker = None;
    }

    fn want_preview(&mut self, effects: &mut Vec<Effect>) {
        if let Some(picker) = self.picker.as_mut() {
            effects.extend(picker.wants_preview().map(Effect::Look));
        }
    }
}
