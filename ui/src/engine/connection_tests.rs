//! The control connection over a wire that holds what is written until it is flushed, as TLS may.

use super::*;
use couplet::message::ClientControl;
use tokio::io::{AsyncReadExt, BufStream, DuplexStream};

const PATIENCE: Duration = Duration::from_secs(20);

/// An open connection, and the relay's end of it, which takes `room` bytes before it must be read.
fn open(room: usize) -> (Connection, DuplexStream) {
    let (near, far) = tokio::io::duplex(room);
    let mut connection = Connection::new("relay:1".to_owned(), TlsChoice::Never, None);
    let opened = Opened {
        stream: Box::new(BufStream::new(near)),
        address: ([127, 0, 0, 1], 1).into(),
        is_tls: false,
        notice: None,
    };
    assert!(matches!(connection.opened(Ok(opened)), Happening::Connected(None)));
    (connection, far)
}

fn ping() -> ClientToRelay {
    ClientToRelay::Control(ClientControl::Ping)
}

/// The opening and so many pings, as bytes.
fn expected(pings: usize) -> Vec<u8> {
    let mut bytes = BytesMut::from(&frame::opening()[..]);
    for _ in 0..pings {
        ping().encode(&mut bytes);
    }
    bytes.to_vec()
}

#[tokio::test]
async fn words_leave_at_once_though_nothing_is_read() {
    let (mut connection, mut far) = open(4096);
    connection.transmit(&ping());
    let wanted = expected(1);
    let mut got = vec![0; wanted.len()];
    tokio::select! {
        happening = connection.next(false) => panic!("{happening:?}"),
        read = tokio::time::timeout(PATIENCE, far.read_exact(&mut got)) => {
            read.expect("in time").expect("all of it");
        }
    }
    assert_eq!(got, wanted);
}

#[tokio::test]
async fn dropping_the_future_at_any_moment_loses_nothing() {
    // So narrow that nearly every poll ends halfway.
    let (mut connection, mut far) = open(3);
    for _ in 0..20 {
        connection.transmit(&ping());
    }
    let wanted = expected(20);
    let mut got = Vec::new();
    let work = async {
        while got.len() < wanted.len() {
            let mut piece = [0; 2];
            tokio::select! {
                biased;
                happening = connection.next(true) => panic!("{happening:?}"),
                read = far.read(&mut piece) => {
                    got.extend_from_slice(&piece[..read.expect("an open wire")]);
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, work).await.expect("in time");
    assert_eq!(got, wanted);
    drop(far);
    let end = tokio::time::timeout(PATIENCE, connection.next(true)).await.expect("in time");
    assert!(matches!(end, Happening::Lost));
}
