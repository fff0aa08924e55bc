//! What nobody asks for and must be done: tombstones and removed things past their time go, what removed accounts held
//! is removed where that was interrupted, and the space of bodies that nobody needs comes back.

use crate::limits::{JOB_INTERVAL, JOB_START};
use crate::site::Site;
use directory::Directory;
use model::{AccountId, Error, Result, Timestamp};
use sasl::door::Drain;
use std::sync::Arc;
use std::time::Instant;

/// Works now and then until the drain.
pub(crate) async fn run(site: Arc<Site>, tombstone_days: u32, wish: Drain) {
    let mut wait = JOB_START;
    let mut settled = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = wish.drained() => return,
        }
        wait = JOB_INTERVAL;
        match site.store.take_duty("jobs").await {
            Ok(true) => {}
            // Another process does it, and accounts for this time; or nobody can just now.
            Ok(false) => {
                settled = Instant::now();
                if let Err(error) = site.store.settled_time().await {
                    tracing::warn!(%error, "the settled time is not known");
                }
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "the jobs of this hour were not begun");
                continue;
            }
        }
        match round(&site, tombstone_days, &mut settled, &wish).await {
            Ok(forgotten) => tracing::debug!(forgotten, "tombstones were looked through"),
            Err(error) => tracing::warn!(%error, "the jobs of this hour were not finished"),
        }
        tokio::select! {
            () = collect(&site) => {}
            // Collection may be left at any point: every step of it leaves a whole store.
            () = wish.drained() => return,
        }
    }
}

/// Through the site, which lets one collection run at a time.
async fn collect(site: &Site) {
    match site.collect(false).await {
        Ok(collected) if collected.segment_count > 0 => tracing::info!(?collected, "space came back"),
        Ok(collected) => tracing::debug!(?collected, "no segment was worth its collection"),
        Err(error) => tracing::warn!(%error, "collection was not finished"),
    }
}

/// Every account once. Returns how many tombstones were forgotten.
async fn round(site: &Site, tombstone_days: u32, settled: &mut Instant, wish: &Drain) -> Result<u64> {
    let age_ms = i64::from(tombstone_days) * 24 * 60 * 60 * 1000;
    // Not by the clock alone: one that is ten years ahead must not make everything old.
    let asked = Instant::now();
    let now = site.store.settle_clock(asked - *settled).await?;
    *settled = asked;
    let before = Timestamp(now.0.saturating_sub(age_ms));
    let (mut accounts, mut forgotten) = (site.store.all_accounts(), 0);
    while let Some(account) = accounts.next().await? {
        if wish.is_draining() {
            break;
        }
        match one(site, account, before).await {
            Ok(count) => forgotten += count,
            Err(error @ (Error::Corrupt | Error::Conflict | Error::TooLarge(_))) => {
                passed_over(account, error)
            }
            Err(error) => return Err(error),
        }
    }
    Ok(forgotten)
}

/// One account's damage must not keep the others from getting their space back.
fn passed_over(account: AccountId, error: Error) {
    tracing::warn!(%account, %error, "an account is passed over; collegium fsck tells what is wrong");
}

/// What was removed and has had its time; for the hourly round and for whoever wants the space now.
async fn purge_deleted(site: &Site, account: AccountId) -> Result<()> {
    let purged = site.store.purge_deleted(account, site.undelete_until().await?).await?;
    if purged.count > 0 {
        tracing::debug!(%account, ?purged, "removed things are gone for good");
    }
    Ok(())
}

/// Purges what was removed and has had its time, in every account.
///
/// # Errors
/// Of the store; what has been purged stays so.
pub(crate) async fn purge_all(site: &Site) -> Result<()> {
    let mut accounts = site.store.all_accounts();
    while let Some(account) = accounts.next().await? {
        let done = match site.directory.account(account).await? {
            None => site.expire(account).await.map(drop),
            Some(_) => purge_deleted(site, account).await,
        };
        match done {
            Err(error @ (Error::Corrupt | Error::Conflict | Error::TooLarge(_))) => {
                passed_over(account, error)
            }
            other => other?,
        }
    }
    Ok(())
}

async fn one(site: &Site, account: AccountId, before: Timestamp) -> Result<u64> {
    if site.directory.account(account).await?.is_none() {
        let removed = site.expire(account).await?;
        if removed > 0 {
            tracing::info!(%account, removed, "removed what a removed account had left");
        }
        return Ok(0);
    }
    purge_deleted(site, account).await?;
    site.store.purge(account, before).await
}
