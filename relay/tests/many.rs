//! Two hundred rooms at once, and what an idle client costs.

mod common;

use common::{Relay, soon};
use couplet::message::{Role, Seat};

const ROOMS: usize = 200;
const MESSAGES: u64 = 100;

/// One client's part: says each of its messages on its turn, and hears each of its peer's once, in
/// order, from its own room.
async fn talk(mut client: common::Client, room: usize, seat: Seat) {
    let mut role = if seat == Seat::One { Role::Emi } else { Role::Rec };
    let (mut said, mut heard) = (0, 0);
    while said < MESSAGES || heard < MESSAGES {
        if role == Role::Emi {
            said += 1;
            client.say(1, said, &format!("room {room} seat {seat} number {said}")).await;
            client.taken(said).await;
            role = client.role().await;
            assert_eq!(role, Role::Rec);
        } else {
            heard += 1;
            let expected = format!("room {room} seat {} number {heard}", seat.other());
            assert_eq!(client.message().await, (heard, false, expected));
            role = client.role().await;
            assert_eq!(role, Role::Emi);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_rooms_talk_at_once_and_every_word_arrives_once_in_order_in_its_room() {
    let relay = Relay::start().await;
    let mut clients = tokio::task::JoinSet::new();
    for room in 0..ROOMS {
        // Half of the rooms have names.
        let name = (room % 2 == 0).then(|| format!("room-{room}"));
        let (one, two) = relay.pair(name.as_deref()).await;
        clients.spawn(talk(one, room, Seat::One));
        clients.spawn(talk(two, room, Seat::Two));
    }
    while let Some(done) = soon(clients.join_next()).await {
        done.expect("no client found a fault");
    }
}

/// Prints what an idle client costs the relay, with both in this process, so that the clients' own
/// sockets count too: an upper bound. See it with `--nocapture`. Nothing is asserted, as the
/// allocator of a test process is not the relay's.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_idle_client_costs_is_printed() {
    fn resident_kib() -> i64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        let number = line.split_whitespace().nth(1).expect("a number");
        number.parse().expect("a number")
    }
    let relay = Relay::start().await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(relay.pair(None).await);
    }
    let before = resident_kib();
    for _ in 0..150 {
        clients.push(relay.pair(None).await);
    }
    println!("{} bytes per idle client", (resident_kib() - before) * 1024 / 300);
}
