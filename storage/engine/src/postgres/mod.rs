//! The shared engine: PostgreSQL, for installations of several processes.
//!
//! One statement and one round trip per group of commits, at SERIALIZABLE, so that what a batch expects holds when
//! it happens, whoever else writes. Nothing but plain SQL is used. What the database must do itself (sync before
//! it answers) is asked at every connection, and a server that does not is refused.
//!
//! *Invariant:* no correctness rests on a clock or on the list of processes: they only save collisions.

mod blobs;
mod committer;
mod link;
mod options;
mod plan;
mod reads;
mod schema;
mod statement;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tls;

pub use options::PostgresOptions;

use crate::{
    Batch, BlobStore, BoxFuture, Company, Durable, Engine, ProcessId, Snapshot,
    limits::{POSTGRES_BEAT, POSTGRES_BEAT_MISSED_MAX, POSTGRES_STATEMENT_TIME_MAX},
};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use blobs::PostgresBlobs;
use committer::{Committer, Line};
use link::{Link, Trouble};
use model::{Error, Result};
use reads::{Newest, Pool, SWEEP_INTERVAL, Shared};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{task::JoinHandle, time::timeout};

/// Opens or makes the tables, and gives the engine and the blobs in them. Within a tokio runtime, whose tasks work
/// for it until [`Engine::close`].
///
/// # Errors
/// `Invalid` for options that do not hold together, a database that acknowledges what it has not stored, and a
/// layout that this build does not know; `Unavailable` when it cannot be reached. The cause is in the log.
pub async fn open_postgres(options: &PostgresOptions) -> Result<(Arc<dyn Engine>, Arc<dyn BlobStore>)> {
    let target = options.target()?;
    let link = Link::open(&target, true).await?;
    schema::prepare(&link, &target.schema).await?;
    let mut dice = [0; 8];
    getrandom::fill(&mut dice).map_err(|_| Error::Unavailable)?;
    let own = ProcessId(dice);
    let first = clock(&link).await?;
    forget_the_dead(&link, &target.schema).await?;
    let others = beat(&link, &target.schema, own).await?;
    if !others.is_empty() {
        // They hear of us with their next beat, and from then on take turns.
        tokio::time::sleep(POSTGRES_BEAT * 2).await;
    }
    let line = Line::new();
    let shared = Arc::new(Shared::new(target.clone()));
    let pool = Pool::new(target.clone(), options.reader_count_max);
    let company = Arc::new(ArcSwap::from_pointee(Company { own, others }));
    let blobs: Arc<dyn BlobStore> = Arc::new(PostgresBlobs::new(shared.clone(), first, options.blob_rest));
    tokio::spawn(Committer::new(target, own, line.clone(), link).live());
    let tasks = vec![
        tokio::spawn(keep_beating(shared.clone(), company.clone())),
        tokio::spawn(keep_sweeping(pool.clone())),
    ];
    let engine = Postgres { line, shared, pool, company, tasks: Mutex::new(tasks) };
    Ok((Arc::new(engine), blobs))
}

/// The database's clock in microseconds: frames are numbered from it on, above those of every earlier process.
async fn clock(link: &Link) -> Result<u64> {
    let asked = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8";
    let row = link.client.query_one(asked, &[]).await.map_err(|error| Trouble::of(&error).outcome())?;
    let micros: i64 = row.try_get(0).map_err(|_| Error::Corrupt)?;
    u64::try_from(micros).map_err(|_| Error::Invalid("the clock of the database is before 1970"))
}

/// Rows that killed processes left, long after the last group of theirs can be on its way.
async fn forget_the_dead(link: &Link, schema: &str) -> Result<()> {
    for table in ["committed", "process"] {
        let text = format!("DELETE FROM {schema}.{table} WHERE at < now() - interval '30 days'");
        match link.client.execute(&text, &[]).await {
            Ok(_) => {}
            // Another process that starts just now does the same.
            Err(error) if Trouble::of(&error) == Trouble::Collided => {}
            Err(error) => return Err(Trouble::of(&error).outcome()),
        }
    }
    Ok(())
}

/// Gives a sign of life and looks who else does.
async fn beat(link: &Link, schema: &str, own: ProcessId) -> Result<Vec<ProcessId>> {
    let process = own.0.as_slice();
    let missed = POSTGRES_BEAT_MISSED_MAX.as_secs_f64();
    let beaten = async {
        let text = format!(
            "INSERT INTO {schema}.process (process, at) VALUES ($1, clock_timestamp()) \
             ON CONFLICT (process) DO UPDATE SET at = excluded.at"
        );
        link.client.execute(&text, &[&process]).await?;
        let text = format!(
            "SELECT process FROM {schema}.process WHERE process <> $1 \
             AND at > clock_timestamp() - make_interval(secs => $2::float8)"
        );
        link.client.query(&text, &[&process, &missed]).await
    };
    let rows = timeout(POSTGRES_STATEMENT_TIME_MAX, beaten).await.map_err(|_| Error::Unavailable)?;
    let rows = rows.map_err(|error: tokio_postgres::Error| Trouble::of(&error).outcome())?;
    let named = rows.iter().filter_map(|row| row.try_get::<_, &[u8]>(0).ok()?.try_into().ok());
    let mut others: Vec<_> = named.map(ProcessId).collect();
    others.sort_unstable();
    Ok(others)
}

async fn keep_beating(shared: Arc<Shared>, company: Arc<ArcSwap<Company>>) {
    let own = company.load().own;
    let mut link = None;
    loop {
        tokio::time::sleep(POSTGRES_BEAT).await;
        if link.as_ref().is_none_or(Link::is_lost) {
            link = Link::open(&shared.target, false).await.ok();
        }
        let Some(open) = &link else { continue };
        match beat(open, &shared.target.schema, own).await {
            Ok(others) => company.store(Arc::new(Company { own, others })),
            Err(_) => link = None,
        }
    }
}

async fn keep_sweeping(pool: Arc<Pool>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        pool.sweep();
    }
}

/// The engine on a database.
struct Postgres {
    line: Arc<Line>,
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    company: Arc<ArcSwap<Company>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Postgres {
    fn end_tasks(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }
}

#[async_trait]
impl Engine for Postgres {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        if self.line.is_shut() {
            return Err(Error::Unavailable);
        }
        Ok(self.pool.snapshot())
    }

    async fn newest(&self) -> Result<Arc<dyn Snapshot>> {
        if self.line.is_shut() {
            return Err(Error::Unavailable);
        }
        Ok(Arc::new(Newest(self.shared.clone())))
    }

    fn company(&self) -> Option<Company> {
        Some(Company::clone(&self.company.load()))
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Durable>> {
        let entered = self.line.enter(batch);
        Box::pin(async move { entered?.await.unwrap_or(Err(Error::Unavailable)) })
    }

    async fn poisoned(&self) {
        // After a failed sync the database ends and recovers by itself; what it has answered stays true, and what
        // it has not is asked for again.
        std::future::pending::<()>().await;
    }

    async fn close(&self) {
        self.end_tasks();
        self.line.shut();
        let mut ended = self.line.ended.subscribe();
        // The sender lives in the line, so waiting cannot fail.
        let _ = ended.wait_for(|ended| *ended).await;
        self.pool.close();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end_tasks();
        // What waits is still committed.
        self.line.shut();
    }
}
