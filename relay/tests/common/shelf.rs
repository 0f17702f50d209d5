//! A client of the shelf by hand, over couplet's own wire.

#![allow(dead_code, unreachable_pub, reason = "each program of tests uses what it needs")]

use super::common::soon;
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
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PASSWORD: &str = "correct horse";

/// The data of a relay at whose shelf ann may do everything.
pub fn accounts() -> TempDir {
    let data = tempfile::tempdir().expect("a directory");
    let ann = "ann".parse().expect("a name");
    let file = AccountsFile::at(data.path().to_owned());
    manage::add(&file, &ann, PASSWORD, "get,put,delete".parse().expect("rights")).expect("made");
    data
}

/// Ann, at the shelf.
pub struct Ann {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Ann {
    /// She has logged in.
    pub async fn at(relay: SocketAddr) -> Self {
        let stream = soon(TcpStream::connect(relay)).await.expect("a relay");
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

    /// These bytes.
    pub async fn bytes(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.expect("the relay reads");
    }

    /// A frame of this kind.
    pub async fn frame(&mut self, kind: u8, body: &[u8]) {
        let mut out = BytesMut::new();
        frame::encode(kind, &[body], &mut out);
        self.bytes(&out).await;
    }

    /// The next frame.
    pub async fn next(&mut self) -> (u8, Vec<u8>) {
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

    /// What the relay says next.
    pub async fn word(&mut self) -> Value {
        let (kind, body) = self.next().await;
        assert_eq!(kind, kind::CONTROL);
        serde_json::from_slice(&body).expect("JSON")
    }

    /// What it answers to this.
    pub async fn asks(&mut self, message: &Value) -> Value {
        self.frame(kind::CONTROL, message.to_string().as_bytes()).await;
        self.word().await
    }

    /// Wants to lay down a file of so many bytes; gives the relay's word.
    pub async fn puts(&mut self, name: &str, size: usize) -> Value {
        let offer = json!({"name": name, "form": "file", "size": size, "entries": 1});
        self.asks(&json!({"type": "put", "offer": offer})).await
    }

    /// The next answer of the transfer to anything but the HELLO.
    pub async fn answer(&mut self) -> Answer {
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
    pub async fn sends(&mut self, name: &str, data: &[u8]) {
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
