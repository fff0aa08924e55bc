//! Serving: the store, the doors, their listeners, from start to drain.

use crate::config::{Config, DRAIN_TIME_MAX, EngineKind, Protocol};
use crate::doors::Doors;
use crate::engines::Despite;
use crate::failure::Failure;
use crate::listener::{Caps, Gate, Inherited, bind};
use crate::shutdown::{Signals, Wish, drain};
use crate::site::{Site, socket_path};
use crate::tls::Identity;
use crate::{admin, descriptors, devices, indexer, jobs, logging, systemd};
use sasl::door::{Drain, DrainTrigger};
use std::sync::Arc;

/// Serves until SIGTERM or until the store says that it must not go on. `started` is called when every
/// listener accepts.
///
/// # Errors
/// What kept it from starting, or ended it.
pub(crate) async fn run(config: &Config, despite: Despite, started: impl FnOnce()) -> Result<(), Failure> {
    crate::site::private_directory(&config.server.data)
        .map_err(|cause| Failure::of(config.server.data.display(), cause))?;
    descriptors::raise();
    if let Some(shortage) = descriptors::shortage(*config.limits.connection_count_max.get_ref()) {
        tracing::warn!("{shortage}");
    }
    let mut signals = Signals::listen().map_err(|cause| Failure::of("signals", cause))?;
    let mut inherited = Inherited::take();
    let identity = match &config.tls {
        Some(tls) => Some(Identity::load(tls.clone()).map_err(|cause| Failure::of("tls", cause))?),
        None => None,
    };
    // Sockets first: a port that is taken is told before the store is opened, and what connects early waits.
    let mut sockets = Vec::new();
    for listener in &config.listener {
        let listener = listener.get_ref();
        let socket = bind(listener, &mut inherited);
        let socket = socket.map_err(|cause| Failure::of(listener.bind.get_ref(), cause))?;
        sockets.push((listener, socket));
    }
    for left in inherited.left_over() {
        tracing::warn!(address = %left, "an inherited socket has no [[listener]]; it is closed");
    }
    let site = Arc::new(Site::open_despite(config, despite).await?);
    // Before anything is removed: the time it is stamped with must be believable.
    if let Err(error) = site.store.settle_clock(std::time::Duration::ZERO).await {
        tracing::warn!(%error, "the settled time could not be written down");
    }
    let (trigger, wish) = sasl::door::drain();
    let doors = Doors::open(config, &site);
    let caps = Caps::new(config);
    let count = sockets.len();
    for (listener, socket) in sockets {
        let protocols = listener.protocol.get_ref().list();
        let Some(door) = doors.for_listener(protocols) else {
            return Err(Failure::of(listener.name(), "this build does not serve it"));
        };
        let gate = Gate::new(listener, identity.as_ref(), door, caps.clone())
            .map_err(|cause| Failure::of(listener.name(), cause))?;
        tracing::info!(protocol = listener.name(), bind = %listener.bind.get_ref(), "listening");
        tokio::spawn(gate.accept(socket, wish.clone()));
    }
    let path = socket_path(&config.server.data);
    admin::serve(site.clone(), &config.server.data, wish.clone())
        .map_err(|cause| Failure::of(path.display(), cause))?;
    deliver(&site, wish.clone());
    let store = site.store.clone();
    tokio::spawn(async move { store.follow().await });
    tokio::spawn(jobs::run(site.clone(), config.store.tombstone_days, wish.clone()));
    indexer::start(site.clone(), wish.clone(), matches!(config.store.engine.get_ref(), EngineKind::Fjall));
    tokio::spawn(devices::run(site.clone(), wish.clone()));
    tokio::spawn(systemd::watchdog());
    tokio::spawn(systemd::room(site.clone(), count));
    systemd::ready(count);
    started();
    let ended = attend(&mut signals, identity.as_ref(), &site, count).await;
    end(&site, &trigger, wish, &path).await;
    ended
}

/// Works on the queue; holds the drain until what it has begun is done.
fn deliver(site: &Site, wish: Drain) {
    let delivery = site.delivery.clone();
    tokio::spawn(async move {
        delivery.run(wish.drained()).await;
        drop(wish);
    });
}

/// Answers signals until the end.
async fn attend(
    signals: &mut Signals,
    identity: Option<&Arc<Identity>>,
    site: &Site,
    listeners: usize,
) -> Result<(), Failure> {
    loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => return Ok(()),
                Wish::Reload => {
                    systemd::reloading();
                    match identity.map(|identity| identity.reload()) {
                        Some(Ok(())) => tracing::info!("the certificate was read again"),
                        Some(Err(cause)) => tracing::error!(%cause, "the certificate in use stays"),
                        None => {}
                    }
                    systemd::ready(listeners);
                }
            },
            () = site.poisoned() => {
                tracing::error!("the store must not acknowledge anything any more: ending");
                return Err(Failure::new("the store has failed; see the log"));
            }
        }
    }
}

/// Drains, closes, and says so.
async fn end(site: &Site, trigger: &DrainTrigger, wish: Drain, socket: &std::path::Path) {
    systemd::stopping();
    tracing::info!("ending: sessions finish their command");
    drop(wish);
    if !drain(trigger).await {
        tracing::warn!(after_ms = DRAIN_TIME_MAX.as_millis(), "sessions that had not ended are cut");
    }
    site.close().await;
    if let Err(cause) = std::fs::remove_file(socket) {
        tracing::debug!(%cause, "admin socket");
    }
    tracing::info!(panics = logging::panic_count(), "ended");
}

/// Whether this build serves a protocol.
pub(crate) fn serves(protocol: Protocol) -> bool {
    Doors::SERVED.contains(&protocol)
}
