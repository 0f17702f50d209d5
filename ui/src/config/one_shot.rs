//! The options of the commands without a screen: `send`, `receive`, `partials`.
//!
//! Owns their names, defaults and help, and what of them contradicts what; what they do is
//! [`crate::command`]'s.

use super::{At, CODE_VARIABLE, CodeText, FEWEST_WORDS, MOST_WORDS, Wanted};
use crate::engine::Outgoing;
use clap::{Args, Subcommand, ValueEnum};
use couplet::code::{Code, CodeError};
use couplet::transfer::offer::OnCollision;
use couplet::units;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What stands for standard input or output in place of a path.
const STANDARD: &str = "-";

/// What `send` and `receive` have in common.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The code to meet by, such as 7-otter-lamp; without a value couplet asks for it. The
    /// environment variable `COUPLET_CODE` gives one too, so that it needn't stand in the list of
    /// processes. Without any of these a new code is made.
    #[arg(
        long = "code",
        id = "code_option",
        value_name = "CODE",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "new"
    )]
    pub code: Option<CodeText>,
    /// Make a new code, whatever `COUPLET_CODE` says.
    #[arg(long)]
    pub new: bool,
    /// How many words a new code has.
    #[arg(
        long,
        value_name = "N",
        default_value_t = FEWEST_WORDS,
        value_parser = clap::value_parser!(u8).range(i64::from(FEWEST_WORDS)..=i64::from(MOST_WORDS))
    )]
    pub words: u8,
    /// Where to meet, and as who.
    #[command(flatten)]
    pub at: At,
    /// At most so many bytes a second; K, M and G are 1024 times more each.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub limit: Option<u64>,
    /// Give up when nobody has been there for so many seconds; without it, wait.
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Tell what happens as JSON, an object a line, on standard output; docs/JSON.md describes it.
    #[arg(long)]
    pub json: bool,
    /// Tell only errors, and the code if a new one was made.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
}

/// The options of `couplet send`.
#[derive(Debug, Clone, Args)]
pub struct Send {
    /// The files and folders to send, as one; - alone is standard input.
    #[arg(value_name = "PATH", required_unless_present = "text")]
    pub paths: Vec<PathBuf>,
    /// Send this text, to be shown; - reads it from standard input.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["paths", "exclude", "gitignore"])]
    pub text: Option<String>,
    /// Leave out what matches, as in a .gitignore; can be given several times.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Leave out what the .gitignore files in the folders say.
    #[arg(long)]
    pub gitignore: bool,
    /// The rest.
    #[command(flatten)]
    pub common: Common,
}

/// The options of `couplet receive`.
#[derive(Debug, Clone, Args)]
pub struct Receive {
    /// The code to meet by, such as 7-otter-lamp.
    #[arg(value_name = "CODE", conflicts_with_all = ["code_option", "new"])]
    pub code: Option<CodeText>,
    /// Where what is received goes; - is standard output, for one file or stream.
    #[arg(
        long,
        visible_alias = "downloads",
        value_name = "DIR",
        env = "COUPLET_DOWNLOADS",
        default_value = "downloads"
    )]
    pub to: PathBuf,
    /// Accept without asking, as it does anyway where no terminal is.
    #[arg(long, short)]
    pub yes: bool,
    /// What to do about names that are taken.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub existing: Existing,
    /// The rest.
    #[command(flatten)]
    pub common: Common,
}

/// What to do about names that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Existing {
    /// Receive it under another name, with a number.
    #[default]
    Rename,
    /// Leave out what is there already with the same size and time; rename otherwise.
    Skip,
    /// Replace files.
    Overwrite,
    /// Ask, where there is a terminal; rename otherwise.
    Ask,
}

/// The options of `couplet partials`.
#[derive(Debug, Clone, Args)]
pub struct Partials {
    /// What to do; without a word: list them.
    #[command(subcommand)]
    pub command: Option<PartialsCommand>,
    /// The directory that files were received into.
    #[arg(
        long,
        value_name = "DIR",
        env = "COUPLET_DOWNLOADS",
        default_value = "downloads",
        global = true
    )]
    pub downloads: PathBuf,
}

