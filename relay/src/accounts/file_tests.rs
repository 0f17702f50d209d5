//! The file of accounts: whole, damaged, foreign, in use, full of accounts.

use super::super::manage;
use super::*;
use couplet::account::Rights;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const NOW: Duration = Duration::from_millis(20);

fn temp() -> (TempDir, AccountsFile) {
    let temp = tempfile::tempdir().expect("a directory");
    let file = AccountsFile::at(temp.path().join("deep/er"));
    (temp, file)
}

fn name(text: &str) -> AccountName {
    text.parse().expect("a name")
}

fn account(version: u64) -> Account {
    Account {
        rights: Rights::GET,
        made: Duration::from_millis(1),
        changed: Duration::from_millis(2),
        hash: Hash::weak("12345678"),
        version,
    }
}

fn put(file: &AccountsFile, names: &[&str]) {
    let changed: Result<(), FileError> = file.change(NOW, |accounts| {
        names.iter().try_for_each(|text| accounts.put(&name(text), &account(7)))
    });
    changed.expect("it is written");
}

fn names(file: &AccountsFile) -> Result<Vec<String>, FileError> {
    file.read(NOW).map(|(_, book)| book.keys().map(ToString::to_string).collect())
}

#[test]
fn what_is_written_is_read_and_without_a_file_there_is_nothing() {
    let (temp, file) = temp();
    assert_eq!(names(&file).expect("nothing is wrong"), [""; 0]);
    assert_eq!(fs::read_dir(temp.path()).expect("lists").count(), 0, "reading makes nothing");
    put(&file, &["ann", "bob"]);
    let (stamp, book) = file.read(NOW).expect("it is whole");
    assert_eq!(stamp, file.stamp().expect("it is there"), "reading changes nothing");
    assert_eq!(book[&name("ann")], account(7));
    let versions: Result<Vec<u64>, FileError> = file.change(NOW, |accounts| {
        accounts.remove(&name("ann"))?;
        [(); 2].iter().map(|()| accounts.next_version()).collect()
    });
    assert_eq!(versions.expect("it is written"), [1, 2]);
    assert_eq!(names(&file).expect("it is whole"), ["bob"]);
    let mut left: Vec<_> =
        fs::read_dir(&file.dir).expect("lists").map(|e| e.expect("one").file_name()).collect();
    left.sort();
    assert_eq!(left, [LOCK, FILE]);
}

#[test]
fn a_change_that_fails_changes_nothing_and_makes_nothing() {
    let (_temp, file) = temp();
    let refuse = |file: &AccountsFile| {
        let refused: Result<(), FileError> = file.change(NOW, |accounts| {
            accounts.put(&name("eve"), &account(1))?;
            Err(FileError::TooMany)
        });
        assert!(matches!(refused, Err(FileError::TooMany)));
    };
    refuse(&file);
    assert_eq!(file.stamp().expect("no fault"), None);
    put(&file, &["ann"]);
    refuse(&file);
    assert_eq!(names(&file).expect("it is whole"), ["ann"]);
}

#[cfg(unix)]
#[test]
fn it_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_temp, file) = temp();
    put(&file, &["ann"]);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&file.path()), 0o600);
    assert_eq!(mode(&file.dir.join(LOCK)), 0o600);
    assert_eq!(mode(&file.dir), 0o700);
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).expect("changes");
    put(&file, &["bob"]);
    assert_eq!(mode(&file.path()), 0o600);
}

/// Root makes accounts for a relay that runs as somebody else.
#[cfg(unix)]
#[test]
fn what_is_made_belongs_to_the_directorys_owner() {
    use std::os::unix::fs::MetadataExt as _;
    let (temp, _) = temp();
    // Whoever isn't root can't give anything away, and makes only what is its own anyway.
    let somebody = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(temp.path(), Some(65_534), Some(65_534)).expect("root may");
        65_534
    } else {
        fs::metadata(temp.path()).expect("there").uid()
    };
    let file = AccountsFile::at(temp.path().to_owned());
    put(&file, &["ann"]);
    for name in [FILE, LOCK] {
        let owner = fs::metadata(temp.path().join(name)).expect("there").uid();
        assert_eq!(owner, somebody, "{name}");
    }
}

