//! The sender's end of a pipe by hand: sealed as it must be, with anything inside.

use super::PATIENCE;
use bytes::BytesMut;
use couplet::frame::{self, FrameDecoder};
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{ClientControl, ClientToRelay, RelayControl, RelayToClient, Token};
use couplet::seal::{PipeKeys, RECORD_HEAD_LEN, RecordOpener, RecordSealer, SALT_LEN};
use couplet::transfer::wire::{Answer, StepReader};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// It is joined, and there are keys.
pub struct RawPipe {
    stream: TcpStream,
    sealer: RecordSealer,
    opener: RecordOpener,
}

/// What came of saying something very often.
#[derive(Debug)]
pub struct Flood {
    /// How many records went out before the other side would have no more.
    pub written: u64,
    /// How often each answer came: `ready`, or the name of a fault.
    pub answers: BTreeMap<String, u64>,
}

impl RawPipe {
    /// Opens the end that this token is for.
    pub fn open(relay: &str, token: Token, keys: PipeKeys) -> Self {
        let mut stream = TcpStream::connect(relay).expect("connected");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        let mut out = BytesMut::new();
        out.extend_from_slice(&frame::opening());
        ClientToRelay::Control(ClientControl::OpenPipe { token }).encode(&mut out);
        stream.write_all(&out).expect("written");
        stream.write_all(&keys.salt()).expect("written");
        let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
        let joined = loop {
            // Byte by byte: what is behind the frame is the other side's salt.
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a frame");
            decoder.push(&byte);
            if let Some(frame) = decoder.poll_frame().expect("a frame") {
                break RelayToClient::decode(frame).expect("a message");
            }
        };
        assert_eq!(joined, RelayToClient::Control(RelayControl::Joined));
        let mut salt = [0; SALT_LEN];
        stream.read_exact(&mut salt).expect("a salt");
        let (sealer, opener) = keys.open(&salt);
        Self { stream, sealer, opener }
    }

    /// Sends one record with these steps, or whatever it is.
    ///
    /// # Errors
    /// The other side has hung up.
    pub fn send(&mut self, steps: &[u8]) -> io::Result<()> {
        write(&mut self.stream, &mut self.sealer, steps)
    }

    /// Sends a record of which one byte is another than was sealed.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_altered(&mut self, steps: &[u8]) -> io::Result<()> {
        let mut record = sealed(&mut self.sealer, steps);
        *record.last_mut().expect("a tag") ^= 1;
        self.stream.write_all(&record)
    }

    /// Sends bytes that are no record.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends these steps and gives the answers to them, of which there must be so many, or fewer if
    /// the other side hangs up.
    pub fn ask(&mut self, steps: &[u8], answers: usize) -> Vec<Answer> {
        // One that has hung up may have answered before.
        let _ = self.send(steps);
        let mut all = Vec::new();
        while all.len() < answers {
            let Some(more) = read(&mut self.stream, &mut self.opener) else { break };
            all.extend(more);
        }
        all
    }

    /// The same for steps that are about one thing, and what comes of them in the end, in a word:
    /// `ready`, `done`, or the name of a fault. (All answers to a record come in one.)
    pub fn asked(&mut self, steps: &[u8]) -> String {
        self.ask(steps, 1).last().map_or_else(|| "nothing".to_owned(), in_a_word)
    }

    /// Waits until the other side hangs up; gives what it said before, in words.
    pub fn hung_up(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(answers) = read(&mut self.stream, &mut self.opener) {
            all.extend(answers.iter().map(in_a_word));
        }
        all
    }

    /// Sends so many records, each with steps that are answered `each` times, and reads the answers
    /// meanwhile. It is over early if the other side hangs up.
    pub fn flood(
        &mut self,
        records: u64,
        each: u64,
        mut make: impl FnMut(u64, &mut Vec<u8>),
    ) -> Flood {
        let Self { stream, sealer, opener } = self;
        let mut from = stream.try_clone().expect("a socket");
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || {
                let (mut heard, mut answers) = (0, BTreeMap::new());
                while heard < records * each
                    && let Some(more) = read(&mut from, opener)
                {
                    heard += more.len() as u64;
                    for answer in &more {
                        *answers.entry(in_a_word(answer)).or_insert(0) += 1;
                    }
                }
                answers
            });
            let (mut written, mut steps) = (0, Vec::new());
            while written < records {
                steps.clear();
                make(written, &mut steps);
                if write(stream, sealer, &steps).is_err() {
                    break;
                }
                written += 1;
            }
            Flood { written, answers: reading.join().expect("no panic") }
        })
    }

    /// Sends the same record until no more goes out, without reading any answer.
    pub fn stuff(&mut self, steps: &[u8]) {
        const STUCK: Duration = Duration::from_millis(300);
        self.stream.set_write_timeout(Some(STUCK)).expect("a socket");
        while self.send(steps).is_ok() {}
    }

    /// Ends the pipe without a word.
    pub fn cut(&self) {
        // It may have ended already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn in_a_word(answer: &Answer) -> String {
    match answer {
        Answer::Ready { done: true, .. } => "done".to_owned(),
        Answer::Ready { .. } => "ready".to_owned(),
        Answer::Error { code, .. } => {
            let code = serde_json::to_value(code).expect("a word");
            code.as_str().expect("a word").to_owned()
        }
    }
}

fn sealed(sealer: &mut RecordSealer, steps: &[u8]) -> Vec<u8> {
    let mut record = vec![0; RECORD_HEAD_LEN];
    record.extend_from_slice(steps);
    sealer.seal(false, &mut record);
    record
}

fn write(stream: &mut TcpStream, sealer: &mut RecordSealer, steps: &[u8]) -> io::Result<()> {
    stream.write_all(&sealed(sealer, steps))
}

/// The answers in the next record; nothing if the other side has hung up.
fn read(stream: &mut TcpStream, opener: &mut RecordOpener) -> Option<Vec<Answer>> {
    let mut head = [0; 4];
    match stream.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no answer comes"),
        result => result.ok()?,
    }
    let mut record = vec![0; RecordOpener::read_length(head).expect("a record")];
    stream.read_exact(&mut record).ok()?;
    let steps = opener.open(&mut record).expect("a record");
    let answer = |step: Result<(u8, &[u8]), _>| {
        let (kind, body) = step.expect("a step");
        Answer::decode(kind, body).expect("an answer")
    };
    Some(StepReader::new(steps).map(answer).collect())
}
