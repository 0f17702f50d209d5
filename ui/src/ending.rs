//! How a conversation ended: in words, and as an exit status.

use couplet::session::Ending;
use couplet_ui::config::exit;
use couplet_ui::engine::Rest;
use std::io::Write as _;
use std::process::ExitCode;

/// How the last conversation ended.
pub(super) struct Ended {
    /// How the session ended.
    pub(super) ending: Ending,
    /// What was written and never sent.
    pub(super) unsent: Vec<String>,
    /// A line for each transfer that wasn't through, if that is for the user to see to.
    pub(super) unfinished: Vec<String>,
    /// A line for each transcript that isn't written.
    pub(super) unwritten: Vec<String>,
    /// What the user types to go back to it, if nobody has ended it and that can be.
    pub(super) back: Option<String>,
    /// The exit status of a program that was ended from outside.
    pub(super) status: Option<u8>,
}

impl Ended {
    /// The exit status, and a sentence.
    pub(super) fn in_words(&self) -> (u8, String) {
        let Self { ending, unsent, unfinished, unwritten: _, back, status } = self;
        let closed = back.is_some();
        let back = back.as_ref().map(|last| format!("; `{last}` goes back")).unwrap_or_default();
        let left = status.unwrap_or(exit::OK);
        match ending {
            Ending::Fin if closed => (left, format!("closed{back}")),
            Ending::Fin => (left, "you left (fin)".to_owned()),
            Ending::RelayExit => {
                let text = "exit: the relay was ended, so this conversation is over; to talk again, \
                            one of you starts a relay, and both start couplet";
                // Not in order, if it came in between.
                let through = unsent.is_empty() && unfinished.is_empty();
                (if through { exit::OK } else { exit::NO_RELAY }, text.to_owned())
            }
            Ending::Superseded => {
                let text = "this seat was taken up from another connection; this one is closed";
                (exit::OK, text.to_owned())
            }
            Ending::Refused { text, .. } => (exit::REFUSED, format!("{text}{back}")),
            Ending::Unreachable { text } => (exit::NO_RELAY, format!("{text}{back}")),
            Ending::WrongCode { text } => (exit::WRONG_CODE, text.clone()),
            Ending::Distrusted { text } => (exit::DISTRUSTED, text.clone()),
            Ending::Protocol { text } => (exit::PROTOCOL, text.clone()),
        }
    }

    /// A line for each file that isn't as it was to be.
    pub(super) fn left_over(&self) -> impl Iterator<Item = &String> {
        self.unwritten.iter().chain(&self.unfinished)
    }

    /// Whether something is wrong, so that standard error is told.
    const fn is_failure(&self) -> bool {
        match self.ending {
            Ending::Fin | Ending::RelayExit | Ending::Superseded => false,
            Ending::Refused { .. }
            | Ending::Unreachable { .. }
            | Ending::WrongCode { .. }
            | Ending::Distrusted { .. }
            | Ending::Protocol { .. } => true,
        }
    }
}

/// What was written and never sent, oldest first: what the engine has left, what never reached it
/// (`unsaid`), and what stood in the composer. What is kept for going back isn't lost; what came after
/// the session's end isn't kept.
pub(super) fn unsent(
    rest: Rest,
    unsaid: Vec<String>,
    draft: String,
    goes_back: bool,
) -> Vec<String> {
    let lost = |text: &String| !goes_back && !text.trim().is_empty();
    let held = rest.unsaid.into_iter().filter(lost);
    let draft = Some(draft).filter(lost);
    held.chain(rest.unread).chain(unsaid).chain(draft).collect()
}

/// Says on the terminal, now restored, how the line ended, and shows what was never sent.
pub(super) fn say_ending(ended: &Ended) -> ExitCode {
    let (status, text) = ended.in_words();
    let code = if ended.is_failure() { fail(status, &text) } else { say(status, &text) };
    let mut out = std::io::stdout().lock();
    for line in ended.left_over() {
        // A terminal that is gone can't be told anything.
        let _ = writeln!(out, "{line}");
    }
    if !ended.unsent.is_empty() {
        let _ = writeln!(out, "not sent, so that you have it:");
        for text in &ended.unsent {
            let _ = writeln!(out, "{text}");
        }
    }
    code
}

fn say(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(std::io::stdout(), "couplet: {text}");
    ExitCode::from(code)
}

/// Says on standard error what is wrong, and gives the status for it.
pub(super) fn fail(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "couplet: {text}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_sent_is_in_order_and_less_of_it_if_some_is_kept() {
        let rest = || Rest {
            unsaid: vec!["held".to_owned()],
            unread: vec!["unread".to_owned()],
            ..Rest::default()
        };
        let unsaid = || vec!["waiting".to_owned()];
        let all = unsent(rest(), unsaid(), "begun".to_owned(), false);
        assert_eq!(all, ["held", "unread", "waiting", "begun"]);
        assert_eq!(unsent(rest(), unsaid(), "begun".to_owned(), true), ["unread", "waiting"]);
        assert_eq!(unsent(Rest::default(), Vec::new(), " \n".to_owned(), false), [""; 0]);
    }
}
