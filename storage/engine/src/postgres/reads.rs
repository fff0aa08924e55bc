//! Reading. A look at one thing goes over a connection that many share; a snapshot holds one of its own from its
//! first read until it is dropped, in a transaction that sees one state.
//!
//! A snapshot that is never read costs nothing. One that is held for too long without a read is ended, for it
//! keeps a connection from others and the database from cleaning up; its next read is refused.

use super::{
    link::{Link, Trouble},
    options::Target,
    schema,
};
use crate::{
    Range, Snapshot, Table,
    limits::{
        KEY_BYTES_MAX, POSTGRES_READ_WAIT_MAX, POSTGRES_RETRY_WAIT, POSTGRES_SNAPSHOT_AGE_MAX,
        POSTGRES_SNAPSHOT_IDLE_MAX, POSTGRES_SNAPSHOT_IDLE_WANTED_MAX, POSTGRES_STATEMENT_TIME_MAX,
    },
    postgres::plan::is_void,
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{Error, Result};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use tokio_postgres::{Row, types::ToSql};

type Rows = Vec<(Bytes, Bytes)>;

/// A question, before it is SQL.
#[derive(Clone, Copy)]
pub(super) enum Query<'a> {
    Get(Table, &'a [u8]),
    Many(Table, &'a [Vec<u8>]),
    Scan { table: Table, range: &'a Range, limit: usize, reverse: bool },
}

/// Greater than every key.
const NO_END: &[u8] = &[0xff; KEY_BYTES_MAX + 1];

impl Query<'_> {
    fn key(self) -> u128 {
        match self {
            Self::Get(table, _) => table as u128,
            Self::Many(table, _) => 1 << 8 | table as u128,
            Self::Scan { table, reverse: false, .. } => 2 << 8 | table as u128,
            Self::Scan { table, reverse: true, .. } => 3 << 8 | table as u128,
        }
    }

    fn text(self, schema: &str) -> String {
        match self {
            Self::Get(table, _) => {
                format!("SELECT key, value FROM {schema}.{} WHERE key = $1", schema::name(table))
            }
            Self::Many(table, _) => format!(
                "SELECT t.key, t.value FROM unnest($1::bytea[]) AS x(k) JOIN {schema}.{} t ON t.key = x.k",
                schema::name(table)
            ),
            Self::Scan { table, reverse, .. } => format!(
                "SELECT key, value FROM {schema}.{} WHERE key >= $1 AND key < $2 ORDER BY key {} LIMIT $3",
                schema::name(table),
                if reverse { "DESC" } else { "ASC" }
            ),
        }
    }

    async fn ask(self, link: &Link, schema: &str) -> std::result::Result<Vec<Row>, tokio_postgres::Error> {
        let prepared = link.prepared(self.key(), || self.text(schema)).await?;
        match self {
            Self::Get(_, key) => link.client.query(&prepared, &[&key]).await,
            Self::Many(_, keys) => {
                let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
                link.client.query(&prepared, &[&keys]).await
            }
            Self::Scan { range, limit, .. } => {
                let end = if range.end.is_empty() { NO_END } else { range.end.as_slice() };
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let parameters: [&(dyn ToSql + Sync); 3] = [&range.start.as_slice(), &end, &limit];
                link.client.query(&prepared, &parameters).await
            }
        }
    }
}

/// A question's answer, or what kept it from coming.
async fn bounded<T>(
    asked: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> std::result::Result<T, Trouble> {
    match timeout(POSTGRES_STATEMENT_TIME_MAX, asked).await {
        Ok(answered) => answered.map_err(|error| Trouble::of(&error)),
        Err(_) => {
            tracing::warn!("the database took too long");
            Err(Trouble::Lost)
        }
    }
}

/// Connections that many share: questions on them do not wait for each other's answers.
pub(super) struct Shared {
    pub(super) target: Target,
    slots: Vec<tokio::sync::Mutex<Option<Arc<Link>>>>,
    next: AtomicUsize,
}

/// How many connections are shared.
const SHARED_COUNT: usize = 4;

impl Shared {
    pub(super) fn new(target: Target) -> Self {
        let slots = (0..SHARED_COUNT).map(|_| tokio::sync::Mutex::default()).collect();
        Self { target, slots, next: AtomicUsize::new(0) }
    }

    async fn link(&self) -> Result<Arc<Link>> {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % SHARED_COUNT;
        let slot = self.slots.get(index).ok_or(Error::Unavailable)?;
        let mut slot = slot.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.is_lost()) {
            return Ok(link.clone());
        }
        let link = Arc::new(Link::open(&self.target, false).await?);
        *slot = Some(link.clone());
        Ok(link)
    }

    /// Asks until there is an answer, within the bound. For questions that may be asked twice.
    pub(super) async fn ask<T, F>(&self, question: impl Fn(Arc<Link>) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    {
        let since = Instant::now();
        loop {
            let answered = match self.link().await {
                Ok(link) => bounded(question(link)).await,
                Err(_) => Err(Trouble::Lost),
            };
            match answered {
                Ok(answer) => return Ok(answer),
                Err(trouble @ (Trouble::Refused | Trouble::Full | Trouble::Damaged)) => {
                    return Err(trouble.outcome());
                }
                Err(_) if since.elapsed() > POSTGRES_READ_WAIT_MAX => return Err(Error::Unavailable),
                Err(_) => tokio::time::sleep(POSTGRES_RETRY_WAIT).await,
            }
        }
    }
}

/// Connections that snapshots hold, each one its own.
pub(super) struct Pool {
    target: Target,
    idle: Mutex<Vec<Link>>,
    permits: Arc<Semaphore>,
    wanted: AtomicUsize,
    held: Mutex<Vec<Weak<Fixed>>>,
}

impl Pool {
    pub(super) fn new(target: Target, count_max: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(count_max.max(1)));
        Arc::new(Self {
            target,
            idle: Mutex::default(),
            permits,
            wanted: AtomicUsize::new(0),
            held: Mutex::default(),
        })
    }

    /// A snapshot of the state at its first read.
    pub(super) fn snapshot(self: &Arc<Self>) -> Arc<dyn Snapshot> {
        Arc::new_cyclic(|own| Fixed {
            pool: self.clone(),
            own: own.clone(),
            state: tokio::sync::Mutex::new(State::Unread),
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        let permit = timeout(POSTGRES_READ_WAIT_MAX, self.permits.clone().acquire_owned()).await;
        self.wanted.fetch_sub(1, Ordering::Relaxed);
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                tracing::warn!("no connection came free for a reader");
                Err(Error::Unavailable)
            }
        }
    }

    async fn link(&self) -> Result<Link> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(link) if link.is_lost() => {}
                Some(link) => return Ok(link),
                None => return Link::open(&self.target, false).await,
            }
        }
    }

    fn put_back(&self, link: Link) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(link);
    }

    /// Ends snapshots that were forgotten. Called now and then.
    pub(super) fn sweep(&self) {
        let wanted = self.wanted.load(Ordering::Relaxed) > 0;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|one| one.strong_count() > 0);
        for one in held.iter().filter_map(Weak::upgrade) {
            // Whoever reads just now is not idle.
            let Ok(mut state) = one.state.try_lock() else { continue };
            let State::Open(open) = &*state else { continue };
            if is_over(open.used.elapsed(), open.born.elapsed(), wanted) {
                *state = State::Over;
            }
        }
    }

    pub(super) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whether a snapshot is ended that was used and begun so long ago; `wanted` says that others wait for connections.
