//! Scenes and sequences of the relay's end of a connection to the shelf.

use super::*;
use crate::path::SafeName;
use crate::shelf::message::ShelfFault as F;
use proptest::prelude::*;

const NOW: Moment = Moment::START;

fn terms(login: bool, rights: Rights) -> Terms {
    Terms { login, rights, folders: false, max_file: None }
}

/// A host that has told its terms.
fn host(login: bool, rights: Rights) -> Host {
    let mut host = Host::new(terms(login, rights), NOW);
    assert_eq!(told(&mut host), ["shelf"]);
    host
}

fn name(text: &str) -> ShelfName {
    ShelfName::new(text).expect("a name")
}

fn offer(form: Form) -> Offer {
    let name = SafeName::new("photo.png").expect("a name");
    Offer { name, form, size: Some(3), on_disk: None, entries: 1, mtime: None }
}

/// What the host wants done, each in a word.
fn told(host: &mut Host) -> Vec<String> {
    std::iter::from_fn(|| host.poll_command()).map(|command| word(&command)).collect()
}

fn word(command: &Command) -> String {
    match command {
        Command::Send(ShelfToClient::Error { code, .. }) => format!("error {code:?}"),
        Command::Send(ShelfToClient::Exit { reason }) => format!("exit {reason:?}"),
        Command::Send(message) => {
            let json = serde_json::to_value(message).expect("JSON");
            json["type"].as_str().expect("a type").to_owned()
        }
        Command::CheckLogin { .. } => "check login".to_owned(),
        Command::List(_) => "look".to_owned(),
        Command::Find(name) => format!("find {name}"),
        Command::Forget => "forget".to_owned(),
        Command::AwaitWorker => "await worker".to_owned(),
        Command::SendFound { part } => format!("send found {part}"),
        Command::Claim(offer) => format!("claim {}", offer.name),
        Command::Receive => "receive".to_owned(),
        Command::Delete(name) => format!("remove {name}"),
        Command::Close => "close".to_owned(),
    }
}

fn asked(host: &mut Host, ask: ClientToShelf) -> Vec<String> {
    host.handle(ask, NOW);
    told(host)
}

fn get(text: &str) -> ClientToShelf {
    ClientToShelf::Get { name: name(text) }
}

fn login() -> ClientToShelf {
    ClientToShelf::Login { user: "ann".into(), password: Password("correct horse".into()) }
}

#[test]
fn one_file_after_the_other_then_goodbye() {
    let mut host = host(false, Rights::GET);
    for _ in 0..3 {
        assert_eq!(asked(&mut host, get("photo.png")), ["find photo.png"]);
        host.handle_found(Ok(offer(Form::File)), NOW);
        assert_eq!(told(&mut host), ["offered"]);
        assert_eq!(asked(&mut host, ClientToShelf::Accept { part: true }), ["await worker"]);
        host.handle_wait(2);
        assert_eq!(told(&mut host), ["wait"]);
        host.handle_worker();
        assert_eq!(told(&mut host), ["begin", "send found true"]);
        host.handle_moved(NOW);
        assert_eq!(told(&mut host), [""; 0]);
    }
    assert_eq!(asked(&mut host, ClientToShelf::Bye), ["exit Fin", "close"]);
    assert!(host.is_over());
    assert_eq!(asked(&mut host, get("photo.png")), [""; 0]);
}

#[test]
fn a_missing_name_is_answered_with_the_list_and_nothing_ends() {
    let mut host = host(false, Rights::GET);
    assert_eq!(asked(&mut host, get("fhoto.png")), ["find fhoto.png"]);
    host.handle_found(Err((F::NoSuchName, "there is none".into())), NOW);
    assert_eq!(told(&mut host), ["error NoSuchName", "look"]);
    host.handle_list(Ok(Page::default()), NOW);
    assert_eq!(told(&mut host), ["list"]);
    assert_eq!(asked(&mut host, get("photo.png")), ["find photo.png"]);
}

#[test]
fn whoever_must_log_in_does_nothing_before() {
    for ask in [
        get("a"),
        ClientToShelf::List(Query::default()),
        ClientToShelf::Put { offer: offer(Form::File) },
    ] {
        let mut host = host(true, Rights::NONE);
        assert_eq!(asked(&mut host, ask), ["error LoginNeeded"]);
        assert_eq!(asked(&mut host, login()), ["check login"]);
        host.handle_login(Ok(Rights::GET), NOW);
        assert_eq!(told(&mut host), ["shelf", "look"]);
        host.handle_list(Ok(Page::default()), NOW);
        assert_eq!(told(&mut host), ["list"]);
        assert_eq!(asked(&mut host, get("a")), ["find a"]);
    }
}

