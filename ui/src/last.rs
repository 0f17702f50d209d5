//! Which conversations are kept, so that `couplet chat --last` or `couplet web --last` can go back to one.
//!
//! Owns what the command line says of it; the files are [`couplet_ui::conversations`]'s.

use couplet_ui::clock;
use couplet_ui::conversations::{Conversation, Conversations, LastError, Remembered};
use couplet_ui::meeting::Meeting;
use std::time::Duration;

/// How often and how long `--last` waits for a conversation that somebody else has open.
const LOCK_TRIES: u32 = 20;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// Which conversations are kept, so that they can be gone back to.
pub(crate) struct KeptAs {
    all: Option<Conversations>,
    /// Even those with whoever comes next.
    lobby: bool,
    never: bool,
}

impl KeptAs {
    /// Those by a code or in a named room; with `lobby` even those with whoever comes next; or none.
    pub(crate) fn new(lobby: bool, never: bool) -> Self {
        Self { all: Conversations::default_dir().map(Conversations::at), lobby, never }
    }

    /// The file of a conversation that begins, if it is kept.
    pub(crate) fn begin(&self, meeting: &Meeting) -> Option<Conversation> {
        let wanted = !self.never && (self.lobby || *meeting != Meeting::Anybody);
        // Without a place for it the conversation can't be gone back to, and nothing else is wrong.
        self.all.as_ref().filter(|_| wanted)?.begin(clock::wall()).ok()
    }

    /// The conversation that was left last.
    pub(crate) async fn last(&self) -> Result<(Conversation, Remembered), String> {
        let all = self.all.as_ref().ok_or("there is no home directory to keep conversations in")?;
        let mut tries = 0;
        loop {
            match all.last() {
                // A program that was killed a moment ago may not be quite gone.
                Err(LastError::InUse) if tries < LOCK_TRIES => {
                    tries += 1;
                    tokio::time::sleep(LOCK_WAIT).await;
                }
                last => return last.map_err(|error| error.to_string()),
            }
        }
    }
}
