//! A link with weather: a port that leads to the relay, for all connections of one client, its pipes
//! included.

use crate::lane::{Connection, Order};
use crate::sky::{Fault, Way};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// Words come in pieces of at most so many bytes.
pub(crate) const SMALL: usize = 2048;

/// It ends with the runtime.
pub(crate) struct Link {
    /// Where it is reached.
    pub(crate) address: String,
    shared: Arc<Shared>,
}

/// What its connections have in common.
pub(crate) struct Shared {
    latency: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    made: u64,
    late: u64,
    open: BTreeMap<u64, Open>,
    /// Those that deliver what they have when a newer one is answered.
    waiting: Vec<(u64, oneshot::Sender<()>)>,
    refuse: u32,
    delay: Option<(u32, u32)>,
    cut_after: Option<(Way, u64)>,
    /// The next connection's hello comes late.
    hold_next: bool,
}

struct Open {
    orders: mpsc::UnboundedSender<Order>,
    answered: bool,
}

impl Link {
    /// A link to this relay, with fair weather; before a small piece all others have so many
    /// turns.
    pub(crate) async fn to(relay: SocketAddr, latency: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Shared { latency, state: Mutex::default() });
        tokio::spawn(accept(listener, relay, Arc::clone(&shared)));
        Self { address, shared }
    }

    /// The weather turns.
    pub(crate) fn suffers(&self, fault: Fault) {
        let mut state = self.shared.state.lock().expect("no panic");
        match fault {
            Fault::Cut { abrupt } => state.order_all(Order::Cut { abrupt }),
            Fault::CutAfter { way, bytes } => state.cut_after = Some((way, bytes)),
            Fault::Delay { pieces, each } => state.delay = Some((pieces, each)),
            Fault::HalfOpen { way, pieces } => {
                state.order_all(Order::Silence { way, pieces, late: false });
            }
            Fault::Refuse { connects } => {
                state.refuse = connects;
                state.order_all(Order::Cut { abrupt: true });
            }
            Fault::Double { pieces } => {
                for open in state.open.values() {
                    // What hasn't been answered may be a hello.
                    let order = if open.answered {
                        Order::Silence { way: Way::Up, pieces, late: true }
                    } else {
                        Order::Cut { abrupt: false }
                    };
                    let _ = open.orders.send(order);
                }
            }
            Fault::LateHello => {
                state.hold_next = true;
                state.order_all(Order::Cut { abrupt: false });
            }
        }
    }

    /// From now on the weather is fair: what was to come doesn't.
    pub(crate) fn heals(&self) {
        let mut state = self.shared.state.lock().expect("no panic");
        state.refuse = 0;
        state.delay = None;
        state.cut_after = None;
        state.hold_next = false;
    }

    /// How many connections were made, and how many of them delivered something late.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.shared.state.lock().expect("no panic");
        (state.made, state.late)
    }
}

impl State {
    fn order_all(&self, order: Order) {
        for open in self.open.values() {
            // One that ends by itself needs no orders.
            let _ = open.orders.send(order);
        }
    }
}

impl Shared {
    /// How many turns all others have before the next piece, which has so many bytes.
    pub(crate) fn turns(&self, len: usize) -> u32 {
        let usual = if len <= SMALL { self.latency } else { 0 };
        let mut state = self.state.lock().expect("no panic");
        let Some((pieces, each)) = state.delay else { return usual };
        state.delay = (pieces > 1).then_some((pieces - 1, each));
        usual + each
    }

    /// How many of so many bytes may pass; if not all of them, the connection breaks.
    pub(crate) fn allowed(&self, way: Way, len: usize) -> usize {
        let mut state = self.state.lock().expect("no panic");
        let Some((cut_way, bytes)) = state.cut_after else { return len };
        if cut_way != way {
            return len;
        }
        let left = bytes.checked_sub(len as u64);
        state.cut_after = left.map(|left| (way, left));
        if left.is_some() { len } else { usize::try_from(bytes).expect("less than a piece") }
    }

    /// The relay has answered on this connection: what older ones kept is late now.
    pub(crate) fn answered(&self, number: u64) {
        let mut state = self.state.lock().expect("no panic");
        if let Some(open) = state.open.get_mut(&number) {
            open.answered = true;
        }
        let (late, still) = std::mem::take(&mut state.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(older, _)| *older < number);
        state.waiting = still;
        for (_, wake) in late {
            let _ = wake.send(());
        }
    }

    /// This connection waits for a newer one to be answered.
    pub(crate) fn waits(&self, number: u64, wake: oneshot::Sender<()>) {
        self.state.lock().expect("no panic").waiting.push((number, wake));
    }

    /// One has delivered what it kept.
    pub(crate) fn came_late(&self) {
        self.state.lock().expect("no panic").late += 1;
    }
}

async fn accept(listener: TcpListener, relay: SocketAddr, shared: Arc<Shared>) {
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        if shared.state.lock().expect("no panic").refuses() {
            let _ = near.set_zero_linger();
            continue;
        }
        let Ok(far) = TcpStream::connect(relay).await else { continue };
        for stream in [&near, &far] {
            let _ = stream.set_nodelay(true);
        }
        let (orders, orders_in) = mpsc::unbounded_channel();
        let number = {
            let mut state = shared.state.lock().expect("no panic");
            state.made += 1;
            let number = state.made;
            if std::mem::take(&mut state.hold_next) {
                let _ = orders.send(Order::Silence { way: Way::Up, pieces: 1, late: true });
            }
            state.open.insert(number, Open { orders, answered: false });
            number
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let again = Arc::clone(&shared);
            Connection { number, near, far, shared }.serve(orders_in).await;
            again.state.lock().expect("no panic").open.remove(&number);
        });
    }
}

impl State {
    /// Whether a connection that comes is hung up.
    const fn refuses(&mut self) -> bool {
        let refuses = self.refuse > 0;
        self.refuse = self.refuse.saturating_sub(1);
        refuses
    }
}
