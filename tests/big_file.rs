//! One GiB of random bytes between two real clients with the chat going on: what it costs, and that
//! words stay quick.

mod support;

use couplet::message::Role;
use couplet_ui::engine::{Command, Outgoing};
use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::time::Duration;
use support::headless::Client;
use support::relay::Relay;
use support::terminal::{Terminal, now};
use support::{PATIENCE, contents, proc_status_kib};

const GIB: u64 = 1 << 30;

/// How long the transfer itself may take; it takes seconds, and the machine may be busy.
const LIMIT: Duration = Duration::from_mins(4);

fn write_random(path: &Path) {
    let mut file = BufWriter::new(fs::File::create(path).expect("created"));
    for part in 0..GIB >> 20 {
        file.write_all(&contents(1 << 20, part + 1)).expect("written");
    }
    file.flush().expect("written");
}

fn identical(one: &Path, two: &Path) -> bool {
    let open = |path: &Path| fs::File::open(path).expect("opened");
    let (mut one, mut two) = (open(one), open(two));
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut total = 0;
    loop {
        let len = one.read(&mut a).expect("read");
        if len == 0 {
            return total == GIB && two.read(&mut b).expect("read") == 0;
        }
        if two.read_exact(&mut b[..len]).is_err() || a[..len] != b[..len] {
            return false;
        }
        total += len as u64;
    }
}

#[test]
fn a_gibibyte_goes_through_identical_in_little_memory_while_the_chat_stays_quick() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let [at_ann, at_bob] = ["ann", "bob"].map(|name| {
        let path = dir.path().join(name);
        fs::create_dir(&path).expect("a directory");
        path
    });
    let source = at_ann.join("random.bin");
    write_random(&source);
    let mut ann = Terminal::client("ann", &relay.address, &at_ann);
    ann.sees("seat 1");
    let mut bob = Terminal::client("bob", &relay.address, &at_bob);
    ann.sees("YOUR TURN");
    ann.line("/send random.bin");
    let offered = |screen: &vt100::Screen| screen.contents().contains("/accept 1");
    let seen = bob.waits_at_most(PATIENCE, &offered);
    assert!(seen.is_some(), "no offer: ann\n{}\nbob\n{}", ann.screen(), bob.screen());
    bob.line("/accept 1");

    // Words there and back for as long as it moves, timed from the key to the other screen.
    let moving = |screen: &str| screen.contains("MiB/s") || screen.contains("--:--");
    bob.waits("bytes moving", |screen| moving(&screen.contents()));
    let mut times = Vec::new();
    for round in 0..2000 {
        if bob.screen().contains("verified ✓") {
            break;
        }
        for (from, to) in [(true, 'a'), (false, 'b')] {
            let text = format!("{to}{round}.");
            let (speaker, listener) = if from { (&mut ann, &bob) } else { (&mut bob, &ann) };
            speaker.waits("its turn", |screen| screen.contents().contains("YOUR TURN"));
            speaker.line(&text);
            let took = listener
                .waits_at_most(LIMIT, &|screen| screen.contents().contains(&text))
                .expect("the words arrive");
            times.push(took);
        }
    }
    let verified = |screen: &vt100::Screen| screen.contents().contains("verified ✓");
    for client in [&ann, &bob] {
        assert!(client.waits_at_most(LIMIT, &verified).is_some(), "{}", client.screen());
    }
    let relay_kib = proc_status_kib(relay.pid(), "VmHWM");
    let client_kib = [ann.pid(), bob.pid()].map(|pid| proc_status_kib(pid, "VmHWM"));
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "memory: relay {relay_kib} KiB, clients {client_kib:?} KiB; {} words during the transfer, \
         median {median:?}, longest {:?}",
        times.len(),
        times.last()
    );
    assert!(times.len() >= 10, "too few words for a median: {}", times.len());
    // From key to screen, as fast as the screens allow: they draw at most 60 times a second.
    assert!(median < Duration::from_millis(50), "{median:?}");
    assert!(relay_kib < 64 * 1024, "{relay_kib} KiB");
    assert!(client_kib.iter().all(|kib| *kib < 128 * 1024), "{client_kib:?} KiB");
    assert!(identical(&source, &at_bob.join("downloads/random.bin")));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_arrive_within_ten_milliseconds_while_a_file_moves_between_the_same_two() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let source = dir.path().join("sparse.bin");
    let file = fs::File::create(&source).expect("created");
    file.set_len(4 * GIB).expect("a file system with sparse files");
    let downloads = dir.path().join("downloads");
    let [mut a, mut b] = Client::pair(&relay.address, [dir.path(), &downloads]).await;
    a.tell(Command::Send(Outgoing::Each(vec![source]))).await;
    let at_b = b.offered("sparse.bin").await;
    b.tell(Command::Accept { id: None, on_collision: None }).await;
    b.moving(at_b).await;
    let mut times = Vec::new();
    for round in 0..2000 {
        if b.state(at_b).is_some() {
            break;
        }
        for a_speaks in [true, false] {
            let (speaker, listener) = if a_speaks { (&mut a, &mut b) } else { (&mut b, &mut a) };
            // A turn that came with the pairing has been heard; later ones come with the words.
            if round > 0 || !a_speaks {
                speaker.role(Role::Emi).await;
            }
            let start = now();
            speaker.say(&format!("word {round}")).await;
            assert_eq!(listener.words().await, format!("word {round}"));
            times.push(now() - start);
        }
    }
    assert!(times.len() >= 100, "too few words for a median: {}", times.len());
    times.sort();
    let median = times[times.len() / 2];
    println!("{} words, median {median:?}, longest {:?}", times.len(), times.last());
    assert!(median < Duration::from_millis(10), "{median:?}");
    if b.state(at_b).is_none() {
        b.tell(Command::Cancel { id: None, keep: true }).await;
    }
    b.ended(at_b).await;
}
