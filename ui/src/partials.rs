//! `couplet partials`: what has come of transfers that were cut, and removing it.
//!
//! Owns what the command says; the parts are the engine's.

use crate::config::{Partials, PartialsCommand};
use crate::engine::{Part, parts, remove_part};
use crate::naming::thing;
use couplet::{text, units};
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::path::Path;

/// The longest name of a directory in a sentence, in columns.
const MAX_DIRECTORY: usize = 120;

/// Does the command; gives what to print.
///
/// # Errors
/// What is wrong and what to do.
pub fn run(partials: &Partials) -> Result<String, String> {
    let downloads = &partials.downloads;
    match &partials.command {
        None | Some(PartialsCommand::List) if !downloads.is_dir() => {
            let shown = text::line(&downloads.to_string_lossy(), MAX_DIRECTORY);
            Ok(format!("no parts: there is no directory {shown}\n"))
        }
        None | Some(PartialsCommand::List) => {
            Ok(list(&parts(downloads)?, downloads, &TimeZone::system()))
        }
        Some(PartialsCommand::Remove { all: true, .. }) => remove_all(downloads),
        Some(PartialsCommand::Remove { ids, .. }) => {
            for id in ids {
                remove_part(downloads, id)?;
            }
            Ok(format!("{} removed\n", units::count(ids.len(), "part")))
        }
    }
}

fn remove_all(downloads: &Path) -> Result<String, String> {
    let (in_use, free): (Vec<_>, Vec<_>) =
        parts(downloads)?.into_iter().partition(|part| part.in_use);
    for part in &free {
        remove_part(downloads, &part.id)?;
    }
    let mut text = format!("{} removed", units::count(free.len(), "part"));
    if !in_use.is_empty() {
        let _ = write!(text, ", {} in use left", units::count(in_use.len(), "part"));
    }
    text.push('\n');
    Ok(text)
}

/// One part a line: id, share, how much, when, of what.
fn list(parts: &[Part], downloads: &Path, zone: &TimeZone) -> String {
    if parts.is_empty() {
        let shown = text::line(&downloads.to_string_lossy(), MAX_DIRECTORY);
        return format!("no parts in {shown}: everything there came whole\n");
    }
    let width = parts.iter().map(|part| text::columns(&part.id)).max().unwrap_or(0);
    let mut lines = String::new();
    for part in parts {
        let share = match part.offer.size {
            Some(size) => format!("{:>3} %", units::percent(part.held, size)),
            None => "    ?".to_owned(),
        };
        let amount = match part.offer.size {
            Some(size) => units::part_of(part.held, size),
            None => units::bytes(part.held),
        };
        let changed = jiff::Timestamp::try_from(part.changed).map_or_else(
            |_| "?".to_owned(),
            |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        );
        let name = thing(part.offer.name.as_str(), part.offer.form);
        let in_use = if part.in_use { "  (in use)" } else { "" };
        // Writing to a string doesn't fail.
        let _ = writeln!(
            lines,
            "{:width$}  {share}  {amount:>14}  {changed}  {name}{in_use}",
            text::line(&part.id, MAX_DIRECTORY),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::path::SafeName;
    use couplet::transfer::offer::{Form, Offer};
    use std::time::{Duration, SystemTime};

    fn part(id: &str, form: Form, size: Option<u64>, in_use: bool) -> Part {
        Part {
            id: id.to_owned(),
            offer: Offer {
                name: SafeName::new("site").expect("a safe name"),
                form,
                size,
                on_disk: None,
                entries: 3,
                mtime: None,
            },
            held: 388 << 20,
            changed: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_257_466),
            in_use,
        }
    }

    #[test]
    fn a_line_for_each_part() {
        let parts = [
            part("9f3a", Form::Folder, Some(412 << 20), true),
            part("12", Form::Stream, None, false),
        ];
        assert_eq!(
            list(&parts, Path::new("downloads"), &TimeZone::UTC),
            "9f3a   94 %     388/412 MiB  2026-11-21 10:37  site/  (in use)\n\
             12        ?         388 MiB  2026-11-21 10:37  a stream\n"
        );
        let none = list(&[], Path::new("downloads"), &TimeZone::UTC);
        assert!(none.contains("no parts in downloads"), "{none}");
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_parts_and_is_not_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let downloads = dir.path().join("downloads");
        let partials = Partials { command: None, downloads: downloads.clone() };
        assert!(run(&partials).expect("a list").starts_with("no parts"));
        assert!(!downloads.exists());
        let command = PartialsCommand::Remove { ids: vec!["none".to_owned()], all: false };
        let partials = Partials { command: Some(command), downloads: dir.path().to_owned() };
        assert!(run(&partials).expect_err("nothing to remove").contains("there is no part none"));
    }
}
