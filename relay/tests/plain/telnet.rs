//! What telnet programs send: Enter as CR LF, or CR NUL, and bytes of telnet's own if they are asked to
//! negotiate, or Ctrl+C is pressed, which mean nothing here.

use super::common::soon;
use super::{Both, Lines};
use tokio::io::AsyncReadExt as _;

#[tokio::test]
async fn a_telnet_takes_part_however_it_sends_enter() {
    let both = Both::start().await;
    let (mut netcat, mut telnet) = both.pair().await;
    netcat.says("hello\n").await;
    telnet.hears("hello").await;
    telnet.says("hi there\r\n").await;
    netcat.hears("hi there").await;
    netcat.says("and now?\n").await;
    telnet.hears("and now?").await;
    // Both ways that RFC 854 has for Enter, and the first in two pieces.
    telnet.says("CR NUL\r").await;
    telnet.says("\0").await;
    netcat.hears("CR NUL").await;
    netcat.says("\n").await;
    telnet.hears("").await;
    telnet.says("\r\n").await;
    netcat.hears("").await;
    // Held until its turn comes, and then left for good, in the other's turn.
    telnet.says("held\r\n").await;
    netcat.says("yes\n").await;
    telnet.hears("yes").await;
    netcat.hears("held").await;
    telnet.says("fin\r\0").await;
    telnet.closes().await;
    let mut next = both.lines().await;
    for line in ["2", "rec", "yes"] {
        next.hears(line).await;
    }
}

#[tokio::test]
async fn what_telnet_negotiates_is_no_text_and_the_other_sees_none_of_it() {
    let both = Both::start().await;
    let (mut one, telnet) = both.pair().await;
    one.says("hello\n").await;
    // WILL TERMINAL-TYPE, then DO SUPPRESS-GO-AHEAD, before a line.
    let sentence = negotiates(telnet, b"\xff\xfb\x18\xff\xfd\x03hi\r\n").await;
    assert!(sentence.starts_with("error a line isn't text in UTF-8; send UTF-8"), "{sentence}");
    let mut next = both.lines().await;
    for line in ["2", "emi", "hello"] {
        next.hears(line).await;
    }
    next.says("hi\r\n").await;
    one.hears("hi").await;
}

/// What somebody is told at last who sends this.
async fn negotiates(mut telnet: Lines, bytes: &[u8]) -> String {
    telnet.hears("hello").await;
    telnet.says(bytes).await;
    let mut rest = String::new();
    soon(telnet.reader.read_to_string(&mut rest)).await.expect("an orderly end");
    rest
}
