//! What the user is asked before something is received, and what the answer means.
//!
//! Owns the wording: a part that is there is resumed, never overwritten.

use crate::naming::{extent, thing};
use couplet::transfer::offer::{Offer, OnCollision, Preflight};
use couplet::units;

/// A question to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// As it is asked.
    pub(super) text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Yes or no.
    Accept,
    /// The name is taken.
    Taken,
}

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Receive it; names that are taken are dealt with so, or as the options say.
    Accept(Option<OnCollision>),
    /// Don't.
    Decline,
}

impl Question {
    /// Asks about an offer. `asks_names`: what to do about a name that is taken is the user's to say,
    /// too.
    pub(super) fn new(
        peer: Option<&str>,
        offer: &Offer,
        preflight: &Preflight,
        asks_names: bool,
    ) -> Self {
        let peer = peer.unwrap_or("your peer");
        let name = thing(offer.name.as_str(), offer.form);
        let extent = extent(offer.form, offer.size, offer.entries);
        let offers = format!("{peer} offers {name} ({extent}).");
        if asks_names && preflight.exists && !preflight.part {
            let text = format!(
                "{offers} That name is taken: rename the new one, skip what is the same, overwrite, \
                 or decline? [R/s/o/d]"
            );
            return Self { text, kind: Kind::Taken };
        }
        let text = match (preflight.part, preflight.changed) {
            (true, _) if offer.size() > 0 => {
                let share = units::percent(preflight.held, offer.size());
                format!("{offers} Resume ({share} %)? [Y/n]")
            }
            (true, _) => format!("{offers} Resume? [Y/n]"),
            (false, Some(bytes)) => format!(
                "{offers} It has changed since {} of it came; accept it anew? [Y/n]",
                units::bytes(bytes)
            ),
            (false, None) => format!("{offers} Accept? [Y/n]"),
        };
        Self { text, kind: Kind::Accept }
    }

    /// What an answer means; `None` if it means nothing and must be asked again. The end of the input
    /// is a no.
    pub(super) fn read(&self, line: Option<&str>) -> Option<Decision> {
        let Some(line) = line else { return Some(Decision::Decline) };
        let answer = line.trim().to_ascii_lowercase();
        match (self.kind, answer.as_str()) {
            (Kind::Accept, "" | "y" | "yes") => Some(Decision::Accept(None)),
            (Kind::Accept, "n" | "no") | (Kind::Taken, "d" | "decline" | "n" | "no") => {
                Some(Decision::Decline)
            }
            (Kind::Taken, "" | "r" | "rename") => Some(Decision::Accept(Some(OnCollision::Rename))),
            (Kind::Taken, "s" | "skip") => Some(Decision::Accept(Some(OnCollision::Skip))),
            (Kind::Taken, "o" | "overwrite") => {
                Some(Decision::Accept(Some(OnCollision::Overwrite)))
            }
            (Kind::Accept | Kind::Taken, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::path::SafeName;
    use couplet::transfer::offer::Form;

    fn offer() -> Offer {
        Offer {
            name: SafeName::new("site").expect("a safe name"),
            form: Form::Folder,
            size: Some(412 << 20),
            on_disk: None,
            entries: 200,
            mtime: None,
        }
    }

    #[test]
    fn a_part_is_resumed_never_overwritten() {
        let part = Preflight { part: true, held: 388 << 20, exists: true, ..Preflight::default() };
        for asks_names in [false, true] {
            let question = Question::new(Some("bob"), &offer(), &part, asks_names);
            assert_eq!(
                question.text,
                "bob offers site/ (412 MiB, 200 items). Resume (94 %)? [Y/n]"
            );
        }
    }

    #[test]
    fn what_changed_is_said_so() {
        let changed = Preflight { changed: Some(3 << 20), ..Preflight::default() };
        let question = Question::new(None, &offer(), &changed, false);
        assert!(question.text.contains("changed since 3.0 MiB of it came"), "{}", question.text);
        assert!(question.text.starts_with("your peer offers site/"));
    }

    #[test]
    fn answers() {
        let plain = Question::new(None, &offer(), &Preflight::default(), true);
        assert!(plain.text.ends_with("Accept? [Y/n]"));
        for (line, decision) in [
            (Some("\n"), Some(Decision::Accept(None))),
            (Some(" Y\n"), Some(Decision::Accept(None))),
            (Some("no"), Some(Decision::Decline)),
            (Some("what?"), None),
            (Some("o"), None),
            (None, Some(Decision::Decline)),
        ] {
            assert_eq!(plain.read(line), decision, "{line:?}");
        }
        let taken = Preflight { exists: true, ..Preflight::default() };
        let taken = Question::new(None, &offer(), &taken, true);
        for (line, decision) in [
            ("", Some(Decision::Accept(Some(OnCollision::Rename)))),
            ("s", Some(Decision::Accept(Some(OnCollision::Skip)))),
            ("o", Some(Decision::Accept(Some(OnCollision::Overwrite)))),
            ("d", Some(Decision::Decline)),
            ("y", None),
        ] {
            assert_eq!(taken.read(Some(line)), decision, "{line:?}");
        }
    }
}
