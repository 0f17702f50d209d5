//! Fetching by raw bytes against the real server.

use super::super::testing::{Answer, Bench, rest};
use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use tokio::io::AsyncWriteExt as _;

/// Fetches what the loop says is there.
async fn fetch(bench: &mut Bench, method: &str, lines: &str, name: &str) -> Answer {
    let directory = bench.dir.path().to_owned();
    let mut socket = bench.connect().await;
    let request = bench.head(method, "/api/received/3", lines);
    socket.write_all(&request).await.expect("written");
    let Heard::Wanted { transfer, answer } = bench.hear().await else { panic!("it is wanted") };
    assert_eq!(transfer, 3);
    answer.send(Some(Saved { directory, name: name.to_owned() })).expect("waited for");
    Answer::new(&rest(&mut socket).await)
}

#[tokio::test]
async fn a_file_comes_whole_or_in_part_and_always_to_be_saved() {
    let mut bench = Bench::new().await;
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let name = "né \"x\".html";
    fs::write(bench.dir.path().join(name), &bytes).expect("written");
    let whole = fetch(&mut bench, "GET", "", name).await;
    assert_eq!(whole.status, 200);
    assert!(whole.body == bytes);
    for (header, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "200000"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        (
            "content-disposition",
            "attachment; filename=\"n_ _x_.html\"; filename*=UTF-8''n%C3%A9%20%22x%22.html",
        ),
    ] {
        assert_eq!(whole.header(header), Some(value));
    }
    let tag = whole.header("etag").expect("a tag").to_owned();
    let range = |range: &str| format!("Range: bytes={range}\r\n");
    for (lines, status, part) in [
        (range("0-99"), 206, 0..100),
        (range("199999-"), 206, 199_999..200_000),
        (range("-70000"), 206, 130_000..200_000),
        (range("1-2,5-6"), 200, 0..200_000),
        (format!("{}If-Range: {tag}\r\n", range("5-6")), 206, 5..7),
        (format!("{}If-Range: \"other\"\r\n", range("5-6")), 200, 0..200_000),
        (format!("{}If-Range: Sat, 21 Nov 2026 09:00:00 GMT\r\n", range("5-6")), 200, 0..200_000),
    ] {
        let answer = fetch(&mut bench, "GET", &lines, name).await;
        assert_eq!(answer.status, status, "{lines}");
        assert!(answer.body == bytes[part.clone()], "{lines}");
        let said = (status == 206).then(|| format!("bytes {}-{}/200000", part.start, part.end - 1));
        assert_eq!(answer.header("content-range"), said.as_deref(), "{lines}");
    }
    let beyond = fetch(&mut bench, "GET", &range("200000-"), name).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */200000")));
    let head = fetch(&mut bench, "HEAD", "", name).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("200000")));
    assert!(head.body.is_empty());
    fs::write(bench.dir.path().join(name), "another").expect("written");
    let lines = format!("{}If-Range: {tag}\r\n", range("1-2"));
    let changed = fetch(&mut bench, "GET", &lines, name).await;
    assert_eq!((changed.status, changed.body.as_slice()), (200, &b"another"[..]));
    fs::write(bench.dir.path().join("empty"), "").expect("written");
    let empty = fetch(&mut bench, "GET", "", "empty").await;
    assert_eq!((empty.status, empty.header("content-length")), (200, Some("0")));
}

#[tokio::test]
async fn nothing_but_a_file_right_there_is_read() {
    let mut bench = Bench::new().await;
    let dir = bench.dir.path().to_owned();
    fs::create_dir(dir.join("folder")).expect("a folder");
    fs::write(dir.join("folder/secret"), "secret").expect("written");
    symlink(dir.join("folder/secret"), dir.join("link")).expect("a link");
    symlink("/etc", dir.join("etc")).expect("a link");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.join("pipe"),
        FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a pipe");
    for (name, status) in [
        ("none", 404),
        ("link", 404),
        ("folder/secret", 404),
        ("etc/passwd", 404),
        ("..", 404),
        (".", 404),
        ("", 404),
        ("/etc/passwd", 404),
        ("a\0b", 404),
        ("../x", 404),
        ("folder", 409),
        ("pipe", 409),
    ] {
        let answer = fetch(&mut bench, "GET", "", name).await;
        assert_eq!(answer.status, status, "{name:?}: {answer:?}");
        assert!(!answer.error().is_empty());
    }
}

#[tokio::test]
async fn only_numbers_are_asked_about() {
    let mut bench = Bench::new().await;
    for id in [
        "",
        "x",
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "3%00",
        "..%5c",
        "03",
        "+3",
        "-3",
        "3.0",
        "%ff",
        "3/..",
        "3/../../x",
        "99999999999999999999",
        "%33%20",
    ] {
        let answer = bench.get(&format!("/api/received/{id}"), "").await;
        assert_eq!(answer.status, 404, "{id}");
    }
    assert!(bench.heard.try_recv().is_err(), "the loop hears nothing of it");
    let mut socket = bench.connect().await;
    socket.write_all(&bench.head("GET", "/api/received/4", "")).await.expect("written");
    let Heard::Wanted { transfer: 4, answer } = bench.hear().await else { panic!("it is wanted") };
    answer.send(None).expect("waited for");
    assert_eq!(Answer::new(&rest(&mut socket).await).status, 404);
}

#[tokio::test]
async fn what_was_said_is_a_text_to_save() {
    let mut bench = Bench::new().await;
    let mut socket = bench.connect().await;
    socket.write_all(&bench.head("GET", "/api/transcript", "")).await.expect("written");
    let Heard::Transcript { answer } = bench.hear().await else { panic!("it is wanted") };
    answer.send("<script>é".to_owned()).expect("waited for");
    let answer = Answer::new(&rest(&mut socket).await);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "<script>é".as_bytes());
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let disposition = answer.header("content-disposition").expect("to be saved");
    assert!(disposition.starts_with("attachment; filename=\"couplet.txt\""), "{disposition}");
}

#[tokio::test]
async fn a_loop_that_has_ended_is_said() {
    let bench = Bench::new().await;
    let Bench { server, heard, cookie, dir } = bench;
    drop(heard);
    let (_, none) = tokio::sync::mpsc::channel(1);
    let bench = Bench { server, heard: none, cookie, dir };
    for target in ["/api/received/1", "/api/transcript"] {
        let answer = bench.get(target, "").await;
        assert_eq!((answer.status, answer.error().as_str()), (409, "couplet is ending"));
    }
}
