//! Many files and clients at once, races, clients that are killed.

use super::door::{Door, finished, lines, prints};

#[tokio::test(flavor = "multi_thread")]
async fn four_clients_send_eight_files_each_at_once() {
    let door = Door::open().await;
    let script = |client: usize| {
        format!(
            r#"
files = {{f"{client}-{{n}}.bin": contents(f"{client}-{{n}}", 300_000 + n) for n in range(8)}}
c = Client()
for name in files:
    c.ready("HELLO", name)
step = 50_000
for at in range(0, 300_008, step):
    asked = [name for name in files if at < len(files[name])]
    for name in asked:
        c.send(*chunk(name, at, files[name][at:at + step]))
    for name in asked:
        assert c.answer() == ["READY"], name
for name in files:
    c.ready("CLOSE", name, len(files[name]))
"#
        )
    };
    let clients: Vec<_> = (0..4).map(|client| door.start(&script(client))).collect();
    for client in clients {
        finished(client).await;
    }
    let files = door.files();
    assert_eq!(files.len(), 32);
    for client in 0..4 {
        for n in 0..8 {
            let expected = format!("{client}-{n}|");
            let expected = expected.bytes().cycle().take(300_000 + n).collect::<Vec<_>>();
            assert!(files[&format!("{client}-{n}.bin")] == expected, "{client}-{n}");
        }
    }
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_race_for_a_name_one_gets_it() {
    let door = Door::open().await;
    let told = door
        .run(
            r#"
clients = [Client() for _ in range(4)]
for n in range(50):
    for c in clients:
        c.send("HELLO", f"race-{n}")
    won = [c for c in clients if c.answer() == ["READY"]]
    assert len(won) == 1, len(won)
    won[0].ready("CLOSE", f"race-{n}", 0)
print("done")
"#,
        )
        .await;
    assert_eq!(told.trim(), "done");
    assert_eq!(door.files().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_client_frees_its_names_at_once() {
    let door = Door::open().await;
    let mut client = door.start(
        r#"
c = Client()
c.ready("HELLO", "a")
c.ready(*chunk("a", 0, b"x" * 100_000))
c.ready("HELLO", "b")
print("begun", flush=True)
c.socket.rcvtimeo = -1
c.answer()
"#,
    );
    prints(&mut lines(&mut client), "begun").await;
    door.run(r#"expect(Client().error("HELLO", "a"), "a is being laid down")"#).await;
    client.kill().await.expect("killed");
    door.is_empty().await;
    assert!(door.files().is_empty());
    let again = r#"
c = Client()
c.ready("HELLO", "a")
c.ready(*chunk("a", 0, b"new"))
c.ready("CLOSE", "a", 3)
c.ready("HELLO", "b")
"#;
    door.run(again).await;
    assert_eq!(door.files()["a"], b"new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_ends_in_order_leaves_nothing_half() {
    let door = Door::open().await;
    let mut client = door.start(
        r#"
c = Client()
c.ready("HELLO", "a")
c.ready(*chunk("a", 0, b"x" * 100_000))
print("begun", flush=True)
c.socket.rcvtimeo = -1
c.answer()
"#,
    );
    prints(&mut lines(&mut client), "begun").await;
    let shelf = door.end().await;
    let left: Vec<_> = std::fs::read_dir(shelf.path()).expect("a directory").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn throughput_in_numbers() {
    let door = Door::open().await;
    let told = door
        .run(
            r#"
total = 256 << 20
for size, window in [(1 << 20, 8), (256 << 10, 8), (64 << 10, 32)]:
    data, count = contents("big", size), total // size
    c = Client()
    name = f"{size}.bin"
    c.ready("HELLO", name)
    begun = time.perf_counter()
    for n in range(count):
        c.send(*chunk(name, n * size, data))
        if n >= window:
            assert c.answer() == ["READY"]
    for n in range(window):
        assert c.answer() == ["READY"]
    moved = time.perf_counter()
    c.ready("CLOSE", name, total)
    rate, saved = total / 1e6 / (moved - begun), time.perf_counter() - moved
    print(f"256 MiB in chunks of {size >> 10} KiB: {rate:.0f} MB/s, saved in {saved:.2f} s more")
"#,
        )
        .await;
    println!("{told}");
    assert!(told.contains("MB/s"), "{told}");
    let files = door.files();
    assert!(files.values().all(|file| file.len() == 256 << 20));
}
