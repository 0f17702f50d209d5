//! What an offer is, what accepting it would mean, and why a transfer stands still, in words.
//!
//! Owns the wording that conversation and lists have in common; it draws nothing.

use crate::naming;
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::transfer::book::{Hold, TransferInfo};
use couplet::transfer::offer::{Form, Offer, OnCollision, Preflight};
use couplet::{text, units};

/// What an offer is called: `photo.png`, `site/`, `a.txt and more`.
pub(crate) fn thing(offer: &Offer) -> String {
    naming::thing(offer.name.as_str(), offer.form)
}

/// How much it is: `412 MiB`, `412 MiB, 200 items`, `size unknown`.
pub(crate) fn extent(offer: &Offer) -> String {
    naming::extent(offer.form, offer.size, offer.entries)
}

/// Whether it has more than one file, as far as anybody can tell.
pub(crate) const fn is_tree(offer: &Offer) -> bool {
    matches!(offer.form, Form::Folder | Form::Several)
}

/// What accepting an offer would mean, as the disk sees it, where that is more than a new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It can't be received, for this reason.
    Refused(String),
    /// There is too little room.
    TooBig {
        /// The bytes that it needs, and whether more of it is here.
        needed: u64,
        /// Whether that is in addition to a part that is here.
        more: bool,
        /// The bytes that are free.
        free: u64,
    },
    /// A part of it is here, and it goes on from there.
    Resume {
        /// How much of it, if that can be told and isn't nearly nothing.
        percent: Option<u64>,
    },
    /// A part is here of what it was before it was changed.
    Changed {
        /// How much.
        came: String,
    },
    /// Something has its name, and this is done about it.
    Taken(OnCollision),
}

impl Outlook {
    /// What the disk says of this offer, where this is done about names that are `taken`; nothing if
    /// all is as usual.
    pub(crate) fn new(offer: &Offer, disk: &Preflight, taken: OnCollision) -> Option<Self> {
        if let Some(trouble) = &disk.trouble {
            return Some(Self::Refused(text::line(trouble, MAX_REASON_COLUMNS)));
        }
        let size = offer.size.filter(|size| *size > 0);
        let needed = disk.needed(offer);
        if let Some(free) = disk.free.filter(|free| *free < needed) {
            return Some(Self::TooBig { needed, more: disk.held > 0, free });
        }
        if disk.part || disk.held > 0 {
            let percent = size.map(|size| units::percent(disk.held, size));
            return Some(Self::Resume { percent: percent.filter(|percent| *percent > 0) });
        }
        if let Some(came) = disk.changed {
            // Its size may have changed as well, and then a share says nothing.
            let came = match size.filter(|size| came < *size).map(|s| units::percent(came, s)) {
                Some(percent @ 1..) => format!("{percent} %"),
                _ => units::bytes(came),
            };
            return Some(Self::Changed { came });
        }
        disk.exists.then_some(Self::Taken(taken))
    }

    /// Whether it can't be accepted as things are.
    pub(crate) const fn is_bad(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::TooBig { .. })
    }

    /// It in a word or two.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Refused(_) => "can't be received".to_owned(),
            Self::TooBig { .. } => "no room".to_owned(),
            Self::Resume { .. } => self.verb(),
            Self::Changed { .. } => "changed".to_owned(),
            Self::Taken(_) => "name taken".to_owned(),
        }
    }

    /// It in a sentence; `accept` is what the user presses or types to accept.
    pub(crate) fn sentence(&self, accept: &str) -> String {
        match self {
            Self::Refused(reason) => reason.clone(),
            Self::TooBig { needed, more, free } => {
                let more = if *more { " more" } else { "" };
                format!("needs {}{more}, {} free", units::bytes(*needed), units::bytes(*free))
            }
            Self::Resume { percent } => format!("{}: {accept} resumes", is_here(*percent)),
            Self::Changed { came } => {
                format!("has changed since {came} of it came: accepting takes it anew")
            }
            Self::Taken(OnCollision::Rename) => "the name is taken, it gets a number".to_owned(),
            Self::Taken(OnCollision::Skip) => {
                "the name is taken; what is the same is left out".to_owned()
            }
            Self::Taken(OnCollision::Overwrite) => {
                "the name is taken, and what has it is replaced".to_owned()
            }
            Self::Taken(OnCollision::Refuse) => "the name is taken, and it is left out".to_owned(),
        }
    }

    /// What accepting is called.
    pub(crate) fn verb(&self) -> String {
        match self {
            Self::Resume { percent: Some(percent) } => format!("Resume ({percent} %)"),
            Self::Resume { percent: None } => "Resume".to_owned(),
            Self::Refused(_) | Self::TooBig { .. } | Self::Changed { .. } | Self::Taken(_) => {
                "accept".to_owned()
            }
        }
    }

    /// What follows the offer in the conversation; `accept` is the command that accepts it.
    pub(crate) fn in_conversation(&self, accept: &str) -> String {
        let sentence = self.sentence(accept);
        match self {
            Self::Refused(_) | Self::Resume { .. } => format!("; {sentence}"),
            Self::TooBig { .. } => format!("; it {sentence}: make room, then {accept}"),
            Self::Changed { came } => {
                format!("; it has changed since {came} of it came: {accept} takes it anew")
            }
            Self::Taken(_) => format!("; {sentence}: {accept}"),
        }
    }
}

