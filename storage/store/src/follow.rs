//! Hearing of what other processes commit: once a second, one question for all accounts that somebody watches.

use crate::{
    key::Key,
    limits::{FOLLOW_INTERVAL, SCAN_PAGE_COUNT},
    record::{self, AccountRow},
    stores::Store,
};
use engine::Table;
use model::Result;

impl Store {
    /// Tells watchers of this process about commits of others, for ever. Does nothing where one process alone
    /// can have the data.
    pub async fn follow(&self) {
        if self.inner.engine.company().is_none() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(FOLLOW_INTERVAL).await;
            if self.has_company()
                && let Err(error) = self.look_around().await
            {
                tracing::debug!(%error, "what other processes did is not known just now");
            }
        }
    }

    /// One look at every watched account.
    pub(crate) async fn look_around(&self) -> Result<()> {
        let watched = self.inner.watched();
        for page in watched.chunks(SCAN_PAGE_COUNT) {
            let keys: Vec<_> = page.iter().map(|(account, _)| Key::account(*account).done()).collect();
            let rows = self.inner.engine.newest().await?.get_many(Table::Account, &keys).await?;
            for ((_, state), row) in page.iter().zip(rows) {
                let Some(row) = row else { continue };
                let modseq = record::decode::<AccountRow>(&row)?.modseq;
                state.changed.send_if_modified(|known| {
                    let news = modseq > *known;
                    *known = modseq.max(*known);
                    news
                });
            }
        }
        Ok(())
    }
}
