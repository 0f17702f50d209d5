//! Logins and sessions: right, wrong, slowed, locked, and the file that changes under them.

use super::*;
use couplet::account::MIN_PASSWORD_BYTES;
use std::fs;
use tempfile::TempDir;

const RIGHT: &str = "correct horse";
const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

struct Place {
    temp: TempDir,
    file: AccountsFile,
    accounts: Arc<Accounts>,
}

impl Place {
    fn empty() -> Self {
        let temp = tempfile::tempdir().expect("a directory");
        let file = AccountsFile::at(temp.path().to_owned());
        let accounts = Accounts::new(Some(temp.path().to_owned())).expect("randomness");
        *lock(&accounts.stopped) = Some(Moment::START);
        Self { temp, file, accounts }
    }

    /// With ann, who may get and put.
    fn new() -> Self {
        let place = Self::empty();
        let rights = Rights::GET.and(Rights::PUT);
        manage::add(&place.file, &name("ann"), RIGHT, rights).expect("it is made");
        place
    }

    async fn login(&self, name: &str, password: &str) -> Result<Session, LoginRefused> {
        self.accounts.login(name, password.as_bytes(), FAR).await
    }

    fn advance(&self, time: Duration) {
        let now = self.accounts.now();
        *lock(&self.accounts.stopped) = Some(now + time);
    }

    async fn ann(&self) -> Session {
        self.login("ann", RIGHT).await.expect("she is let in")
    }
}

fn name(text: &str) -> AccountName {
    text.parse().expect("a name")
}

fn is_wrong(login: &Result<Session, LoginRefused>) -> bool {
    matches!(login, Err(LoginRefused::Wrong))
}

#[tokio::test]
async fn the_right_password_lets_in_with_the_accounts_rights() {
    let place = Place::new();
    let mut session = place.ann().await;
    assert_eq!(session.name(), &name("ann"));
    assert_eq!(session.rights().to_string(), "get,put");
    assert_eq!(session.still_valid().await.expect("it is"), session.rights());
    assert!(place.accounts.any().await.expect("it is whole"));
    // However it is typed.
    manage::add(
        &place.file,
        &name("zoë".replace('ë', "e").as_str()),
        "cafe\u{301} noir",
        Rights::GET,
    )
    .expect("it is made");
    assert!(place.login("zoe", "café\u{a0}noir").await.is_ok());
}

/// Each login costs one hash with the same parameters, whatever is wrong, and says the same.
#[tokio::test]
async fn what_was_wrong_shows_neither_in_words_nor_in_work() {
    let place = Place::new();
    let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
    let longer = "x".repeat(100_000);
    let tries = [
        ("ann", "wrong horse"),
        ("bob", RIGHT),
        ("Ann", RIGHT),
        ("../ann", RIGHT),
        ("", ""),
        ("ann", "short"),
        ("ann", &long),
        ("bob", &longer),
        ("ann", "correct\thorse"),
    ];
    let mut texts = std::collections::BTreeSet::new();
    for (number, (name, password)) in tries.into_iter().enumerate() {
        let from = IpAddr::from([198, 51, 100, u8::try_from(number).expect("few")]);
        let before = place.accounts.hasher.runs();
        let refused = place.accounts.login(name, password.as_bytes(), from).await;
        assert!(is_wrong(&refused), "{name:?}: {refused:?}");
        assert_eq!(place.accounts.hasher.runs() - before, 1, "{name:?} with {password:.20}");
        texts.insert(refused.expect_err("refused").to_string());
    }
    let bytes = place.accounts.login("ann", b"\xff\xfe not text", FAR).await;
    assert!(is_wrong(&bytes), "{bytes:?}");
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(place.accounts.failed(), 10);
    let before = place.accounts.hasher.runs();
    place.ann().await;
    assert_eq!(place.accounts.hasher.runs() - before, 1, "and so does the right one");
}

