//! What a listener hands to a door: the byte stream, who is at its other end, and the wish to stop.
//!
//! STARTTLS is here because every door must do the same against command injection (RFC 3207 4.2, RFC 9051
//! 6.2.1): look whether plaintext stands behind the command with [`refuse_buffered`], answer, then
//! [`upgrade`]. Plaintext that arrives later is taken for a handshake and fails there.

use crate::certificate;
use crate::limits::{HANDSHAKE_TIME_MAX, STRANGER_TIME_CROWDED, STRANGER_TIME_MAX};
use crate::tls::{self, Handshake};
use model::{Address, Error, Result};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;

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
    pub acceptor: Option<Acceptor>,
    /// What TLS knows of the connection; not there before the handshake.
    pub channel: Option<Arc<Channel>>,
    /// Few places for connections are left: who has not logged in has less time to.
    pub crowded: bool,
}

impl Peer {
    /// The same peer for a door that binds no login to the connection. Submission is one: mutt takes the mechanism
    /// with binding (`-PLUS`) whenever it is told of it, cannot bind under TLS 1.3, and tries no other.
    #[must_use]
    pub fn unbound(&self) -> Self {
        let addresses = self.channel.as_ref().map(|channel| channel.addresses.clone());
        let channel = addresses.map(|addresses| Arc::new(Channel { addresses, ..Channel::default() }));
        Self { channel, ..self.clone() }
    }

    /// How long it may stay without logging in.
    #[must_use]
    pub fn stranger_time(&self) -> Duration {
        if self.crowded { STRANGER_TIME_CROWDED } else { STRANGER_TIME_MAX }
    }

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

/// What the TLS handshake has shown: data to bind a login to the connection with (RFC 5056), and who the
/// client's certificate is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// `tls-exporter` (RFC 9266): there with TLS 1.3.
    pub exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929 4): a hash of the server's certificate.
    pub end_point: Option<Vec<u8>>,
    /// rfc822Names of the client's verified certificate.
    pub addresses: Vec<Address>,
}

impl Channel {
    /// What the handshake of this connection has shown.
    fn of(handshake: Handshake) -> Self {
        let addresses = handshake.client.map(|leaf| certificate::addresses(&leaf)).unwrap_or_default();
        Self { exporter: handshake.exporter, end_point: None, addresses }
    }

    /// Whether there is anything to bind to.
    #[must_use]
    pub fn can_bind(&self) -> bool {
        self.exporter.is_some() || self.end_point.is_some()
    }

    /// The data of a kind of binding, by its registered name.
    #[must_use]
    pub fn binding(&self, kind: &str) -> Option<&[u8]> {
        match kind {
            "tls-exporter" => self.exporter.as_ref().map(<[u8; 32]>::as_slice),
            "tls-server-end-point" => self.end_point.as_deref(),
            _ => None,
        }
    }
}

/// The certificate that handshakes use at this moment.
pub trait ServerCertificate: Send + Sync {
    /// The leaf in DER.
    fn leaf(&self) -> Option<Vec<u8>>;
}

/// What makes TLS of a stream.
#[derive(Clone)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    certificate: Option<Arc<dyn ServerCertificate>>,
}

impl From<Arc<ServerConfig>> for Acceptor {
    fn from(config: Arc<ServerConfig>) -> Self {
        Self { config, certificate: None }
    }
}

impl Acceptor {
    /// One that knows its certificate, so that logins can be bound to it.
    #[must_use]
    pub fn new(config: Arc<ServerConfig>, certificate: Arc<dyn ServerCertificate>) -> Self {
        Self { config, certificate: Some(certificate) }
    }

    /// The server's side of the handshake.
    ///
    /// # Errors
    /// `Invalid` when it fails, `Unavailable` when it takes longer than [`HANDSHAKE_TIME_MAX`].
    pub async fn accept<S: Stream + 'static>(&self, stream: S) -> Result<(Box<dyn Stream>, Arc<Channel>)> {
        let leaf = || self.certificate.as_ref().and_then(|certificate| certificate.leaf());
        let before = leaf();
        let accepting = tls::accept(&self.config, stream);
        let (tls, handshake) = match tokio::time::timeout(HANDSHAKE_TIME_MAX, accepting).await {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(_)) => return Err(Error::Invalid("TLS handshake failed")),
            Err(_) => return Err(Error::Unavailable),
        };
        let mut channel = Channel::of(handshake);
        // A certificate that was exchanged meanwhile: nobody knows which of them the client saw.
        channel.end_point = before
            .filter(|leaf_before| leaf().as_ref() == Some(leaf_before))
            .and_then(|leaf| certificate::end_point(&leaf));
        Ok((Box::new(tls), Arc::new(channel)))
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
pub async fn upgrade(
    stream: Box<dyn Stream>,
    acceptor: &Acceptor,
) -> Result<(Box<dyn Stream>, Arc<Channel>)> {
    acceptor.accept(stream).await
}

#[cfg(test)]
mod tests;
