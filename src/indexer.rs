//! Keeps the search index up to date behind everybody's back: every account once after the start, then those that
//! have got messages. One account at a time, in small steps, so that the doors hardly notice. Where it did not work,
//! or another builder was met, the account comes back later.

use crate::limits::{INDEX_AGAIN_MAX, INDEX_AGAIN_MIN, INDEX_INTERVAL, INDEX_START};
use crate::site::Site;
use model::{AccountId, Error, Result};
use sasl::door::Drain;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::Accounts;
use tokio::time::Instant;

/// Works on a thread of its own, which gets what processor time the doors leave over; in this process's runtime where
/// there is none to be had, and where a database is asked, whose links must not wait behind it.
pub(crate) fn start(site: Arc<Site>, wish: Drain, is_local: bool) {
    if !is_local {
        tokio::spawn(run(site, wish));
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.inspect_err(|error| tracing::warn!(%error, "no runtime for the search index")).ok();
    let thread = std::thread::Builder::new().name("indexer".into());
    let work = (site.clone(), wish.clone());
    let started = runtime.map(|runtime| {
        thread.spawn(move || {
            if let Err(error) = rustix::process::nice(NICE) {
                tracing::debug!(%error, "the search index is built at the doors' expense");
            }
            runtime.block_on(run(work.0, work.1));
        })
    });
    if !matches!(started, Some(Ok(_))) {
        tokio::spawn(run(site, wish));
    }
}

/// Works now and then until the drain. It may be left at any point: every step leaves a whole index.
async fn run(site: Arc<Site>, wish: Drain) {
    tokio::select! {
        () = work(&site) => {}
        () = wish.drained() => {}
    }
}

async fn work(site: &Site) {
    tokio::time::sleep(INDEX_START).await;
    let mut later = Later::default();
    // What came while the process was down, or before there was an index.
    let mut first = Some(site.store.all_accounts());
    loop {
        if let Some(accounts) = &mut first {
            match all(site, accounts, &mut later).await {
                Ok(()) => first = None,
                Err(error) => {
                    tracing::warn!(%error, "not every account was looked at for the search index yet")
                }
            }
        }
        tokio::time::sleep(INDEX_INTERVAL).await;
        for account in site.store.take_unindexed().into_iter().chain(later.due(Instant::now())) {
            one(site, account, &mut later).await;
        }
    }
}

/// The accounts that are left of the first round.
async fn all(site: &Site, accounts: &mut Accounts, later: &mut Later) -> Result<()> {
    while let Some(account) = accounts.next().await? {
        one(site, account, later).await;
    }
    Ok(())
}

async fn one(site: &Site, account: AccountId, later: &mut Later) {
    loop {
        match site.store.index(account).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return later.forget(account),
            Err(Error::Conflict) => {
                tracing::debug!(%account, "somebody else builds the search index");
                return later.put_off(account, Instant::now());
            }
            Err(error) => {
                tracing::warn!(%account, %error, "the search index was not brought up to date");
                return later.put_off(account, Instant::now());
            }
        }
    }
}

/// Accounts that must be looked at again.
#[derive(Default)]
struct Later(HashMap<AccountId, Again>);

/// When, and how long the wait before was.
struct Again {
    at: Instant,
    wait: Duration,
}

impl Later {
    /// It did not work now: later, and later every time.
    fn put_off(&mut self, account: AccountId, now: Instant) {
        let wait = self.0.get(&account).map_or(INDEX_AGAIN_MIN, |again| again.wait * 2).min(INDEX_AGAIN_MAX);
        self.0.insert(account, Again { at: now + wait, wait });
    }

    /// It worked.
    fn forget(&mut self, account: AccountId) {
        self.0.remove(&account);
    }

    /// Those whose time has come.
    fn due(&self, now: Instant) -> Vec<AccountId> {
        self.0.iter().filter(|(_, again)| again.at <= now).map(|(account, _)| *account).collect()
    }
}

/// How far the thread stands back (nice(2)): on Linux it is the thread's own.
const NICE: i32 = 10;

#[cfg(test)]
mod tests;
