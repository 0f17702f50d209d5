//! A client in C with czmq, compiled here.

use super::door::{Door, finished};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Compiles the client in `dir`.
async fn compile(dir: &Path) -> PathBuf {
    let program = dir.join("upload");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zeromq/upload.c");
    let output = Command::new("cc")
        .args(["-O1", "-Wall", "-o"])
        .arg(&program)
        .args([source, "-lczmq", "-lzmq"])
        .output()
        .await
        .expect("this test needs cc, a C compiler");
    assert!(
        output.status.success(),
        "this test needs libczmq with its headers (`apt-get install libczmq-dev`, or run .ci/run):\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_czmq_client_uploads() {
    let door = Door::open().await;
    let dir = tempfile::tempdir().expect("a directory");
    let program = compile(dir.path()).await;
    let start = |name: &str, size: usize| {
        Command::new(&program)
            .args([&door.endpoint(), name, &size.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts")
    };
    let sizes = [1, 99_999, 1_234_567, 5_000_000];
    let clients: Vec<_> = sizes.map(|size| start(&format!("{size}.bin"), size)).into();
    for client in clients {
        let told = finished(client).await;
        assert!(told.contains("is in transit already"), "{told}");
    }
    let files = door.files();
    for size in sizes {
        let file = &files[&format!("{size}.bin")];
        let good = file.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251);
        assert!(file.len() == size && good, "{size}");
    }
    door.is_empty().await;
}
