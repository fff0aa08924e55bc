//! Blobs in the database: one row each under its hash, so that two processes need to share nothing else. A place
//! is the hash again.
//!
//! Appending puts the octets into a queue; one task stores what waits with one statement, again and again until
//! the database has taken it: to store a blob twice changes nothing but the time it was last brought. Collection
//! goes by that time, on the database's clock: a blob that no record refers to is left alone for
//! [`PostgresOptions::blob_rest`](super::PostgresOptions), far longer than an upload may wait for its commit.

use super::{
    link::{Link, Trouble},
    reads::Shared,
};
use crate::{
    BlobStore, Found, Frame, Place,
    limits::{
        BLOB_BYTES_MAX, POSTGRES_BLOB_GROUP_BYTES_MAX, POSTGRES_BLOB_WAITING_BYTES_MAX, POSTGRES_RETRY_WAIT,
        POSTGRES_STATEMENT_TIME_MAX, POSTGRES_WRITE_WAIT_MAX,
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

/// A frame that waits.
struct Waiting {
    id: BlobId,
    bytes: Bytes,
    /// Given back when it has been stored.
    _room: OwnedSemaphorePermit,
}

struct Tail {
    waiting: VecDeque<Waiting>,
    /// What the task is storing just now: still to be read from here.
    storing: Vec<Waiting>,
    /// The newest frame.
    sequence: u64,
    closed: bool,
}

struct Inner {
    shared: Arc<Shared>,
    tail: Mutex<Tail>,
    wake: Notify,
    room: Arc<Semaphore>,
    /// The newest frame that is stored, with all before it.
    stable: watch::Sender<u64>,
    rest: Duration,
}

impl Inner {
    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The blob store in a database. Dropping it ends its task.
pub(super) struct PostgresBlobs(Arc<Inner>);

impl PostgresBlobs {
    /// `first` is a number above every frame of earlier processes; `rest` how long an unneeded blob is kept.
    pub(super) fn new(shared: Arc<Shared>, first: u64, rest: Duration) -> Self {
        let inner = Arc::new(Inner {
            shared,
            tail: Mutex::new(Tail {
                waiting: VecDeque::new(),
                storing: Vec::new(),
                sequence: first,
                closed: false,
            }),
            wake: Notify::new(),
            room: Arc::new(Semaphore::new(POSTGRES_BLOB_WAITING_BYTES_MAX)),
            stable: watch::Sender::new(first),
            rest,
        });
        tokio::spawn(keep_storing(inner.clone()));
        Self(inner)
    }

    async fn stored(&self, id: &BlobId) -> Result<Option<Bytes>> {
        let schema = &self.0.shared.target.schema;
        let rows = self.0.shared.ask(|link: Arc<Link>| async move {
            let text = || format!("SELECT bytes FROM {schema}.blob_bytes WHERE id = $1");
            let prepared = link.prepared(READ, text).await?;
            link.client.query(&prepared, &[&id.0.as_slice()]).await
        });
        let rows = rows.await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let bytes: &[u8] = row.try_get(0).map_err(|_| Error::Corrupt)?;
        Ok(Some(Bytes::copy_from_slice(bytes)))
    }
}

/// Names of this module's statements on a link.
const READ: u128 = 1 << 64;

impl Drop for PostgresBlobs {
    fn drop(&mut self) {
        self.0.tail().closed = true;
        self.0.wake.notify_one();
    }
}

/// The storing task.
async fn keep_storing(inner: Arc<Inner>) {
    let mut link: Option<Link> = None;
    loop {
        let reached = {
            let mut tail = inner.tail();
            if tail.waiting.is_empty() && tail.closed {
                return;
            }
            let mut bytes = 0;
            while let Some(next) = tail.waiting.pop_front() {
                bytes += next.bytes.len();
                tail.storing.push(next);
                if bytes >= POSTGRES_BLOB_GROUP_BYTES_MAX {
                    break;
                }
            }
            tail.sequence - tail.waiting.len() as u64
        };
        if inner.tail().storing.is_empty() {
            inner.wake.notified().await;
            continue;
        }
        while store(&inner, &mut link).await.is_err() {
            link = None;
            if inner.tail().closed {
                return;
            }
            tokio::time::sleep(POSTGRES_RETRY_WAIT).await;
        }
        inner.tail().storing.clear();
        inner.stable.send_replace(reached);
    }
}

/// Stores what is being stored.
async fn store(inner: &Inner, link: &mut Option<Link>) -> Result<()> {
    let target = &inner.shared.target;
    if link.as_ref().is_none_or(Link::is_lost) {
        *link = Some(Link::open(target, false).await?);
    }
    let Some(link) = link else { return Err(Error::Unavailable) };
    let mut frames: Vec<(BlobId, Bytes)> =
        inner.tail().storing.iter().map(|waiting| (waiting.id, waiting.bytes.clone())).collect();
    // In one order in every process, so that two never wait for each other in a circle; each row once.
    frames.sort_unstable_by_key(|(id, _)| id.0);
    frames.dedup_by_key(|(id, _)| id.0);
    let ids: Vec<&[u8]> = frames.iter().map(|(id, _)| id.0.as_slice()).collect();
    let bytes: Vec<&[u8]> = frames.iter().map(|(_, bytes)| bytes.as_ref()).collect();
    let text = || {
        format!(
            "INSERT INTO {}.blob_bytes (id, bytes, at) SELECT x.i, x.b, now() \
             FROM unnest($1::bytea[], $2::bytea[]) AS x(i, b) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
            target.schema
        )
    };
    let sent = async {
        let prepared = link.prepared(READ + 1, text).await?;
        link.client.execute(&prepared, &[&ids, &bytes]).await
    };
    match timeout(POSTGRES_STATEMENT_TIME_MAX, sent).await {
        Ok(stored) => stored.map(drop).map_err(|error: tokio_postgres::Error| Trouble::of(&error).outcome()),
        Err(_) => Err(Error::Unavailable),
    }
}

#[async_trait]
impl BlobStore for PostgresBlobs {
    fn blob_bytes_max(&self) -> usize {
        BLOB_BYTES_MAX
    }

    async fn append(&self, bytes: Bytes) -> Result<Frame> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(Error::TooLarge(BLOB_BYTES_MAX as u64));
        }
        let id = BlobId(*blake3::hash(&bytes).as_bytes());
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let room = timeout(POSTGRES_WRITE_WAIT_MAX, self.0.room.clone().acquire_many_owned(size)).await;
        let Ok(Ok(room)) = room else { return Err(Error::Unavailable) };
        let mut tail = self.0.tail();
        if tail.closed {
            return Err(Error::Unavailable);
        }
        tail.sequence += 1;
        let sequence = tail.sequence;
        tail.waiting.push_back(Waiting { id, bytes, _room: room });
        drop(tail);
        self.0.wake.notify_one();
        Ok(Frame { id, place: Place(Bytes::copy_from_slice(&id.0)), sequence })
    }

    async fn sync(&self, sequence: u64) -> Result<()> {
        // What was never appended cannot be waited for.
        let sequence = sequence.min(self.0.tail().sequence);
        let mut stable = self.0.stable.subscribe();
        let reached = stable.wait_for(|stable| *stable >= sequence);
        match timeout(POSTGRES_WRITE_WAIT_MAX, reached).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Error::Unavailable),
        }
    }

    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes> {
        if place.0.as_ref() != id.0 {
            return Err(Error::Corrupt);
        }
        let waiting = {
            let tail = self.0.tail();
            let mut all = tail.storing.iter().chain(&tail.waiting);
            all.find(|waiting| waiting.id == *id).map(|waiting| waiting.bytes.clone())
        };
        let bytes = match waiting {
            Some(bytes) => bytes,
            None => self.stored(id).await?.ok_or_else(|| {
                tracing::error!(%id, "a blob is not in the database");
                Error::Corrupt
            })?,
        };
        if blake3::hash(&bytes).as_bytes() != &id.0 {
            tracing::error!(%id, "a blob does not match its checksum");
            return Err(Error::Corrupt);
        }
        Ok(bytes)
    }

    async fn poisoned(&self) {
        // The database does what a process with files of its own must: after a failed sync it restarts itself and
        // recovers, and what was not acknowledged is asked for again.
        std::future::pending::<()>().await;
    }

    fn is_single(&self) -> bool {
        true
    }

    async fn unneeded(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<Found>> {
        let schema = &self.0.shared.target.schema;
        let after = after.map_or_else(Vec::new, |after| after.0.to_vec());
        let (after, rest) = (after.as_slice(), self.0.rest.as_secs_f64());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.0.shared.ask(|link: Arc<Link>| async move {
            let text = || {
                format!(
                    "SELECT b.id, octet_length(b.bytes)::int8 FROM {schema}.blob_bytes b \
                     WHERE b.id > $1 AND b.at < now() - make_interval(secs => $2::float8) \
                     AND NOT EXISTS (SELECT 1 FROM {schema}.blob_ref r \
                     WHERE r.key >= b.id AND r.key < b.id || '\\xffffffffffffffffffffffffff'::bytea) \
                     ORDER BY b.id LIMIT $3"
                )
            };
            let prepared = link.prepared(READ + 2, text).await?;
            link.client.query(&prepared, &[&after, &rest, &limit]).await
        });
        rows.await?
            .iter()
            .map(|row| {
                let id: &[u8] = row.try_get(0).map_err(|_| Error::Corrupt)?;
                let bytes: i64 = row.try_get(1).map_err(|_| Error::Corrupt)?;
                let id = BlobId(id.try_into().map_err(|_| Error::Corrupt)?);
                let place = Place(Bytes::copy_from_slice(&id.0));
                Ok(Found { id, place, bytes: u64::try_from(bytes).unwrap_or(0), sequence: 0 })
            })
            .collect()
    }

    async fn discard(&self, blobs: &[BlobId]) -> Result<u64> {
        let schema = &self.0.shared.target.schema;
        let ids: Vec<&[u8]> = blobs.iter().map(|id| id.0.as_slice()).collect();
        let (ids, rest) = (&ids, self.0.rest.as_secs_f64());
        self.0
            .shared
            .ask(|link: Arc<Link>| async move {
                let text = || {
                    format!(
                        "DELETE FROM {schema}.blob_bytes b USING unnest($1::bytea[]) AS x(id) WHERE b.id = x.id \
                         AND b.at < now() - make_interval(secs => $2::float8) \
                         AND NOT EXISTS (SELECT 1 FROM {schema}.blob p WHERE p.key = b.id)"
                    )
                };
                let prepared = link.prepared(READ + 3, text).await?;
                link.client.execute(&prepared, &[ids, &rest]).await
            })
            .await
    }
}
