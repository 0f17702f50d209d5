//! The floor: the least that moving a file sealed through a relay costs on this machine.
//!
//! A bare loop at each end and no protocol: a fixed key, one TCP connection a side, and records of
//! `[length: u32][sealed bytes][tag]`. It is a yardstick and not a secure program: never send anything with it.
//!
//! ```text
//! floor relay PORT                  joins its first two connections, the receiver's first, then ends
//! floor receive ADDRESS FILE HASH   opens records and writes FILE; says "ready" once it is connected
//! floor send ADDRESS FILE HASH      reads FILE, seals records, sends them
//! ```
//!
//! HASH is `none` or `blake3`: whether both ends hash every byte of the plaintext, as couplet does.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Bytes of the file in a record, except in the last.
const RECORD: usize = 256 * 1024;
/// A record's length, before its sealed bytes.
const HEADER: usize = 4;
/// What AES-256-GCM adds, after them.
const TAG: usize = 16;
/// What the relay moves at once.
const PIPE: usize = 1024 * 1024;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["relay", port] => relay(port.parse()?),
        ["receive", address, file, hash] => receive(address, file, hasher(hash)?),
        ["send", address, file, hash] => send(address, file, hasher(hash)?),
        _ => Err("floor relay PORT | floor receive|send ADDRESS FILE none|blake3".into()),
    }
}

fn hasher(name: &str) -> Result<Option<blake3::Hasher>> {
    match name {
        "none" => Ok(None),
        "blake3" => Ok(Some(blake3::Hasher::new())),
        _ => Err("HASH is none or blake3".into()),
    }
}

fn key() -> Result<LessSafeKey> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[9; 32]).map_err(|_| "no key")?))
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Moves bytes from the second connection to the first without taking them into the process.
fn relay(port: u16) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let (mut receiver, _) = listener.accept()?;
    let (sender, _) = listener.accept()?;
    let (out, into) = pipe_with(PipeFlags::empty())?;
    fcntl_setpipe_size(&into, PIPE)?;
    loop {
        let mut left = splice(&sender, None, &into, None, PIPE, SpliceFlags::MOVE)?;
        if left == 0 {
            break;
        }
        while left > 0 {
            left -= splice(&out, None, &receiver, None, left, SpliceFlags::MOVE)?;
        }
    }
    receiver.shutdown(Shutdown::Write)?;
    // The receiver closes when it has written everything; only then may the sender end.
    await_close(&mut receiver)
}

fn send(address: &str, file: &str, mut hash: Option<blake3::Hasher>) -> Result<()> {
    let (mut stream, file, key) = (connect(address)?, File::open(file)?, key()?);
    let mut record = vec![0; HEADER + RECORD + TAG];
    for number in 0.. {
        let offset = number * RECORD as u64;
        let length = read_full(&file, &mut record[HEADER..HEADER + RECORD], offset)?;
        if length == 0 {
            break;
        }
        let end = HEADER + length;
        if let Some(hash) = &mut hash {
            hash.update(&record[HEADER..end]);
        }
        record[..HEADER].copy_from_slice(&u32::try_from(length)?.to_be_bytes());
        let tag = key
            .seal_in_place_separate_tag(nonce(number), Aad::empty(), &mut record[HEADER..end])
            .map_err(|_| "can't seal")?;
        record[end..end + TAG].copy_from_slice(tag.as_ref());
        stream.write_all(&record[..end + TAG])?;
    }
    stream.shutdown(Shutdown::Write)?;
    await_close(&mut stream)
}

fn await_close(stream: &mut TcpStream) -> Result<()> {
    if stream.read(&mut [0])? == 0 { Ok(()) } else { Err("bytes the wrong way".into()) }
}

/// Reads from `offset` until `buffer` is full or the file ends.
fn read_full(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64)? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

fn receive(address: &str, file: &str, mut hash: Option<blake3::Hasher>) -> Result<()> {
    let (mut stream, key) = (connect(address)?, key()?);
    // The sender may come now: the relay takes its first connection for the receiver's.
    writeln!(io::stdout(), "ready")?;
    let file = File::create(file)?;
    let mut buffer = vec![0; HEADER + RECORD + TAG];
    let (mut held, mut offset, mut number) = (0, 0, 0);
    loop {
        let more = stream.read(&mut buffer[held..])?;
        if more == 0 {
            break;
        }
        held += more;
        // Never more than one: the buffer holds no second.
        let Some(end) = record_end(&buffer[..held])? else { continue };
        let plain = key
            .open_in_place(nonce(number), Aad::empty(), &mut buffer[HEADER..end])
            .map_err(|_| "can't open")?;
        if let Some(hash) = &mut hash {
            hash.update(plain);
        }
        file.write_all_at(plain, offset)?;
        offset += plain.len() as u64;
        number += 1;
        buffer.copy_within(end..held, 0);
        held -= end;
    }
    if held == 0 { Ok(()) } else { Err("cut off in a record".into()) }
}

/// Where the record at the start of `bytes` ends, once all of it is there.
fn record_end(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let end = HEADER + u32::from_be_bytes(*header) as usize + TAG;
    if end > HEADER + RECORD + TAG {
        return Err("a record is too long".into());
    }
    Ok((bytes.len() >= end).then_some(end))
}
