//! What of a folder is left out because the user wishes so.
//!
//! Owns reading `.gitignore`s, and whose word counts when several have one: the user's patterns
//! first, then the `.gitignore`s from the innermost folder out to the top of the repository. What
//! was left out with a folder isn't looked at, so nothing in it can come back.

use super::{WalkOptions, look, shown};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::{CWD, FileType, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the rules of a folder are.
const FILE: &[u8] = b".gitignore";

/// What the top of a repository has, a folder or a file.
const REPOSITORY: &[u8] = b".git";

/// The bytes of a `.gitignore` that are read.
const MAX_FILE: u64 = 1024 * 1024;

/// What the user wishes to be left out.
#[derive(Debug, Default)]
pub(super) struct Rules {
    exclude: Option<Gitignore>,
    gitignore: bool,
}

/// What a folder says about what is in it.
#[derive(Debug, Default)]
pub(super) struct FolderRules {
    matcher: Option<Gitignore>,
    /// Whether it is the top of a repository, so that what is above has no say.
    is_top: bool,
}

/// What a folder above says about what the user named.
#[derive(Debug)]
pub(super) struct RulesAbove {
    matcher: Gitignore,
    /// The way from that folder to what the user named.
    way: PathBuf,
}

impl Rules {
    /// The rules that follow from the user's wishes.
    ///
    /// # Errors
    /// A pattern that can't be understood, and what to do.
    pub(super) fn new(options: &WalkOptions) -> Result<Self, String> {
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        let wrong = |pattern: &str, error: &ignore::Error| {
            format!(
                "the pattern {} can't be understood ({error}); write it as in a .gitignore, such as \
                 *.tmp or build/",
                shown(Path::new(pattern))
            )
        };
        for pattern in &options.exclude {
            // No comment, since nobody writes one there.
            let escape = if pattern.starts_with('#') { "\\" } else { "" };
            let line = format!("{escape}{pattern}");
            builder.add_line(None, &line).map_err(|error| wrong(pattern, &error))?;
        }
        let exclude = builder.build().map_err(|error| wrong(&options.exclude.join(" "), &error))?;
        let exclude = Some(exclude).filter(|exclude| !exclude.is_empty());
        Ok(Self { exclude, gitignore: options.gitignore })
    }

    /// Whether there are any, so that nothing need be asked otherwise.
    pub(super) const fn is_any(&self) -> bool {
        self.exclude.is_some() || self.gitignore
    }

    /// The rules of a folder that has these names, which are sorted.
    ///
    /// # Errors
    /// Why its `.gitignore` can't be read.
    pub(super) fn of_folder<N: AsRef<[u8]>>(
        &self,
        folder: impl AsFd,
        names: &[N],
    ) -> io::Result<FolderRules> {
        if !self.gitignore {
            return Ok(FolderRules::default());
        }
        let has = |wanted: &[u8]| names.binary_search_by(|name| name.as_ref().cmp(wanted)).is_ok();
        let matcher = if has(FILE) { read(folder, Path::new("."))? } else { None };
        Ok(FolderRules { matcher, is_top: has(REPOSITORY) })
    }

    /// The rules of the folders above this one, from the innermost out; none if it is in no
    /// repository, since nobody said then that they are about it.
    ///
    /// # Errors
    /// Why one of them can't be read.
    pub(super) fn above(&self, folder: &Path) -> io::Result<Vec<RulesAbove>> {
        let mut all = Vec::new();
        if !self.gitignore {
            return Ok(all);
        }
        let folder = folder.canonicalize()?;
        let repository = Path::new(OsStr::from_bytes(REPOSITORY));
        for above in folder.ancestors() {
            if above != folder
                && let Some(matcher) = read(CWD, above)?
            {
                let way = folder.strip_prefix(above).unwrap_or(&folder).to_owned();
                all.push(RulesAbove { matcher, way });
            }
            if above.join(repository).symlink_metadata().is_ok() {
                return Ok(all);
            }
        }
        Ok(Vec::new())
    }

    /// Whether what is at `path` below what the user named is left out. `within` are the folders
    /// that it is in, from the outermost in, each with the bytes of its own path below there.
    pub(super) fn leave_out<'a>(
        &self,
        path: &[u8],
        is_folder: bool,
        within: impl DoubleEndedIterator<Item = (&'a FolderRules, usize)>,
        above: &[RulesAbove],
    ) -> bool {
        let whole = Path::new(OsStr::from_bytes(path));
        if let Some(said) = self.exclude.as_ref().and_then(|rules| verdict(rules, whole, is_folder))
        {
            return said;
        }
        if !self.gitignore {
            return false;
        }
        if path.rsplit(|byte| *byte == b'/').next() == Some(REPOSITORY) {
            return true;
        }
        for (folder, len) in within.rev() {
            let below = if len == 0 { path } else { path.get(len + 1..).unwrap_or_default() };
            let below = Path::new(OsStr::from_bytes(below));
            let said = folder.matcher.as_ref().and_then(|rules| verdict(rules, below, is_folder));
            if said.is_some() || folder.is_top {
                return said.unwrap_or(false);
            }
        }
        let mut said = above
            .iter()
            .filter_map(|rules| verdict(&rules.matcher, &rules.way.join(whole), is_folder));
        said.next().unwrap_or(false)
    }
}

/// Whether these leave it out; nothing if they say nothing about it.
fn verdict(rules: &Gitignore, path: &Path, is_folder: bool) -> Option<bool> {
    match rules.matched(path, is_folder) {
        Match::None => None,
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
    }
}

/// The `.gitignore` in this folder, if it has one that says something. Lines that git wouldn't
/// understand are passed over, as git does.
fn read(root: impl AsFd, folder: &Path) -> io::Result<Option<Gitignore>> {
    // Git doesn't follow a link there either.
    let path = folder.join(OsStr::from_bytes(FILE));
    let file = match look::open(root, path, OFlags::NOFOLLOW) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT | Errno::LOOP | Errno::MLINK | Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if look::Look::of(&file)?.kind != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    let mut builder = GitignoreBuilder::new("");
    for line in bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).split(|byte| *byte == b'\n') {
        if let Ok(line) = str::from_utf8(line) {
            let _ = builder.add_line(None, line);
        }
    }
    let matcher = builder.build().map_err(io::Error::other)?;
    Ok(Some(matcher).filter(|matcher| !matcher.is_empty()))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
