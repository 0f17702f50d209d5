//! Where this user's files of couplet are, by the XDG base directory specification.

use std::path::PathBuf;

/// What is to be remembered from one start to the next: `$XDG_STATE_HOME/couplet`, or
/// `~/.local/state/couplet`.
pub(crate) fn state() -> Option<PathBuf> {
    place("XDG_STATE_HOME", ".local/state")
}

/// What the user would miss: `$XDG_DATA_HOME/couplet`, or `~/.local/share/couplet`.
pub(crate) fn data() -> Option<PathBuf> {
    place("XDG_DATA_HOME", ".local/share")
}

/// What the user has written for it: `$XDG_CONFIG_HOME/couplet`, or `~/.config/couplet`.
pub(crate) fn config() -> Option<PathBuf> {
    place("XDG_CONFIG_HOME", ".config")
}

/// What can go at any time: `$XDG_CACHE_HOME/couplet`, or `~/.cache/couplet`.
pub(crate) fn cache() -> Option<PathBuf> {
    place("XDG_CACHE_HOME", ".cache")
}

fn place(variable: &str, otherwise: &str) -> Option<PathBuf> {
    // A relative one is invalid, says the specification, and must be ignored.
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(otherwise)))
        .map(|place| place.join("couplet"))
}
