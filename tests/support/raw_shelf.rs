//! A client of a shelf by hand: it says whatever a test wants.

use super::PATIENCE;
use bytes::BytesMut;
use couplet::frame::{self, FrameDecoder};
use couplet::message::{ClientControl, ClientToRelay, kind};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

/// A connection to a shelf.
pub struct RawShelf {
    pub stream: TcpStream,
    decoder: FrameDecoder,
}

impl RawShelf {
    /// One that has asked for the shelf.
    pub fn open(relay: &str) -> Self {
        let stream = TcpStream::connect(relay).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut raw = Self { stream, decoder: FrameDecoder::new(8 << 20) };
        let mut out = BytesMut::new();
        out.extend_from_slice(&frame::opening());
        ClientToRelay::Control(ClientControl::OpenShelf).encode(&mut out);
        raw.bytes(&out);
        raw
    }

    /// One that was let in without a login.
    pub fn let_in(relay: &str) -> Self {
        let mut raw = Self::open(relay);
        let greeting = raw.word();
        assert_eq!((&greeting["type"], &greeting["login"]), (&"shelf".into(), &Value::Null));
        raw
    }

    /// One that has logged in, and was sent the list.
    pub fn logged_in(relay: &str, user: &str, password: &str) -> Self {
        let mut raw = Self::open(relay);
        assert_eq!(raw.word()["login"], true);
        raw.says(&json!({"type": "login", "user": user, "password": password}));
        let terms = raw.word();
        assert_eq!(terms["type"], "shelf", "{terms}");
        assert_eq!(raw.word()["type"], "list");
        raw
    }

    /// Says this.
    pub fn says(&mut self, message: &Value) {
        self.frame(kind::CONTROL, message.to_string().as_bytes());
    }

    /// Asks this, and gives the answer.
    pub fn asks(&mut self, message: &Value) -> Value {
        self.says(message);
        self.word()
    }

    /// A frame of this kind.
    pub fn frame(&mut self, kind: u8, body: &[u8]) {
        let mut out = BytesMut::new();
        frame::encode(kind, &[body], &mut out);
        self.bytes(&out);
    }

    /// These bytes, if the relay still listens.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// What the relay says next.
    pub fn word(&mut self) -> Value {
        let (kind, body) = self.next().expect("the relay hung up");
        assert_eq!(kind, kind::CONTROL, "{} bytes", body.len());
        serde_json::from_slice(&body).expect("JSON")
    }

    /// What the relay says next is a refusal with this code; gives its text.
    pub fn refused(&mut self, code: &str) -> String {
        let word = self.word();
        assert_eq!((&word["type"], &word["code"]), (&"error".into(), &code.into()), "{word}");
        word["text"].as_str().expect("a text").to_owned()
    }

    /// The same, and then the relay hangs up.
    pub fn sent_away(&mut self, code: &str) -> String {
        let text = self.refused(code);
        self.hung_up();
        text
    }

    /// The relay says nothing more and hangs up.
    pub fn hung_up(&mut self) {
        let next = self.next();
        assert!(next.is_none(), "{next:?}");
    }

    /// The next frame; nothing if the relay has hung up.
    pub fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = self.decoder.poll_frame().expect("a frame") {
                return Some((frame.kind, frame.body.to_vec()));
            }
            let mut bytes = vec![0; 64 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(len) => self.decoder.push(&bytes[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("the relay neither says anything nor hangs up")
                }
                Err(_) => return None,
            }
        }
    }
}
