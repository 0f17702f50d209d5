//! The loop of the first screen: the terminal around the pure [`Prompt`].
//!
//! Owns the loop; what the keys mean there is the prompt's.

use super::FaceError;
use super::prompt::{Answer, Outcome, Prompt};
use super::shell::{Happened, Shell};
use super::theme::Theme;
use super::view;

/// Asks for a code; see [`super::Terminal::ask`].
pub(super) async fn ask(shell: &mut Shell, relay: &str, theme: Theme) -> Result<Answer, FaceError> {
    let mut prompt = Prompt::new(couplet::text::line(relay, 60), theme);
    shell.changed = true;
    loop {
        let columns = shell.draw(|frame| view::draw_prompt(&prompt, frame))?;
        if let Some(columns) = columns {
            prompt.drawn(columns);
        }
        let happened = if let Some(ready) = shell.frame_at() {
            let ready = tokio::time::sleep_until(shell.clock.instant(ready).into());
            tokio::select! {
                happened = shell.next() => happened?,
                () = ready => continue,
            }
        } else {
            shell.next().await?
        };
        let outcome = match happened {
            Happened::Key(key) => prompt.key(key),
            Happened::Paste(text) => prompt.paste(&text),
            Happened::Focus(_) | Happened::Mouse(_) | Happened::Redraw => Outcome::Asking,
            Happened::Hangup => return Ok(Answer::Leave { ended_by: shell.ended_by }),
        };
        shell.changed = true;
        match outcome {
            Outcome::Asking => {}
            Outcome::Redraw => shell.clear()?,
            Outcome::Suspend => shell.suspend()?,
            Outcome::Answered(answer) => return Ok(answer),
        }
    }
}
