//! What the operator reads of the accounts when a relay starts: that they are the ones that were meant.

use super::{AccountsFile, manage};
use crate::config::Config;
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;

/// Who may use the shelf of a relay with this configuration.
pub(crate) fn told(config: &Config) -> String {
    let who = if config.shelf_open { "whoever reaches it" } else { "whoever is on this machine" };
    let Some(dir) = &config.accounts_in else {
        return format!("none; {who} may fetch, and nobody may lay files down");
    };
    let place = text::line(&dir.to_string_lossy(), MAX_REASON_COLUMNS);
    match manage::list(&AccountsFile::at(dir.clone())) {
        Ok(book) if book.is_empty() => format!(
            "none in {place}; {who} may fetch, and nobody may lay files down\n            \
             (couplet-relay account add NAME --rights get,put --data {place})"
        ),
        Ok(book) => format!("{} in {place}; only they are let in", book.len()),
        Err(error) => {
            let error = text::line(&error.to_string(), MAX_REASON_COLUMNS);
            format!("nobody is let in, as they can't be read: {error}")
        }
    }
}
