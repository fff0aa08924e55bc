//! The one way into the database: whatever batches wait are judged together and committed by one statement, one
//! round trip.
//!
//! A group has a number, its process's `sequence`. The statement moves it on in the very transaction that carries
//! the changes, so that after a lost connection the number tells what became of the group. Before it is asked, the
//! process moves its `fence`, in the same row: a statement that is still on its way then finds another fence, or
//! collides with the new one, and changes nothing. *Invariant:* a group is tried again only behind such a fence,
//! and so never happens twice.

use super::{
    link::{Link, Trouble},
    options::Target,
    plan::{Plan, Verdict},
    statement::Statement,
};
use crate::{
    Batch, Durable, ProcessId,
    limits::{
        POSTGRES_OUTCOME_WAIT_MAX, POSTGRES_RETRY_WAIT, POSTGRES_STATEMENT_TIME_MAX, POSTGRES_WRITE_WAIT_MAX,
    },
    queue::{self, Queue, Request, measure},
};
use model::{Error, Result};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};

/// What callers and the committing task share.
pub(super) struct Line {
    queue: Mutex<Queue>,
    wake: Notify,
    /// The database answered the last time it was asked.
    away: AtomicBool,
    pub(super) ended: watch::Sender<bool>,
}

impl Line {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::default(),
            wake: Notify::new(),
            away: AtomicBool::new(false),
            ended: watch::Sender::new(false),
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the batch its place in the order.
    pub(super) fn enter(&self, batch: Batch) -> Result<queue::Answer> {
        let bytes = measure(&batch)?;
        let answer = self.queue().enter(batch, bytes)?;
        self.wake.notify_one();
        Ok(answer)
    }

    /// Refuses everything from now on; what waits is still committed.
    pub(super) fn shut(&self) {
        self.queue().close();
        self.wake.notify_one();
    }

    pub(super) fn is_shut(&self) -> bool {
        self.queue().is_closed()
    }

    /// Waits for one group's worth; `None` when the line is shut and empty.
    async fn take(&self) -> Option<VecDeque<Request>> {
        loop {
            {
                let mut queue = self.queue();
                let group = queue.cut();
                if !group.is_empty() {
                    return Some(group);
                }
                if queue.is_closed() {
                    return None;
                }
            }
            self.wake.notified().await;
        }
    }
}

/// What the database said to a statement.
enum Answer {
    Committed,
    /// Nothing happened: these batches' expectations do not hold.
    Failed(Vec<i32>),
}

/// The committing task.
pub(super) struct Committer {
    target: Target,
    process: ProcessId,
    line: Arc<Line>,
    link: Option<Link>,
    /// The number of the last group that is known to have been committed.
    sequence: i64,
    fence: i64,
    /// A statement may be on its way: nothing is sent before the fence has been moved.
    is_unknown: bool,
    group: u64,
}

impl Committer {
    pub(super) fn new(target: Target, process: ProcessId, line: Arc<Line>, link: Link) -> Self {
        Self { target, process, line, link: Some(link), sequence: 0, fence: 0, is_unknown: true, group: 0 }
    }

    /// Works until the line is shut and empty.
    pub(super) async fn live(mut self) {
        let line = self.line.clone();
        let _last_words = LastWords(line.clone());
        while let Some(group) = line.take().await {
            self.run(group).await;
        }
        self.leave().await;
    }

    /// Commits what was taken from the line, in as many statements as it needs: one, nearly always.
    async fn run(&mut self, mut group: VecDeque<Request>) {
        while !group.is_empty() {
            let mut plan = Plan::default();
            let verdicts: Vec<_> = (0..)
                .zip(&group)
                .map_while(|(number, request)| match plan.admit(number, &request.batch) {
                    Verdict::Later => None,
                    verdict => Some(verdict == Verdict::Admitted),
                })
                .collect();
            let since = group.front().map_or_else(Instant::now, |request| request.entered);
            let empty = plan.overlay.is_empty() && plan.asked.is_empty();
            let answer = if empty { Ok(Answer::Committed) } else { self.commit(&plan, since).await };
            let failed = match &answer {
                Ok(Answer::Failed(failed)) => failed.clone(),
                _ => Vec::new(),
            };
            drop(plan);
            self.group += 1;
            // What was judged stays when others made the group fail; those go, and the rest is tried again.
            let mut again = VecDeque::new();
            for (number, admitted) in (0..).zip(verdicts) {
                let Some(request) = group.pop_front() else { break };
                let reply = match &answer {
                    Err(error) => Err(*error),
                    Ok(Answer::Failed(_)) if failed.contains(&number) => Err(Error::PreconditionFailed),
                    Ok(Answer::Failed(_)) => {
                        again.push_back(request);
                        continue;
                    }
                    Ok(Answer::Committed) if admitted => Ok(Durable::new(self.group)),
                    Ok(Answer::Committed) => Err(Error::PreconditionFailed),
                };
                let _ = request.reply.send(reply);
            }
            again.append(&mut group);
            group = again;
        }
    }

