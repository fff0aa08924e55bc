//! Leases: which of several processes on one engine has an account's turn, or a job.
//!
//! A turn in this process (a lock) is not enough where another process writes to the same account: both would
//! build on the same record, and one would be refused when its client has already sent everything. So the turn is
//! taken among the processes too, in a row of [`Table::Lease`]: its own small commit before the writer reads
//! anything. The writer's batch gives it back, unless writers of this process wait: they keep it for
//! [`LEASE_TENURE_MAX`] and then step back for a moment, so that two busy processes take turns.
//!
//! *Invariant:* a lease is courtesy. What keeps two processes from giving a UID or Modseq twice is that a batch
//! expects the account's record as its writer found it; a lease that was lost to a slow clock or a dead process
//! costs a refusal, never an update.
//!
//! With no other process alive nothing of this is done.

use crate::{
    key::Key,
    limits::{LEASE_AGE_MAX, LEASE_KEPT_MAX, LEASE_TENURE_MAX, LEASE_WAIT_MAX},
    stores::{AccountState, Inner, Store, locked},
};
use bytes::Bytes;
use engine::{Batch, Company, Op, Precondition, ProcessId, Table};
use model::{AccountId, Error, Result};
use std::time::Duration;
use tokio::time::Instant;

/// An account's lease as this process knows it.
#[derive(Debug, Default)]
pub(crate) enum Lease {
    /// Not ours.
    #[default]
    None,
    /// Ours, with the row that says so.
    Held { row: Bytes, since: Instant },
    /// Given back although writers wait here: others may have it first.
    SteppedBack,
}

/// The longest pause between two looks at a row that is another's.
const LOOK_AGAIN_MS_MAX: u64 = 24;

impl Inner {
    /// Takes the account's turn among the processes. Called under the turn of this one.
    ///
    /// # Errors
    /// `Unavailable` when another process keeps it for too long.
    pub(crate) async fn lease(&self, account: AccountId, state: &AccountState) -> Result<()> {
        let Some(company) = self.engine.company() else { return Ok(()) };
        let earlier = std::mem::take(&mut *locked(&state.lease));
        match earlier {
            Lease::Held { row, since } if since.elapsed() < LEASE_KEPT_MAX => {
                *locked(&state.lease) = Lease::Held { row, since };
                return Ok(());
            }
            _ if company.others.is_empty() => return Ok(()),
            Lease::SteppedBack => {
                tokio::time::sleep(self.pause(LOOK_AGAIN_MS_MAX, 2 * LOOK_AGAIN_MS_MAX)).await
            }
            Lease::Held { .. } | Lease::None => {}
        }
        let key = Key::account(account).done();
        let row = self.take_row(&key, LEASE_WAIT_MAX).await?;
        // That commit came behind every earlier one of this process: none is in flight any more.
        state.forget_flying();
        *locked(&state.lease) = Lease::Held { row, since: Instant::now() };
        Ok(())
    }

    /// Makes the row of `key` ours, waiting for whoever has it.
    async fn take_row(&self, key: &[u8], wait_max: Duration) -> Result<Bytes> {
        let began = Instant::now();
        let mut seen: Option<(Bytes, Instant)> = None;
        loop {
            let company = self.engine.company().ok_or(Error::Unavailable)?;
            let found = self.engine.newest().await?.get(Table::Lease, key).await?;
            let expected = match found {
                None => Some(Precondition::Absent(Table::Lease, key.to_vec())),
                Some(row) => {
                    let same = seen.as_ref().filter(|(earlier, _)| *earlier == row).map(|(_, since)| *since);
                    let since = same.unwrap_or_else(Instant::now);
                    let free = !is_others(&row, &company) || since.elapsed() > LEASE_AGE_MAX;
                    seen = Some((row.clone(), since));
                    free.then(|| Precondition::Equals(Table::Lease, key.to_vec(), row))
                }
            };
            if let Some(expected) = expected
                && let Some(row) = self.put_row(key, expected, company.own).await?
            {
                return Ok(row);
            }
            if began.elapsed() > wait_max {
                tracing::warn!("another process keeps a turn for too long");
                return Err(Error::Unavailable);
            }
            tokio::time::sleep(self.pause(1, LOOK_AGAIN_MS_MAX)).await;
        }
    }

