//! [`Store`]: the handle to everything, and the turns of its accounts.

use crate::{
    body::{Body, BodyStream, Upload},
    key::Key,
    lease::Lease,
    pin::Pins,
    reader::Reader,
    record::{self, AccountRow},
    view::{Overlay, View},
    watch::Watch,
    writer::Writer,
};
use engine::{BlobStore, Engine, Env, Table};
use model::{AccountId, Modseq, Principal, Result};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

/// What an installation sets.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Quota of accounts made from now on, in octets; `None` is no limit.
    pub quota_bytes: Option<u64>,
    /// How long what was removed can be brought back, in milliseconds; 0 is not at all.
    pub undelete_ms: u64,
}

/// A cheap handle to the store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) env: Arc<dyn Env>,
    pub(crate) options: Options,
    pub(crate) pins: Arc<Pins>,
    /// Held by whoever takes a segment away, or gives a blob a place in an old one.
    pub(crate) removing: tokio::sync::Mutex<()>,
    /// Accounts that have got messages since the search index was told of them.
    pub(crate) unindexed: Mutex<HashSet<AccountId>>,
    accounts: Mutex<HashMap<AccountId, Arc<AccountState>>>,
    /// The settled time in milliseconds, as far as this process knows it (`clock.rs`).
    pub(crate) settled_ms: AtomicI64,
}

/// What the process knows of an account while someone writes to it or watches it.
pub(crate) struct AccountState {
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    /// Writers of this process that wait for the turn.
    waiting: AtomicUsize,
    /// The turn among processes.
    pub(crate) lease: Mutex<Lease>,
    flying: Mutex<Vec<Flying>>,
    /// The last batch in flight that somebody saw who then went without one of its own.
    relied_on: Mutex<Option<Landed>>,
    pub(crate) changed: tokio::sync::watch::Sender<Modseq>,
}

/// Tells when a batch is known to be durable, or to have failed.
pub(crate) type Landed = tokio::sync::watch::Receiver<bool>;

/// A batch that was handed to the engine and is not known to be durable.
pub(crate) struct Flying {
    pub(crate) overlay: Arc<Overlay>,
    pub(crate) landed: Landed,
}

impl AccountState {
    fn new() -> Self {
        Self {
            turn: Arc::default(),
            waiting: AtomicUsize::new(0),
            lease: Mutex::default(),
            flying: Mutex::default(),
            relied_on: Mutex::default(),
            changed: tokio::sync::watch::Sender::new(Modseq::default()),
        }
    }

    /// The batches in flight, oldest first. To be asked before the snapshot is taken: a batch that lands in
    /// between is then seen twice, which changes nothing, and never missed.
    pub(crate) fn flying(&self) -> Vec<Arc<Overlay>> {
        let mut flying = locked(&self.flying);
        // Only from the front: tasks may tell of landings in any order, and an older batch that is not known to
        // have landed must not lie over a snapshot without the newer ones that lie over it.
        let landed = flying.iter().take_while(|batch| *batch.landed.borrow()).count();
        flying.drain(..landed);
        flying.iter().map(|batch| batch.overlay.clone()).collect()
    }

    /// How many batches are held, landed or not.
    #[cfg(test)]
    pub(crate) fn flying_count(&self) -> usize {
        locked(&self.flying).len()
    }

    pub(crate) fn take_off(&self, batch: Flying) {
        locked(&self.flying).push(batch);
    }

    /// For when all of them are known to have landed, one way or the other.
    pub(crate) fn forget_flying(&self) {
        locked(&self.flying).clear();
    }

    /// A writer that has seen what is in flight goes without a batch: what its client is told ("there is one
    /// already") rests on that, and the client's next look must find it.
    pub(crate) fn rely(&self) {
        *locked(&self.relied_on) = locked(&self.flying).last().map(|batch| batch.landed.clone());
    }

    fn relied_on(&self) -> Option<Landed> {
        locked(&self.relied_on).clone().filter(|landed| !*landed.borrow())
    }

    /// Whether writers of this process wait for the turn.
    pub(crate) fn waits(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Waits for the turn in this process.
    async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        let _waiting = Waiting::begin(&self.waiting);
        self.turn.clone().lock_owned().await
    }
}

