//! The options of `couplet web`.

use super::one_shot::rate;
use super::{At, CodeText, Existing, FEWEST_WORDS, MOST_WORDS, Wanted, wanted_by};
use clap::Args;
use couplet::code::CodeError;
use couplet::message::RoomName;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The options of `couplet web`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Web {
    /// Meet whoever has the same code, such as 7-otter-lamp. Without one, the page asks. The environment
    /// variable `COUPLET_CODE` gives one too.
    #[arg(value_name = "CODE", conflicts_with_all = ["new", "room"])]
    pub code: Option<CodeText>,
    /// Make a new code and wait for whoever you tell it.
    #[arg(long, conflicts_with = "room")]
    pub new: bool,
    /// Meet in the room of this name, without a code.
    #[arg(long, value_name = "NAME")]
    pub room: Option<RoomName>,
    /// Go back to the conversation that was left last, by a killed program or a closed terminal, as
    /// long as the relay keeps the seat: at the same relay, under the same name, with the same
    /// downloads directory.
    #[arg(long, conflicts_with_all = ["code", "new", "room"])]
    pub last: bool,
    /// Keep what --last needs in a private file, even if you meet whoever comes next.
    #[arg(long, overrides_with = "no_keep")]
    pub keep: bool,
    /// Keep nothing that --last needs; by default it is kept if you meet by a code or in a named
    /// room.
    #[arg(long, overrides_with = "keep")]
    pub no_keep: bool,
    /// How many words a new code has.
    #[arg(
        long,
        value_name = "N",
        default_value_t = FEWEST_WORDS,
        value_parser = clap::value_parser!(u8).range(i64::from(FEWEST_WORDS)..=i64::from(MOST_WORDS))
    )]
    pub words: u8,
    /// Where the page is served: 127.0.0.1:8080, or the next free port. Whoever reaches another address
    /// and has the key can say and send in your name, and the way there isn't sealed.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Only print the page's address.
    #[arg(long)]
    pub no_open: bool,
    /// Where to meet, and as who.
    #[command(flatten)]
    pub at: At,
    /// Where received files go.
    #[arg(long, value_name = "DIR", env = "COUPLET_DOWNLOADS", default_value = "downloads")]
    pub downloads: PathBuf,
    /// What to do about names that are taken there.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub existing: Existing,
    /// At most so many bytes a second in each transfer; K, M and G are 1024 times more each.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub limit: Option<u64>,
}

impl Web {
    /// Whom to meet: by what was asked for, or else by `COUPLET_CODE`, which `variable` reads. With
    /// neither, the page asks.
    ///
    /// # Errors
    /// [`CodeError`] if a code was given and isn't one.
    pub fn wanted(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Wanted, CodeError> {
        let wanted = wanted_by(self.code.as_ref(), self.new, self.room.as_ref(), variable)?;
        Ok(wanted.unwrap_or(Wanted::Ask))
    }
}