#[tokio::test]
async fn failures_slow_then_lock_and_cost_no_hash_meanwhile() {
    let place = Place::new();
    let mut waits = Vec::new();
    let locked = loop {
        let before = place.accounts.hasher.runs();
        match place.login("ann", "wrong horse").await {
            Err(LoginRefused::Wrong) => assert_eq!(place.accounts.hasher.runs() - before, 1),
            Err(LoginRefused::SlowDown(wait)) => {
                assert_eq!(place.accounts.hasher.runs(), before);
                waits.push(wait.as_secs());
                place.advance(wait);
            }
            Err(refused @ LoginRefused::Locked(_)) => break refused,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(waits, [1, 2, 4, 8, 16, 32]);
    assert_eq!(place.accounts.hasher.runs(), 10);
    let said = locked.to_string();
    assert!(said.contains("none is tried from your address for 15 min"), "{said}");
    assert_eq!(locked.seconds(), Some(900));
    // Not even the right one, there; but from elsewhere.
    let right = place.login("ann", RIGHT).await;
    assert!(matches!(right, Err(LoginRefused::Locked(_))), "{right:?}");
    let elsewhere = IpAddr::from([192, 0, 2, 2]);
    assert!(place.accounts.login("ann", RIGHT.as_bytes(), elsewhere).await.is_ok());
    place.advance(Duration::from_mins(15));
    place.ann().await;
}

#[tokio::test]
async fn this_machines_own_address_is_slowed_and_not_locked() {
    let place = Place::new();
    let mut slowed = 0;
    for _ in 0..40 {
        match place.accounts.login("ann", b"wrong horse", HERE).await {
            Err(LoginRefused::Wrong) => {}
            Err(LoginRefused::SlowDown(wait)) => {
                slowed += 1;
                place.advance(wait);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(slowed > 15, "{slowed}");
    let refused = place.accounts.login("ann", RIGHT.as_bytes(), HERE).await;
    let Err(LoginRefused::SlowDown(wait)) = refused else { panic!("{refused:?}") };
    assert_eq!(wait, Duration::from_mins(1));
    place.advance(wait);
    assert!(place.accounts.login("ann", RIGHT.as_bytes(), HERE).await.is_ok());
}

#[tokio::test]
async fn many_who_are_right_come_in_at_once_and_too_many_are_told() {
    let place = Place::new();
    let login = || {
        let accounts = Arc::clone(&place.accounts);
        tokio::spawn(async move { accounts.login("ann", RIGHT.as_bytes(), HERE).await })
    };
    let all: Vec<_> = (0..32).map(|_| login()).collect();
    for one in all {
        one.await.expect("no panic").expect("she is let in");
    }
    assert_eq!(place.accounts.failed(), 0);
    // As if other logins were slow.
    let held = place.accounts.comparing.acquire_many(AT_ONCE).await.expect("never closed");
    let places = Arc::clone(&place.accounts.waiting);
    let waiting = places.acquire_many(u32::try_from(MAX_WAITING).expect("few")).await;
    let refused = login().await.expect("no panic").expect_err("full");
    assert!(matches!(refused, LoginRefused::Busy), "{refused:?}");
    assert_eq!(refused.seconds(), Some(3));
    drop((waiting, held));
    login().await.expect("no panic").expect("she is let in");
}

#[tokio::test]
async fn a_try_that_is_given_up_counts_as_failed() {
    let place = Place::new();
    let who = Try { account: Some(name("ann")), address: Some(FAR) };
    let now = place.accounts.now();
    for _ in 0..4 {
        lock(&place.accounts.logins).handle_try(&who, now).expect("it may try");
        let accounts = Arc::clone(&place.accounts);
        drop(Attempt { accounts, who: who.clone(), from: FAR, is_decided: false });
    }
    assert_eq!(place.accounts.failed(), 4);
    let refused = place.login("ann", RIGHT).await;
    assert!(matches!(refused, Err(LoginRefused::SlowDown(_))), "{refused:?}");
}

#[tokio::test]
async fn sessions_follow_their_account() {
    let place = Place::new();
    let mut session = place.ann().await;
    manage::set_rights(&place.file, &name("ann"), Rights::NONE).expect("changed");
    assert_eq!(session.still_valid().await.expect("still"), Rights::NONE);
    assert_eq!(session.rights(), Rights::NONE);

    manage::set_password(&place.file, &name("ann"), "another horse").expect("changed");
    let over = session.still_valid().await;
    assert!(matches!(over, Err(SessionOver::Changed)), "{over:?}");
    assert!(is_wrong(&place.login("ann", RIGHT).await));
    let mut session = place.login("ann", "another horse").await.expect("she is let in");

    assert_eq!(manage::remove(&place.file, &name("ann")).expect("removed"), 0, "none is left");
    let over = session.still_valid().await;
    assert!(matches!(over, Err(SessionOver::Removed)), "{over:?}");
    assert!(is_wrong(&place.login("ann", "another horse").await));
    assert!(!place.accounts.any().await.expect("it is whole"), "the last one is gone");

    // Another of the same name and password isn't the same.
    manage::add(&place.file, &name("ann"), "another horse", Rights::ALL).expect("made");
    let over = session.still_valid().await;
    assert!(matches!(over, Err(SessionOver::Changed)), "{over:?}");
}

/// Changes come thick and fast, within one tick of the file system's clock.
#[tokio::test]
async fn no_change_goes_unseen() {
    let place = Place::new();
    let mut session = place.ann().await;
    for round in 0..60 {
        let rights = if round % 2 == 0 { Rights::GET } else { Rights::PUT };
        manage::set_rights(&place.file, &name("ann"), rights).expect("changed");
        assert_eq!(session.still_valid().await.expect("it is"), rights, "round {round}");
    }
}

/// Who asks while somebody reads gets what comes of it, if that was begun late enough.
#[tokio::test]
async fn many_that_ask_at_once_read_only_once_or_twice() {
    let place = Place::new();
    place.accounts.any().await.expect("it is whole");
    let before = {
        let mut known = lock(&place.accounts.known);
        // As if it had been read in the tick of a change.
        known.book.as_mut().expect("it was read").is_sure = false;
        known.reads
    };
    let reading = place.accounts.reading.lock().await;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let accounts = Arc::clone(&place.accounts);
            tokio::spawn(async move { accounts.any().await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(reading);
    for one in asking {
        assert!(one.await.expect("no panic").expect("it is whole"));
    }
    // Each of those that came later than the first read began needs one more for all of them.
    let reads = lock(&place.accounts.known).reads - before;
    assert!((1..=2).contains(&reads), "{reads}");
}

#[tokio::test]
async fn accounts_that_cannot_be_read_let_nobody_in_and_are_never_none() {
    let place = Place::new();
    let mut session = place.ann().await;
    let path = place.temp.path().join(FILE);
    let good = fs::read(&path).expect("reads");
    for bad in [&b""[..], b"no database", &good[..good.len() / 2]] {
        fs::write(&path, bad).expect("writes");
        let before = place.accounts.hasher.runs();
        let refused = place.login("ann", RIGHT).await;
        let Err(LoginRefused::Unavailable(why)) = refused else { panic!("{refused:?}") };
        assert!(matches!(why.reason(), FileError::Broken { .. }), "{:?}", why.reason());
        assert!(!why.to_string().contains("redb"), "{why} is for strangers");
        assert_eq!(place.accounts.hasher.runs(), before);
        assert!(place.accounts.any().await.is_err());
        let over = session.still_valid().await;
        assert!(matches!(over, Err(SessionOver::Unavailable(_))), "{over:?}");
        // Also for a relay that has never read it.
        let other = Accounts::new(Some(place.temp.path().to_owned())).expect("randomness");
        assert!(other.any().await.is_err());
    }
    assert_eq!(place.accounts.failed(), 0);
    // One that is gone was there before.
    fs::remove_file(&path).expect("goes");
    let gone = place.accounts.any().await.expect_err("it was there");
    assert!(matches!(gone.reason(), FileError::Gone(_)), "{gone:?}");
    assert!(place.accounts.any().await.is_err(), "however often");
    fs::write(&path, good).expect("writes");
    assert!(session.still_valid().await.is_ok());
    place.ann().await;
}

#[tokio::test]
async fn without_a_directory_or_a_file_there_are_none() {
    let nowhere = Accounts::new(None).expect("randomness");
    assert!(!nowhere.any().await.expect("nothing is wrong"));
    let place = Place::empty();
    assert!(!place.accounts.any().await.expect("nothing is wrong"));
    assert!(is_wrong(&place.login("ann", RIGHT).await));
    assert_eq!(place.accounts.hasher.runs(), 1);
    // The first one is seen as soon as it is made.
    manage::add(&place.file, &name("ann"), RIGHT, Rights::GET).expect("made");
    assert!(place.accounts.any().await.expect("it is whole"));
    place.ann().await;
}

#[tokio::test]
async fn a_hash_with_other_parameters_is_made_anew_at_login_and_sessions_go_on() {
    let place = Place::new();
    let weak = password::Hash::weak(RIGHT);
    let changed: Result<(), FileError> = place.file.change(PATIENCE, |accounts| {
        let account = accounts.get(&name("ann"))?.expect("she is there");
        accounts.put(&name("ann"), &Account { hash: weak.clone(), ..account })
    });
    changed.expect("it is written");
    assert!(is_wrong(&place.login("ann", "wrong horse").await));
    let kept = |place: &Place| manage::list(&place.file).expect("whole")[&name("ann")].hash.clone();
    assert_eq!(kept(&place), weak, "only its password makes another");
    let mut session = place.ann().await;
    assert!(kept(&place).is_current());
    assert!(session.still_valid().await.is_ok());
    place.ann().await;
}

#[test]
fn what_cannot_be_is_refused_when_it_is_made() {
    let place = Place::new();
    let ann = name("ann");
    let refused = manage::add(&place.file, &ann, RIGHT, Rights::GET).expect_err("she is there");
    assert!(matches!(refused, manage::ManageError::Exists(_)), "{refused}");
    let short = "x".repeat(MIN_PASSWORD_BYTES - 1);
    for refused in [
        manage::add(&place.file, &name("bob"), &short, Rights::GET),
        manage::set_password(&place.file, &ann, &short),
    ] {
        assert!(matches!(refused, Err(manage::ManageError::Password(_))), "{refused:?}");
    }
    for refused in [
        manage::remove(&place.file, &name("bob")).map(drop),
        manage::set_password(&place.file, &name("bob"), RIGHT),
        manage::set_rights(&place.file, &name("bob"), Rights::ALL),
    ] {
        assert!(matches!(refused, Err(manage::ManageError::NoSuch(_))), "{refused:?}");
    }
    let empty = Place::empty();
    assert!(manage::remove(&empty.file, &ann).is_err());
    assert_eq!(fs::read_dir(empty.temp.path()).expect("lists").count(), 0, "no file for nothing");
}
