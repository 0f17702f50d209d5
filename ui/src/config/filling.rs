//! From the files to the command line: what neither flags nor the environment say, they do.
//!
//! Owns where the configuration and the themes are, and which settings a command takes. The files
//! are read here, once, before anything else happens.

use super::file::{self, Settings};
use super::shelf::ShelfCommand;
use super::{At, Chat, Cli, Command, Looks};
use crate::places;
use crate::terminal::Palette;
use clap::ArgMatches;
use clap::parser::ValueSource;
use couplet::text;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// What a configuration, or a theme, may take at most.
const MOST_BYTES: u64 = 64 * 1024;

/// Where a user's files are.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The directory of the configuration.
    config: Option<PathBuf>,
    /// What `~` stands for.
    home: Option<PathBuf>,
}

impl Places {
    /// Those of the user who runs this program: `$XDG_CONFIG_HOME/couplet` or `~/.config/couplet`.
    #[must_use]
    pub fn of_this_user() -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let (config, home) = (places::config(), home.filter(|home| home.is_absolute()));
        Self { config, home }
    }

    /// What the configuration says: this file, or the usual one, which needn't be there.
    fn settings(&self, asked: Option<&Path>) -> Result<Settings, String> {
        let usual = self.config.as_ref().map(|config| config.join("config.toml"));
        let Some(path) = asked.map(Path::to_owned).or(usual) else {
            return Ok(Settings::default());
        };
        match contents(&path) {
            Ok(text) => file::read(&text, self.home.as_deref())
                .map_err(|wrong| format!("{}, {wrong}", shown(&path))),
            Err(error) if asked.is_none() && error.kind() == ErrorKind::NotFound => {
                Ok(Settings::default())
            }
            Err(error) => Err(format!("the configuration {} can't be read: {error}", shown(&path))),
        }
    }

    /// The theme of this name, or in this file.
    fn theme(&self, wanted: &str) -> Result<&'static Palette, String> {
        if let Some(palette) = Palette::named(wanted) {
            return Ok(palette);
        }
        let is_toml = Path::new(wanted).extension().is_some_and(|extension| extension == "toml");
        let is_file = wanted.contains('/') || is_toml;
        let themes = self.config.as_ref().map(|config| config.join("themes"));
        let path = match themes {
            _ if is_file => file::at_home(wanted, self.home.as_deref()),
            Some(themes) => themes.join(format!("{wanted}.toml")),
            None => return Err(no_theme(wanted, "there is no home directory to look in")),
        };
        let text = contents(&path).map_err(|error| {
            if is_file || error.kind() != ErrorKind::NotFound {
                format!("the theme {} can't be read: {error}", shown(&path))
            } else {
                no_theme(wanted, &format!("there is no {}", shown(&path)))
            }
        })?;
        match Palette::read(&text) {
            Ok(palette) => Ok(palette.kept()),
            Err(wrong) => Err(format!("{}, {wrong}", shown(&path))),
        }
    }

    /// Fills in what the command line doesn't say.
    pub(super) fn fill(&self, cli: &mut Cli, matches: &ArgMatches) -> Result<(), String> {
        let said = matches.subcommand().map_or(matches, |(_, matches)| matches);
        if matches!(cli.command, Some(Command::Relays { .. })) {
            return Ok(());
        }
        let mut settings = self.settings(cli.config.as_deref())?;
        match &mut cli.command {
            None => self.fill_chat(&mut cli.chat, settings, matches)?,
            Some(Command::Chat(chat)) => self.fill_chat(chat, settings, said)?,
            Some(Command::Send(send)) => {
                take(&mut send.common.limit, settings.limit.map(Some), said, "limit");
                fill_at(&mut send.common.at, settings, said);
            }
            Some(Command::Receive(receive)) => {
                take(&mut receive.to, settings.downloads.clone(), said, "to");
                take(&mut receive.existing, settings.existing, said, "existing");
                take(&mut receive.common.limit, settings.limit.map(Some), said, "limit");
                fill_at(&mut receive.common.at, settings, said);
            }
            Some(Command::Shelf(shelf)) => {
                let inner = said.subcommand().map_or(said, |(_, inner)| inner);
                match &mut shelf.command {
                    ShelfCommand::Get { to, limit, .. } => {
                        take(to, settings.downloads, inner, "to");
                        take(limit, settings.limit.map(Some), inner, "limit");
                    }
                    ShelfCommand::Put { zmq: None, limit, .. } => {
                        take(limit, settings.limit.map(Some), inner, "limit");
                    }
                    ShelfCommand::Put { .. }
                    | ShelfCommand::List { .. }
                    | ShelfCommand::Delete { .. } => {}
                }
                take(&mut shelf.common.relay, settings.relay, said, "relay");
                take(&mut shelf.common.tls, settings.tls, said, "tls");
            }
            Some(Command::Web(web)) => {
                if web.last {
                    settings.forget_what_is_kept();
                }
                take(&mut web.downloads, settings.downloads.take(), said, "downloads");
                take(&mut web.existing, settings.existing, said, "existing");
                take(&mut web.limit, settings.limit.map(Some), said, "limit");
                fill_at(&mut web.at, settings, said);
            }
            Some(Command::Partials(partials)) => {
                take(&mut partials.downloads, settings.downloads, said, "downloads");
            }
            Some(Command::Relays { .. }) => {}
        }
        Ok(())
    }

    fn fill_chat(
        &self,
        chat: &mut Chat,
        mut settings: Settings,
        said: &ArgMatches,
    ) -> Result<(), String> {
        if chat.last {
            settings.forget_what_is_kept();
        }
        take(&mut chat.downloads, settings.downloads.take(), said, "downloads");
        take(&mut chat.existing, settings.existing, said, "existing");
        take(&mut chat.limit, settings.limit.map(Some), said, "limit");
        let looks = &mut chat.looks;
        take(&mut looks.timestamps, settings.timestamps, said, "timestamps");
        take(&mut looks.theme, settings.theme.take(), said, "theme");
        take(&mut looks.symbols, settings.symbols, said, "symbols");
        take(&mut looks.mouse, settings.mouse.map(Into::into), said, "mouse");
        take(&mut looks.bell, settings.bell.map(Into::into), said, "bell");
        take(&mut looks.notify, settings.notify, said, "notify");
        take(&mut looks.title, settings.title.map(Into::into), said, "title");
        self.find_theme(looks)?;
        fill_at(&mut chat.at, settings, said);
        Ok(())
    }

    fn find_theme(&self, looks: &mut Looks) -> Result<(), String> {
        looks.palette = Some(self.theme(&looks.theme)?);
        Ok(())
    }
}

fn fill_at(at: &mut At, settings: Settings, said: &ArgMatches) {
    take(&mut at.relay, settings.relay, said, "relay");
    take(&mut at.tls, settings.tls, said, "tls");
    take(&mut at.name, settings.name.map(Some), said, "name");
}

/// Takes what the file says for the option `id`, unless the user has said something.
fn take<T>(value: &mut T, from_file: Option<T>, said: &ArgMatches, id: &str) {
    let by_user =
        matches!(said.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable));
    if let Some(from_file) = from_file.filter(|_| !by_user) {
        *value = from_file;
    }
}

fn no_theme(wanted: &str, why: &str) -> String {
    let names: Vec<&str> = Palette::names().collect();
    let wanted = text::line(wanted, 60);
    format!("there is no theme {wanted}: {why}; the built-in ones are {}", names.join(", "))
}

/// A file of text, if it isn't too big to be one of these.
fn contents(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is too big; 64 KiB are plenty"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it isn't text in UTF-8"))
}

fn shown(path: &Path) -> String {
    text::line(&path.display().to_string(), 200)
}

#[cfg(test)]
#[path = "filling_tests.rs"]
mod tests;
