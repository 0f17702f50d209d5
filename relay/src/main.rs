//! The program `couplet-relay`.
//!
//! Owns the process: options, logging, signals, standard output and exit statuses. Everything else
//! is the library's.
//!
//! | status | meaning |
//! | --- | --- |
//! | 0 | ended in order: Ctrl+C, SIGTERM, SIGHUP, or stdin closed |
//! | 1 | the operating system refused something essential, such as threads |
//! | 2 | wrong options, or a certificate or shelf that can't be used |
//! | 3 | can't listen |
//! | 130 | a second Ctrl+C (or other signal) while ending |
//!
//! Those of its commands are with [`couplet_relay::accounts::command`].

use anyhow::Context as _;
use clap::Parser as _;
use couplet::text;
use couplet_relay::cli::{Cli, Command};
use couplet_relay::config::Config;
use couplet_relay::server;
use couplet_relay::shelf::Shelf;
use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

const UNUSABLE: u8 = 2;
const CANT_LISTEN: u8 = 3;
const SECOND_SIGNAL: i32 = 130;

fn main() -> ExitCode {
    let Cli { command, config } = Cli::parse();
    if let Some(Command::Account(account)) = command {
        return ExitCode::from(account.run());
    }
    match start(config) {
        Ok(status) => status,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(mut config: Config) -> anyhow::Result<ExitCode> {
    log_to_stderr(&config.log);
    raise_file_limit();
    let shutdown = CancellationToken::new();
    end_on_signals(shutdown.clone())?;
    if config.until_stdin_closes {
        end_with_stdin(shutdown.clone())?;
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("relay");
    if let Some(workers) = config.workers {
        builder.worker_threads(workers.into());
    }
    let runtime = builder.build().context("can't start the relay's threads")?;
    let status = runtime.block_on(async {
        let listener = match server::listen(&config.listen).await {
            Ok(listener) => listener,
            Err(error) => {
                complain(&error.to_string());
                return Ok(ExitCode::from(CANT_LISTEN));
            }
        };
        // After the port is known to be free: a start that fails makes no certificate.
        match config.identity() {
            Ok((identity, warning)) => {
                if let Some(warning) = warning {
                    tracing::warn!("{warning}");
                }
                config.tls = Some(identity);
            }
            Err(error) => {
                complain(&error.to_string());
                return Ok(ExitCode::from(UNUSABLE));
            }
        }
        // A relay that ends with another program has nobody who would start it anew.
        config.keep_rooms_in = config.data_dir().filter(|_| !config.until_stdin_closes);
        match Shelf::open(&config) {
            Ok(shelf) => config.open_shelf(shelf),
            Err(error) => {
                complain(&error.to_string());
                return Ok(ExitCode::from(UNUSABLE));
            }
        }
        if let Err(error) = server::listen_for_metrics(&mut config).await {
            complain(&error.to_string());
            return Ok(ExitCode::from(CANT_LISTEN));
        }
        if let Err(error) = server::listen_for_plain(&mut config).await {
            complain(&error.to_string());
            return Ok(ExitCode::from(CANT_LISTEN));
        }
        if let Err(error) = server::listen_for_zmq(&mut config).await {
            complain(&error.to_string());
            return Ok(ExitCode::from(CANT_LISTEN));
        }
        let address = listener.local_addr().context("can't tell where the relay listens")?;
        announce(address, &config);
        // On a worker thread, not on this one: `block_on` would make every accept cross threads.
        tokio::spawn(server::run(config, listener, shutdown))
            .await
            .context("the relay failed")?
            .context("can't start the threads for pipes")?;
        anyhow::Ok(ExitCode::SUCCESS)
    });
    // Whatever is still open has had its time.
    runtime.shutdown_background();
    status
}

fn log_to_stderr(filter: &str) {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(!no_color && io::stderr().is_terminal())
        .with_writer(|| Log)
        .log_internal_errors(false)
        .init();
}

/// Standard error, if anybody still reads it. A relay must not end because its log's reader did.
struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Nobody to tell it to is no error.
        let _ = io::stderr().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

/// The first signal ends the relay in order, the second at once.
fn end_on_signals(shutdown: CancellationToken) -> anyhow::Result<()> {
    let signalled = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if signalled.swap(true, Ordering::Relaxed) {
            std::process::exit(SECOND_SIGNAL);
        }
        shutdown.cancel();
    })
    .context("can't listen for Ctrl+C")
}

fn end_with_stdin(shutdown: CancellationToken) -> anyhow::Result<()> {
    let wait = move || {
        // An error is an end as well: there is nobody left to close it.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        shutdown.cancel();
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(wait)
        .context("can't watch stdin")?;
    Ok(())
}

/// Every client is a file to the operating system, whose usual limit of 1024 is only a default.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current != maximum
            && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        {
            tracing::warn!(%error, "can't raise the limit of open files");
        }
    }
}

/// The first line is for programs, the others for people. That nobody reads them is no error.
fn announce(address: SocketAddr, config: &Config) {
    let client = client_started_as();
    let joining = server::how_to_join(address, &client, config.tls.as_ref(), config.drain);
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "listening on {address}")
        .and_then(|()| stdout.flush())
        .and_then(|()| stdout.write_all(joining.as_bytes()))
        .and_then(|()| stdout.write_all(server::what_it_takes(config).as_bytes()))
        .and_then(|()| stdout.flush());
}

/// How couplet is started here: the launch scripts say so, and anybody else may.
fn client_started_as() -> String {
    let told = std::env::var("COUPLET_STARTED_AS").unwrap_or_default();
    let told = text::line(&told, 40);
    if told.is_empty() { "couplet".to_owned() } else { told }
}

fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "couplet-relay: {sentence}");
}
