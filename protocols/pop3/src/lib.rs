//! The POP3 door (RFC 1939): the INBOX of the IMAP door as a list of messages, for scanners and old devices.
//!
//! Storey L4. `session` keeps the state, `command/<verb>.rs` holds the verbs, `capability` what CAPA
//! tells, `maildrop` the list as it stood at login, `wire` the dots, `reply` the one mapping of outcomes.
//!
//! *Invariant:* `+OK` to a QUIT that removes takes the `Committed` of the removal. *Invariant:* a message is never held
//! whole: RETR and TOP stream it. *Invariant:* the numbers of a session never change their meaning; a message that IMAP
//! removes meanwhile is refused under its number.
//!
//! Decisions: nothing changes but what DELE and QUIT remove, so \Seen stays as it is; the maildrop is not locked, since
//! removing a message twice is removing it once; a bare LF in a stored message goes out as CRLF, because clients
//! that end lines at LF would take `LF . CRLF` for the end of the message; APOP is not offered, which would need
//! passwords in the clear on disk.

mod capability;
mod command;
mod limits;
mod maildrop;
mod reply;
mod session;
mod wire;

use directory::Directory;
use sasl::door::{Drain, Peer, Stream};
use sasl::sessions::Sessions;
use sasl::talk::serve;
use std::sync::Arc;
use store::Store;

/// What every session shares.
pub(crate) struct Context {
    /// Where everything is kept.
    pub(crate) store: Store,
    /// Who may come in.
    pub(crate) directory: Arc<dyn Directory>,
    /// Who is logged in.
    pub(crate) sessions: Arc<Sessions>,
}

/// The POP3 door. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    context: Arc<Context>,
}

impl Door {
    /// A door to a store, and where its sessions are listed.
    #[must_use]
    pub fn new(store: Store, directory: Arc<dyn Directory>, sessions: Arc<Sessions>) -> Self {
        Self { context: Arc::new(Context { store, directory, sessions }) }
    }

    /// Serves one connection until it ends.
    pub async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        let addr = peer.addr;
        let session = session::Session::new(self.context.clone(), stream, peer, drain);
        match serve(session).await {
            Ok(()) => tracing::debug!(%addr, "POP3 session ended"),
            Err(end) => tracing::debug!(%addr, ?end, "POP3 session was cut"),
        }
    }
}

/// Name and source of every capability, for documents.
pub fn capabilities() -> impl Iterator<Item = (&'static str, &'static str)> {
    capability::ALL.iter().map(|capability| (capability.name, capability.rfc))
}

#[cfg(test)]
mod tests;