fn is_over(idle: Duration, age: Duration, wanted: bool) -> bool {
    let idle_max = if wanted { POSTGRES_SNAPSHOT_IDLE_WANTED_MAX } else { POSTGRES_SNAPSHOT_IDLE_MAX };
    idle > idle_max || age > POSTGRES_SNAPSHOT_AGE_MAX
}

/// How often [`Pool::sweep`] is due.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// A transaction that reads.
struct Open {
    pool: Arc<Pool>,
    link: Option<Link>,
    permit: Option<OwnedSemaphorePermit>,
    born: Instant,
    used: Instant,
}

impl Drop for Open {
    fn drop(&mut self) {
        let (Some(link), Some(permit)) = (self.link.take(), self.permit.take()) else { return };
        let pool = self.pool.clone();
        // Outside of a runtime the connection is simply closed.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if bounded(link.client.batch_execute("ROLLBACK")).await.is_ok() {
                pool.put_back(link);
            }
            drop(permit);
        });
    }
}

enum State {
    Unread,
    Open(Box<Open>),
    Over,
}

/// A snapshot.
struct Fixed {
    pool: Arc<Pool>,
    own: Weak<Self>,
    state: tokio::sync::Mutex<State>,
}

impl Fixed {
    async fn ask(&self, query: Query<'_>) -> Result<Vec<Row>> {
        let mut state = self.state.lock().await;
        match &mut *state {
            State::Over => {
                tracing::debug!("a snapshot was held for too long");
                Err(Error::Unavailable)
            }
            State::Open(open) => {
                let Some(link) = &open.link else { return Err(Error::Unavailable) };
                let answered = bounded(query.ask(link, &self.pool.target.schema)).await;
                open.used = Instant::now();
                answered.map_err(|trouble| {
                    // One state is promised: another transaction would show another one.
                    *state = State::Over;
                    trouble.outcome()
                })
            }
            State::Unread => {
                let (open, rows) = self.open(query).await?;
                *state = State::Open(Box::new(open));
                drop(state);
                let mut held = self.pool.held.lock().unwrap_or_else(PoisonError::into_inner);
                held.push(self.own.clone());
                Ok(rows)
            }
        }
    }

