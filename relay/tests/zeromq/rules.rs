//! Every row and rule, one client at a time.

use super::door::Door;

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_answered_with_ready() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client()
data = contents("a", 3_000_000)
c.ready("HELLO", "a.bin")
for at in range(0, len(data), 262_144):
    c.ready(*chunk("a.bin", at, data[at:at + 262_144]))
c.ready("CLOSE", "a.bin", len(data))
c.ready("HELLO", "empty")
c.ready("CLOSE", "empty", 0)
"#,
    )
    .await;
    let files = door.files();
    assert_eq!(files["a.bin"].len(), 3_000_000);
    assert!(files["a.bin"].starts_with(b"a|a|") && files["a.bin"].ends_with(b"a|"));
    assert_eq!(files["empty"], b"");
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_req_client_is_answered_too() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client(zmq.REQ)
c.ready("HELLO", "req.txt")
c.ready(*chunk("req.txt", 3, b"def"))
expect(c.error(*chunk("req.txt", 1, b"xxx")), "got offset 1 size 3, which overlaps 3–4")
c.ready(*chunk("req.txt", 0, b"abc"))
c.ready("CLOSE", "req.txt", 6)
"#,
    )
    .await;
    assert_eq!(door.files()["req.txt"], b"abcdef");
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_come_in_any_order_and_many_at_once() {
    let door = Door::open().await;
    door.run(
        r#"
import random
data = contents("shuffled", 5_000_001)
offsets = list(range(0, len(data), 70_001))
random.Random(7).shuffle(offsets)
c = Client()
c.send("HELLO", "shuffled")
for at in offsets:
    c.send(*chunk("shuffled", at, data[at:at + 70_001]))
c.send("CLOSE", "shuffled", len(data))
for number in range(len(offsets) + 2):
    answer = c.answer()
    assert answer == ["READY"], (number, answer)
"#,
    )
    .await;
    let got = &door.files()["shuffled"];
    let expected: Vec<u8> = b"shuffled|".iter().copied().cycle().take(5_000_001).collect();
    assert!(*got == expected, "{} bytes, not as they were", got.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_the_order_of_requests() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client()
c.send("HELLO", "a")
c.send(*chunk("a", 0, b"x" * 1_000_000))
c.send("NONSENSE")
c.send(*chunk("a", 1_000_000, b"y" * 1_000_000))
c.send(*chunk("a", 5, b"z"))
c.send("CLOSE", "a", 2_000_000)
c.send("HELLO", "a")
heads = [c.answer() for _ in range(7)]
assert [head[0] for head in heads] == ["READY", "READY", "ERROR", "READY", "ERROR", "READY", "ERROR"], heads
expect(heads[2][1], "NONSENSE", "expected HELLO, CHUNK or CLOSE")
expect(heads[4][1], "overlaps 5–6")
expect(heads[6][1], "on the shelf")
"#,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_is_crc32_or_blake3_in_either_case() {
    let door = Door::open().await;
    let hash = blake3::hash(b"some bytes").to_hex();
    let script = format!(
        r#"
BLAKE3 = "{hash}"
c = Client()
c.ready("HELLO", "sums")
data = b"some bytes"
crc = "%08x" % zlib.crc32(data)
c.ready(*chunk("sums", 0, data, crc.upper()))
c.ready(*chunk("sums", 10, data, BLAKE3))
c.ready(*chunk("sums", 20, data, BLAKE3.upper()))
expect(c.error(*chunk("sums", 30, data, "00000000")), "CRC-32", crc, "00000000", "again")
expect(c.error(*chunk("sums", 30, data, "0" * 64)), "BLAKE3", BLAKE3)
expect(c.error(*chunk("sums", 30, data, crc[:7])), "7 bytes", "8 hex digits", "64")
expect(c.error(*chunk("sums", 30, data, "0x" + crc[2:])), "0x" + crc[2:], "hex digits")
expect(c.error(*chunk("sums", 30, data, "")), "0 bytes", "8 hex digits")
c.ready(*chunk("sums", 30, data))
c.ready("CLOSE", "sums", 40)
"#
    );
    door.run(&script).await;
    assert_eq!(door.files()["sums"], b"some bytes".repeat(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_error_says_what_came_and_what_was_expected() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client()
c.ready("HELLO", "a")
c.ready(*chunk("a", 0, b"x" * 2048))
c.ready(*chunk("a", 4096, b"x" * 1024))
expect(c.error(*chunk("a", 4096, b"x" * 1024)), "got offset 4096 size 1024, which overlaps 4096–5120")
for bad in ["-1", "+1", " 1", "1 ", "0x1", "1.0", "one", "١", ""]:
    expect(c.error("CHUNK", "a", bad, 1, "00000000", b"x"), "offset", "decimal digits")
    expect(c.error("CHUNK", "a", 0, bad, "00000000", b"x"), "size", "decimal digits")
expect(c.error("CHUNK", "a", 2**64, 1, "00000000", b"x"), str(2**64), "64 bits")
expect(c.error(*chunk("a", 2**64 - 1, b"xy")), str(2**64 - 1), "beyond")
expect(c.error("CHUNK", "a", 9000, 2, "00000000", b"x"), "got size 2 with 1 bytes of data")
expect(c.error("CHUNK", "a", 9000, 0, "00000000", b""), "data", "empty")
expect(c.error("CHUNK", "a", 9000), "got CHUNK with 3 frames, expected 6")
expect(c.error(*chunk("a", 9000, b"x"), b""), "got CHUNK with 7 frames, expected 6")
expect(c.error(b""), "request (frame 1) is empty", "HELLO, CHUNK or CLOSE")
expect(c.error(b"", b"HELLO", b"a"), "request (frame 1) is empty")
expect(c.error("hello", "a"), "hello", "HELLO, CHUNK or CLOSE")
expect(c.error("HELLO"), "got HELLO with 1 frame, expected 2")
expect(c.error("HELLO", "b", "c"), "got HELLO with 3 frames, expected 2")
for bad in ["", "../b", "/etc/passwd", "..", ".", "b/c", "b\\c", "b\nc", "NUL", ".couplet-b", "b\u202ec", "x" * 256]:
    assert len(c.error("HELLO", bad)) > 20
expect(c.error("HELLO", b"b\xff"), "UTF-8")
expect(c.error(*chunk("b", 0, b"x")), "isn't in transit", "HELLO first")
expect(c.error("CLOSE", "b", 1), "isn't in transit", "HELLO first")
c.ready(*chunk("a", 2048, b"x" * 2048))
c.ready("CLOSE", "a", 5120)
"#,
    )
    .await;
    assert_eq!(door.files()["a"], b"x".repeat(5120), "none of it did any harm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_close_aborts_that_transfer_alone() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client()
c.ready("HELLO", "other")
def begin():
    c.ready("HELLO", "a")
    c.ready(*chunk("a", 0, b"x" * 2048))
    c.ready(*chunk("a", 4096, b"x" * 1024))
def gone(why):
    for text in [c.error(*chunk("a", 2048, b"x" * 2048)), c.error("CLOSE", "a", 5120)]:
        expect(text, "no longer in transit", why, "HELLO")
for size, why in [
    (5120, "bytes 2048 to 4096 are missing"),
    ("x", "decimal digits"),
    (2**64, "64 bits"),
]:
    begin()
    expect(c.error("CLOSE", "a", size), why)
    gone(why)
begin()
expect(c.error("CLOSE", "a"), "got CLOSE with 2 frames, expected 3")
gone("2 frames")
begin()
c.ready(*chunk("a", 2048, b"x" * 2048))
expect(c.error("CLOSE", "a", 5000), "CLOSE says 5000 bytes, the highest chunk ends at 5120")
gone("5000")
c.ready(*chunk("other", 0, b"y"))
c.ready("CLOSE", "other", 1)
"#,
    )
    .await;
    assert_eq!(door.files().keys().collect::<Vec<_>>(), ["other"]);
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_hello_sets_nothing_up_and_touches_nothing() {
    let door = Door::open().await;
    std::fs::write(door.shelf.path().join("old"), b"old").expect("written");
    door.run(
        r#"
one, two = Client(), Client()
one.ready("HELLO", "a")
one.ready(*chunk("a", 0, b"12"))
expect(one.error("HELLO", "a"), '"a" is in transit')
expect(two.error("HELLO", "a"), "a is being laid down by somebody")
expect(two.error("HELLO", "old"), "old is on the shelf")
expect(two.error(*chunk("a", 2, b"34")), "isn't in transit")
expect(two.error("CLOSE", "a", 2), "isn't in transit")
one.ready(*chunk("a", 2, b"34"))
one.ready("CLOSE", "a", 4)
expect(two.error("HELLO", "a"), "a is on the shelf")
"#,
    )
    .await;
    let files = door.files();
    assert_eq!((&files["a"][..], &files["old"][..]), (&b"1234"[..], &b"old"[..]));
}
