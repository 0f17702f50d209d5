//! The door for lines of text, over real sockets: every point of its contract, and what is done to it by
//! clients that don't keep to it.

#[path = "../common/mod.rs"]
mod common;
mod frames;
mod hostile;
mod telnet;

use common::{Client, Relay, soon};
use couplet::message::ClientControl;
use couplet_relay::config::Config;
use couplet_relay::counters::{Count, Counters};
use couplet_relay::server;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A relay with both doors.
struct Both {
    relay: Relay,
    plain: SocketAddr,
    counters: Arc<Counters>,
}

impl Both {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let listener = server::listen("127.0.0.1:0").await.expect("a free port");
        let plain = listener.local_addr().expect("an address");
        let counters = Arc::<Counters>::default();
        let relay = Relay::with(|config| {
            config.plain = Some(Arc::new(listener));
            config.counters = Arc::clone(&counters);
            change(config);
        })
        .await;
        Self { relay, plain, counters }
    }

    async fn lines(&self) -> Lines {
        Lines::over(soon(TcpStream::connect(self.plain)).await.expect("the plain door"))
    }

    /// Two across each other, with number and role read.
    async fn pair(&self) -> (Lines, Lines) {
        let mut one = self.lines().await;
        one.hears("1").await;
        let mut two = self.lines().await;
        for line in ["2", "rec"] {
            two.hears(line).await;
        }
        one.hears("emi").await;
        (one, two)
    }

    /// A client of frames in a plain room.
    async fn framed(&self) -> Client {
        let mut client = self.relay.connect().await;
        client.open().await;
        client.control(ClientControl::plain_hello()).await;
        client
    }

    /// Waits until a count is so much: whatever a client has done to cause it has been noticed.
    async fn counts(&self, what: Count, number: u64) {
        soon(async {
            while self.counters.get(what) != number {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// One who speaks in lines.
struct Lines {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Lines {
    fn over(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer }
    }

    async fn says(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.writer.write_all(bytes.as_ref())).await.expect("the relay reads");
    }

    async fn next(&mut self) -> String {
        let mut line = String::new();
        soon(self.reader.read_line(&mut line)).await.expect("text");
        line
    }

    async fn hears(&mut self, expected: &str) {
        assert_eq!(self.next().await, format!("{expected}\n"));
    }

    /// The last line begins so, and then it is closed.
    async fn ends_with(mut self, beginning: &str) -> String {
        let line = self.next().await;
        assert!(line.starts_with(beginning), "{line:?}");
        self.closes().await;
        line
    }

    async fn closes(mut self) {
        let mut rest = String::new();
        soon(self.reader.read_to_string(&mut rest)).await.expect("an orderly end");
        assert_eq!(rest, "");
    }

    async fn rest_is(mut self, expected: &str) {
        let mut rest = String::new();
        soon(self.reader.read_to_string(&mut rest)).await.expect("an orderly end");
        assert_eq!(rest, expected);
    }

    /// Vanishes with a reset.
    fn vanishes(self) {
        let stream = self.reader.into_inner().reunite(self.writer).expect("two halves");
        stream.set_zero_linger().expect("a socket");
    }
}

#[tokio::test]
async fn numbers_roles_and_turns() {
    let both = Both::start().await;
    let (mut one, mut two) = both.pair().await;
    one.says("hello\n").await;
    two.hears("hello").await;
    two.says("hi\r\n").await;
    one.hears("hi").await;
    // Half a line is none until its end has come.
    one.says("in ").await;
    one.says("pieces\0").await;
    two.hears("in pieces").await;
    two.says("with a NUL behind it\n\0").await;
    one.hears("with a NUL behind it").await;
    one.says("\n").await;
    two.hears("").await;
    two.says("très bien \u{1b}[1m\n").await;
    one.hears("très bien \u{1b}[1m").await;
}

#[tokio::test]
async fn lines_out_of_turn_are_held_and_passed_on_one_in_each_turn() {
    let both = Both::start().await;
    let mut one = both.lines().await;
    one.hears("1").await;
    one.says("first\nthird\nfifth\n").await;
    let mut two = both.lines().await;
    for line in ["2", "rec", "first"] {
        two.hears(line).await;
    }
    two.says("second\nfourth\n").await;
    for line in ["emi", "second", "fourth"] {
        one.hears(line).await;
    }
    for line in ["third", "fifth"] {
        two.hears(line).await;
    }
    // 64 are held, in the order in which they came.
    let many = (0..64).map(|number| format!("many {number}\n")).collect::<Vec<_>>().concat();
    one.says(&many).await;
    for number in 0..64 {
        two.says("go on\n").await;
        one.hears("go on").await;
        two.hears(&format!("many {number}")).await;
    }
}

#[tokio::test]
async fn fin_in_either_role_and_a_newcomer_goes_on_as_that_client() {
    let both = Both::start().await;
    // Alone, before there are roles.
    let mut alone = both.lines().await;
    alone.hears("1").await;
    alone.says("to nobody\nfin\n").await;
    alone.ends_with("error not passed on: \"to nobody\", as you left").await;
    let (mut one, mut two) = both.pair().await;
    one.says("for seat two\n").await;
    two.hears("for seat two").await;
    // In `emi`, with something held by nobody.
    two.says("fin\r\n").await;
    two.closes().await;
    let mut three = both.lines().await;
    for line in ["2", "emi", "for seat two"] {
        three.hears(line).await;
    }
    three.says("for seat one\n").await;
    one.hears("for seat one").await;
    // In `emi` again, from the other seat; then in `rec`, with a line held.
    one.says("fin\n").await;
    one.closes().await;
    let mut four = both.lines().await;
    for line in ["1", "emi", "for seat one"] {
        four.hears(line).await;
    }
    three.says("held\nfin\n").await;
    three.ends_with("error not passed on: \"held\", as you left").await;
    let mut five = both.lines().await;
    for line in ["2", "rec", "for seat two"] {
        five.hears(line).await;
    }
    four.says("fin").await;
    four.says("\0").await;
    four.closes().await;
}

#[tokio::test]
async fn whoever_disappears_has_left() {
    let both = Both::start().await;
    let (mut one, two) = both.pair().await;
    one.says("for seat two\n").await;
    // It can't tell that it has heard that, so the line is waited for here.
    let mut two = two;
    two.hears("for seat two").await;
    two.vanishes();
    both.counts(Count::PlainClients, 1).await;
    let mut three = both.lines().await;
    for line in ["2", "emi", "for seat two"] {
        three.hears(line).await;
    }
    // One who only says nothing more still hears what wasn't passed on.
    one.says("too early\nhalf a line").await;
    one.writer.shutdown().await.expect("a socket");
    one.ends_with("error not passed on: \"too early\", \"half a line\", as you left").await;
    let mut four = both.lines().await;
    for line in ["1", "rec"] {
        four.hears(line).await;
    }
    three.says("on it goes\n").await;
    four.hears("on it goes").await;
}

#[tokio::test]
async fn the_end_of_the_relay_is_told_to_all() {
    for drain in [false, true] {
        let both = Both::with(|config| config.drain = drain).await;
        let (one, mut two) = both.pair().await;
        let mut alone = both.lines().await;
        alone.hears("1").await;
        two.says("held\n").await;
        let mut framed = both.framed().await;
        framed.welcome().await;
        // So it is known that "held" has come.
        both.counts(Count::PlainClients, 4).await;
        two.says("held\n").await;
        both.relay.begin_end();
        one.ends_with("exit\n").await;
        alone.rest_is("emi\nexit\n").await;
        let (mut last, mut rest) = (String::new(), String::new());
        soon(two.reader.read_to_string(&mut rest)).await.expect("an orderly end");
        for line in rest.lines() {
            line.clone_into(&mut last);
        }
        assert_eq!(last, "exit", "{rest}");
        both.relay.ended().await;
    }
}

#[tokio::test]
async fn many_pairs_at_once_and_the_oldest_empty_seat_first() {
    let both = Both::start().await;
    let mut pairs = Vec::new();
    for _ in 0..50 {
        pairs.push(both.pair().await);
    }
    for (number, (one, two)) in pairs.iter_mut().enumerate() {
        one.says(format!("from one of {number}\n")).await;
        two.says(format!("from two of {number}\n")).await;
    }
    for (number, (one, two)) in pairs.iter_mut().enumerate() {
        two.hears(&format!("from one of {number}")).await;
        one.hears(&format!("from two of {number}")).await;
    }
    // One alone in a room of its own, then empty seats across others, in this order.
    let mut alone = both.lines().await;
    alone.hears("1").await;
    for pair in [31, 7, 40] {
        let (one, two) = &mut pairs[pair];
        let leaver = if pair == 7 { one } else { two };
        leaver.says("fin\n").await;
        let mut rest = String::new();
        soon(leaver.reader.read_to_string(&mut rest)).await.expect("an orderly end");
    }
    let mut across = both.lines().await;
    for line in ["2", "rec"] {
        across.hears(line).await;
    }
    alone.hears("emi").await;
    for (pair, told) in [
        (31, ["2", "rec", "from one of 31"]),
        (7, ["1", "emi", "from two of 7"]),
        (40, ["2", "rec", "from one of 40"]),
    ] {
        let mut newcomer = both.lines().await;
        for line in told {
            newcomer.hears(line).await;
        }
        let (one, two) = &mut pairs[pair];
        if pair == 7 {
            newcomer.says("on\n").await;
            two.hears("on").await;
        } else {
            one.says("on\n").await;
            newcomer.hears("on").await;
        }
    }
}