    /// Commits a plan, however often the connection goes away meanwhile.
    async fn commit(&mut self, plan: &Plan<'_>, since: Instant) -> Result<Answer> {
        let statement = Statement::of(plan);
        let mut mine_is_on_its_way = false;
        let mut collisions = 0_u32;
        let mut tries = 0_u32;
        loop {
            let bound = if mine_is_on_its_way { POSTGRES_OUTCOME_WAIT_MAX } else { POSTGRES_WRITE_WAIT_MAX };
            if tries > 0 && since.elapsed() > bound {
                // What may still be on its way is fenced off before the next group.
                return Err(Error::Unavailable);
            }
            tries += 1;
            if self.ready().await.is_err() {
                if since.elapsed() > bound || self.line.is_shut() {
                    return Err(Error::Unavailable);
                }
                tokio::time::sleep(POSTGRES_RETRY_WAIT).await;
                continue;
            }
            if self.is_unknown {
                match self.settle().await {
                    Ok(before) if mine_is_on_its_way && self.sequence > before => {
                        tracing::info!("a group whose answer was lost had been committed");
                        return Ok(Answer::Committed);
                    }
                    Ok(_) => mine_is_on_its_way = false,
                    Err(()) => continue,
                }
            }
            match self.send(&statement).await {
                Ok(Some(answer)) => return Ok(answer),
                // Somebody has fenced us off: learn the new fence.
                Ok(None) => self.is_unknown = true,
                Err(Trouble::Collided) => {
                    collisions += 1;
                    if since.elapsed() > POSTGRES_WRITE_WAIT_MAX {
                        return Err(Error::Unavailable);
                    }
                    tokio::time::sleep(pause(collisions)).await;
                }
                Err(Trouble::Lost) => {
                    mine_is_on_its_way = true;
                    self.is_unknown = true;
                    self.link = None;
                }
                Err(Trouble::Standby) => {
                    self.is_unknown = true;
                    self.link = None;
                    tokio::time::sleep(POSTGRES_RETRY_WAIT).await;
                }
                Err(trouble) => return Err(trouble.outcome()),
            }
        }
    }

    /// Has a connection, making one when there is none.
    async fn ready(&mut self) -> std::result::Result<(), ()> {
        if self.link.as_ref().is_some_and(|link| !link.is_lost()) {
            return Ok(());
        }
        self.link = Link::open(&self.target, true).await.ok();
        let here = self.link.is_some();
        if self.line.away.swap(!here, Ordering::Relaxed) == here {
            if here {
                tracing::info!("the database is back");
            } else {
                tracing::error!("the database is away: writes wait, then are refused");
            }
        }
        if here { Ok(()) } else { Err(()) }
    }

    /// Moves the fence and learns the sequence: afterwards nothing that was sent before can happen any more.
    /// Returns the sequence as it was known before.
    async fn settle(&mut self) -> std::result::Result<i64, ()> {
        let Some(link) = &self.link else { return Err(()) };
        let schema = &self.target.schema;
        let text = format!(
            "INSERT INTO {schema}.committed AS c (process, sequence, fence, at) VALUES ($1, 0, 1, now()) \
             ON CONFLICT (process) DO UPDATE SET fence = c.fence + 1, at = now() RETURNING sequence, fence"
        );
        let process = self.process.0.as_slice();
        let asked = timeout(POSTGRES_STATEMENT_TIME_MAX, link.client.query_one(&text, &[&process])).await;
        let row = match asked {
            Ok(Ok(row)) => row,
            Ok(Err(error)) if Trouble::of(&error) == Trouble::Collided => {
                // The earlier statement has just ended one way or the other.
                tokio::time::sleep(pause(1)).await;
                return Err(());
            }
            _ => {
                self.link = None;
                tokio::time::sleep(POSTGRES_RETRY_WAIT).await;
                return Err(());
            }
        };
        let (Ok(sequence), Ok(fence)) = (row.try_get(0), row.try_get(1)) else {
            self.link = None;
            return Err(());
        };
        let before = std::mem::replace(&mut self.sequence, sequence);
        self.fence = fence;
        self.is_unknown = false;
        Ok(before)
    }

    /// One round trip. `None` when the statement found another fence than ours.
    async fn send(&mut self, statement: &Statement<'_>) -> std::result::Result<Option<Answer>, Trouble> {
        let Some(link) = &self.link else { return Err(Trouble::Lost) };
        let process = self.process.0.as_slice();
        let sent = async {
            let prepared = link.prepared(statement.key(), || statement.text(&self.target.schema)).await?;
            let mut parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                vec![&process, &self.sequence, &self.fence];
            parameters.extend(statement.parameters());
            let row = link.client.query_one(&prepared, &parameters).await?;
            Ok((row.try_get::<_, bool>(0)?, row.try_get::<_, Vec<i32>>(1)?))
        };
        let (ok, failed) = match timeout(POSTGRES_STATEMENT_TIME_MAX, sent).await {
            Ok(answered) => answered.map_err(|error: tokio_postgres::Error| Trouble::of(&error))?,
            Err(_) => {
                tracing::warn!("the database took too long");
                return Err(Trouble::Lost);
            }
        };
        if ok {
            self.sequence += 1;
            return Ok(Some(Answer::Committed));
        }
        Ok((!failed.is_empty()).then_some(Answer::Failed(failed)))
    }

    /// Leaves nothing behind.
    async fn leave(&mut self) {
        let Some(link) = &self.link else { return };
        let schema = &self.target.schema;
        let process = self.process.0.as_slice();
        // Where a statement may still be on its way, the row that tells what became of it stays.
        let tables: &[&str] = if self.is_unknown { &["process"] } else { &["process", "committed"] };
        for table in tables {
            let text = format!("DELETE FROM {schema}.{table} WHERE process = $1");
            let _ = timeout(POSTGRES_STATEMENT_TIME_MAX, link.client.execute(&text, &[&process])).await;
        }
    }
}

/// Before another try, longer and more random with every one.
fn pause(tries: u32) -> Duration {
    let mut dice = [0; 2];
    let _ = getrandom::fill(&mut dice);
    let most = 500_u64 << tries.min(6);
    Duration::from_micros(u64::from(u16::from_be_bytes(dice)) * most / u64::from(u16::MAX))
}

/// Runs when the task ends, however it ends: nobody is left waiting.
struct LastWords(Arc<Line>);

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.queue().end();
        self.0.ended.send_replace(true);
    }
}
