//! The submission door (RFC 6409): mail from our own users, over implicit TLS or STARTTLS (RFC 8314).
//!
//! Storey L4. [`session`] keeps the state, `command/<verb>.rs` holds one verb each,
//! `extension/<name>.rs` one service extension each, `reply` the one mapping of outcomes, `wire` the octets,
//! `header` what is read from a message, `receive` the way of a message from the wire into the queue.
//!
//! *Invariant:* 250 after DATA is said only with the `Committed` of the queue's entry at hand.
//! *Invariant:* nothing that a client sent is ever echoed, and no password reaches a log; nor does one, or a line of a
//! message, reach a trace.
//!
//! Decisions: see `delivery` for where mail goes; MAIL FROM, From and Sender must be the principal's own
//! addresses; a bare CR or LF anywhere in a message refuses it; the client's address is not put into the
//! Received field (recipients have no business with it), it is in the log under the same id; Bcc fields are
//! left as they are, since clients that keep them mean it (RFC 5322 3.6.3 allows both).

mod command;
mod extension;
mod header;
pub mod limits;
mod receive;
mod reply;
mod session;
mod wire;

use delivery::Delivery;
use directory::Directory;
use sasl::door::{Drain, Peer, Stream};
use sasl::sessions::Sessions;
use sasl::talk::serve;
use serde::Deserialize;
use std::sync::Arc;

/// The section `[submission]` of the configuration file. Everything has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The largest message, in octets.
    pub message_bytes_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { message_bytes_max: limits::MESSAGE_BYTES_DEFAULT }
    }
}

/// Name and source of every service extension, for documents.
pub fn extensions() -> impl Iterator<Item = (&'static str, &'static str)> {
    extension::table()
}

/// What every session shares.
pub struct Context {
    /// Where mail goes.
    pub delivery: Arc<Delivery>,
    /// Who may log in, and who may send as whom.
    pub directory: Arc<dyn Directory>,
    /// What the installation sets.
    pub config: Config,
    /// Who is logged in.
    pub sessions: Arc<Sessions>,
}

/// The submission door.
#[derive(Clone)]
pub struct Door {
    context: Arc<Context>,
}

impl Door {
    /// A door over what its sessions share.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { context: Arc::new(context) }
    }

    /// Serves one connection until it ends.
    pub async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        let addr = peer.addr;
        let session = session::Session::new(self.context.clone(), stream, peer, drain);
        match serve(session).await {
            Ok(()) => tracing::debug!(%addr, "submission session ended"),
            Err(end) => tracing::debug!(%addr, ?end, "submission session was cut"),
        }
    }
}

#[cfg(test)]
mod tests;
