//! Clients that say too much, say what is no line, don't read, or find no room.

use super::common::soon;
use super::{Both, Lines};
use couplet::message::{ErrorCode, Seat};
use couplet_relay::counters::Count;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

#[tokio::test]
async fn more_than_are_held_end_it_and_the_other_goes_on() {
    let both = Both::start().await;
    let (mut one, mut two) = both.pair().await;
    let flood = (0..1000).map(|number| format!("{number}\n")).collect::<Vec<_>>().concat();
    two.says(&flood).await;
    let told = two.ends_with("error 64 lines wait for your turn already").await;
    assert!(
        told.contains("\"0\", \"1\"") && told.contains("\"63\", \"64\", and whatever"),
        "{told}"
    );
    assert_eq!(both.counters.get(Count::CutHeld), 1);
    let mut three = both.lines().await;
    for line in ["2", "rec"] {
        three.hears(line).await;
    }
    one.says("you are new\n").await;
    three.hears("you are new").await;
}

#[tokio::test]
async fn what_is_no_line_is_told() {
    let both = Both::start().await;
    let (mut one, mut two) = both.pair().await;
    let longest = "x".repeat(16 * 1024);
    one.says(format!("{longest}\r\n")).await;
    two.hears(&longest).await;
    two.says(format!("{longest}y\n")).await;
    two.ends_with("error a line has more than 16384 bytes; send shorter ones").await;
    let mut three = both.lines().await;
    for line in ["2", "emi", &longest] {
        three.hears(line).await;
    }
    three.says(b"caf\xe9\n").await;
    three.ends_with("error a line isn't text in UTF-8; send UTF-8").await;
    assert_eq!(both.counters.get(Count::CutMalformed), 2);
    // Without an end too, and if it is only NUL.
    for bytes in [vec![b'x'; 100_000], vec![0; 100_000]] {
        let mut bad = both.lines().await;
        bad.hears("2").await;
        bad.hears("emi").await;
        bad.hears(&longest).await;
        // It may be closed before all is written.
        let _ = soon(bad.writer.write_all(&bytes)).await;
        bad.ends_with("error a line has more than 16384 bytes").await;
    }
}

#[tokio::test]
async fn a_full_relay_says_so_and_disturbs_nobody() {
    let both = Both::with(|config| config.max_clients = 2).await;
    let (mut one, mut two) = both.pair().await;
    let told =
        both.lines().await.ends_with("error the relay serves as many clients as it may").await;
    assert!(told.contains("(2); try again later"), "{told}");
    assert_eq!(both.counters.get(Count::RefusedClients), 1);
    one.says("undisturbed\n").await;
    two.hears("undisturbed").await;
    // The same count for both doors, and a place that is free is free at both.
    let mut framed = both.framed().await;
    assert_eq!(framed.error().await.0, ErrorCode::RelayFull);
    two.says("fin\n").await;
    two.closes().await;
    both.counts(Count::Clients, 1).await;
    let mut framed = both.framed().await;
    assert_eq!(framed.welcome().await.seat, Seat::Two);
}

#[tokio::test]
async fn a_rush_is_told_in_a_line_too() {
    let both = Both::with(|config| {
        (config.max_handshakes, config.max_rooms) = (1, 1);
    })
    .await;
    // It says nothing, and so is the one that hasn't said what it wants.
    let _silent = both.relay.connect().await;
    both.counts(Count::Handshakes, 1).await;
    both.lines().await.ends_with("error too many clients come to the relay at this moment").await;
}

#[tokio::test]
async fn rooms_have_a_limit_of_their_own() {
    let both = Both::with(|config| config.max_rooms = 1).await;
    let _pair = both.pair().await;
    both.lines().await.ends_with("error the relay has as many rooms as it may; try again").await;
    // Sealed rooms are others.
    let _sealed = both.relay.pair(None).await;
}

#[tokio::test]
async fn one_who_does_not_read_is_let_go_and_its_peer_goes_on() {
    let both = Both::with(|config| config.timeouts.stuck = Duration::from_millis(300)).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let stream = soon(socket.connect(both.plain)).await.expect("the plain door");
    let mut deaf = Lines::over(stream);
    deaf.hears("1").await;
    let mut other = both.lines().await;
    for line in ["2", "rec"] {
        other.hears(line).await;
    }
    // It says empty lines and is told long ones, of which it reads none.
    let long = format!("{}\n", "x".repeat(16 * 1024));
    let give_and_take = async {
        loop {
            deaf.says("\n").await;
            other.hears("").await;
            other.says(&long).await;
        }
    };
    tokio::select! {
        () = give_and_take => {}
        () = both.counts(Count::CutStuck, 1) => {}
    }
    both.counts(Count::PlainClients, 1).await;
    let mut newcomer = both.lines().await;
    newcomer.hears("1").await;
    let role = newcomer.next().await;
    assert!(["emi\n", "rec\n"].contains(&role.as_str()), "{role}");
}

#[tokio::test]
async fn what_is_held_is_given_up_when_memory_is_short() {
    let both = Both::with(|config| config.max_queued_bytes = 4 << 20).await;
    let line = format!("{}\n", "x".repeat(16 * 1024));
    let mut greedy = Vec::new();
    for _ in 0..6 {
        let mut one = both.lines().await;
        let mut two = both.lines().await;
        let first = one.next().await;
        assert!(first == "1\n" || first == "2\n", "{first}");
        for _ in 0..60 {
            two.says(&line).await;
        }
        greedy.push((one, two));
    }
    // Of 6 MiB no more than three quarters of 4 are kept for long; each who is let go hears why.
    soon(async {
        while both.counters.get(Count::CutShort) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(async {
        while both.counters.get(Count::QueuedBytes) > 3 << 20 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Whoever is let go hears why, and then the end; the others hear nothing.
    let mut reading = JoinSet::new();
    for (one, mut two) in greedy {
        reading.spawn(async move {
            let mut rest = String::new();
            let end = two.reader.read_to_string(&mut rest).await;
            drop(one);
            end.map(|_| rest)
        });
    }
    let first = soon(reading.join_next()).await.expect("some").expect("no panic");
    let told = first.expect("an orderly end");
    assert!(told.contains("error the relay is short of memory"), "{told}");
    assert!(told.contains("not passed on: \"xxxx"), "{told}");
}

#[tokio::test]
async fn an_idle_room_is_ended_with_a_sentence() {
    let both = Both::with(|config| config.idle_rooms = Duration::from_secs(3)).await;
    let (one, two) = both.pair().await;
    for client in [one, two] {
        client.ends_with("error nothing happened in this room for so long").await;
    }
}