fn is_here(percent: Option<u64>) -> String {
    percent.map_or_else(|| "a part is here".to_owned(), |percent| format!("{percent} % is here"))
}

/// Why a transfer stands still, if a side wants it so, and whether the user should do something.
pub(crate) fn held(info: &TransferInfo, peer: &str) -> Option<(String, bool)> {
    let (word, urgent) = match (info.held_here, info.held_there) {
        (Some(Hold::DiskFull), _) => ("disk full".to_owned(), true),
        (Some(Hold::Paused), _) => ("paused".to_owned(), false),
        (Some(Hold::Unknown), _) => ("held".to_owned(), false),
        (None, Some(Hold::DiskFull)) => (format!("{peer}'s disk full"), true),
        (None, Some(Hold::Paused)) => (format!("paused by {peer}"), false),
        (None, Some(Hold::Unknown)) => (format!("held by {peer}"), false),
        (None, None) => return None,
    };
    Some((word, urgent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::path::SafeName;
    use couplet::transfer::book::{Direction, TransferState};

    fn offer(form: Form, size: Option<u64>, entries: u64) -> Offer {
        let name = SafeName::new("site").expect("a safe name");
        Offer { name, form, size, on_disk: None, entries, mtime: None }
    }

    fn file(size: u64) -> Offer {
        offer(Form::File, Some(size), 1)
    }

    #[test]
    fn offers_say_what_they_are() {
        let said = |form, size, entries| {
            let offer = offer(form, size, entries);
            format!("{} ({})", thing(&offer), extent(&offer))
        };
        let size = Some(412 << 20);
        assert_eq!(said(Form::File, size, 1), "site (412 MiB)");
        assert_eq!(said(Form::Folder, size, 200_000), "site/ (412 MiB, 200,000 items)");
        assert_eq!(said(Form::Folder, Some(0), 1), "site/ (0 B, 1 item)");
        assert_eq!(said(Form::Several, size, 7), "site and more (412 MiB, 7 items)");
        assert_eq!(said(Form::Stream, None, 1), "a stream (size unknown)");
        assert_eq!(said(Form::Text, Some(5), 1), "a text (5 B)");
    }

    #[test]
    fn the_disk_is_asked_for_what_matters_most() {
        let disk = Preflight::default();
        let said = |disk: &Preflight| {
            Outlook::new(&file(1000), disk, OnCollision::Rename)
                .map(|outlook| outlook.sentence("Alt-A"))
        };
        assert_eq!(said(&disk), None);
        let taken = Preflight { exists: true, ..disk.clone() };
        assert_eq!(said(&taken).as_deref(), Some("the name is taken, it gets a number"));
        let replaced = Outlook::new(&file(1000), &taken, OnCollision::Overwrite);
        let replaced = replaced.map(|outlook| outlook.sentence("Alt-A"));
        assert_eq!(replaced.as_deref(), Some("the name is taken, and what has it is replaced"));
        let changed = Preflight { changed: Some(600), ..taken };
        assert_eq!(
            said(&changed).as_deref(),
            Some("has changed since 60 % of it came: accepting takes it anew")
        );
        let part = Preflight { part: true, held: 949, ..changed };
        assert_eq!(said(&part).as_deref(), Some("94 % is here: Alt-A resumes"));
        let full = Preflight { free: Some(9), ..part };
        assert_eq!(said(&full).as_deref(), Some("needs 51 B more, 9 B free"));
        let trouble = Preflight { trouble: Some("no\x1b[31m way".into()), ..full };
        assert_eq!(said(&trouble).as_deref(), Some("no way"));
    }

    #[test]
    fn what_is_here_is_resumed_and_never_called_anything_else() {
        for (size, held, verb) in
            [(Some(1000), 949, "Resume (94 %)"), (Some(1000), 1, "Resume"), (None, 9, "Resume")]
        {
            let disk = Preflight { part: true, held, ..Preflight::default() };
            let offer = offer(Form::Folder, size, 9);
            let outlook = Outlook::new(&offer, &disk, OnCollision::Overwrite).expect("a part");
            assert_eq!(outlook.verb(), verb);
            assert!(!outlook.is_bad());
        }
        let larger = Preflight { changed: Some(2000), ..Preflight::default() };
        let said = Outlook::new(&file(1000), &larger, OnCollision::Rename)
            .expect("a change")
            .sentence("a");
        assert!(said.starts_with("has changed since 2.0 KiB of it came"), "{said}");
    }

    #[test]
    fn whoever_holds_it_up_is_named() {
        let said = |held_here, held_there| {
            let state = TransferState::Moving;
            let direction = Direction::Incoming;
            let info = TransferInfo { direction, offer: file(9), state, held_here, held_there };
            held(&info, "bob").map(|(word, _)| word)
        };
        let (paused, full) = (Some(Hold::Paused), Some(Hold::DiskFull));
        assert_eq!(said(None, None), None);
        assert_eq!(said(paused, paused).as_deref(), Some("paused"));
        assert_eq!(said(full, None).as_deref(), Some("disk full"));
        assert_eq!(said(None, paused).as_deref(), Some("paused by bob"));
        assert_eq!(said(None, full).as_deref(), Some("bob's disk full"));
    }
}
