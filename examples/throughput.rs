//! How fast one file goes from one client to another: `cargo run --release --example throughput`.
//!
//! Starts the `couplet-relay` that lies beside it (build with `--workspace --bins --examples` first) and two engines,
//! sends a file of random bytes again and again, and prints each run's MiB/s, from the accept to
//! "verified", and their median. Arguments: the file's size in MiB (1024), the runs (5), and a
//! directory (the system's one for temporary files). To compare two builds, run both by turns on an
//! idle machine; docs/BENCHMARKS.md has the way.
#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use couplet::seal::Password;
use couplet::session::{Event as SessionEvent, Meet, Seal};
use couplet::transfer::book::TransferState;
use couplet::transfer::offer::OnCollision;
use couplet_ui::clock;
use couplet_ui::engine::{self, Command, Engine, Event, Options, Outgoing, Target, TlsChoice};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mebibytes: u64 = arguments.next().as_deref().unwrap_or("1024").parse()?;
    let runs: usize = arguments.next().as_deref().unwrap_or("5").parse()?;
    let place = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = place.join(format!("couplet-throughput-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let (mut relay, address) = start_relay(&directory)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(measure(&address, &directory, mebibytes, runs));
    relay.kill()?;
    std::fs::remove_dir_all(&directory)?;
    result
}

async fn measure(relay: &str, directory: &Path, mebibytes: u64, runs: usize) -> Result<()> {
    let source = directory.join("file");
    write_random(&source, mebibytes)?;
    let downloads = directory.join("downloads");
    let (mut sender, mut receiver) = (start(relay, directory), start(relay, &downloads));
    for engine in [&mut sender, &mut receiver] {
        until(engine, |event| {
            matches!(event, SessionEvent::Seal(Seal::Sealed { .. })).then_some(())
        })
        .await?;
    }
    let mut rates = Vec::new();
    for _ in 0..runs {
        sender.commands.send(Command::Send(Outgoing::Each(vec![source.clone()]))).await?;
        until(&mut receiver, |event| {
            let SessionEvent::Transfer { info, .. } = event else { return None };
            (info.state == TransferState::Offered).then_some(())
        })
        .await?;
        let start = clock::now();
        receiver.commands.send(Command::Accept { id: None, on_collision: None }).await?;
        let state = until(&mut receiver, |event| {
            let SessionEvent::Transfer { info, .. } = event else { return None };
            info.state.is_over().then(|| info.state.clone())
        })
        .await?;
        let seconds = clock::now().since(start).as_secs_f64();
        let TransferState::Verified { saved_as, .. } = state else {
            return Err(format!("the transfer ended as {state:?}").into());
        };
        std::fs::remove_file(downloads.join(saved_as))?;
        #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
        let rate = mebibytes as f64 / seconds;
        println!("{rate:.0} MiB/s");
        rates.push(rate);
    }
    rates.sort_by(f64::total_cmp);
    println!("median {:.0} MiB/s of {mebibytes} MiB", rates[rates.len() / 2]);
    Ok(())
}

fn start(relay: &str, downloads: &Path) -> Engine {
    let options = Options {
        relay: relay.to_owned(),
        meet: Meet::Anybody,
        password: Password::default(),
        name: None,
        target: Target::Directory(downloads.to_owned()),
        on_collision: OnCollision::default(),
        limit: None,
        tls: TlsChoice::Auto,
        known_relays: None,
    };
    engine::start(options).0
}

async fn until<T>(engine: &mut Engine, pick: impl Fn(&SessionEvent) -> Option<T>) -> Result<T> {
    loop {
        let event = engine.events.recv().await.ok_or("the engine ended")?;
        if let Event::Session(event) = event {
            if let SessionEvent::Ended(ending) = &event {
                return Err(format!("the line ended: {ending:?}").into());
            }
            if let Some(picked) = pick(&event) {
                return Ok(picked);
            }
        }
    }
}

fn start_relay(directory: &Path) -> Result<(Child, String)> {
    // Examples lie in a directory below the programs.
    let here = std::env::current_exe()?;
    let program = here.ancestors().nth(2).ok_or("no directory")?.join("couplet-relay");
    let mut child = std::process::Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on ").ok_or("no relay")?;
    Ok((child, address.to_owned()))
}

fn write_random(path: &Path, mebibytes: u64) -> Result<()> {
    let mut file = File::create(path)?;
    let mut stream = blake3::Hasher::new().update(b"any bytes").finalize_xof();
    let mut block = vec![0; 1024 * 1024];
    for _ in 0..mebibytes {
        stream.fill(&mut block);
        file.write_all(&block)?;
    }
    Ok(())
}
