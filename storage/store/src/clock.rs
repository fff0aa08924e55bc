//! Which time it is for forgetting: a clock that is wrong must not make the store throw away what it keeps for a
//! while.
//!
//! The wall clock may jump: a battery died, a virtual machine was restored, somebody typed a wrong year. What is
//! kept until a time (tombstones, deleted items) is therefore forgotten by the *settled* time, which is written
//! down and goes on with the clock only as far as is believable: by the time that this process has really
//! waited, and by a long weekend while nothing ran. A clock that is ahead of that is not followed: the settled
//! time then goes on at its own pace, so that things are forgotten late and never early. A clock that went back
//! is followed at once, and the settled time waits for it. What is removed is stamped within the same bounds, so
//! that nothing looks old because the clock was behind when it happened.

use crate::stores::Store;
use bytes::Bytes;
use engine::{Batch, Op, Precondition, Table};
use model::{Error, Result, Timestamp};
use std::{sync::atomic::Ordering, time::Duration};

/// The longest that a server may have stood still and its clock be believed at once.
pub const STANDSTILL_MAX: Duration = Duration::from_secs(3 * 24 * 3600);
/// How much longer than its own time a lock may seem to live before the clock is taken to have gone back.
pub const CLOCK_SLACK: Duration = Duration::from_secs(24 * 3600);

/// Where the settled time is kept, in milliseconds, big-endian.
const KEY: &[u8] = b"clock";

impl Store {
    /// The settled time, moved on. `waited` is how long this process has waited since it last asked, by a clock
    /// that only grows; zero when it asks for the first time.
    ///
    /// # Errors
    /// `Corrupt` when what is written down is no time; as [`engine::Engine::commit`].
    pub async fn settle_clock(&self, waited: Duration) -> Result<Timestamp> {
        let engine = &self.inner.engine;
        let now = self.env().now();
        let found = engine.snapshot().await?.get(Table::Meta, KEY).await?;
        let settled = found.as_deref().map(decode).transpose()?;
        let next = settled.map_or(now, |settled| follow(settled, now, waited));
        self.inner.settled_ms.store(next.0, Ordering::Relaxed);
        if settled.is_some_and(|settled| settled != next && next != now) {
            tracing::warn!(
                clock_ms = now.0,
                settled_ms = next.0,
                "the clock has jumped ahead: nothing is forgotten by it"
            );
        }
        if settled != Some(next) {
            let expected = match found {
                Some(value) => Precondition::Equals(Table::Meta, KEY.to_vec(), value),
                None => Precondition::Absent(Table::Meta, KEY.to_vec()),
            };
            let value = Bytes::copy_from_slice(&next.0.to_be_bytes());
            let batch =
                Batch { expect: vec![expected], ops: vec![Op::Put(Table::Meta, KEY.to_vec(), value)] };
            let _durable = engine.commit(batch).await?;
        }
        Ok(next.min(now))
    }

    /// When something happens that is forgotten later: the clock's time, as far as it is believable.
    #[must_use]
    pub fn stamp(&self) -> Timestamp {
        let (now, settled) = (self.env().now(), self.inner.settled_ms.load(Ordering::Relaxed));
        if settled == i64::MIN {
            return now;
        }
        let latest = settled.saturating_add(i64::try_from(STANDSTILL_MAX.as_millis()).unwrap_or(i64::MAX));
        Timestamp(now.0.clamp(settled, latest))
    }

    /// The time by which things may be forgotten, as it was settled last; the beginning of all time before that.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn settled_time(&self) -> Result<Timestamp> {
        let found = self.inner.engine.snapshot().await?.get(Table::Meta, KEY).await?;
        let found = found.as_deref().map(decode).transpose()?;
        if let Some(settled) = found {
            // Another process may have settled it: what is stamped here goes by the same time.
            self.inner.settled_ms.fetch_max(settled.0, Ordering::Relaxed);
        }
        Ok(found.unwrap_or(Timestamp(0)).min(self.env().now()))
    }
}

fn decode(value: &[u8]) -> Result<Timestamp> {
    let bytes = value.try_into().map_err(|_| Error::Corrupt)?;
    Ok(Timestamp(i64::from_be_bytes(bytes)))
}

/// The settled time after a wait.
fn follow(settled: Timestamp, now: Timestamp, waited: Duration) -> Timestamp {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let lived = settled.0.saturating_add(millis(waited));
    if now <= settled {
        settled
    } else if now.0 <= lived.saturating_add(millis(STANDSTILL_MAX)) {
        now
    } else {
        Timestamp(lived)
    }
}

#[cfg(test)]
mod tests;
