//! The question for a code, line by line.
//!
//! Owns the loop and its sentences; what a line means is the [`Prompt`]'s.

use super::super::FaceError;
use super::super::prompt::{Answer, Outcome, Prompt};
use super::super::theme::Theme;
use super::input::Entered;
use super::shell::{Happened, Shell};
use couplet::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Asks for a code; see [`super::super::Terminal::ask`].
pub(in super::super) async fn ask(shell: &mut Shell, relay: &str) -> Result<Answer, FaceError> {
    let relay = text::line(relay, 60);
    let mut prompt = Prompt::new(relay.clone(), Theme::new(false, false));
    say(
        shell,
        &format!(
            "the code to meet by, such as 7-otter-lamp? new makes one; an empty line meets whoever \
             comes next at {relay}, and that may be anybody; fin leaves"
        ),
    );
    loop {
        let entered = match shell.next(true).await? {
            Happened::Hangup => return Ok(Answer::Leave),
            Happened::Written(_) => continue,
            Happened::Entered(entered) => entered,
        };
        let line = match entered {
            Entered::End => return Err(FaceError::NoCode),
            Entered::Line(line) => text::line(line.trim(), 200),
            Entered::NotText | Entered::TooLong => "?".to_owned(),
        };
        if line == "fin" {
            return Ok(Answer::Leave);
        }
        prompt.editor.set(line);
        match prompt.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)) {
            Outcome::Answered(answer) => return Ok(answer),
            Outcome::Asking | Outcome::Redraw | Outcome::Suspend => {
                let problem = prompt.problem.take().unwrap_or_default();
                say(shell, &problem);
            }
        }
    }
}

fn say(shell: &mut Shell, what: &str) {
    shell.output.put(&format!("* {}\n", text::line(what, usize::MAX)), 0);
}
