//! Two who talk beside the flood, and how long each of their words takes.

use crate::common::{Client, soon};
use couplet::message::Role;
use std::fmt;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How often one of them says something.
const PACE: Duration = Duration::from_millis(5);

pub struct Talk {
    over: CancellationToken,
    thread: JoinHandle<Latency>,
}

/// From saying to hearing.
#[derive(Debug)]
pub struct Latency {
    pub median: Duration,
    p99: Duration,
    most: Duration,
    words: usize,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, p99, most, words } = self;
        write!(f, "the pair: {words} words, median {median:?}, p99 {p99:?}, at most {most:?}")
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn stopwatch() -> Instant {
    Instant::now()
}

impl Talk {
    /// They have met when this returns.
    pub fn start(relay: SocketAddr) -> Self {
        let over = CancellationToken::new();
        let until = over.clone();
        let (met, meeting) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let mut pair = [join(relay).await, join(relay).await];
                let [one, two] = &mut pair;
                one.peer().await;
                two.peer().await;
                assert_eq!(two.role().await, Role::Rec);
                one.peer().await;
                assert_eq!(one.role().await, Role::Emi);
                met.send(()).expect("somebody waits");
                talk(&mut pair, &until).await
            })
        });
        meeting.recv_timeout(crate::common::PATIENCE).expect("they meet");
        Self { over, thread }
    }

    pub fn end(self) -> Latency {
        self.over.cancel();
        self.thread.join().expect("the pair finds no fault")
    }
}

async fn join(relay: SocketAddr) -> Client {
    let mut client = Client::over(soon(TcpStream::connect(relay)).await.expect("a relay"));
    client.open().await;
    client.hello(Some("well-behaved"), None).await;
    client.welcome().await;
    client
}

async fn talk(pair: &mut [Client; 2], over: &CancellationToken) -> Latency {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut times = Vec::new();
    while !over.is_cancelled() || times.is_empty() {
        pace.tick().await;
        let turn = times.len();
        let sequence = u64::try_from(turn / 2).expect("few") + 1;
        let [one, two] = pair;
        let (speaker, hearer) = if turn.is_multiple_of(2) { (one, two) } else { (two, one) };
        let said = stopwatch();
        speaker.say(1, sequence, "still there?").await;
        assert_eq!(hearer.message().await, (sequence, false, "still there?".to_owned()));
        times.push(said.elapsed());
        assert_eq!(hearer.role().await, Role::Emi);
        speaker.taken(sequence).await;
        assert_eq!(speaker.role().await, Role::Rec);
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    Latency { median: at(50), p99: at(99), most: at(100), words: times.len() }
}
