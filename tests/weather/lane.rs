//! One connection through a link: carried as it is, cut, silent, or kept to be delivered late.

use crate::link::{SMALL, Shared};
use crate::sky::Way;
use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc, oneshot};

/// How long the relay may take over what comes late on a connection that it has given up.
const LATE_LIMIT: Duration = Duration::from_secs(2);

/// What is to become of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Cut {
        abrupt: bool,
    },
    /// What goes this way from now on doesn't arrive, and after so many pieces it breaks; with `late`
    /// it breaks for the client only, and arrives when it is too late.
    Silence {
        way: Way,
        pieces: u32,
        late: bool,
    },
}

/// How a connection ended.
enum End {
    Closed,
    Abruptly,
    Late,
}

/// One direction.
#[derive(Default)]
struct Lane {
    /// How many pieces more don't arrive before the connection breaks; none while all do.
    silent_for: Mutex<Option<u32>>,
    /// What didn't arrive.
    kept: Mutex<Vec<u8>>,
    /// So much didn't that the connection breaks.
    enough: Notify,
}

impl Lane {
    /// Whether this piece doesn't arrive. Whoever says a word, or ends, waits for what comes of it, so
    /// nothing more may come: then that is enough, however many pieces there were to be.
    fn swallows(&self, piece: &[u8]) -> bool {
        let mut silent_for = self.silent_for.lock().expect("no panic");
        let Some(pieces) = &mut *silent_for else { return false };
        self.kept.lock().expect("no panic").extend_from_slice(piece);
        *pieces = pieces.saturating_sub(1);
        if *pieces == 0 || piece.len() <= SMALL {
            self.enough.notify_one();
        }
        true
    }
}

/// A connection, by its number.
pub(crate) struct Connection {
    pub(crate) number: u64,
    pub(crate) near: TcpStream,
    pub(crate) far: TcpStream,
    pub(crate) shared: Arc<Shared>,
}

impl Connection {
    /// Carries it until it ends.
    pub(crate) async fn serve(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let lanes = [Lane::default(), Lane::default()];
        let end = self.carry_both(&lanes, &mut orders).await;
        match end {
            End::Closed => {}
            End::Abruptly => {
                for stream in [&self.near, &self.far] {
                    let _ = stream.set_zero_linger();
                }
            }
            End::Late => {
                let Self { number, near, mut far, shared } = self;
                let (wake, too_late) = oneshot::channel();
                shared.waits(number, wake);
                drop(near);
                if too_late.await.is_ok() {
                    let [up, _] = lanes;
                    let kept = up.kept.into_inner().expect("no panic");
                    shared.came_late();
                    // The relay may have closed it long ago, or answer something.
                    let deliver = async {
                        let _ = far.write_all(&kept).await;
                        let _ = tokio::io::copy(&mut far, &mut tokio::io::sink()).await;
                    };
                    let _ = tokio::time::timeout(LATE_LIMIT, deliver).await;
                }
            }
        }
    }

    async fn carry_both(
        &mut self,
        lanes: &[Lane; 2],
        orders: &mut mpsc::UnboundedReceiver<Order>,
    ) -> End {
        let Self { number, near, far, shared } = self;
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        let answered = AtomicBool::new(false);
        let first_answer = || {
            if !answered.swap(true, Ordering::SeqCst) {
                shared.answered(*number);
            }
        };
        let up = carry(near_in, far_out, Way::Up, &lanes[0], shared, || {});
        let down = carry(far_in, near_out, Way::Down, &lanes[1], shared, first_answer);
        let both = async { tokio::try_join!(up, down).map_or(End::Abruptly, |_| End::Closed) };
        tokio::pin!(both);
        let mut cut: Pin<Box<dyn Future<Output = End> + Send + '_>> = Box::pin(pending());
        loop {
            tokio::select! {
                // An order that was given before a byte came counts for that byte.
                biased;
                order = orders.recv() => match order {
                    None | Some(Order::Cut { abrupt: false }) => return End::Closed,
                    Some(Order::Cut { abrupt: true }) => return End::Abruptly,
                    Some(Order::Silence { way, pieces, late }) => {
                        let lane = &lanes[usize::from(way == Way::Down)];
                        *lane.silent_for.lock().expect("no panic") = Some(pieces);
                        cut = Box::pin(async move {
                            lane.enough.notified().await;
                            if late { End::Late } else { End::Closed }
                        });
                    }
                },
                end = &mut cut => return end,
                end = &mut both => return end,
            }
        }
    }
}

/// Carries one direction to its end; an error if the connection is to break.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    lane: &Lane,
    shared: &Shared,
    passed: impl Fn(),
) -> Result<(), ()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let len = from.read(&mut piece).await.map_err(drop)?;
        // Whoever else has something to do goes first, so often.
        for _ in 0..shared.turns(len) {
            tokio::task::yield_now().await;
        }
        if lane.swallows(&piece[..len]) {
            if len == 0 {
                // Nobody hears of this end, until the link says so.
                return pending().await;
            }
            continue;
        }
        if len == 0 {
            let _ = to.shutdown().await;
            return Ok(());
        }
        let allowed = shared.allowed(way, len);
        to.write_all(&piece[..allowed]).await.map_err(drop)?;
        passed();
        if allowed < len {
            return Err(());
        }
    }
}
