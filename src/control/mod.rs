//! What a running service can be told, and how it is told: orders on a unix socket in the state
//! folder, and over HTTP where that is configured.
//!
//! ```text
//! command --ControlClient--> control.sock --server--> Desk --queue--> Orders --> the service's loop
//!                                                       |                           |
//!                                                       +---- Request <--answers----+
//! ```
//!
//! An order becomes a [`Request`] with an id, which says at any time what became of it: taken,
//! done by which run, or refused and why. A client that waits asks for the request again.
//!
//! An undo is an order as well. It names the plan that somebody has seen, by its fingerprint: the
//! service plans it again, under its own lease, and carries out that plan or none.
//!
//! **Invariant:** the queue is bounded and nothing waits in the loop for a client.
//!
//! **Invariant:** the right to give orders on the socket is the right to open it: mode 0600, and
//! the user on the other end is the service's own or root.

mod carried;
mod client;
mod desk;
mod handed;
mod order;
mod request;
mod socket;

pub use carried::CarriedPlan;
pub use client::{ClientError, ControlClient};
pub use desk::{Busy, Desk, Orders, PlacedOrder, desk};
pub use order::{Order, OrderBody, TakeBack, TakeBackBody};
pub use request::{PassMade, Request, RequestState};
pub use socket::{FILE, Socket, SocketError, may_order};

/// The longest text of an order: reasons and names.
pub const LONGEST: usize = 200;

/// The largest order, in bytes.
pub const ORDER_BYTES: usize = 4096;

/// The largest undo, which names each of its runs, in bytes.
pub const UNDO_BYTES: usize = 1 << 20;
