//! A file of 300 MB there and back, with the memory of the process bounded.
//!
//! The process has to be alone with it, so the test starts itself again as one.

use super::server::{Heard, Saved};
use super::testing::Bench;
use std::process::Command;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Tells the process that it is the one to be measured.
const ALONE: &str = "COUPLET_TEST_ALONE";
const NAME: &str = "web::large_tests::a_file_of_300_mb_takes_no_memory";

/// What repeats: of a length that fits to no buffer.
const PATTERN: usize = 1_000_003;
const TIMES: usize = 300;
const SIZE: usize = PATTERN * TIMES;
const MAX_GROWTH_KIB: u64 = 32 * 1024;

#[test]
fn a_file_of_300_mb_takes_no_memory() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.expect("a runtime").block_on(there_and_back());
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let run = Command::new(program).args([NAME, "--exact", "--nocapture"]).env(ALONE, "1").output();
    let run = run.expect("started");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

async fn there_and_back() {
    let mut bench = Bench::new().await;
    let pattern: Vec<u8> = (0..251).cycle().take(PATTERN).collect();
    let upload = bench.upload().await;
    // Everything has been touched once.
    bench.ask("PUT", &format!("{upload}?path=small"), &pattern).await;
    let before = kib("VmRSS");

    let length = format!("Content-Length: {SIZE}\r\n");
    let mut socket = bench.connect().await;
    let head = bench.head("PUT", &format!("{upload}?path=large"), &length);
    socket.write_all(&head).await.expect("written");
    for _ in 0..TIMES {
        socket.write_all(&pattern).await.expect("written");
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let program = std::fs::read_dir(bench.dir.path().join("uploads")).expect("there").next();
    let directory = program.expect("one").expect("an entry").path().join("1");
    let about = std::fs::metadata(directory.join("large")).expect("there");
    assert_eq!(about.len(), SIZE as u64);

    let mut socket = bench.connect().await;
    socket.write_all(&bench.head("GET", "/api/received/1", "")).await.expect("written");
    let Heard::Wanted { answer, .. } = bench.hear().await else { panic!("it is wanted") };
    answer.send(Some(Saved { directory, name: "large".to_owned() })).expect("waited for");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a head"));
    }
    let mut piece = vec![0; PATTERN];
    for _ in 0..TIMES {
        socket.read_exact(&mut piece).await.expect("all of it");
        assert!(piece == pattern, "as it was");
    }
    assert_eq!(socket.read(&mut piece).await.expect("its end"), 0);

    let growth = kib("VmHWM").saturating_sub(before);
    assert!(growth < MAX_GROWTH_KIB, "{growth} KiB");
}

/// What the system says of this process's memory.
fn kib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()).expect("a number");
    number.parse().expect("a number")
}
