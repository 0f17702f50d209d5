//! What one busy pipe costs the relay: `cargo run --release -p couplet-relay --example pipe_cost`.
//!
//! Starts the `couplet-relay` that lies beside it, pairs two raw clients, and pushes bytes through a
//! pipe as fast as they go: one thread writes 1 MiB at a time, another reads as much. Prints for each run
//! the MiB/s, and the processor seconds a GiB of the relay and of all three together; then their
//! medians, and the relay's resident memory at its start and at its peak. Arguments: MiB a run
//! (4096), runs (5), another relay program to measure, and options for it. Linux only, as it reads
//! `/proc`. docs/BENCHMARKS.md has the way to compare two builds.
#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use bytes::BytesMut;
use couplet::frame::{FrameDecoder, opening};
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{ClientControl, ClientToRelay, RelayControl, RelayToClient, Token};
use rustix::net::{self, RecvFlags};
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What is written at once: about what one record of a transfer has.
const BLOCK: usize = 1024 * 1024;

/// Ticks of the processor times in `/proc`, a second; the same on every Linux.
const TICKS: f64 = 100.0;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mebibytes: usize = arguments.next().as_deref().unwrap_or("4096").parse()?;
    let runs: usize = arguments.next().as_deref().unwrap_or("5").parse()?;
    let program = arguments.next().map_or_else(program_beside, |path| Ok(PathBuf::from(path)))?;
    let data = tempfile::tempdir()?;
    let mut relay = Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--log", "warn", "--data"])
        .arg(data.path())
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let result = measure(&mut relay, mebibytes, runs);
    relay.kill()?;
    relay.wait()?;
    result
}

#[expect(clippy::cast_precision_loss, reason = "figures to read")]
fn measure(relay: &mut Child, mebibytes: usize, runs: usize) -> Result<()> {
    let mut line = String::new();
    BufReader::new(relay.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on ").ok_or("no relay")?;
    let id = relay.id().to_string();
    let at_start = memory(&id, "VmRSS:")?;
    let mut one = Client::join(address)?;
    let mut two = Client::join(address)?;
    let gibibytes = mebibytes as f64 / 1024.0;
    let mut figures = Vec::new();
    for _ in 0..runs {
        let tokens = Client::pipe(&mut one, &mut two)?;
        let mut from = open_end(address, tokens[0])?;
        let mut to = open_end(address, tokens[1])?;
        for end in [&mut from, &mut to] {
            end.until(|control| matches!(control, RelayControl::Joined).then_some(()))?;
        }
        let before = (seconds_used(&id)?, seconds_used("self")?);
        let start = now();
        push(from.stream, &to.stream, mebibytes)?;
        let seconds = start.elapsed().as_secs_f64();
        let relays = seconds_used(&id)? - before.0;
        let all = relays + seconds_used("self")? - before.1;
        let run = [mebibytes as f64 / seconds, relays / gibibytes, all / gibibytes];
        say("", run);
        figures.push(run);
    }
    let median = |which: usize| {
        let mut all: Vec<f64> = figures.iter().map(|run| run[which]).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    say("median: ", [median(0), median(1), median(2)]);
    let peak = memory(&id, "VmHWM:")?;
    println!("relay resident: {at_start:.1} MiB at its start, {peak:.1} MiB at its peak");
    Ok(())
}

fn say(what: &str, [rate, relay, all]: [f64; 3]) {
    println!("{what}{rate:.0} MiB/s, CPU-s/GiB: relay {relay:.3}, all three {all:.3}");
}

/// Pushes so many bytes from one end to the other and reads them to their end.
fn push(mut from: TcpStream, to: &TcpStream, mebibytes: usize) -> Result<()> {
    let writer = std::thread::spawn(move || -> std::io::Result<()> {
        let block = vec![0x5a; BLOCK];
        for _ in 0..mebibytes {
            from.write_all(&block)?;
        }
        from.shutdown(Shutdown::Write)
    });
    let (mut block, mut got) = (vec![0; BLOCK], 0);
    loop {
        // As the client reads: woken once for a block, not for each piece of it.
        match net::recv(to, &mut block[..], RecvFlags::WAITALL)? {
            (0, _) => break,
            (count, _) => got += count,
        }
    }
    writer.join().map_err(|_| "the writer failed")??;
    if got == mebibytes * BLOCK { Ok(()) } else { Err("not all bytes came".into()) }
}

/// One raw connection to the relay.
struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Client {
    fn open(address: &str, first: ClientControl) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut bytes = BytesMut::from(&opening()[..]);
        ClientToRelay::Control(first).encode(&mut bytes);
        stream.write_all(&bytes)?;
        Ok(Self { stream, decoder: FrameDecoder::new(MAX_CONTROL_BODY) })
    }

    fn join(address: &str) -> Result<Self> {
        let hello = ClientControl::hello(None, false, None);
        let mut client = Self::open(address, hello)?;
        client.until(|control| matches!(control, RelayControl::Welcome { .. }).then_some(()))?;
        Ok(client)
    }

    /// The two tokens of a new pipe.
    fn pipe(one: &mut Self, two: &mut Self) -> Result<[Token; 2]> {
        let mut request = BytesMut::new();
        ClientToRelay::Control(ClientControl::RequestPipe { tag: 1 }).encode(&mut request);
        one.stream.write_all(&request)?;
        let token = |client: &mut Self| {
            client.until(|control| {
                let RelayControl::Pipe { token, .. } = control else { return None };
                Some(*token)
            })
        };
        Ok([token(one)?, token(two)?])
    }

    /// Passes over messages until there is one that `pick` takes.
    fn until<T>(&mut self, pick: impl Fn(&RelayControl) -> Option<T>) -> Result<T> {
        let mut piece = [0; 4096];
        loop {
            while let Some(frame) = self.decoder.poll_frame()? {
                let RelayToClient::Control(control) = RelayToClient::decode(frame)? else {
                    continue;
                };
                if let RelayControl::Error { text, .. } = &control {
                    return Err(text.clone().into());
                }
                if let Some(picked) = pick(&control) {
                    return Ok(picked);
                }
            }
            match self.stream.read(&mut piece)? {
                0 => return Err("the relay has closed the connection".into()),
                count => self.decoder.push(&piece[..count]),
            }
        }
    }
}

fn open_end(address: &str, token: Token) -> Result<Client> {
    Client::open(address, ClientControl::OpenPipe { token })
}

fn program_beside() -> Result<PathBuf> {
    // Examples lie in a directory below the programs.
    let here = std::env::current_exe()?;
    Ok(here.ancestors().nth(2).ok_or("no directory")?.join("couplet-relay"))
}

/// Seconds of processor time that a process has used.
fn seconds_used(process: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may have spaces; the times are the 12th and 13th behind it.
    let (_, behind) = stat.rsplit_once(')').ok_or("no name")?;
    let mut times = behind.split_whitespace().skip(11);
    let mut next = || -> Result<f64> { Ok(times.next().ok_or("too short")?.parse()?) };
    Ok((next()? + next()?) / TICKS)
}

/// One of the figures of a process's memory, in MiB.
fn memory(process: &str, which: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)).ok_or("no figure")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn now() -> Instant {
    Instant::now()
}
