//! `couplet relays`: which relays are known, and forgetting one.
//!
//! Owns what the command says; the list is [`crate::known_relays`]'s.

use crate::config::RelaysCommand;
use crate::known_relays::{Known, KnownRelays};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Does the command; gives what to print.
///
/// # Errors
/// What is wrong and what to do.
pub fn run(command: Option<&RelaysCommand>, path: Option<PathBuf>) -> Result<String, String> {
    let path = path.ok_or(
        "there is no home directory, so no relays are remembered; set HOME or XDG_DATA_HOME",
    )?;
    let store = KnownRelays::at(path);
    match command {
        None => list(&store),
        Some(RelaysCommand::Forget { relay }) => forget(&store, relay),
    }
}

fn list(store: &KnownRelays) -> Result<String, String> {
    let known = store.list().map_err(|error| error.to_string())?;
    if known.is_empty() {
        return Ok("no relay is remembered yet; one is when couplet first meets it over TLS and \
                   no authority vouches for it\n"
            .to_owned());
    }
    let width = known.iter().map(|known| known.address.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Known { address, fingerprint } in known {
        // The file may have been written by anybody's editor.
        let address = couplet::text::line(&address, couplet::limits::MAX_REASON_COLUMNS);
        // Writing to a string doesn't fail.
        let _ = writeln!(text, "{address:width$}  {fingerprint}");
    }
    Ok(text)
}

fn forget(store: &KnownRelays, relay: &str) -> Result<String, String> {
    if store.forget(relay).map_err(|error| error.to_string())? {
        Ok(format!("{relay} is forgotten; its certificate is remembered anew the next time\n"))
    } else {
        Err(format!("{relay} isn't among the known relays; `couplet relays` lists them"))
    }
}
