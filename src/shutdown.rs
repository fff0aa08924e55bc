//! Signals, and the end: sessions finish their command, ten seconds at most.

use crate::config::DRAIN_TIME_MAX;
use sasl::door::DrainTrigger;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the outside can ask of a running server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP: read the certificate again.
    Reload,
}

/// The signals this process listens to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on these signals are ours.
    ///
    /// # Errors
    /// Of the system.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hangup.recv() => Wish::Reload,
        }
    }
}

/// Tells every session to end and waits for them. Whether all had ended in time.
pub(crate) async fn drain(trigger: &DrainTrigger) -> bool {
    trigger.drain();
    tokio::time::timeout(DRAIN_TIME_MAX, trigger.finished()).await.is_ok()
}
