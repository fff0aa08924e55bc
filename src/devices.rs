//! Writes down which device used each app password last, now and then and at the end: a login costs no commit.

use crate::limits::DEVICE_INTERVAL;
use crate::site::Site;
use directory::Device;
use sasl::door::Drain;
use sasl::sessions::Known;
use std::sync::Arc;

/// Works until the drain, and once behind it: sessions that end with the server have been seen too.
pub(crate) async fn run(site: Arc<Site>, wish: Drain) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(DEVICE_INTERVAL) => note(&site).await,
            () = wish.drained() => break,
        }
    }
    note(&site).await;
    drop(wish);
}

/// What cannot be written now is written the next time.
async fn note(site: &Site) {
    let seen = site.sessions.devices();
    if seen.is_empty() {
        return;
    }
    let devices = seen.iter().map(|(key, known)| (*key, device(known))).collect();
    match site.directory.note_devices(devices).await {
        Ok(()) => site.sessions.forget_devices(&seen),
        Err(error) => tracing::warn!(%error, "the devices of app passwords were not noted"),
    }
}

/// The device behind a session.
pub(crate) fn device(known: &Known) -> Device {
    Device {
        door: known.door.to_owned(),
        client: known.client.as_deref().map(str::to_owned),
        from: known.from.ip().to_string(),
        at: known.since,
    }
}