    /// Begins the transaction and asks the first question in the same round trip.
    async fn open(&self, query: Query<'_>) -> Result<(Open, Vec<Row>)> {
        let since = Instant::now();
        loop {
            let permit = self.pool.permit().await?;
            let answered = match self.pool.link().await {
                Ok(link) => self.begin(&link, query).await.map(|rows| (link, rows)),
                Err(error @ Error::Invalid(_)) => return Err(error),
                Err(_) => Err(Trouble::Lost),
            };
            match answered {
                Ok((link, rows)) => {
                    let now = Instant::now();
                    let (link, permit) = (Some(link), Some(permit));
                    return Ok((Open { pool: self.pool.clone(), link, permit, born: now, used: now }, rows));
                }
                Err(trouble @ (Trouble::Refused | Trouble::Full | Trouble::Damaged)) => {
                    return Err(trouble.outcome());
                }
                Err(_) if since.elapsed() > POSTGRES_READ_WAIT_MAX => return Err(Error::Unavailable),
                Err(_) => tokio::time::sleep(POSTGRES_RETRY_WAIT).await,
            }
        }
    }

    async fn begin(&self, link: &Link, query: Query<'_>) -> std::result::Result<Vec<Row>, Trouble> {
        let schema = &self.pool.target.schema;
        let asked = async {
            // Prepared outside, so that the two that follow need not wait for it.
            link.prepared(query.key(), || query.text(schema)).await?;
            let begun = link.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            let (begun, rows) = tokio::join!(biased; begun, query.ask(link, schema));
            begun?;
            rows
        };
        bounded(asked).await
    }
}

/// The pairs of an answer.
fn pairs(rows: Vec<Row>) -> Result<Rows> {
    let column = |row: &Row, index| {
        let octets: &[u8] = row.try_get(index).map_err(|_| Error::Corrupt)?;
        Ok(Bytes::copy_from_slice(octets))
    };
    rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
}

fn in_order(rows: Rows, keys: &[Vec<u8>]) -> Vec<Option<Bytes>> {
    let found: HashMap<Bytes, Bytes> = rows.into_iter().collect();
    keys.iter().map(|key| found.get(key.as_slice()).cloned()).collect()
}

fn without_repeats(keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut once = keys.to_vec();
    once.sort_unstable();
    once.dedup();
    once
}

/// What both kinds of views can do once they can ask.
macro_rules! reads {
    ($view:ty) => {
        #[async_trait]
        impl Snapshot for $view {
            async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
                let rows = pairs(self.ask(Query::Get(table, key)).await?)?;
                Ok(rows.into_iter().next().map(|(_, value)| value))
            }

            async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
                if keys.is_empty() {
                    return Ok(Vec::new());
                }
                let once = without_repeats(keys);
                Ok(in_order(pairs(self.ask(Query::Many(table, &once)).await?)?, keys))
            }

            async fn scan(&self, table: Table, range: &Range, limit: usize, reverse: bool) -> Result<Rows> {
                if is_void(range) || limit == 0 {
                    return Ok(Rows::new());
                }
                pairs(self.ask(Query::Scan { table, range, limit, reverse }).await?)
            }
        }
    };
}

reads!(Fixed);
reads!(Newest);

/// Every read sees the newest state.
pub(super) struct Newest(pub(super) Arc<Shared>);

impl Newest {
    async fn ask(&self, query: Query<'_>) -> Result<Vec<Row>> {
        self.0.ask(|link| async move { query.ask(&link, &self.0.target.schema).await }).await
    }
}

#[cfg(test)]
mod tests;