#[test]
fn a_wrong_login_ends_the_connection() {
    let mut host = host(true, Rights::NONE);
    assert_eq!(asked(&mut host, login()), ["check login"]);
    let wait = Some(Duration::from_secs(2));
    host.handle_login(Err(((F::SlowDown, "wait".into()), wait)), NOW);
    let error = host.poll_command();
    assert!(
        matches!(
            &error,
            Some(Command::Send(ShelfToClient::Error {
                code: F::SlowDown,
                wait_ms: Some(2000),
                ..
            }))
        ),
        "{error:?}"
    );
    assert_eq!(told(&mut host), ["close"]);
    assert!(host.is_over());
}

#[test]
fn rights_are_kept_to_and_can_be_taken_away() {
    let put = || ClientToShelf::Put { offer: offer(Form::File) };
    let delete = || ClientToShelf::Delete { name: name("a") };
    let mut host = host(false, Rights::GET);
    assert_eq!(asked(&mut host, put()), ["error NotAllowed"]);
    assert_eq!(asked(&mut host, delete()), ["error NotAllowed"]);
    host.handle_rights(Some(Rights::PUT.and(Rights::DELETE)));
    assert_eq!(asked(&mut host, get("a")), ["error NotAllowed"]);
    assert_eq!(asked(&mut host, put()), ["claim photo.png"]);
    host.handle_claimed(Ok(true), NOW);
    assert_eq!(told(&mut host), ["await worker"]);
    host.handle_worker();
    assert_eq!(told(&mut host), ["begin", "receive"]);
    host.handle_moved(NOW);
    assert_eq!(asked(&mut host, delete()), ["remove a"]);
    host.handle_deleted(name("a"), Ok(()), NOW);
    assert_eq!(told(&mut host), ["deleted"]);
    host.handle_rights(None);
    assert_eq!(told(&mut host), ["error LoginNeeded", "close"]);
}

#[test]
fn whoever_is_shut_out_is_told_why() {
    let text = |host: &mut Host| {
        host.handle_rights(None);
        let error = host.poll_command();
        let Some(Command::Send(ShelfToClient::Error { text, .. })) = error else {
            panic!("{error:?}")
        };
        text
    };
    let mut anybody = host(false, Rights::GET);
    let told_anybody = text(&mut anybody);
    assert!(told_anybody.contains("for accounts now"), "{told_anybody}");
    let mut known = host(true, Rights::NONE);
    let login = ClientToShelf::Login { user: "ann".into(), password: Password("right".into()) };
    asked(&mut known, login);
    known.handle_login(Ok(Rights::GET), NOW);
    told(&mut known);
    let told_known = text(&mut known);
    assert!(told_known.contains("was removed"), "{told_known}");
}

#[test]
fn only_files_are_laid_down_and_folders_where_there_are_some() {
    for (form, folders, expected) in [
        (Form::File, false, "claim photo.png"),
        (Form::Folder, false, "error BadName"),
        (Form::Folder, true, "claim photo.png"),
        (Form::Several, true, "error BadName"),
        (Form::Stream, true, "error BadName"),
        (Form::Text, true, "error BadName"),
    ] {
        let mut host = Host::new(Terms { folders, ..terms(false, Rights::ALL) }, NOW);
        told(&mut host);
        let put = ClientToShelf::Put { offer: offer(form) };
        assert_eq!(asked(&mut host, put), [expected], "{form:?}");
    }
    let mut host = host(false, Rights::ALL);
    assert_eq!(asked(&mut host, get("site/a")), ["error BadName"]);
}

#[test]
fn what_has_no_place_ends_the_connection() {
    let early = [login(), ClientToShelf::Accept { part: false }, ClientToShelf::Decline];
    for ask in early {
        let mut host = host(false, Rights::ALL);
        assert_eq!(asked(&mut host, ask), ["error Unexpected", "close"]);
    }
    let mut hurried = host(false, Rights::ALL);
    asked(&mut hurried, get("a"));
    assert_eq!(asked(&mut hurried, get("b")), ["error Unexpected", "close"]);
    hurried.handle_found(Ok(offer(Form::File)), NOW);
    assert_eq!(told(&mut hurried), [""; 0], "what comes too late is nobody's");
    let mut declined = host(false, Rights::ALL);
    asked(&mut declined, get("a"));
    declined.handle_found(Ok(offer(Form::File)), NOW);
    told(&mut declined);
    assert_eq!(asked(&mut declined, ClientToShelf::Decline), ["forget"]);
    assert_eq!(asked(&mut declined, get("b")), ["find b"]);
}

