//! What a session asks of the engine.

use crate::message::{ClientToRelay, Token};
use crate::seal::PipeKeys;
use crate::transfer::book::TransferId;

/// What the engine must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Connect to the relay, then call
    /// [`Session::handle_connected`](super::Session::handle_connected) or
    /// [`Session::handle_connect_failed`](super::Session::handle_connect_failed).
    Connect,
    /// Close the connection, after what was to be transmitted.
    Disconnect,
    /// Send this to the relay.
    Transmit(ClientToRelay),
    /// What was offered as this transfer will be sent: look for its entries. With `part` the receiver
    /// may have some of it already.
    BeginSending {
        /// Which transfer.
        id: TransferId,
        /// Whether entries must be asked about.
        part: bool,
    },
    /// Open a pipe for this transfer, in whichever direction it goes: its first, or one more.
    OpenPipe {
        /// Which transfer.
        id: TransferId,
        /// Opens this end of the pipe.
        token: Token,
        /// Seals what goes through it.
        keys: PipeKeys,
    },
    /// The other side has lost all pipes of this transfer: end those that are left.
    DropPipes(TransferId),
    /// The sender has use for so many pipes of this incoming transfer; ask for those that are
    /// missing with [`Session::request_another_pipe`](super::Session::request_another_pipe).
    WantPipes {
        /// Which transfer.
        id: TransferId,
        /// How many in all, at most
        /// [`limits::MAX_PIPES_PER_TRANSFER`](crate::limits::MAX_PIPES_PER_TRANSFER).
        wanted: usize,
    },
    /// Hold an outgoing transfer up, or let it go on; of an incoming one nothing is to be done.
    HoldTransfer {
        /// Which transfer.
        id: TransferId,
        /// Whether it is held up.
        on: bool,
    },
    /// The receiver says that it has all of this outgoing transfer.
    FinishSending {
        /// Which transfer.
        id: TransferId,
        /// The name it has there.
        saved_as: String,
    },
    /// Forget how far an outgoing transfer is, and its pipes: it is offered to somebody else.
    RestartTransfer(TransferId),
    /// Stop whatever is done for this transfer, and forget it.
    StopTransfer {
        /// Which transfer.
        id: TransferId,
        /// Whether what has come of it stays on disk.
        keep: bool,
    },
}
