//! The databases, all behind one little trait: the same one that the relay's stores have.

use std::path::Path;

/// Why something didn't work; it ends the measurement.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Records by number.
pub(crate) trait Database {
    /// All records.
    fn load(&mut self) -> Result<Vec<(u64, Vec<u8>)>, Failure>;
    /// Puts all of these or none.
    fn commit(&mut self, changes: &[(u64, Vec<u8>)]) -> Result<(), Failure>;
}

/// The names of all that were built in.
pub(crate) const NAMES: &[&str] = &[
    #[cfg(feature = "redb")]
    "redb",
    #[cfg(feature = "redb")]
    "redb-unsynced",
    #[cfg(feature = "sqlite")]
    "sqlite-normal",
    #[cfg(feature = "sqlite")]
    "sqlite-full",
];

/// Opens or makes the database of that name in a directory.
pub(crate) fn open(name: &str, dir: &Path) -> Result<Box<dyn Database>, Failure> {
    match name {
        #[cfg(feature = "redb")]
        "redb" => Ok(Box::new(redb_file::open(dir, true)?)),
        #[cfg(feature = "redb")]
        "redb-unsynced" => Ok(Box::new(redb_file::open(dir, false)?)),
        #[cfg(feature = "sqlite")]
        "sqlite-normal" => Ok(Box::new(sqlite_file::open(dir, "NORMAL")?)),
        #[cfg(feature = "sqlite")]
        "sqlite-full" => Ok(Box::new(sqlite_file::open(dir, "FULL")?)),
        _ => Err(format!("{name} isn't one of {}", NAMES.join(", ")).into()),
    }
}

#[cfg(feature = "redb")]
mod redb_file {
    use super::{Database, Failure};
    use redb::backends::FileBackend;
    use redb::{ReadableDatabase as _, StorageBackend, TableDefinition};
    use std::io;
    use std::path::Path;

    const ROOMS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rooms");
    const CACHE_BYTES: usize = 128 * 1024;

    /// A file that is written but not synced: it outlives the process, not a power cut.
    #[derive(Debug)]
    struct Unsynced(FileBackend);

    impl StorageBackend for Unsynced {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }
        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }
        fn close(&self) -> io::Result<()> {
            self.0.close()
        }
    }

    pub(super) fn open(dir: &Path, synced: bool) -> Result<redb::Database, Failure> {
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join("rooms.redb"))?;
        let file = FileBackend::new(file)?;
        let mut builder = redb::Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = if synced {
            builder.create_with_backend(file)?
        } else {
            builder.create_with_backend(Unsynced(file))?
        };
        let begin = database.begin_write()?;
        begin.open_table(ROOMS)?;
        begin.commit()?;
        Ok(database)
    }

    impl Database for redb::Database {
        fn load(&mut self) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
            let table = self.begin_read()?.open_table(ROOMS)?;
            let mut all = Vec::new();
            for entry in table.range::<u64>(..)? {
                let (room, record) = entry?;
                all.push((room.value(), record.value().to_vec()));
            }
            Ok(all)
        }

        fn commit(&mut self, changes: &[(u64, Vec<u8>)]) -> Result<(), Failure> {
            let write = self.begin_write()?;
            let mut table = write.open_table(ROOMS)?;
            for (room, record) in changes {
                table.insert(room, record.as_slice())?;
            }
            drop(table);
            write.commit()?;
            Ok(())
        }
    }
}

#[cfg(feature = "sqlite")]
mod sqlite_file {
    use super::{Database, Failure};
    use rusqlite::{Connection, params};
    use std::path::Path;

    pub(super) fn open(dir: &Path, synchronous: &str) -> Result<Connection, Failure> {
        let database = Connection::open(dir.join("rooms.sqlite"))?;
        database.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", synchronous)?;
        database.pragma_update(None, "cache_size", -128)?;
        database.execute(
            "CREATE TABLE IF NOT EXISTS room (id INTEGER PRIMARY KEY, record BLOB NOT NULL)",
            [],
        )?;
        Ok(database)
    }

    impl Database for Connection {
        fn load(&mut self) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
            let mut all = self.prepare("SELECT id, record FROM room")?;
            let rows = all.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
            let rows = rows.map(|row| row.map(|(id, record)| (id.cast_unsigned(), record)));
            Ok(rows.collect::<Result<_, _>>()?)
        }

        fn commit(&mut self, changes: &[(u64, Vec<u8>)]) -> Result<(), Failure> {
            let transaction = self.transaction()?;
            let mut put =
                transaction.prepare("INSERT OR REPLACE INTO room (id, record) VALUES (?, ?)")?;
            for (room, record) in changes {
                put.execute(params![room.cast_signed(), record])?;
            }
            drop(put);
            transaction.commit()?;
            Ok(())
        }
    }
}