    /// Writes the row; `None` when another process came first.
    async fn put_row(&self, key: &[u8], expected: Precondition, own: ProcessId) -> Result<Option<Bytes>> {
        let mut dice = [0; 8];
        self.env.random(&mut dice);
        // The dice tell one holding from the next, for those who watch how long one lasts.
        let row = Bytes::from([own.0, dice].concat());
        let ops = vec![Op::Put(Table::Lease, key.to_vec(), row.clone())];
        match self.engine.commit(Batch { expect: vec![expected], ops }).await {
            Ok(_) => Ok(Some(row)),
            Err(Error::PreconditionFailed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn pause(&self, from_ms: u64, to_ms: u64) -> Duration {
        let mut dice = [0; 2];
        self.env.random(&mut dice);
        let spread = (to_ms.saturating_sub(from_ms)) * 1_000 * u64::from(u16::from_be_bytes(dice)) / 65_536;
        Duration::from_micros(from_ms * 1_000 + spread)
    }

    /// Whether the lease goes with the batch that is about to be committed: what to add to it then.
    pub(crate) fn yielded(&self, account: AccountId, state: &AccountState) -> Option<Op> {
        let mut lease = locked(&state.lease);
        let Lease::Held { since, .. } = &*lease else { return None };
        let held = since.elapsed();
        let waits = state.waits();
        if waits && held < LEASE_TENURE_MAX {
            return None;
        }
        *lease = if waits { Lease::SteppedBack } else { Lease::None };
        // One that is so old may be another's by now.
        (held < LEASE_KEPT_MAX).then(|| Op::Delete(Table::Lease, Key::account(account).done()))
    }

    /// Gives the lease back where there is no batch to go with.
    pub(crate) fn give_back(&self, account: AccountId, state: &AccountState) {
        if state.waits() {
            return;
        }
        let Lease::Held { row, .. } = std::mem::take(&mut *locked(&state.lease)) else { return };
        let key = Key::account(account).done();
        let expect = vec![Precondition::Equals(Table::Lease, key.clone(), row)];
        // Has its place in the order when the call returns; nobody waits for it.
        drop(self.engine.commit(Batch { expect, ops: vec![Op::Delete(Table::Lease, key)] }));
    }
}

fn is_others(row: &[u8], company: &Company) -> bool {
    company.others.iter().any(|other| row.starts_with(&other.0))
}

/// No account's key is as long.
fn duty_key(duty: &str) -> Vec<u8> {
    [&[0xff; 4], duty.as_bytes()].concat()
}

impl Store {
    /// Whether this process is the one that does a job which must not be done by two at once; takes it when
    /// nobody alive has it. Always true where one process alone can have the data.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn take_duty(&self, duty: &str) -> Result<bool> {
        let Some(company) = self.inner.engine.company() else { return Ok(true) };
        let key = duty_key(duty);
        let expected = match self.inner.engine.newest().await?.get(Table::Lease, &key).await? {
            Some(row) if row.starts_with(&company.own.0) => return Ok(true),
            Some(row) if is_others(&row, &company) => return Ok(false),
            Some(row) => Precondition::Equals(Table::Lease, key.clone(), row),
            None => Precondition::Absent(Table::Lease, key.clone()),
        };
        Ok(self.inner.put_row(&key, expected, company.own).await?.is_some())
    }

    /// Leaves a job to others, when it is ours.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn leave_duty(&self, duty: &str) -> Result<()> {
        let Some(company) = self.inner.engine.company() else { return Ok(()) };
        let key = duty_key(duty);
        let Some(row) = self.inner.engine.newest().await?.get(Table::Lease, &key).await? else {
            return Ok(());
        };
        if row.starts_with(&company.own.0) {
            let expect = vec![Precondition::Equals(Table::Lease, key.clone(), row)];
            let left = self.inner.engine.commit(Batch { expect, ops: vec![Op::Delete(Table::Lease, key)] });
            left.await.map(drop).or_else(|error| match error {
                Error::PreconditionFailed => Ok(()),
                error => Err(error),
            })?;
        }
        Ok(())
    }

    /// Whether other processes have this data open just now.
    #[must_use]
    pub fn has_company(&self) -> bool {
        self.inner.engine.company().is_some_and(|company| !company.others.is_empty())
    }

    /// What a commit's failed expectation is to its caller. Where others write, it is they who came first, and
    /// the client tries again; otherwise bytes that the batch refers to have been collected.
    pub(crate) fn collided(&self, error: Error) -> Error {
        match error {
            Error::PreconditionFailed if self.inner.engine.company().is_some() => Error::Unavailable,
            Error::PreconditionFailed => Error::Conflict,
            error => error,
        }
    }
}

#[cfg(test)]
mod tests;
