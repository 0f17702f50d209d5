//! Uploads by raw bytes against the real server: what is kept, and what leaves nothing.

use super::super::server::{Heard, Patience, To, UploadId};
use super::super::testing::{Answer, Bench, rest};
use super::*;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn put(bench: &Bench, upload: &str, path: &str, body: &[u8]) -> Answer {
    bench.ask("PUT", &format!("{upload}?path={path}"), body).await
}

/// Sends it, and takes it or not.
async fn send(
    bench: &mut Bench,
    upload: &str,
    taken: Result<(), String>,
) -> (Answer, Vec<PathBuf>, UploadId, To) {
    let request = bench.head(
        "POST",
        &format!("{upload}/send"),
        "Content-Length: 13\r\nContent-Type: application/json\r\n",
    );
    let mut socket = bench.connect().await;
    socket.write_all(&[&request[..], b"{\"to\":\"peer\"}"].concat()).await.expect("written");
    let Heard::Ready { upload, entries, to, answer, .. } = bench.hear().await else {
        panic!("it is ready");
    };
    answer.send(taken).expect("waited for");
    (Answer::new(&rest(&mut socket).await), entries, upload, to)
}

#[tokio::test]
async fn files_and_folders_are_taken_over_as_they_came() {
    let mut bench = Bench::new().await;
    let upload = bench.upload().await;
    let dated = format!("{upload}?path=site/deep/a+b%20c.txt&modified=1790000000123");
    assert_eq!(bench.ask("PUT", &dated, b"hello").await.status, 200);
    assert_eq!(put(&bench, &upload, "site/empty/", b"").await.status, 200);
    assert_eq!(put(&bench, &upload, "caf%C3%A9", b"").await.status, 200);
    let chunked = bench.head("PUT", &format!("{upload}?path=z"), "Transfer-Encoding: chunked\r\n");
    let body = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(bench.raw(&[&chunked[..], body].concat()).await.status, 200);
    let (answer, entries, id, to) = send(&mut bench, &upload, Ok(())).await;
    assert_eq!((answer.status, to), (200, To::Peer), "{answer:?}");
    let names: Vec<_> = entries.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(names, ["café", "site", "z"]);
    assert!(entries.iter().all(|path| path.is_absolute()));
    let file = entries[1].join("deep/a b c.txt");
    assert_eq!(fs::read(&file).expect("there"), b"hello");
    let about = fs::metadata(&file).expect("there");
    assert_eq!((about.mtime(), about.mtime_nsec()), (1_790_000_000, 123_000_000));
    assert!(entries[1].join("empty").is_dir());
    assert_eq!(fs::read(&entries[2]).expect("there"), b"abcde");
    for (method, target) in [
        ("PUT", format!("{upload}?path=late")),
        ("POST", format!("{upload}/send")),
        ("DELETE", upload.clone()),
    ] {
        let answer = bench.ask(method, &target, br#"{"to":"shelf"}"#).await;
        assert_eq!(answer.status, 409, "{method}: {answer:?}");
    }
    let uploads = &bench.server.site().uploads;
    uploads.release(&[Spent::One(id, entries[1].clone())]);
    assert_eq!(bench.spooled(), ["1", "1/café", "1/z"].map(PathBuf::from), "one of it was needed");
    uploads.release(&[Spent::All(id)]);
    assert!(bench.spooled().is_empty());
    assert_eq!(put(&bench, &upload, "late", b"").await.status, 404);
}

#[tokio::test]
async fn what_was_refused_can_be_sent_again_or_thrown_away() {
    let mut bench = Bench::new().await;
    let upload = bench.upload().await;
    let nothing = bench.ask("POST", &format!("{upload}/send"), br#"{"to":"peer"}"#).await;
    assert_eq!(nothing.status, 409);
    for words in ["", "{}", r#"{"to":"moon"}"#, "[", r#"{"to":7}"#] {
        let answer = bench.ask("POST", &format!("{upload}/send"), words.as_bytes()).await;
        assert_eq!(answer.status, 400, "{words}");
    }
    let much = vec![b' '; 5000];
    assert_eq!(bench.ask("POST", &format!("{upload}/send"), &much).await.status, 413);
    put(&bench, &upload, "a", b"a").await;
    let (answer, ..) = send(&mut bench, &upload, Err("nobody is there".to_owned())).await;
    assert_eq!((answer.status, answer.error().as_str()), (409, "nobody is there"));
    put(&bench, &upload, "b", b"b").await;
    let (answer, entries, ..) = send(&mut bench, &upload, Err("still nobody".to_owned())).await;
    assert_eq!((answer.status, entries.len()), (409, 2));
    assert_eq!(bench.ask("DELETE", &upload, b"").await.status, 200);
    assert!(bench.spooled().is_empty());
    assert_eq!(bench.ask("DELETE", &upload, b"").await.status, 404);
}

#[tokio::test]
async fn paths_that_lead_elsewhere_are_refused() {
    let bench = Bench::new().await;
    let upload = bench.upload().await;
    let long = "x".repeat(300);
    let deep = "d/".repeat(100);
    let huge = "x/".repeat(5_000);
    let elsewhere = bench.dir.path().join("elsewhere");
    for path in [
        "",
        "/",
        "..",
        "../a",
        "a/../../b",
        "%2e%2e%2fa",
        "%2E%2E/a",
        "a/%2e%2e/b",
        "..%5ca",
        "a%5Cb",
        "C:%5Ca",
        "%00",
        "a%00.txt",
        "a%0ab",
        "%ff",
        "a/%ff",
        "%",
        "%zz",
        "a//b",
        ".",
        "./a",
        "%2fetc",
        "/etc/passwd",
        ".couplet-parts/a",
        "a/.couplet-x",
        "CON",
        &long,
        &deep,
        &huge,
        elsewhere.to_str().expect("UTF-8"),
        "a&path=b",
        "a%E2%80%AEb",
    ] {
        let answer = put(&bench, &upload, path, b"x").await;
        assert_eq!(answer.status, 400, "{path:.60}: {answer:?}");
        assert!(!answer.error().is_empty());
    }
    let raw = bench.head("PUT", &format!("{upload}?path=RAW"), "Content-Length: 0\r\n");
    let at = raw.windows(3).position(|window| window == b"RAW").expect("there");
    let bytes = [&raw[..at], b"\xff\xfe", &raw[at + 3..]].concat();
    assert_eq!(bench.raw(&bytes).await.status, 400, "bytes that are no UTF-8");
    let without = bench.ask("PUT", &upload, b"x").await;
    assert_eq!(without.status, 400);
    for modified in ["", "x", "1.5", "99999999999999999999"] {
        let target = format!("{upload}?path=a&modified={modified}");
        assert_eq!(bench.ask("PUT", &target, b"x").await.status, 400, "{modified}");
    }
    assert_eq!(bench.spooled(), [Path::new("1")], "nothing was made");
    for id in ["2", "01", "+1", "-1", "1%20", "x", "%ff", "99999999999999999999", "..", "1%2f.."] {
        let target = format!("/api/uploads/{id}?path=a");
        assert_eq!(bench.ask("PUT", &target, b"x").await.status, 404, "{id}");
    }
    assert!(!elsewhere.exists());
}

#[tokio::test]
async fn nothing_is_overwritten_and_no_link_followed() {
    let bench = Bench::new().await;
    let upload = bench.upload().await;
    assert_eq!(put(&bench, &upload, "a", b"first").await.status, 200);
    assert_eq!(put(&bench, &upload, "a", b"second").await.status, 409);
    assert_eq!(put(&bench, &upload, "a/b", b"below a file").await.status, 409);
    assert_eq!(put(&bench, &upload, "a/", b"").await.status, 409);
    assert_eq!(put(&bench, &upload, "d/", b"with bytes").await.status, 400);
    assert_eq!(put(&bench, &upload, "d/", b"").await.status, 200);
    assert_eq!(put(&bench, &upload, "d", b"a folder").await.status, 409);
    let uploads = bench.dir.path().join("uploads");
    let own = fs::read_dir(uploads).expect("there").next().expect("one").expect("an entry").path();
    let outside = bench.dir.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    std::os::unix::fs::symlink(&outside, own.join("1/link")).expect("a link");
    std::os::unix::fs::symlink(outside.join("new"), own.join("1/aimed")).expect("a link");
    assert_eq!(put(&bench, &upload, "link/x", b"x").await.status, 409);
    assert_eq!(put(&bench, &upload, "aimed", b"x").await.status, 409);
    assert_eq!(fs::read_dir(&outside).expect("there").count(), 0);
    assert_eq!(fs::read(own.join("1/a")).expect("there"), b"first");
}

#[tokio::test]
async fn whoever_still_writes_is_told_why_it_was_refused() {
    let bench = Bench::new().await;
    let upload = bench.upload().await;
    assert_eq!(put(&bench, &upload, "a", b"first").await.status, 200);
    let large = vec![7; 8_000_000];
    for (path, status) in [("a", 409), ("..", 400), ("f/", 400)] {
        let answer = put(&bench, &upload, path, &large).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let answer = bench.ask("PUT", "/api/uploads/99?path=a", &large).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn half_a_file_is_no_file() {
    let patience = Patience { body: Duration::from_millis(200), ..Patience::default() };
    let bench = Bench::with(patience).await;
    let upload = bench.upload().await;
    let target = format!("{upload}?path=half");
    let head = bench.head("PUT", &target, "Content-Length: 1000000\r\n");
    let half = [&head[..], &vec![7; 300_000]].concat();
    // One that stops coming.
    let mut stalled = bench.connect().await;
    stalled.write_all(&half).await.expect("written");
    let answer = Answer::new(&rest(&mut stalled).await);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.error().contains("nothing of it was kept"));
    // One that says it is over.
    let mut shut = bench.connect().await;
    shut.write_all(&half).await.expect("written");
    shut.shutdown().await.expect("shut");
    let answer = Answer::new(&rest(&mut shut).await);
    assert!(matches!(answer.status, 0 | 400), "{answer:?}");
    // One that goes away, and is known to have when another may have its name.
    let mut gone = bench.connect().await;
    gone.write_all(&half).await.expect("written");
    drop(gone);
    while put(&bench, &upload, "half", b"whole").await.status != 200 {}
    assert_eq!(bench.spooled(), [Path::new("1"), Path::new("1/half")]);
    // A broken piece in the middle.
    let head = bench.head("PUT", &format!("{upload}?path=b"), "Transfer-Encoding: chunked\r\n");
    let answer = bench.raw(&[&head[..], b"3\r\nabc\r\nzz\r\n"].concat()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    // More than was said is another request, and none that is understood.
    let head = bench.head("PUT", &format!("{upload}?path=c"), "Content-Length: 3\r\n");
    let answer = bench.raw(&[&head[..], b"abcdef"].concat()).await;
    assert_eq!((answer.status, fs_len(&bench, "1/c")), (200, 3));
    assert!(!bench.spooled().contains(&PathBuf::from("1/b")));
}

fn fs_len(bench: &Bench, path: &str) -> u64 {
    let uploads = bench.dir.path().join("uploads");
    let own = fs::read_dir(uploads).expect("there").next().expect("one").expect("an entry").path();
    fs::metadata(own.join(path)).expect("there").len()
}

#[tokio::test]
async fn what_is_thrown_away_while_it_comes_leaves_nothing() {
    let bench = Bench::new().await;
    let upload = bench.upload().await;
    let head = bench.head("PUT", &format!("{upload}?path=a/b"), "Content-Length: 10\r\n");
    let mut coming = bench.connect().await;
    coming.write_all(&[&head[..], b"12345"].concat()).await.expect("written");
    until(&bench, |spooled| spooled.len() == 3).await;
    let early = bench.ask("POST", &format!("{upload}/send"), br#"{"to":"peer"}"#).await;
    assert_eq!(early.status, 409, "one is still coming");
    assert_eq!(bench.ask("DELETE", &upload, b"").await.status, 200);
    coming.write_all(b"67890").await.expect("written");
    assert_eq!(Answer::new(&rest(&mut coming).await).status, 404);
    assert!(bench.spooled().is_empty());
}

/// Begins to bring a file, as far as that it is there; never ends.
async fn begin_to_put(bench: &Bench, upload: &str, path: &str) -> TcpStream {
    let head = bench.head("PUT", &format!("{upload}?path={path}"), "Content-Length: 10\r\n");
    let mut coming = bench.connect().await;
    coming.write_all(&[&head[..], b"12345"].concat()).await.expect("written");
    let number = upload.rsplit('/').next().expect("a number");
    until(bench, |spooled| spooled.contains(&Path::new(number).join(path))).await;
    coming
}

async fn until(bench: &Bench, is_so: impl Fn(&[PathBuf]) -> bool) {
    let so = async {
        while !is_so(&bench.spooled()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), so).await.expect("it comes to be so");
}

#[tokio::test]
async fn what_stops_coming_leaves_no_folder_that_only_it_was_in() {
    let bench = Bench::new().await;
    let upload = bench.upload().await;
    drop(begin_to_put(&bench, &upload, "a/b/c/d").await);
    until(&bench, |spooled| spooled == [Path::new("1")]).await;
    // With something beside it, and in a folder that was asked for by itself meanwhile.
    assert_eq!(put(&bench, &upload, "a/x", b"x").await.status, 200);
    let coming = begin_to_put(&bench, &upload, "a/b/c/d").await;
    assert_eq!(put(&bench, &upload, "a/b/", b"").await.status, 200);
    drop(coming);
    let left = ["1", "1/a", "1/a/b", "1/a/x"].map(PathBuf::from);
    until(&bench, |spooled| spooled == left).await;
    // Two in one folder, of which neither comes.
    let two =
        [begin_to_put(&bench, &upload, "e/1").await, begin_to_put(&bench, &upload, "e/2").await];
    drop(two);
    until(&bench, |spooled| spooled == left).await;
    for (path, status) in [("f/g/", 400), ("a/x/y/z", 409), ("a/b", 409)] {
        assert_eq!(put(&bench, &upload, path, b"bytes").await.status, status, "{path}");
        assert_eq!(bench.spooled(), left, "{path}");
    }
    // Nor is anything of it counted, once it is known to come no more.
    let empty = bench.upload().await;
    drop(begin_to_put(&bench, &empty, "a/b").await);
    let nothing = loop {
        let answer = bench.ask("POST", &format!("{empty}/send"), br#"{"to":"peer"}"#).await.error();
        if !answer.contains("still coming") {
            break answer;
        }
    };
    assert!(nothing.contains("nothing in it"), "{nothing}");
    assert_eq!(bench.spooled(), [&left[..], &[PathBuf::from("2")]].concat());
}

#[tokio::test]
async fn what_its_page_has_left_goes_and_nothing_else() {
    const AT_ONCE: Duration = Duration::from_nanos(1);
    let mut bench = Bench::new().await;
    let coming = bench.upload().await;
    let still = begin_to_put(&bench, &coming, "a").await;
    let taken = bench.upload().await;
    assert_eq!(put(&bench, &taken, "b", b"b").await.status, 200);
    let (answer, ..) = send(&mut bench, &taken, Ok(())).await;
    assert_eq!(answer.status, 200);
    let left = bench.upload().await;
    assert_eq!(put(&bench, &left, "c", b"c").await.status, 200);
    let uploads = &bench.server.site().uploads;
    let after = Duration::from_mins(10);
    assert!(uploads.forget(3, after).is_some_and(|wait| wait <= after), "it is looked at again");
    assert_eq!(uploads.forget(1, AT_ONCE), Some(AT_ONCE));
    for id in [2, 3, 4] {
        assert_eq!(uploads.forget(id, AT_ONCE), None);
    }
    assert_eq!(bench.spooled(), ["1", "1/a", "2", "2/b"].map(PathBuf::from));
    assert_eq!(put(&bench, &left, "c", b"c").await.status, 404);
    drop(still);
    until(&bench, |spooled| !spooled.contains(&PathBuf::from("1/a"))).await;
    let forgotten = async {
        while uploads.forget(1, AT_ONCE).is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten).await.expect("it is forgotten");
    assert_eq!(bench.spooled(), ["2", "2/b"].map(PathBuf::from));
}

#[tokio::test]
async fn a_page_that_begins_and_never_comes_back_leaves_nothing() {
    let patience = Patience { upload: Duration::from_millis(20), ..Patience::default() };
    let bench = Bench::with(patience).await;
    let answer = bench.ask("POST", "/api/uploads", b"").await;
    assert_eq!(answer.status, 200);
    until(&bench, <[_]>::is_empty).await;
}

#[tokio::test]
async fn nothing_is_left_when_nobody_is_there_to_send_to_any_more() {
    let mut bench = Bench::new().await;
    let taken = bench.upload().await;
    assert_eq!(put(&bench, &taken, "a", b"a").await.status, 200);
    let (answer, ..) = send(&mut bench, &taken, Ok(())).await;
    assert_eq!(answer.status, 200);
    let open = bench.upload().await;
    assert_eq!(put(&bench, &open, "b", b"b").await.status, 200);
    let mut coming = begin_to_put(&bench, &open, "c").await;
    bench.server.release_all();
    until(&bench, |spooled| !spooled.contains(&PathBuf::from("1"))).await;
    assert_eq!(put(&bench, &open, "d", b"d").await.status, 404);
    coming.write_all(b"67890").await.expect("written");
    assert_eq!(Answer::new(&rest(&mut coming).await).status, 404);
    assert!(bench.spooled().is_empty());
    // The next one can have something sent to them.
    let next = bench.upload().await;
    assert_eq!(put(&bench, &next, "e", b"e").await.status, 200);
}

#[tokio::test]
async fn many_files_come_side_by_side() {
    let mut bench = Bench::new().await;
    let upload = bench.upload().await;
    let one = async |number: usize| {
        let path = format!("tree/{}/{number}", number % 3);
        put(&bench, &upload, &path, &vec![7; number * 1000]).await.status
    };
    let statuses = futures::future::join_all((0..40).map(one)).await;
    assert_eq!(statuses, [200; 40]);
    let (answer, entries, ..) = send(&mut bench, &upload, Ok(())).await;
    assert_eq!((answer.status, entries.len()), (200, 1));
    assert_eq!(fs::metadata(entries[0].join("0/39")).expect("there").len(), 39_000);
}

#[tokio::test]
async fn there_are_not_too_many() {
    let bench = Bench::new().await;
    for _ in 0..MAX_UPLOADS {
        bench.upload().await;
    }
    let answer = bench.ask("POST", "/api/uploads", b"").await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(bench.ask("DELETE", "/api/uploads/17", b"").await.status, 200);
    bench.upload().await;
    assert_eq!(bench.spooled().len(), MAX_UPLOADS);
}

#[test]
fn times_are_those_of_file_systems() {
    for (text, secs, nanos) in
        [("0", 0, 0), ("1", 0, 1_000_000), ("-1", -1, 999_000_000), ("1999", 1, 999_000_000)]
    {
        assert_eq!(stamp(text.as_bytes()), Ok(Stamp(secs, nanos)));
    }
    assert!(stamp(b"").is_err());
}

#[test]
fn a_full_disk_is_said() {
    for (error, status) in [
        (rustix::io::Errno::NOSPC, 507),
        (rustix::io::Errno::DQUOT, 507),
        (rustix::io::Errno::FBIG, 413),
        (rustix::io::Errno::EXIST, 409),
        (rustix::io::Errno::LOOP, 409),
        (rustix::io::Errno::NOTDIR, 409),
        (rustix::io::Errno::IO, 500),
    ] {
        assert_eq!(Failure::of_disk(&error.into()).status, status, "{error}");
    }
}
