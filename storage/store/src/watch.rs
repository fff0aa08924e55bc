//! Change notifications inside the process.

use crate::stores::{AccountState, Inner};
use model::{AccountId, Modseq};
use std::sync::Arc;

/// Tells when an account has changed. Several changes may come as one.
pub struct Watch {
    receiver: tokio::sync::watch::Receiver<Modseq>,
    inner: Arc<Inner>,
    account: AccountId,
    /// Taken when it is dropped.
    state: Option<Arc<AccountState>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            self.inner.release(self.account, state);
        }
    }
}

impl Watch {
    pub(crate) fn new(inner: Arc<Inner>, account: AccountId) -> Self {
        let state = inner.state(account);
        Self { receiver: state.changed.subscribe(), inner, account, state: Some(state) }
    }

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
