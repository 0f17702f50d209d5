//! One name, and two doors: a client of the shelf's own wire and one over ZeroMQ. Whoever is first has
//! it, the other is told so, and what is in transit isn't disturbed.

use super::common::soon;
use super::door::{Door, finished, lines, prints};
use bytes::BytesMut;
use couplet::frame::{self, FrameDecoder};
use couplet::message::{ClientControl, ClientToRelay, kind};
use couplet::path::{SafeName, SafePath};
use couplet::shelf::message::steps::{LAST, STEPS};
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::tree::piece_hash;
use couplet::transfer::wire::{Answer, ChunkHead, Close, End, Hello, SenderStep, Step, StepReader};
use couplet_files::lane::MAX_BODY;
use couplet_relay::accounts::{AccountsFile, manage};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PASSWORD: &str = "correct horse";

/// A door, and a shelf that ann may put files on.
async fn doors() -> (Door, TempDir) {
    let data = tempfile::tempdir().expect("a directory");
    let ann = "ann".parse().expect("a name");
    let file = AccountsFile::at(data.path().to_owned());
    manage::add(&file, &ann, PASSWORD, "put".parse().expect("rights")).expect("made");
    let door = Door::with(|config| {
        config.accounts_in = Some(data.path().to_owned());
        // However long the programs take here.
        config.timeouts.shelf.silence = Duration::from_mins(5);
    });
    (door.await, data)
}

/// Ann, at the shelf over couplet's own wire.
struct Ann {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Ann {
    async fn at(door: &Door) -> Self {
        let stream = soon(TcpStream::connect(door.relay.address)).await.expect("a relay");
        let mut ann = Self { stream, decoder: FrameDecoder::new(MAX_BODY) };
        let mut out = BytesMut::from(&frame::opening()[..]);
        ClientToRelay::Control(ClientControl::OpenShelf).encode(&mut out);
        ann.bytes(&out).await;
        assert_eq!(ann.word().await["login"], true);
        let login = json!({"type": "login", "user": "ann", "password": PASSWORD});
        assert_eq!(ann.asks(&login).await["type"], "shelf");
        assert_eq!(ann.word().await["type"], "list");
        ann
    }

    async fn bytes(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.expect("the relay reads");
    }

    async fn frame(&mut self, kind: u8, body: &[u8]) {
        let mut out = BytesMut::new();
        frame::encode(kind, &[body], &mut out);
        self.bytes(&out).await;
    }

    async fn next(&mut self) -> (u8, Vec<u8>) {
        loop {
            if let Some(frame) = self.decoder.poll_frame().expect("a frame") {
                return (frame.kind, frame.body.to_vec());
            }
            let mut piece = vec![0; 8192];
            let count = soon(self.stream.read(&mut piece)).await.expect("a connection");
            assert_ne!(count, 0, "the relay hung up");
            self.decoder.push(&piece[..count]);
        }
    }

    async fn word(&mut self) -> Value {
        let (kind, body) = self.next().await;
        assert_eq!(kind, kind::CONTROL);
        serde_json::from_slice(&body).expect("JSON")
    }

    async fn asks(&mut self, message: &Value) -> Value {
        self.frame(kind::CONTROL, message.to_string().as_bytes()).await;
        self.word().await
    }

    /// Wants to lay down a file of so many bytes; gives the relay's word.
    async fn puts(&mut self, name: &str, size: usize) -> Value {
        let offer = json!({"name": name, "form": "file", "size": size, "entries": 1});
        self.asks(&json!({"type": "put", "offer": offer})).await
    }

    /// The next answer of the transfer to anything but the HELLO.
    async fn answer(&mut self) -> Answer {
        loop {
            let (kind, body) = self.next().await;
            assert!(matches!(kind, STEPS | LAST), "{}", String::from_utf8_lossy(&body));
            for step in StepReader::new(&body) {
                let (kind, body) = step.expect("a step");
                let answer = Answer::decode(kind, body).expect("an answer");
                if !matches!(answer, Answer::Ready { step: Step::Hello { .. }, .. }) {
                    return answer;
                }
            }
        }
    }

    /// Sends what was begun, and sees it saved.
    async fn sends(&mut self, name: &str, data: &[u8]) {
        let size = u64::try_from(data.len()).expect("small");
        let path = SafePath::from(SafeName::new(name).expect("a name"));
        let kind = EntryKind::File { size: Some(size) };
        let what = Entry { path, kind, mode: None, mtime: None };
        let hash = piece_hash(0, data);
        let short = u32::try_from(size).expect("small");
        let head = ChunkHead { entry: 0, offset: 0, size: short, checksum: hash.chain };
        let root = hash.alone.expect("the whole file");
        let mut record = Vec::new();
        for step in [
            SenderStep::Hello(Hello { entry: 0, ask: false, what }),
            SenderStep::Chunk { head, packed: false, data },
            SenderStep::Close(Close { entry: 0, size, root }),
        ] {
            step.encode(&mut record);
        }
        self.frame(STEPS, &record).await;
        loop {
            match self.answer().await {
                Answer::Ready { step: Step::Close { .. }, .. } => break,
                Answer::Ready { .. } => {}
                error @ Answer::Error { .. } => panic!("{error:?}"),
            }
        }
        let mut record = Vec::new();
        SenderStep::End(End { entries: 1 }).encode(&mut record);
        self.frame(LAST, &record).await;
        let answer = self.answer().await;
        let Answer::Ready { step: Step::End, saved_as, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(saved_as.as_deref(), Some(name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_over_couplets_wire_is_not_disturbed_over_zeromq() {
    let (door, _data) = doors().await;
    let mut ann = Ann::at(&door).await;
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
    let mut ann = Ann::at(&door).await;
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
    let mut ann = Ann::at(&door).await;
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
