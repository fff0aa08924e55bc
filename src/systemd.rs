//! What systemd is told: ready, reloading, stopping, still alive (sd_notify(3)). Silent without it.

use crate::limits::ROOM_INTERVAL;
use crate::site::Site;
use sd_notify::NotifyState;
use std::sync::Arc;

fn tell(states: &[NotifyState<'_>]) {
    if let Err(cause) = sd_notify::notify(states) {
        tracing::warn!(%cause, "systemd could not be told");
    }
}

/// Every listener accepts.
pub(crate) fn ready(listeners: usize) {
    let status = serving(listeners);
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Tells when the disk is full and when it is not any more, for as long as the server runs.
pub(crate) async fn room(site: Arc<Site>, listeners: usize) {
    let mut tick = tokio::time::interval(ROOM_INTERVAL);
    let mut told = false;
    loop {
        tick.tick().await;
        let full = site.is_full();
        if full != told {
            let status = if full { "the disk is full: read-only".to_owned() } else { serving(listeners) };
            tell(&[NotifyState::Status(&status)]);
            told = full;
        }
    }
}

fn serving(listeners: usize) -> String {
    format!("{listeners} listeners")
}

/// The certificate is being read again; [`ready`] follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Sessions are being ended.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Answers the watchdog at half its time for as long as the runtime turns.
pub(crate) async fn watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut tick = tokio::time::interval(limit / 2);
    loop {
        tick.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}
