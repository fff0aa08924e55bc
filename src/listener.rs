//! Listeners: sockets bound by us or handed over by systemd, accept loops under two caps, TLS from the first
//! octet where configured. What then happens on a connection is its door's.

use crate::config::{Config, Listener, TlsMode};
use crate::limits::{ACCEPT_PAUSE, BACKLOG_COUNT, CROWDED_SHARE};
use crate::tls::Identity;
use async_trait::async_trait;
use sasl::door::{Acceptor, Drain, Peer, Stream};
use sasl::pace::Paced;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What serves the connections of a listener.
#[async_trait]
pub(crate) trait Door: Send + Sync + 'static {
    /// Serves one connection to its end.
    async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain);
}

/// Sockets that systemd has opened before us.
pub(crate) struct Inherited(Vec<std::net::TcpListener>);

impl Inherited {
    /// Takes them from the environment; none when we were started otherwise.
    pub(crate) fn take() -> Self {
        let mut handed = listenfd::ListenFd::from_env();
        let mut sockets = Vec::new();
        for at in 0..handed.len() {
            match handed.take_tcp_listener(at) {
                Ok(Some(socket)) => sockets.push(socket),
                Ok(None) => {}
                Err(cause) => tracing::warn!(at, %cause, "an inherited socket is no TCP listener"),
            }
        }
        Self(sockets)
    }

    /// The socket for this address, if one was handed over.
    fn find(&mut self, bind: SocketAddr) -> Option<std::net::TcpListener> {
        let at = self.0.iter().position(|socket| socket.local_addr().is_ok_and(|addr| same(addr, bind)))?;
        Some(self.0.swap_remove(at))
    }

    /// Addresses handed over that no listener wants.
    pub(crate) fn left_over(&self) -> Vec<SocketAddr> {
        self.0.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }
}

/// systemd binds `0.0.0.0` as `[::]` unless told otherwise: both mean every address.
fn same(have: SocketAddr, want: SocketAddr) -> bool {
    have == want || have.port() == want.port() && have.ip().is_unspecified() && want.ip().is_unspecified()
}

/// The socket of a listener, inherited or bound now.
///
/// # Errors
/// Of the system.
pub(crate) fn bind(listener: &Listener, inherited: &mut Inherited) -> io::Result<TcpListener> {
    let bind = *listener.bind.get_ref();
    if let Some(socket) = inherited.find(bind) {
        socket.set_nonblocking(true)?;
        return TcpListener::from_std(socket);
    }
    let socket = if bind.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(bind)?;
    socket.listen(BACKLOG_COUNT)
}

/// How many connections there are, in all and by peer.
pub(crate) struct Caps {
    all: Arc<Semaphore>,
    all_max: usize,
    by_peer: Mutex<HashMap<IpAddr, usize>>,
    per_peer_max: usize,
}

/// A connection's place under the caps, given back on drop.
struct Place {
    caps: Arc<Caps>,
    peer: IpAddr,
    /// Whether few are left.
    crowded: bool,
    _all: OwnedSemaphorePermit,
}

impl Caps {
    /// As configured.
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        let configured = *config.limits.connection_count_max.get_ref();
        let all_max = crate::descriptors::connections(configured);
        Arc::new(Self {
            all: Arc::new(Semaphore::new(all_max)),
            all_max,
            by_peer: Mutex::default(),
            per_peer_max: *config.limits.connection_per_address_count_max.get_ref(),
        })
    }

    fn enter(self: &Arc<Self>, peer: IpAddr, all: OwnedSemaphorePermit) -> Option<Place> {
        let peer = network(peer);
        let mut by_peer = self.by_peer.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_peer.entry(peer).or_default();
        if *count >= self.per_peer_max {
            return None;
        }
        *count += 1;
        let few = |free: usize, most: usize| free < most / CROWDED_SHARE;
        let crowded = few(self.all.available_permits(), self.all_max)
            || few(self.per_peer_max.saturating_sub(*count), self.per_peer_max);
        Some(Place { caps: self.clone(), peer, crowded, _all: all })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_peer = self.caps.by_peer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_peer.get_mut(&self.peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                by_peer.remove(&self.peer);
            }
        }
    }
}

