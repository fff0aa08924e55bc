//! What a listener hands to a door: the byte stream, who is at its other end, and the wish to stop.
//!
//! STARTTLS is here because every door must do the same against command injection (RFC 3207 4.2, RFC 9051
//! 6.2.1): look whether plaintext stands behind the command with [`refuse_buffered`], answer, then
//! [`upgrade`]. Plaintext that arrives later is taken for a handshake and fails there.

use crate::limits::HANDSHAKE_TIME_MAX;
use model::{Error, Result};
use std::{fmt, net::SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// A connection's octets, before or after TLS, from a socket or from a test.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Who is at the other end, and what its listener allows.
#[derive(Clone)]
pub struct Peer {
    /// Where the connection comes from.
    pub addr: SocketAddr,
    /// Whether the stream is inside TLS already (implicit TLS).
    pub tls: bool,
    /// Whether passwords may cross without TLS: only ever true on a loopback listener that says so.
    pub cleartext_auth: bool,
    /// What answers STARTTLS; it is offered when this is there and the stream is not inside TLS yet.
    pub acceptor: Option<TlsAcceptor>,
}

impl Peer {
    /// Whether STARTTLS is to be offered now.
    #[must_use]
    pub fn offers_starttls(&self) -> bool {
        !self.tls && self.acceptor.is_some()
    }

    /// Whether a password may cross now.
    #[must_use]
    pub fn may_authenticate(&self) -> bool {
        self.tls || self.cleartext_auth
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("addr", &self.addr).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// The wish that sessions end: they finish their command, say goodbye and return.
#[derive(Clone, Debug)]
pub struct Drain(watch::Receiver<bool>);

/// The side that makes the wish; held by the process's main.
#[derive(Debug)]
pub struct DrainTrigger(watch::Sender<bool>);

/// A new pair: one trigger, and a [`Drain`] to be cloned for every session.
#[must_use]
pub fn drain() -> (DrainTrigger, Drain) {
    let (sender, receiver) = watch::channel(false);
    (DrainTrigger(sender), Drain(receiver))
}

impl DrainTrigger {
    /// Tells every session to end. Idempotent.
    pub fn drain(&self) {
        self.0.send_replace(true);
    }

    /// Waits until every [`Drain`] of this trigger is gone, which is when every session has returned.
    pub async fn finished(&self) {
        self.0.closed().await;
    }
}

impl Drain {
    /// Whether the wish was made.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves when the wish is made; never, when its trigger went without making it. May be dropped and
    /// called again, as in `select!`.
    pub async fn drained(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|draining| *draining).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// To be called with what the door has read behind the STARTTLS command, before it answers.
///
/// # Errors
/// `Invalid` when there is anything: someone put commands in front of the handshake that would be taken for
/// the authenticated client's. The door answers with its syntax error and closes.
pub fn refuse_buffered(buffered: &[u8]) -> Result<()> {
    if buffered.is_empty() { Ok(()) } else { Err(Error::Invalid("plaintext behind STARTTLS")) }
}

/// The server's side of the handshake, after the positive answer was written and flushed.
///
/// # Errors
/// `Invalid` when the handshake fails, `Unavailable` when it takes longer than
/// [`HANDSHAKE_TIME_MAX`]. The stream is gone then; there is nobody to answer to.
pub async fn upgrade(stream: Box<dyn Stream>, acceptor: &TlsAcceptor) -> Result<Box<dyn Stream>> {
    match tokio::time::timeout(HANDSHAKE_TIME_MAX, acceptor.accept(stream)).await {
        Ok(Ok(tls)) => Ok(Box::new(tls)),
        Ok(Err(_)) => Err(Error::Invalid("TLS handshake failed")),
        Err(_) => Err(Error::Unavailable),
    }
}

#[cfg(test)]
mod tests;
