//! Keeps the search index up to date behind everybody's back: every account once after the start, then those that
//! have got messages. One account at a time, in small steps, so that the doors hardly notice.

use crate::limits::{INDEX_INTERVAL, INDEX_START, JOB_PAGE_COUNT};
use crate::site::Site;
use model::{AccountId, Error, Result};
use sasl::door::Drain;
use std::sync::Arc;

/// Works now and then until the drain. It may be left at any point: every step leaves a whole index.
pub(crate) async fn run(site: Arc<Site>, wish: Drain) {
    tokio::select! {
        () = work(&site) => {}
        () = wish.drained() => {}
    }
}

async fn work(site: &Site) {
    tokio::time::sleep(INDEX_START).await;
    if let Err(error) = all(site).await {
        tracing::warn!(%error, "not every account was looked at for the search index");
    }
    loop {
        tokio::time::sleep(INDEX_INTERVAL).await;
        for account in site.store.take_unindexed() {
            one(site, account).await;
        }
    }
}

/// What came while the process was down, or before there was an index.
async fn all(site: &Site) -> Result<()> {
    let mut from = None;
    loop {
        let page = site.store.accounts(from, JOB_PAGE_COUNT).await?;
        for account in &page {
            one(site, *account).await;
        }
        if page.len() < JOB_PAGE_COUNT {
            return Ok(());
        }
        from = page.last().copied();
    }
}

async fn one(site: &Site, account: AccountId) {
    loop {
        match site.store.index(account).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return,
            Err(Error::Conflict) => {
                tracing::debug!(%account, "somebody else builds the search index");
                return;
            }
            Err(error) => {
                tracing::warn!(%account, %error, "the search index was not brought up to date");
                return;
            }
        }
    }
}