#[test]
fn whoever_has_it_for_too_long_is_told_of() {
    let (_temp, file) = temp();
    put(&file, &["ann"]);
    let inner = file.clone();
    let changed: Result<(), FileError> = file.change(NOW, |_| {
        assert!(matches!(inner.read(NOW), Err(FileError::InUse(_))));
        let other: Result<(), FileError> = inner.change(NOW, |_| Ok(()));
        assert!(matches!(other, Err(FileError::InUse(_))));
        Ok(())
    });
    changed.expect("it is written");
    // Another program that has the database open, and knows nothing of the lock.
    let other = Database::create(file.path()).expect("it opens");
    let refused: Result<(), FileError> = file.change(NOW, |_| Ok(()));
    assert!(matches!(refused, Err(FileError::InUse(_))), "{refused:?}");
    drop(other);
    put(&file, &["bob"]);
}

/// Several at once, each with its own open files, as programs have: nothing is lost.
#[test]
fn two_that_write_at_once_lose_nothing() {
    let (_temp, file) = temp();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let file = &file;
            scope.spawn(move || {
                for number in 0..4 {
                    let name = name(&format!("user{writer}-{number}"));
                    let patience = Duration::from_mins(1);
                    let put = file.change(patience, |accounts| accounts.put(&name, &account(1)));
                    put.unwrap_or_else(|error: FileError| panic!("{error}"));
                    file.read(patience).expect("it is whole");
                }
            });
        }
    });
    assert_eq!(names(&file).expect("it is whole").len(), 16);
}

#[test]
fn what_cannot_be_read_is_never_a_file_without_accounts() {
    let (_temp, file) = temp();
    put(&file, &["ann"]);
    let good = fs::read(file.path()).expect("reads");
    let grow = || {
        let longer = File::options().write(true).open(file.path()).expect("opens");
        longer.set_len(MAX_FILE_BYTES + 1).expect("grows");
    };
    let replace = || {
        fs::remove_file(file.path()).expect("goes");
        let other = Database::create(file.path()).expect("made");
        let transaction = other.begin_write().expect("begins");
        let table: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
        transaction.open_table(table).expect("opens").insert("a", 1).expect("goes in");
        transaction.commit().expect("commits");
    };
    let write = |bytes: &[u8]| fs::write(file.path(), bytes).expect("writes");
    for what in ["it is empty", "no database", "cut", "too long", "another's"] {
        write(&good);
        match what {
            "it is empty" => write(b""),
            "no database" => write(&b"x".repeat(20_000)),
            "cut" => write(&good[..good.len() / 2]),
            "too long" => grow(),
            _ => replace(),
        }
        let read = names(&file);
        assert!(matches!(read, Err(FileError::Broken { .. })), "{what}: {read:?}");
        let changed: Result<(), FileError> = file.change(NOW, |_| Ok(()));
        if what != "too long" {
            assert!(matches!(changed, Err(FileError::Broken { .. })), "{what}: {changed:?}");
        }
        let said = read.expect_err("broken").to_string();
        assert!(said.contains("are broken") && said.contains("put back a copy"), "{said}");
    }
    fs::remove_file(file.path()).expect("goes");
    fs::create_dir(file.path()).expect("made");
    assert!(names(&file).is_err(), "a directory");
}

