//! The configuration file: what the user would otherwise say on each command line.
//!
//! Owns its settings and what each may be. It reads text only; where the file is and what comes of
//! it is [`super::filling`]'s.

use super::looks::{Notify, SymbolSet, Timestamps};
use super::one_shot::{Existing, rate};
use super::relay_address;
use super::table::{self, Entry, Wrong};
use crate::engine::TlsChoice;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// What a file says; what it doesn't say is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) relay: Option<String>,
    pub(super) name: Option<String>,
    pub(super) downloads: Option<PathBuf>,
    pub(super) tls: Option<TlsChoice>,
    pub(super) existing: Option<Existing>,
    pub(super) limit: Option<u64>,
    pub(super) timestamps: Option<Timestamps>,
    pub(super) theme: Option<String>,
    pub(super) symbols: Option<SymbolSet>,
    pub(super) mouse: Option<bool>,
    pub(super) bell: Option<bool>,
    pub(super) notify: Option<Notify>,
    pub(super) title: Option<bool>,
}

impl Settings {
    /// Says nothing of what a conversation that is gone back to brings with it.
    pub(super) fn forget_what_is_kept(&mut self) {
        (self.name, self.limit) = (None, None);
    }
}

/// All settings that there are, in the order in which they are told.
const KEYS: &[&str] = &[
    "relay",
    "name",
    "downloads",
    "tls",
    "existing",
    "limit",
    "timestamps",
    "theme",
    "symbols",
    "mouse",
    "bell",
    "notify",
    "title",
];

/// Reads a configuration file; `home` is what `~` stands for.
///
/// # Errors
/// What is wrong in which line, and what was expected.
pub(super) fn read(text: &str, home: Option<&Path>) -> Result<Settings, Wrong> {
    let mut settings = Settings::default();
    for entry in &table::entries(text)? {
        match entry.key.as_str() {
            "relay" => {
                let relay = relay_address(entry.text()?).map_err(|wrong| entry.wrong(wrong))?;
                settings.relay = Some(relay);
            }
            "name" => settings.name = Some(entry.text()?.to_owned()),
            "downloads" => settings.downloads = Some(path(entry, home)?),
            "tls" => settings.tls = Some(choice(entry)?),
            "existing" => settings.existing = Some(choice(entry)?),
            "limit" => {
                settings.limit = Some(rate(entry.figure()?).map_err(|wrong| entry.wrong(wrong))?);
            }
            "timestamps" => settings.timestamps = Some(choice(entry)?),
            "theme" => settings.theme = Some(entry.text()?.to_owned()),
            "symbols" => settings.symbols = Some(choice(entry)?),
            "mouse" => settings.mouse = Some(entry.switch()?),
            "bell" => settings.bell = Some(entry.switch()?),
            "notify" => settings.notify = Some(choice(entry)?),
            "title" => settings.title = Some(entry.switch()?),
            _ => return Err(entry.unknown("the configuration", KEYS.iter().copied())),
        }
    }
    Ok(settings)
}

/// One of the words that the command line takes, too.
fn choice<T: ValueEnum>(entry: &Entry) -> Result<T, Wrong> {
    let given = entry.text()?;
    T::from_str(given, false).map_err(|_| {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let words: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        entry.none_of(&words, given)
    })
}

fn path(entry: &Entry, home: Option<&Path>) -> Result<PathBuf, Wrong> {
    let given = entry.text()?;
    if given.is_empty() {
        return Err(entry.wrong("is a directory, not nothing"));
    }
    Ok(at_home(given, home))
}

/// A path, in which `~` is the home directory: no shell has seen to that.
pub(super) fn at_home(given: &str, home: Option<&Path>) -> PathBuf {
    match (given.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        read(text, None).expect_err(text).to_string()
    }

    #[test]
    fn every_setting_is_read() {
        let text = "relay = 'relay.lan'\nname = 'ann'\ndownloads = '~/in'\ntls = 'always'\n\
                    existing = 'skip'\nlimit = '5M'\ntimestamps = 'seconds'\ntheme = 'dusk'\n\
                    symbols = 'ascii'\nmouse = true\nbell = false\nnotify = 'osc9'\ntitle = false";
        let home = Path::new("/home/ann");
        assert_eq!(
            read(text, Some(home)),
            Ok(Settings {
                relay: Some("relay.lan:3647".to_owned()),
                name: Some("ann".to_owned()),
                downloads: Some(home.join("in")),
                tls: Some(TlsChoice::Always),
                existing: Some(Existing::Skip),
                limit: Some(5 << 20),
                timestamps: Some(Timestamps::Seconds),
                theme: Some("dusk".to_owned()),
                symbols: Some(SymbolSet::Ascii),
                mouse: Some(true),
                bell: Some(false),
                notify: Some(Notify::Osc9),
                title: Some(false),
            })
        );
        for key in KEYS {
            assert!(text.contains(&format!("{key} = ")), "{key}");
        }
        assert_eq!(read("", None), Ok(Settings::default()));
        assert_eq!(read("limit = 70000", None).expect("read").limit, Some(70_000));
    }

    #[test]
    fn a_mistake_is_one_sentence_with_its_line() {
        for (text, said) in [
            (
                "\nrelai = 'x'",
                "line 2: the configuration has no setting relai; did you mean relay?",
            ),
            ("colour = 'x'", "line 1: the configuration has no setting colour; there are relay, "),
            ("tls = 'alway'", "line 1: tls is one of auto, always, never, not alway; did you mean"),
            ("mouse = 'on'", "line 1: mouse is true or false, not text"),
            ("name = 3", "line 1: name is text in quotes, not an integer"),
            ("limit = 'fast'", "line 1: limit: write it as bytes a second"),
            ("limit = -1", "line 1: limit: write it as bytes a second"),
            ("relay = 'x:http'", "line 1: relay: write it as HOST:PORT"),
            ("downloads = ''", "line 1: downloads is a directory"),
            ("[bell]\non = true", "line 1: bell is true or false, not a table"),
        ] {
            assert!(told(text).starts_with(said), "{text}: {}", told(text));
        }
    }

    #[test]
    fn home_is_known() {
        let home = Path::new("/home/ann");
        for (given, path) in
            [("~", "/home/ann"), ("~/a/b", "/home/ann/a/b"), ("~bob/a", "~bob/a"), ("a/~", "a/~")]
        {
            assert_eq!(at_home(given, Some(home)), Path::new(path));
        }
        assert_eq!(at_home("~/a", None), Path::new("~/a"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "((relay|limit|mouse|theme) ?= ?['\"]?[a-z:0-9]{0,8}['\"]?\n?|\\PC){0,5}") {
            let _ = read(&text, None);
        }
    }
}
