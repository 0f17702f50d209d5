//! Connections that are being closed: what is still to be said on them, and their end.
//!
//! Owns that nothing is cut off: all is written, the end of it said, and the relay's own end waited
//! for, since closing over unread bytes makes the kernel reset a connection and throw away what hasn't
//! left yet. None of it takes longer than [`limits::FLUSH_LIMIT`].

use super::connection::Wire;
use bytes::BytesMut;
use couplet::limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// How long the relay may take to close, too, once all is written. With what the session waits for its
/// answer that is less than a face waits for both.
const ANSWER_LIMIT: Duration = Duration::from_millis(750);

/// Connections that nobody reads any more.
#[derive(Default)]
pub(super) struct Closing {
    open: JoinSet<()>,
}

impl Closing {
    /// Writes this and closes, meanwhile.
    pub(super) fn begin(&mut self, stream: Box<dyn Wire>, out: BytesMut) {
        while self.open.try_join_next().is_some() {}
        self.open.spawn(async move {
            // A relay that doesn't take it in time is gone; there is nothing left to tell it.
            let _ = tokio::time::timeout(limits::FLUSH_LIMIT, close(stream, out)).await;
        });
    }

    /// Waits until all of them are closed: a program that ends before says nothing.
    pub(super) async fn done(&mut self) {
        while self.open.join_next().await.is_some() {}
    }
}

impl Drop for Closing {
    /// Whoever doesn't wait for them lets them end by themselves.
    fn drop(&mut self) {
        self.open.detach_all();
    }
}

/// What comes meanwhile is read and thrown away: a relay that can't get rid of its own words may not
/// read on, either.
async fn close(stream: Box<dyn Wire>, out: BytesMut) -> std::io::Result<()> {
    let (mut read, mut write) = tokio::io::split(stream);
    let writing = async {
        write.write_all(&out).await?;
        write.shutdown().await
    };
    let draining = async {
        let mut scratch = vec![0; 16 * 1024];
        while read.read(&mut scratch).await? > 0 {}
        Ok(())
    };
    tokio::pin!(writing, draining);
    tokio::select! {
        written = &mut writing => written?,
        drained = &mut draining => {
            drained?;
            return writing.await;
        }
    }
    // All has left this program; a relay that doesn't answer that for so long has gone.
    tokio::time::timeout(ANSWER_LIMIT, draining).await.unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    const PATIENCE: Duration = Duration::from_secs(20);
    /// More than the kernel takes at once.
    const MUCH: usize = 8 * 1024 * 1024;

    async fn in_time<T>(it: impl Future<Output = T>) -> T {
        tokio::time::timeout(PATIENCE, it).await.expect("in time")
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (near.expect("connected"), far.expect("connected").0)
    }

    #[tokio::test]
    async fn all_arrives_though_something_else_was_never_read() {
        let (near, mut far) = pair().await;
        far.write_all(b"unread").await.expect("written");
        near.readable().await.expect("open");
        let out: Vec<u8> = (0..=250).cycle().take(MUCH).collect();
        let mut closing = Closing::default();
        closing.begin(Box::new(near), BytesMut::from(&out[..]));
        let mut got = Vec::new();
        let read = async {
            far.read_to_end(&mut got).await.expect("no reset");
            drop(far);
        };
        in_time(async { tokio::join!(read, closing.done()) }).await;
        assert!(got == out, "{} of {MUCH} bytes", got.len());
    }

    #[tokio::test]
    async fn a_relay_that_never_closes_is_left() {
        let (near, _far) = tokio::io::duplex(64);
        let mut closing = Closing::default();
        closing.begin(Box::new(near), BytesMut::from(&b"words"[..]));
        in_time(closing.done()).await;
    }

    #[tokio::test]
    async fn what_is_closed_is_not_kept() {
        let mut closing = Closing::default();
        for _ in 0..100 {
            let (near, far) = tokio::io::duplex(64);
            drop(far);
            closing.begin(Box::new(near), BytesMut::new());
            // On this one thread it ends before this goes on.
            tokio::task::yield_now().await;
        }
        assert!(closing.open.len() < 10, "{}", closing.open.len());
        in_time(closing.done()).await;
    }
}
