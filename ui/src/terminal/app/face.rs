//! Where the user is, and what there is to do things with: commands and keys, or the buttons of a page.
//!
//! Owns how the app's sentences differ by that, and which lines mean nothing on a page.

use super::super::commands::{Line, Wish};

/// What others say of commands and keys, and what is said instead where there are buttons. Neither the
/// session nor the commands know where the user is.
const WITH_BUTTONS: &[(&str, &str)] = &[
    (" with /new", ""),
    (", or send it as a file with /send", ", or send it as a file"),
    (", or /send it as a file", ", or send it as a file"),
    ("leave with fin", "leave"),
    (": /new makes one, and so does couplet --host --new", ""),
    ("; /limit off takes that away", ""),
    (": F3 to log in", ": open the shelf to log in"),
    ("; Up brings it back", ""),
    ("; F1 lists them", ""),
    (" (Tab completes it, F3 shows all)", ""),
];

/// Commands that mean nothing on a page.
const FOR_TERMINALS: &[&str] = &["/copy", "/find", "/mouse", "/preview", "/select"];

/// What the user sits in front of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Face {
    /// A terminal, with commands and keys.
    #[default]
    Terminal,
    /// A page in a browser, with buttons. Commands can be written there, too.
    Page,
}

impl Face {
    /// What the user does here: by commands and keys, or by buttons.
    pub(super) const fn pick<T: Copy>(self, keys: T, buttons: T) -> T {
        match self {
            Self::Terminal => keys,
            Self::Page => buttons,
        }
    }

    /// A sentence of somebody else's in the words that are right here.
    pub(super) fn reworded(self, text: String) -> String {
        if self == Self::Terminal {
            return text;
        }
        WITH_BUTTONS.iter().fold(text, |text, (keys, buttons)| {
            if text.contains(keys) { text.replace(keys, buttons) } else { text }
        })
    }

    /// Whether this command, by its own name, means something here.
    pub(crate) fn knows(self, command: &str) -> bool {
        self == Self::Terminal || !FOR_TERMINALS.contains(&command)
    }

    /// Why this line can't be carried out here, and what there is instead; nothing if it can.
    pub(super) const fn refusal(self, line: &Line) -> Option<&'static str> {
        if matches!(self, Self::Terminal) {
            return None;
        }
        Some(match line {
            Line::Mouse(_) => {
                "/mouse is for terminals; on a page the mouse does what it always does"
            }
            Line::Preview(_) => {
                "/preview is for terminals; here Download, at the transfer, brings the picture"
            }
            Line::Read(Wish::Find(_)) => {
                "/find is for terminals; on a page your browser's own search finds it"
            }
            Line::Read(Wish::Select) => {
                "/select is for terminals; on a page text is selected as on any other"
            }
            Line::Read(Wish::Copy(_)) => {
                "/copy is for terminals; on a page select the text and copy it, or save all that \
                 was said from the menu"
            }
            Line::Empty
            | Line::Words(_)
            | Line::Send(_)
            | Line::Pick(_)
            | Line::Accept(..)
            | Line::Decline(_)
            | Line::Cancel { .. }
            | Line::Pause(_)
            | Line::Resume(_)
            | Line::Details(_)
            | Line::Tidy
            | Line::Limit(_)
            | Line::Transfers
            | Line::Shelf(_)
            | Line::Get(..)
            | Line::Put(_)
            | Line::Read(Wish::Reply(_) | Wish::Save(_))
            | Line::Pass
            | Line::Take
            | Line::Verify
            | Line::New
            | Line::Code(_)
            | Line::Who
            | Line::Help(_)
            | Line::Fin => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::commands::{COMMANDS, parse};
    use super::*;

    #[test]
    fn what_is_refused_is_what_isnt_known() {
        for command in COMMANDS {
            let mut tried = 0;
            for argument in ["", " 1", " a", " on", " 5M", " 7-otter-lamp"] {
                let Ok(line) = parse(&format!("{}{argument}", command.name), None) else {
                    continue;
                };
                tried += 1;
                assert_eq!(Face::Page.refusal(&line).is_none(), Face::Page.knows(command.name));
                assert!(
                    Face::Terminal.refusal(&line).is_none() && Face::Terminal.knows(command.name)
                );
            }
            assert!(tried > 0, "{}", command.name);
        }
    }

    #[test]
    fn what_a_page_lists_names_no_keys_of_a_terminal() {
        for command in COMMANDS.iter().filter(|command| Face::Page.knows(command.name)) {
            for key in ["Alt-", "Ctrl-", "F1", "F2", "F3", "Tab"] {
                assert!(!command.help.contains(key), "{}: {}", command.name, command.help);
            }
        }
    }
}