/// The commands of `couplet partials`.
#[derive(Debug, Clone, Subcommand)]
pub enum PartialsCommand {
    /// List them.
    List,
    /// Remove some of them, or all that nothing is using.
    Remove {
        /// Which, as the list calls them.
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
        /// All of them.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

impl Common {
    /// Whom to meet: by `code` or `--code`, or else by `COUPLET_CODE`, which `variable` reads; with
    /// none of them by a new code.
    fn wanted(
        &self,
        code: Option<&CodeText>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Wanted, CodeError> {
        if let Some(CodeText(text)) = code {
            return Code::parse(text).map(Wanted::Code);
        }
        if let Some(CodeText(text)) = &self.code {
            let asks = text.is_empty();
            return if asks { Ok(Wanted::Ask) } else { Code::parse(text).map(Wanted::Code) };
        }
        // Read here and not by clap, for which a variable would contradict `--new`.
        match variable(CODE_VARIABLE).filter(|text| !self.new && !text.is_empty()) {
            Some(text) => Code::parse(&text).map(Wanted::Code),
            None => Ok(Wanted::New),
        }
    }
}

impl Send {
    /// Whom to meet; see [`Common`].
    ///
    /// # Errors
    /// [`CodeError`] if a code was given and isn't one.
    pub fn wanted(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Wanted, CodeError> {
        self.common.wanted(None, variable)
    }

    /// What to offer; [`None`] if it is the text that comes in at standard input.
    ///
    /// # Errors
    /// What is wrong and what to do, if `-` isn't alone.
    pub fn outgoing(&self) -> Result<Option<Outgoing>, &'static str> {
        match &self.text {
            Some(text) if text == STANDARD => return Ok(None),
            Some(text) => return Ok(Some(Outgoing::Text(text.clone()))),
            None => {}
        }
        let is_standard = |path: &PathBuf| path.as_os_str() == OsStr::new(STANDARD);
        if !self.paths.iter().any(is_standard) {
            return Ok(Some(Outgoing::Together {
                paths: self.paths.clone(),
                exclude: self.exclude.clone(),
                gitignore: self.gitignore,
            }));
        }
        if self.paths.len() > 1 {
            Err("- (standard input) is sent alone; send the other paths by themselves, or write \
                 ./- for a file of that name")
        } else {
            Ok(Some(Outgoing::Stdin))
        }
    }

    /// Whether standard input is what is sent, so that nothing can be asked there.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        self.text.as_deref() == Some(STANDARD)
            || self.paths.iter().any(|path| path.as_os_str() == OsStr::new(STANDARD))
    }
}

impl Receive {
    /// Whom to meet; see [`Common`].
    ///
    /// # Errors
    /// [`CodeError`] if a code was given and isn't one.
    pub fn wanted(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Wanted, CodeError> {
        self.common.wanted(self.code.as_ref(), variable)
    }

    /// The directory that what comes goes into; `None` if it goes to standard output.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        (self.to.as_os_str() != OsStr::new(STANDARD)).then_some(&*self.to)
    }
}

impl Existing {
    /// What the engine does about a name that is taken if nobody is asked.
    #[must_use]
    pub const fn on_collision(self) -> OnCollision {
        match self {
            Self::Rename | Self::Ask => OnCollision::Rename,
            Self::Skip => OnCollision::Skip,
            Self::Overwrite => OnCollision::Overwrite,
        }
    }
}

/// Reads a rate such as `5M`.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    units::parse_bytes(text)
        .filter(|rate| *rate > 0)
        .ok_or_else(|| "write it as bytes a second, such as 500K, 5M or 1G".to_owned())
}

/// Reads a span of time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "write it in seconds, such as 60".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Command};
    use clap::Parser as _;

    fn parsed(args: &[&str]) -> Result<Command, clap::Error> {
        let cli = Cli::try_parse_from(std::iter::once(&"couplet").chain(args))?;
        Ok(cli.command.expect("a command"))
    }

    fn send(args: &[&str]) -> Send {
        match parsed(args) {
            Ok(Command::Send(send)) => send,
            other => panic!("{other:?}"),
        }
    }

