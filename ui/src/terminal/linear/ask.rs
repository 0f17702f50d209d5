//! The loop of the question for a code, line by line: standard input and output around the pure
//! [`Asking`].
//!
//! Owns the loop.

use super::super::FaceError;
use super::super::prompt::Answer;
use super::asking::{Asking, Said};
use super::shell::{Happened, Shell};
use couplet::text;

/// Asks for a code; see [`super::super::Terminal::ask`].
pub(in super::super) async fn ask(shell: &mut Shell, relay: &str) -> Result<Answer, FaceError> {
    let mut asking = Asking::new(relay);
    say(shell, &asking.question());
    loop {
        let entered = match shell.next(true).await? {
            Happened::Hangup | Happened::Interrupt => {
                return Ok(Answer::Leave { ended_by: shell.ended_by });
            }
            Happened::Written(_) => continue,
            Happened::Entered(entered) => entered,
        };
        match asking.enter(entered) {
            Said::Answered(answer) => return Ok(answer),
            Said::NoCode => return Err(FaceError::NoCode),
            Said::Again(why) => say(shell, &why),
        }
    }
}

fn say(shell: &mut Shell, what: &str) {
    shell.output.put(&format!("* {}\n", text::line(what, usize::MAX)), 0);
}