/// Counts one who waits, also when it stops waiting.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A poisoned lock means a panic elsewhere, which has been counted; the data under these locks stays whole.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// A store over an engine and a blob store.
    #[must_use]
    pub fn new(
        engine: Arc<dyn Engine>,
        blobs: Arc<dyn BlobStore>,
        env: Arc<dyn Env>,
        options: Options,
    ) -> Self {
        let (accounts, unindexed, pins) = (Mutex::default(), Mutex::default(), Arc::default());
        let (removing, settled_ms) = (tokio::sync::Mutex::default(), AtomicI64::new(i64::MIN));
        Self {
            inner: Arc::new(Inner {
                engine,
                blobs,
                env,
                options,
                pins,
                removing,
                unindexed,
                accounts,
                settled_ms,
            }),
        }
    }

    /// The clock and the dice that this store uses.
    #[must_use]
    pub fn env(&self) -> &Arc<dyn Env> {
        &self.inner.env
    }

    /// A durable snapshot of an account, seen by a principal. What it may see is checked at every `open`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn read(&self, who: &Principal, account: AccountId) -> Result<Reader> {
        self.inner.await_relied_on(account).await;
        let view = View::new(self.inner.engine.snapshot().await?, Vec::new());
        if let Some(row) = view.get(Table::Account, &Key::account(account).done()).await? {
            return Ok(Reader::new(self.clone(), view, who.clone(), account, record::decode(&row)?));
        }
        self.provision(account).await?;
        let view = View::new(self.inner.engine.snapshot().await?, Vec::new());
        let row = view.get(Table::Account, &Key::account(account).done()).await?;
        let row = row.ok_or(model::Error::Unavailable)?;
        Ok(Reader::new(self.clone(), view, who.clone(), account, record::decode(&row)?))
    }

    /// Takes the account's turn, waiting for earlier writers (not for their syncs), and begins a batch.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn write(&self, who: &Principal, account: AccountId) -> Result<Writer> {
        let writer = self.begin(who, account).await?;
        if writer.is_provisioned() {
            return Ok(writer);
        }
        drop(writer);
        self.provision(account).await?;
        self.begin(who, account).await
    }

    pub(crate) async fn begin(&self, who: &Principal, account: AccountId) -> Result<Writer> {
        let state = self.inner.state(account);
        let begun = self.begin_with(who, account, state.clone()).await;
        // A writer holds it; without one there may be nobody else.
        self.inner.release(account, state);
        begun
    }

    async fn begin_with(
        &self,
        who: &Principal,
        account: AccountId,
        state: Arc<AccountState>,
    ) -> Result<Writer> {
        let turn = state.turn().await;
        self.inner.lease(account, &state).await?;
        let flying = state.flying();
        // Where others write too, two reads may show two states. The account's record is read first and expected
        // unchanged by the batch: when that holds, nothing in the account has changed between any two reads.
        let view = View::new(self.inner.engine.newest().await?, flying);
        let stored = view.get(Table::Account, &Key::account(account).done()).await?;
        let row: Option<AccountRow> = stored.as_deref().map(record::decode).transpose()?;
        let reader =
            Reader::new(self.clone(), view, who.clone(), account, row.unwrap_or_else(|| self.new_account()));
        Ok(Writer::new(reader, state, turn, stored))
    }

    /// Begins to receive a body of at most `size_max` octets.
    #[must_use]
    pub fn upload(&self, size_max: u64) -> Upload {
        Upload::new(self.inner.clone(), size_max)
    }

    /// Reads a range of a body; what lies beyond its end is left out.
    #[must_use]
    pub fn body(&self, body: &Body, range: Range<u64>) -> BodyStream {
        BodyStream::new(self.inner.clone(), body.clone(), range)
    }

    /// Wakes after every commit in the account from now on.
    #[must_use]
    pub fn watch(&self, account: AccountId) -> Watch {
        Watch::new(self.inner.clone(), account)
    }
}

impl Inner {
    pub(crate) fn state(&self, account: AccountId) -> Arc<AccountState> {
        locked(&self.accounts).entry(account).or_insert_with(|| Arc::new(AccountState::new())).clone()
    }

    /// Waits for what somebody has been told of before it was durable; nearly always there is none.
    async fn await_relied_on(&self, account: AccountId) {
        let relied_on = locked(&self.accounts).get(&account).and_then(|state| state.relied_on());
        if let Some(mut landed) = relied_on {
            // Its teller may have ended with the process's runtime: then there is nothing to wait for.
            drop(landed.wait_for(|landed| *landed).await);
        }
    }

    /// Accounts that somebody watches.
    pub(crate) fn watched(&self) -> Vec<(AccountId, Arc<AccountState>)> {
        let accounts = locked(&self.accounts);
        let watched = accounts.iter().filter(|(_, state)| state.changed.receiver_count() > 0);
        watched.map(|(account, state)| (*account, state.clone())).collect()
    }

    /// Of how many accounts something is held.
    #[cfg(test)]
    pub(crate) fn account_count(&self) -> usize {
        locked(&self.accounts).len()
    }

    /// Lets go of what has landed, and of the whole account when nobody writes to it or watches it.
    pub(crate) fn release(&self, account: AccountId, state: Arc<AccountState>) {
        drop(state.flying());
        let mut accounts = locked(&self.accounts);
        drop(state);
        let idle = |state: &Arc<AccountState>| Arc::strong_count(state) == 1 && state.flying().is_empty();
        if accounts.get(&account).is_some_and(idle) {
            accounts.remove(&account);
        }
    }
}
