//! A flag that is set once and never cleared: the stable storage has failed, nothing may be acknowledged.

use tokio::sync::watch;

/// The flag and those who wait for it.
#[derive(Debug)]
pub(crate) struct Poison(watch::Sender<bool>);

impl Poison {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn set(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves when the flag is set; otherwise never.
    pub(crate) async fn wait(&self) {
        let mut watch = self.0.subscribe();
        if watch.wait_for(|set| *set).await.is_err() {
            // The sender lives in `self`, so this cannot be; waiting for ever is the honest answer.
            std::future::pending::<()>().await;
        }
    }
}