    fn receive(args: &[&str]) -> Receive {
        match parsed(args) {
            Ok(Command::Receive(receive)) => receive,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_sent() {
        let together = |paths: &[&str], exclude: &[&str], gitignore| Outgoing::Together {
            paths: paths.iter().map(PathBuf::from).collect(),
            exclude: exclude.iter().map(|&glob| glob.to_owned()).collect(),
            gitignore,
        };
        for (args, outgoing) in [
            (&["send", "a", "b"][..], Ok(Some(together(&["a", "b"], &[], false)))),
            (
                &["send", "site", "--exclude", "*.o", "--exclude", "tmp/", "--gitignore"],
                Ok(Some(together(&["site"], &["*.o", "tmp/"], true))),
            ),
            (&["send", "--code", "7-otter-lamp", "./-"], Ok(Some(together(&["./-"], &[], false)))),
            (&["send", "-"], Ok(Some(Outgoing::Stdin))),
            (&["send", "--text", "hello"], Ok(Some(Outgoing::Text("hello".to_owned())))),
            (&["send", "--text", "-"], Ok(None)),
        ] {
            assert_eq!(send(args).outgoing(), outgoing, "{args:?}");
        }
        assert!(send(&["send", "-", "a"]).outgoing().is_err());
        assert!(send(&["send", "-"]).reads_stdin() && send(&["send", "--text", "-"]).reads_stdin());
        assert!(!send(&["send", "a"]).reads_stdin());
    }

    #[test]
    fn contradictions_are_refused() {
        for args in [
            &["send"][..],
            &["send", "a", "--text", "b"],
            &["send", "a", "--quiet", "--json"],
            &["send", "a", "--code", "7-otter-lamp", "--new"],
            &["send", "a", "--limit", "0"],
            &["send", "a", "--timeout", "-1"],
            &["send", "a", "--words", "1"],
            &["receive", "7-otter-lamp", "--new"],
            &["receive", "7-otter-lamp", "--code", "7-otter-lamp"],
            &["receive", "--existing", "perhaps"],
            &["partials", "remove"],
            &["partials", "remove", "--all", "3"],
        ] {
            assert!(parsed(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn who_is_met() {
        let code = Wanted::Code(Code::parse("7-otter-lamp").expect("a code"));
        let variable = |name: &str| (name == CODE_VARIABLE).then(|| "8-otter-lamp".to_owned());
        let other = Wanted::Code(Code::parse("8-otter-lamp").expect("a code"));
        for (args, without, with) in [
            (&["receive"][..], &Wanted::New, &other),
            (&["receive", "--new"], &Wanted::New, &Wanted::New),
            (&["receive", "7-otter-lamp"], &code, &code),
            (&["receive", "--code", "7-otter-lamp"], &code, &code),
            (&["receive", "--code"], &Wanted::Ask, &Wanted::Ask),
        ] {
            let receive = receive(args);
            assert_eq!(receive.wanted(|_| None).as_ref(), Ok(without), "{args:?}");
            assert_eq!(receive.wanted(variable).as_ref(), Ok(with), "{args:?}");
        }
        assert_eq!(send(&["send", "a"]).wanted(|_| None), Ok(Wanted::New));
        assert!(receive(&["receive", "7-oter-lamp"]).wanted(|_| None).is_err());
        assert!(!format!("{:?}", receive(&["receive", "7-otter-lamp"])).contains("otter"));
    }

    #[test]
    fn figures_are_read_and_checked() {
        assert_eq!(rate("500K"), Ok(500 << 10));
        assert!(rate("0").is_err() && rate("5MB").is_err());
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert!(seconds("soon").is_err() && seconds("NaN").is_err() && seconds("1e300").is_err());
    }

    #[test]
    fn where_it_goes() {
        assert_eq!(receive(&["receive", "--to", "-"]).directory(), None);
        for option in ["--to", "--downloads"] {
            let to = receive(&["receive", option, "dir/"]);
            assert_eq!(to.directory(), Some(Path::new("dir/")), "{option}");
        }
        let Ok(Command::Partials(partials)) = parsed(&["partials", "list", "--downloads", "in"])
        else {
            panic!("no partials")
        };
        assert_eq!(partials.downloads, Path::new("in"));
    }
}