#[test]
fn whoever_asks_nothing_is_sent_away_and_a_transfer_is_no_idleness() {
    let mut host = host(false, Rights::GET);
    let late = NOW + SHELF_IDLE_LIMIT;
    assert_eq!(host.poll_timeout(), Some(late));
    asked(&mut host, get("a"));
    assert_eq!(host.poll_timeout(), None);
    host.handle_found(Ok(offer(Form::File)), NOW);
    asked(&mut host, ClientToShelf::Accept { part: false });
    host.handle_worker();
    host.handle_timeout(late + SHELF_IDLE_LIMIT);
    assert!(!host.is_over());
    host.handle_moved(late);
    host.handle_timeout(late);
    assert!(!host.is_over());
    told(&mut host);
    host.handle_timeout(late + SHELF_IDLE_LIMIT);
    assert_eq!(told(&mut host), ["error Idle", "close"]);
}

fn asks() -> impl Strategy<Value = ClientToShelf> {
    prop_oneof![
        Just(login()),
        Just(ClientToShelf::List(Query::default())),
        Just(get("a")),
        any::<bool>().prop_map(|part| ClientToShelf::Accept { part }),
        Just(ClientToShelf::Decline),
        Just(ClientToShelf::Put { offer: offer(Form::File) }),
        Just(ClientToShelf::Delete { name: name("a") }),
        (0_u8..20).prop_map(|rare| if rare == 0 { ClientToShelf::Bye } else { get("b") }),
    ]
}

proptest! {
    /// Whatever is asked and answered in whatever order: nothing of the disk is touched without the
    /// right to it, one thing is done at a time, and after the end nothing.
    #[test]
    fn nothing_is_done_that_is_not_allowed(
        login in any::<bool>(),
        bits in 0_u8..8,
        steps in prop::collection::vec((asks(), any::<bool>()), 1..40),
    ) {
        let rights = Rights::from_bits(bits).expect("rights");
        let given = if login { Rights::NONE } else { rights };
        let mut host = Host::new(terms(login, given), NOW);
        let mut logged_in = !login;
        let mut over = false;
        for (ask, good) in steps {
            host.handle(ask, NOW);
            while let Some(command) = host.poll_command() {
                prop_assert!(!over, "{command:?} after the end");
                match command {
                    Command::Send(_) | Command::Forget => {}
                    Command::Close => over = true,
                    Command::CheckLogin { .. } => {
                        prop_assert!(login && !logged_in);
                        let wrong = ((F::LoginFailed, String::new()), None);
                        logged_in = good;
                        host.handle_login(if good { Ok(rights) } else { Err(wrong) }, NOW);
                    }
                    Command::List(_) => {
                        prop_assert!(logged_in);
                        host.handle_list(Ok(Page::default()), NOW);
                    }
                    Command::Find(_) => {
                        prop_assert!(logged_in && rights.include(Rights::GET));
                        let none = (F::NoSuchName, String::new());
                        host.handle_found(if good { Ok(offer(Form::File)) } else { Err(none) }, NOW);
                    }
                    Command::AwaitWorker => host.handle_worker(),
                    Command::SendFound { .. } => {
                        prop_assert!(logged_in && rights.include(Rights::GET));
                        host.handle_moved(NOW);
                    }
                    Command::Claim(_) => {
                        prop_assert!(logged_in && rights.include(Rights::PUT));
                        let taken = (F::Taken, String::new());
                        host.handle_claimed(if good { Ok(false) } else { Err(taken) }, NOW);
                    }
                    Command::Receive => {
                        prop_assert!(logged_in && rights.include(Rights::PUT));
                        host.handle_moved(NOW);
                    }
                    Command::Delete(name) => {
                        prop_assert!(logged_in && rights.include(Rights::DELETE));
                        host.handle_deleted(name, Ok(()), NOW);
                    }
                }
            }
            prop_assert_eq!(host.is_over(), over);
        }
    }
}
