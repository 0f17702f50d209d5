//! The records in a database file in the relay's data directory.
//!
//! Owns the file: its name, its format, its lock, and what becomes of a broken one. The database
//! is redb; docs/BENCHMARKS.md says why. Every commit is synced to the disk before it is one, so it
//! survives not only the end of the process but a power cut as well, if the disk keeps its word.

use super::{Change, Store, StoreError, StoreWarning};
use couplet::text;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase as _, TableDefinition};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The file in the directory of the relay's data.
pub(crate) const FILE: &str = "rooms.redb";

/// The format of the tables; a relay that changes them counts on.
const FORMAT: i64 = 1;

/// What the database may keep of its file in memory. The relay reads it once and writes a few
/// pages at a time.
const CACHE_BYTES: usize = 128 * 1024;

/// How many broken files are kept before none is moved aside any more.
const MAX_ASIDE: u32 = 100;

const ROOMS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rooms");
/// About the file itself.
const META: TableDefinition<'_, &str, i64> = TableDefinition::new("meta");
const META_FORMAT: &str = "format";

/// The file, open and locked.
#[derive(Debug)]
pub(crate) struct Embedded {
    path: PathBuf,
    /// Closed after a failure: only one that was opened anew can be believed then.
    database: Option<Database>,
}

/// Opens the file in `dir`, or begins it; the directory is made if there is none. A broken file is
/// moved aside and another begun, which the warning says.
///
/// # Errors
/// [`StoreError`]; the relay can go on without a store.
pub(crate) fn open(dir: &Path) -> Result<(Embedded, Option<StoreWarning>), StoreError> {
    make_dir(dir).map_err(|error| not_opened(dir, error))?;
    let path = dir.join(FILE);
    match open_file(&path) {
        Ok(database) => Ok((Embedded { path, database: Some(database) }, None)),
        Err(StoreError::Broken { reason, .. }) => {
            let aside = move_aside(dir, &path).map_err(|error| not_opened(&path, error))?;
            let warning =
                StoreWarning::BegunAnew { path: shown(&path), aside: shown(&aside), reason };
            let database = open_file(&path)?;
            Ok((Embedded { path, database: Some(database) }, Some(warning)))
        }
        Err(error) => Err(error),
    }
}

impl Embedded {
    fn database(&mut self) -> Result<Database, StoreError> {
        self.database.take().map_or_else(|| open_file(&self.path), Ok)
    }
}

impl Store for Embedded {
    fn load(&mut self) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let database = self.database()?;
        let all = all_in(&database).map_err(|error| failed(&self.path, error))?;
        self.database = Some(database);
        Ok(all)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let database = self.database()?;
        carry_out(&database, changes).map_err(|error| failed(&self.path, error))?;
        self.database = Some(database);
        Ok(())
    }
}

fn all_in(database: &Database) -> Result<Vec<(u64, Vec<u8>)>, redb::Error> {
    let rooms = database.begin_read()?.open_table(ROOMS)?;
    let mut all = Vec::new();
    for entry in rooms.range::<u64>(..)? {
        let (room, record) = entry?;
        all.push((room.value(), record.value().to_vec()));
    }
    Ok(all)
}

fn carry_out(database: &Database, changes: &[Change]) -> Result<(), redb::Error> {
    // Dropped before its commit it is undone.
    let transaction = database.begin_write()?;
    let mut rooms = transaction.open_table(ROOMS)?;
    for change in changes {
        match change {
            Change::Put { room, record } => drop(rooms.insert(room, record.as_slice())?),
            Change::Remove { room } => drop(rooms.remove(room)?),
        }
    }
    drop(rooms);
    transaction.commit()?;
    Ok(())
}

/// Opens the file and makes sure that it is whole and of a format that is known.
fn open_file(path: &Path) -> Result<Database, StoreError> {
    let file = private_file(path).map_err(|error| not_opened(path, error))?;
    let database = FileBackend::new(file).and_then(|backend| {
        redb::Builder::new()
            .set_cache_size(CACHE_BYTES)
            // Else a file that was closed in order is trusted, and a broken one may cause panics.
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)
    });
    let database = database.map_err(|error| failed(path, error.into()))?;
    match format_of(&database).map_err(|error| failed(path, error))? {
        FORMAT => Ok(database),
        found => Err(StoreError::Later { path: shown(path), found, known: FORMAT }),
    }
}

/// The format of the file's tables, which are made if it is new.
fn format_of(database: &Database) -> Result<i64, redb::Error> {
    if let Some(format) = written_format(database)? {
        return Ok(format);
    }
    let transaction = database.begin_write()?;
    transaction.open_table(META)?.insert(META_FORMAT, FORMAT)?;
    transaction.open_table(ROOMS)?;
    transaction.commit()?;
    Ok(FORMAT)
}

fn written_format(database: &Database) -> Result<Option<i64>, redb::Error> {
    match database.begin_read()?.open_table(META) {
        Ok(meta) => Ok(meta.get(META_FORMAT)?.map(|format| format.value())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// The file, readable by this user only from the first moment on; one from elsewhere is from now.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// Gives the file a name that no other has.
fn move_aside(dir: &Path, path: &Path) -> io::Result<PathBuf> {
    let names = (1..=MAX_ASIDE).map(|number| dir.join(format!("rooms.broken-{number}")));
    let free = names.into_iter().find(|aside| fs::symlink_metadata(aside).is_err());
    let aside = free.ok_or_else(|| {
        io::Error::other(format!("it is broken, and {MAX_ASIDE} broken ones are kept already"))
    })?;
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// What the operating system's refusal means.
fn not_opened(path: &Path, error: io::Error) -> StoreError {
    failed(path, redb::Error::Io(error))
}

/// What the database's refusal means.
fn failed(path: &Path, error: redb::Error) -> StoreError {
    use io::ErrorKind as Kind;
    use redb::Error;
    let path = shown(path);
    if let Error::Io(error) = error {
        let kind = error.kind();
        let reason = error.into();
        return if matches!(kind, Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge) {
            StoreError::Full(path)
        } else if matches!(kind, Kind::UnexpectedEof | Kind::InvalidData) {
            // The file is shorter than it says itself.
            StoreError::Broken { path, reason }
        } else if matches!(
            kind,
            Kind::PermissionDenied
                | Kind::ReadOnlyFilesystem
                | Kind::NotADirectory
                | Kind::IsADirectory
                | Kind::AlreadyExists
                | Kind::NotFound
        ) {
            StoreError::NotWritable { path, reason }
        } else {
            StoreError::Other { path, reason }
        };
    }
    if matches!(error, Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch) {
        return StoreError::Locked(path);
    }
    // What it says may have bytes of the file in it.
    let reason = text::line(&error.to_string(), couplet::limits::MAX_REASON_COLUMNS).into();
    let is_broken = matches!(
        error,
        Error::Corrupted(_)
            | Error::TableTypeMismatch { .. }
            | Error::TableIsMultimap(_)
            | Error::TypeDefinitionChanged { .. }
            | Error::TableDoesNotExist(_)
    );
    if is_broken { StoreError::Broken { path, reason } } else { StoreError::Other { path, reason } }
}

fn shown(path: &Path) -> String {
    text::line(&path.to_string_lossy(), couplet::limits::MAX_REASON_COLUMNS)
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
