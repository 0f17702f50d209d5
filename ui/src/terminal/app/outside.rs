//! The message in the user's own editor (Ctrl-X Ctrl-E).
//!
//! Owns what is handed out and what becomes of the composer when it comes back; the editor itself is
//! the shell's. Meanwhile there are no keys, and nothing that comes is seen.

use super::pasted::cleaned;
use super::{App, Effect};

impl App {
    /// Hands the message out.
    pub(super) fn edit_outside(&mut self, effects: &mut Vec<Effect>) {
        self.popup = None;
        let text = self.editor.text().to_owned();
        self.handed_out = Some(text.clone());
        effects.push(Effect::Edit(text));
    }

    /// Takes it back, or a sentence about what went wrong.
    pub(super) fn edited(&mut self, outcome: Result<String, String>, effects: &mut Vec<Effect>) {
        let Some(before) = self.handed_out.take() else { return };
        self.last_key = self.now.moment;
        match outcome {
            Err(sentence) => self.notice = Some(sentence),
            Ok(text) => {
                let text = cleaned(&text);
                let text = text.trim_end_matches('\n');
                // Words that were taken back meanwhile stand before what was handed out.
                let now = self.editor.text();
                let came = now.strip_suffix(before.as_str()).unwrap_or(now);
                let gap = if came.is_empty() || came.ends_with('\n') { "" } else { "\n" };
                let text = format!("{came}{gap}{text}");
                if text != now {
                    self.editor.set(text);
                    self.history.stay();
                }
            }
        }
        self.tell_writing(effects);
    }
}
