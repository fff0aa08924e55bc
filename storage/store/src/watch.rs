//! Change notifications inside the process.

use crate::stores::AccountState;
use model::Modseq;
use std::sync::Arc;

/// Tells when an account has changed. Several changes may come as one.
pub struct Watch {
    pub(crate) receiver: tokio::sync::watch::Receiver<Modseq>,
    pub(crate) _state: Arc<AccountState>,
}

impl Watch {
    /// Resolves after a commit in the account that this watch has not told of.
    pub async fn changed(&mut self) {
        // The sender lives in the state that this watch holds, so it cannot have gone.
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The Modseq of the last commit this watch knows of, marking it as seen; 0 when there was none since the
    /// process began.
    pub fn modseq(&mut self) -> Modseq {
        *self.receiver.borrow_and_update()
    }
}
