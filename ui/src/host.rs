//! `--host`: a relay of one's own, as a child.
//!
//! Owns the child's life. It ends with the client whatever happens to that: its standard input is a
//! pipe from here, and `couplet-relay --until-stdin-closes` ends in order when that pipe closes,
//! even if the client was killed.

use crate::config::DEFAULT_HOST;
use crate::meeting::Hosted;
use couplet::fingerprint::Fingerprint;
use couplet::text;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, Command};

/// How long the child may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long the child may take to tell its fingerprint, which it does at once if it has one.
const TELL_LIMIT: Duration = Duration::from_secs(1);

/// How long the child may take to end in order.
const END_LIMIT: Duration = Duration::from_secs(4);

/// A relay that runs as a child of this process.
#[derive(Debug)]
pub struct HostedRelay {
    child: Child,
    address: SocketAddr,
    /// Its certificate's, as it says.
    fingerprint: Option<Fingerprint>,
}

impl HostedRelay {
    /// Starts a relay that listens on `listen`, or on any free port if that is only the default and
    /// somebody else has its port.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub async fn start(listen: SocketAddr) -> Result<Self, String> {
        let result = Self::try_start(listen).await;
        let is_default = listen.to_string() == DEFAULT_HOST;
        if result.as_ref().is_err_and(|text| is_default && text.contains("taken")) {
            return Self::try_start(SocketAddr::new(listen.ip(), 0)).await;
        }
        result
    }

    async fn try_start(listen: SocketAddr) -> Result<Self, String> {
        let program = program();
        let mut child = Command::new(&program)
            .arg("--until-stdin-closes")
            .arg(format!("--listen={listen}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl+C in the terminal is the client's to deal with.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                let program = text::line(&program.to_string_lossy(), 120);
                format!(
                    "{program} can't be started ({error}); build it with \
                     `cargo build --release --package couplet-relay`, and keep it beside couplet"
                )
            })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(mut stderr)) = (stdout, stderr) else {
            return Err("the relay's output can't be read".to_owned());
        };
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(START_LIMIT, lines.next_line()).await;
        let address = match first {
            Ok(Ok(Some(line))) => line.strip_prefix("listening on ").and_then(|a| a.parse().ok()),
            Ok(Ok(None) | Err(_)) | Err(_) => None,
        };
        let Some(address) = address else {
            let mut said = String::new();
            // What it said before it ended is the best explanation there is.
            let read =
                tokio::time::timeout(Duration::from_secs(1), stderr.read_to_string(&mut said));
            let _ = read.await;
            let said = text::line(said.trim(), 300);
            let said = said.replace("--listen ", "--host=");
            return Err(format!("the relay didn't start: {said}"));
        };
        let told = tokio::time::timeout(TELL_LIMIT, told_fingerprint(&mut lines)).await;
        let fingerprint = told.ok().flatten();
        // Its log has no place on a screen with a conversation; it must be read all the same, or the
        // relay would come to wait for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        tokio::spawn(async move {
            let mut sink = [0; 1024];
            while stderr.read(&mut sink).await.is_ok_and(|len| len > 0) {}
        });
        Ok(Self { child, address, fingerprint })
    }

    /// Where this machine reaches it, as `HOST:PORT`.
    #[must_use]
    pub fn local_address(&self) -> String {
        let ip = match self.address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port()).to_string()
    }

    /// Where another machine on the network reaches it; `None` if it can't.
    #[must_use]
    pub fn network_address(&self) -> Option<String> {
        let ip = match self.address.ip() {
            ip if ip.is_loopback() => return None,
            ip if ip.is_unspecified() => network_ip()?,
            ip => ip,
        };
        Some(SocketAddr::new(ip, self.address.port()).to_string())
    }

    /// Where it is reached, for telling a friend.
    #[must_use]
    pub fn reached(&self) -> Hosted {
        let port = self.address.port();
        Hosted {
            local: self.local_address(),
            network: self.network_address(),
            port: (port != default_port()).then_some(port),
            fingerprint: self.fingerprint,
        }
    }

    /// Ends it in order.
    pub async fn end(mut self) {
        drop(self.child.stdin.take());
        if tokio::time::timeout(END_LIMIT, self.child.wait()).await.is_err() {
            // It didn't hear; there is nothing else to try, and nobody to tell.
            let _ = self.child.kill().await;
        }
    }
}

/// The fingerprint among the lines for people that come after the first.
async fn told_fingerprint(
    lines: &mut Lines<BufReader<impl AsyncRead + Unpin>>,
) -> Option<Fingerprint> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(fingerprint) = line.split_whitespace().find_map(|word| word.parse().ok()) {
            return Some(fingerprint);
        }
    }
    None
}

/// The port of a relay that nobody told another.
fn default_port() -> u16 {
    DEFAULT_HOST.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0)
}

/// The relay beside this program, or the one on the PATH.
fn program() -> PathBuf {
    let name = "couplet-relay";
    std::env::current_exe()
        .ok()
        .map(|exe| exe.with_file_name(name))
        .filter(|beside| beside.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}

/// This machine's address in its network: the one that a datagram to the outside would leave from.
/// Connecting a datagram socket only asks the routing table; nothing is sent.
fn network_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address of the documentation network (RFC 5737), which is nobody's.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}
