//! One name, and two doors: a client of the shelf's own wire and one over ZeroMQ. Whoever is first has
//! it, the other is told so, and what is in transit isn't disturbed.

use super::door::{Door, finished, lines, prints};
use super::shelf::{Ann, accounts};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

/// A door, and a shelf that ann may put files on.
async fn doors() -> (Door, TempDir) {
    let data = accounts();
    let door = Door::with(|config| {
        config.accounts_in = Some(data.path().to_owned());
        // However long the programs take here.
        config.timeouts.shelf.silence = Duration::from_mins(5);
    });
    (door.await, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_over_couplets_wire_is_not_disturbed_over_zeromq() {
    let (door, _data) = doors().await;
    let mut ann = Ann::at(door.relay.address).await;
    assert_eq!(ann.puts("photo.png", 5).await["type"], "begin");
    let refused = r#"
c = Client()
for name in ("photo.png", "PHOTO.png"):
    expect(c.error("HELLO", name), name + " is being laid down by somebody at this moment")
expect(c.error(*chunk("photo.png", 0, b"theirs")), "isn't in transit; send HELLO first")
expect(c.error("CLOSE", "photo.png", 0), "isn't in transit; send HELLO first")
c.ready("HELLO", "other")
c.ready("CLOSE", "other", 0)
"#;
    door.run(refused).await;
    ann.sends("photo.png", b"ann's").await;
    let taken = r#"expect(Client().error("HELLO", "Photo.png"), "is on the shelf already")"#;
    door.run(taken).await;
    let files = door.files();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["other", "photo.png"]);
    assert_eq!(files["photo.png"], b"ann's");
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_over_zeromq_is_not_disturbed_over_couplets_wire() {
    let (door, _data) = doors().await;
    let mut script = door.start(
        r#"
c = Client()
c.ready("HELLO", "photo.png")
c.ready(*chunk("photo.png", 3, b"def"))
print("begun", flush=True)
sys.stdin.readline()
c.ready(*chunk("photo.png", 0, b"abc"))
c.ready("CLOSE", "photo.png", 6)
"#,
    );
    prints(&mut lines(&mut script), "begun").await;
    let mut ann = Ann::at(door.relay.address).await;
    for name in ["photo.png", "Photo.PNG"] {
        let word = ann.puts(name, 5).await;
        assert_eq!((&word["type"], &word["code"]), (&"error".into(), &"in_transit".into()));
        let text = word["text"].as_str().expect("a text");
        assert!(text.starts_with(&format!("{name} is being laid down by somebody")), "{text}");
    }
    drop(script.stdin.take());
    finished(script).await;
    let word = ann.puts("photo.png", 5).await;
    assert_eq!(word["code"], "taken", "{word}");
    // Who was refused isn't the worse for it.
    assert_eq!(ann.puts("hers.png", 5).await["type"], "begin");
    ann.sends("hers.png", b"ann's").await;
    let files = door.files();
    assert_eq!((&files["photo.png"][..], &files["hers.png"][..]), (&b"abcdef"[..], &b"ann's"[..]));
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_of_two_doors_is_first_has_the_name() {
    let (door, _data) = doors().await;
    let mut script = door.start(
        r#"
c = Client()
print("ready", flush=True)
for name in sys.stdin:
    name = name.strip()
    answer = c.ask("HELLO", name)
    if answer == ["READY"]:
        c.ready("CLOSE", name, 0)
    else:
        expect(answer[1], name)
    print(answer[0], flush=True)
"#,
    );
    let mut names = script.stdin.take().expect("piped");
    let mut lines = lines(&mut script);
    prints(&mut lines, "ready").await;
    let mut ann = Ann::at(door.relay.address).await;
    for number in 0..30 {
        let name = format!("race-{number}");
        let line = format!("{name}\n");
        let (written, word) = tokio::join!(names.write_all(line.as_bytes()), ann.puts(&name, 5));
        written.expect("it reads");
        let is_anns = word["type"] == "begin";
        if is_anns {
            ann.sends(&name, b"ann's").await;
        } else {
            assert!(["in_transit", "taken"].map(Value::from).contains(&word["code"]), "{word}");
        }
        prints(&mut lines, if is_anns { "ERROR" } else { "READY" }).await;
        let expected: &[u8] = if is_anns { b"ann's" } else { b"" };
        assert_eq!(door.files()[&name], expected);
    }
    drop(names);
    finished(script).await;
    assert_eq!(door.files().len(), 30);
    door.is_empty().await;
}