#[test]
fn a_later_format_is_told_of() {
    let (_temp, file) = temp();
    put(&file, &["ann"]);
    let changed: Result<(), FileError> = file.change(NOW, |accounts| {
        accounts.meta.insert(META_FORMAT, 2).expect("goes in");
        Ok(())
    });
    changed.expect("it is written");
    let read = names(&file).expect_err("later");
    assert!(matches!(read, FileError::Later { found: 2, .. }), "{read}");
    let changed: Result<(), FileError> = file.change(NOW, |_| Ok(()));
    assert!(matches!(changed, Err(FileError::Later { found: 2, .. })), "{changed:?}");
    assert!(matches!(manage::list(&file), Err(FileError::Later { .. })));
}

#[test]
fn an_account_that_makes_no_sense_makes_the_file_broken() {
    for (bad_name, hash, rights) in [
        ("Ann", Hash::weak("12345678").as_str(), 1),
        ("ann", "plain", 1),
        ("ann", Hash::weak("12345678").as_str(), 99),
    ] {
        let (_temp, file) = temp();
        put(&file, &["zoe"]);
        let changed: Result<(), FileError> = file.change(NOW, |accounts| {
            accounts.accounts.insert(bad_name, (hash, rights, 1, 1, 1)).expect("goes in");
            Ok(())
        });
        changed.expect("it is written");
        let said = names(&file).expect_err("broken").to_string();
        assert!(said.contains(&format!("the account {bad_name} makes no sense")), "{said}");
    }
}

#[test]
fn there_may_be_so_many_and_the_largest_file_is_read() {
    let (_temp, file) = temp();
    let longest = |number: usize| name(&format!("{number:032}"));
    let hash: Hash =
        Hash::weak("12345678").as_str().replace("m=8", "m=19456").parse().expect("a hash");
    let changed: Result<(), FileError> = file.change(NOW, |accounts| {
        for number in 0..MAX_ACCOUNTS {
            accounts.put(&longest(number), &Account { hash: hash.clone(), ..account(1) })?;
        }
        Ok(())
    });
    changed.expect("it is written");
    assert_eq!(names(&file).expect("it is whole").len(), MAX_ACCOUNTS);
    let one_more: Result<(), FileError> =
        file.change(NOW, |accounts| accounts.put(&longest(MAX_ACCOUNTS), &account(1)));
    assert!(matches!(one_more, Err(FileError::TooMany)));
    // Those that are there can be changed, over and over.
    for round in 0..20 {
        let changed: Result<(), FileError> =
            file.change(NOW, |accounts| accounts.put(&longest(round), &account(1)));
        changed.expect("it is written");
    }
    let len = fs::metadata(file.path()).expect("there").len();
    assert!(len < MAX_FILE_BYTES / 2, "{len} bytes");
}

/// Wherever bytes are wrong or missing: it is read as it was, or refused, and nothing panics.
#[test]
fn no_damage_gives_other_accounts_or_a_panic() {
    let (_temp, file) = temp();
    let all: Vec<_> = (0..60).map(|number| format!("user{number}")).collect();
    put(&file, &all.iter().map(String::as_str).collect::<Vec<_>>());
    let whole = file.read(NOW).expect("it is whole").1;
    let good = fs::read(file.path()).expect("reads");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    let mut refused = 0;
    for round in 0..120 {
        let mut bytes = good.clone();
        match round % 4 {
            0 => bytes.truncate(next(bytes.len())),
            // The header, where most of what can go wrong is.
            1 => bytes[next(400)] ^= 1 << next(8),
            2 => {
                let (from, len) = (next(bytes.len() - 5000), next(5000));
                bytes[from..from + len].fill(0);
            }
            _ => {
                let place = next(bytes.len());
                bytes[place] = bytes[place].wrapping_add(1);
            }
        }
        fs::write(file.path(), &bytes).expect("writes");
        match file.read(NOW) {
            Ok((_, book)) => assert!(book == whole, "round {round} gives other accounts"),
            Err(FileError::Broken { .. }) => refused += 1,
            Err(error) => panic!("round {round}: {error:?}"),
        }
    }
    assert!(refused > 30, "{refused}");
}