/// One IPv6 customer has a /64, so that is what counts as one peer.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// A listener at work.
pub(crate) struct Gate {
    /// For logs.
    pub(crate) name: String,
    /// What serves it.
    pub(crate) door: Arc<dyn Door>,
    /// Its caps, shared by all listeners.
    pub(crate) caps: Arc<Caps>,
    /// How it comes to TLS.
    pub(crate) mode: TlsMode,
    /// The handshake, unless `mode` is none.
    pub(crate) acceptor: Option<Acceptor>,
    /// Passwords may cross without TLS.
    pub(crate) cleartext_auth: bool,
}

impl Gate {
    /// Puts a listener's settings together.
    ///
    /// # Errors
    /// Of rustls.
    pub(crate) fn new(
        listener: &Listener,
        identity: Option<&Arc<Identity>>,
        door: Arc<dyn Door>,
        caps: Arc<Caps>,
    ) -> Result<Arc<Self>, rustls::Error> {
        let mode = *listener.tls.get_ref();
        let acceptor = match (mode, identity) {
            (TlsMode::None, _) | (_, None) => None,
            (_, Some(identity)) => Some(identity.acceptor(listener)?),
        };
        let cleartext_auth = listener.cleartext_auth();
        Ok(Arc::new(Self { name: listener.name(), door, caps, mode, acceptor, cleartext_auth }))
    }

    /// Accepts until the drain; sessions go on by themselves and hold a clone of `drain` until they end.
    pub(crate) async fn accept(self: Arc<Self>, socket: TcpListener, drain: Drain) {
        loop {
            // A full house leaves the next in the kernel's queue instead of refusing it.
            let permit = tokio::select! {
                permit = self.caps.all.clone().acquire_owned() => permit,
                () = drain.drained() => return,
            };
            let Ok(permit) = permit else { return };
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = drain.drained() => return,
            };
            match accepted {
                Ok((stream, addr)) => self.admit(stream, addr, permit, &drain),
                Err(cause) => {
                    tracing::warn!(listener = self.name, %cause, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        addr: SocketAddr,
        all: OwnedSemaphorePermit,
        drain: &Drain,
    ) {
        let Some(place) = self.caps.enter(addr.ip(), all) else {
            tracing::info!(listener = self.name, peer = %addr, "too many connections of this peer");
            return;
        };
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "TCP_NODELAY");
        }
        let (gate, drain) = (self.clone(), drain.clone());
        tokio::spawn(async move {
            gate.serve(stream, (addr, place.crowded), drain).await;
            drop(place);
        });
    }

    async fn serve(&self, stream: TcpStream, (addr, crowded): (SocketAddr, bool), drain: Drain) {
        let tls = self.mode == TlsMode::Implicit;
        let stream = Paced::new(stream);
        let (stream, channel): (Box<dyn Stream>, _) = match &self.acceptor {
            // Boxed, so that a session which lasts for days does not carry the room of its handshake along.
            Some(acceptor) if tls => match Box::pin(acceptor.accept(stream)).await {
                Ok((stream, channel)) => (stream, Some(channel)),
                Err(cause) => {
                    tracing::debug!(listener = self.name, peer = %addr, %cause, "handshake failed");
                    return;
                }
            },
            _ => (Box::new(stream), None),
        };
        let acceptor = self.acceptor.clone().filter(|_| !tls);
        let peer = Peer { addr, tls, cleartext_auth: self.cleartext_auth, acceptor, channel, crowded };
        self.door.serve(stream, peer, drain).await;
    }
}

#[cfg(test)]
mod tests;
