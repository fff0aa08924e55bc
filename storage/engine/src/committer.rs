//! The one way to stable storage, the same for every engine: whatever batches wait are judged, applied as one,
//! synced once, published to readers, and only then acknowledged.
//!
//! A failure to apply or sync poisons: the waiters are refused, nothing is ever tried again. (A second sync
//! after a failed one may report success for pages the kernel has already dropped.) A full disk is no failure:
//! it is asked for before each group, and where a write meets it all the same the engine stops taking writes,
//! readers go on with the last stable state, and once there is room it is opened anew (`revive.rs`).

use crate::{
    Batch, BoxFuture, Durable, Engine, Snapshot,
    group::{Judge, changes},
    limits::{REVIVE_PAUSE, STALL_LOOK},
    poison::Poison,
    queue::{Answer, Queue, Request, measure},
    raw::{RawEngine, RawView, Shown, blocking},
};
use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use model::{Error, Result};
use stall::Calls;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{oneshot, watch};

/// What callers and the committing side share.
pub(crate) struct Line<V> {
    queue: Mutex<Queue>,
    wake: Condvar,
    published: ArcSwapOption<Shown<V>>,
    /// The engine is being opened anew: nothing is published for a moment.
    reopening: watch::Sender<bool>,
    poison: Poison,
    full: AtomicBool,
    ended: watch::Sender<bool>,
    /// What the engine is doing, for the watch over it.
    calls: Calls,
}

impl<V: RawView> Line<V> {
    pub(crate) fn new(view: V) -> Self {
        Self {
            queue: Mutex::default(),
            wake: Condvar::new(),
            published: ArcSwapOption::from_pointee(Shown(Arc::new(view))),
            reopening: watch::Sender::new(false),
            poison: Poison::new(),
            full: AtomicBool::new(false),
            ended: watch::Sender::new(false),
            calls: Calls::default(),
        }
    }

    pub(crate) fn poison(&self) -> &Poison {
        &self.poison
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the batch its place in the order.
    pub(crate) fn enter(&self, batch: Batch) -> Result<Answer> {
        let bytes = measure(&batch)?;
        if self.poison.is_set() {
            return Err(Error::Unavailable);
        }
        let answer = self.queue().enter(batch, bytes)?;
        self.wake.notify_one();
        Ok(answer)
    }

    pub(crate) fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let shown: Arc<dyn Snapshot> = self.published.load_full().ok_or(Error::Unavailable)?;
        Ok(shown)
    }

    /// Refuses everything from now on; what waits is still committed.
    pub(crate) fn shut(&self) {
        self.queue().close();
        self.wake.notify_all();
    }

    /// Shows nothing any more.
    pub(crate) fn unpublish(&self) {
        self.published.store(None);
    }

    /// Waits for batches, or for so long; none then, and when the line is shut and empty.
    fn take(&self, longest: Option<Duration>) -> VecDeque<Request> {
        let mut queue = self.queue();
        while queue.is_empty() && !queue.is_closed() {
            match longest {
                Some(longest) => {
                    let waited = self.wake.wait_timeout(queue, longest);
                    queue = waited.unwrap_or_else(PoisonError::into_inner).0;
                    break;
                }
                None => queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
        queue.cut()
    }

    /// The batches that wait now.
    fn take_waiting(&self) -> VecDeque<Request> {
        self.queue().cut()
    }

    /// Ends the line after a failure: nobody is left waiting, nobody can enter.
    fn fail(&self) {
        self.poison.set();
        self.queue().end();
    }
}

fn refuse(replies: impl IntoIterator<Item = oneshot::Sender<Result<Durable>>>, error: Error) {
    for reply in replies {
        let _ = reply.send(Err(error));
    }
}

/// The committing side.
pub(crate) struct Core<E: RawEngine> {
    raw: E,
    /// None only while the engine is being opened anew.
    view: Option<Arc<E::View>>,
    line: Arc<Line<E::View>>,
    group: u64,
    /// A full disk has torn what was being written; since when, or since the last try to mend it.
    torn: Option<Instant>,
}

impl<E: RawEngine> Core<E> {
    pub(crate) fn new(raw: E) -> Self {
        let line = Arc::new(Line::new(raw.view()));
        let view = Some(Arc::new(raw.view()));
        Self { raw, view, line, group: 0, torn: None }
    }

    pub(crate) fn line(&self) -> Arc<Line<E::View>> {
        Arc::clone(&self.line)
    }

    /// Commits what waits now, without waiting for more: for engines without a thread of their own.
    pub(crate) fn run_waiting(&mut self) {
        loop {
            let group = self.line.take_waiting();
            if group.is_empty() || self.run(group).is_err() {
                return;
            }
        }
    }

    /// Commits one group; an error is final.
    fn run(&mut self, group: VecDeque<Request>) -> Result<()> {
        if self.torn.is_some() {
            refuse(group.into_iter().map(|request| request.reply), Error::DiskFull);
            return Ok(());
        }
        let bytes = group.iter().map(|request| request.bytes).sum();
        let view = self.view.clone().ok_or(Error::Unavailable)?;
        let mut judge = Judge::new(view.as_ref());
        let verdicts: Vec<_> = group.iter().map(|request| judge.admit(&request.batch)).collect();
        drop(judge);
        // Whoever is answered may count on it that nothing here holds the state before.
        drop(view);

        let mut batches = Vec::with_capacity(group.len());
        let mut passed = Vec::with_capacity(group.len());
        for (request, verdict) in group.into_iter().zip(verdicts) {
            match verdict {
                Ok(effective) => {
                    batches.push(changes(request.batch, &effective));
                    passed.push(request.reply);
                }
                Err(error) => {
                    let _ = request.reply.send(Err(error));
                }
            }
        }
        if passed.is_empty() {
            return Ok(());
        }
        let room = self.raw.room(bytes);
        self.line.full.store(room.is_err(), Ordering::Relaxed);
        if let Err(error) = room {
            refuse(passed, error);
            return Ok(());
        }
        self.line.calls.begin();
        let stable = self.raw.apply(batches).and_then(|()| self.raw.sync());
        self.line.calls.end();
        if stable == Err(Error::DiskFull) {
            tracing::error!(
                "a write met a full disk; changes are refused until there is room, reading goes on"
            );
            self.torn = Some(Instant::now());
            self.line.full.store(true, Ordering::Relaxed);
            refuse(passed, Error::DiskFull);
            return Ok(());
        }
        if let Err(error) = stable {
            tracing::error!(
                group = self.group + 1,
                "stable storage failed; no change is acknowledged any more"
            );
            // The flag first: whoever sees a refusal must find it set.
            self.line.fail();
            refuse(passed, Error::Unavailable);
            return Err(error);
        }
        self.group += 1;
        self.publish();
        for reply in passed {
            let _ = reply.send(Ok(Durable::new(self.group)));
        }
        Ok(())
    }

    /// Shows readers the newest state.
    fn publish(&mut self) {
        let view = Arc::new(self.raw.view());
        self.line.published.store(Some(Arc::new(Shown(Arc::clone(&view)))));
        self.view = Some(view);
    }

    /// The committer thread's life.
    fn live(mut self) {
        let line = self.line();
        let _last_words = LastWords(Arc::clone(&line));
        loop {
            let group = line.take(self.torn.map(|_| REVIVE_PAUSE));
            if group.is_empty() && line.queue().is_closed() {
                break;
            }
            if self.run(group).is_err() || self.revive().is_err() {
                return;
            }
        }
        line.unpublish();
    }
}

/// Runs when the committer thread ends, however it ends.
struct LastWords<V: RawView>(Arc<Line<V>>);

impl<V: RawView> Drop for LastWords<V> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail();
        }
        self.0.calls.close();
        self.0.ended.send_replace(true);
    }
}

/// An [`Engine`] made of a [`RawEngine`] and a thread that commits.
pub(crate) struct Committer<E: RawEngine> {
    line: Arc<Line<E::View>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<E: RawEngine> Committer<E> {
    /// Starts the thread.
    ///
    /// # Errors
    /// `Unavailable` when the system gives no thread.
    pub(crate) fn start(raw: E) -> Result<Self> {
        let probe = raw.probe();
        let core = Core::new(raw);
        let line = core.line();
        if let Some(probe) = probe {
            Line::watch(&line, probe, STALL_LOOK)?;
        }
        let thread = std::thread::Builder::new().name("committer".into());
        let thread = thread.spawn(move || core.live()).map_err(|error| {
            line.calls.close();
            tracing::error!(%error, "no thread for the committer");
            Error::Unavailable
        })?;
        Ok(Self { line, thread: Mutex::new(Some(thread)) })
    }
}

#[async_trait]
impl<E: RawEngine> Engine for Committer<E> {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.line.snapshot_in_time().await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Durable>> {
        let (entered, line) = (self.line.enter(batch), Arc::clone(&self.line));
        Box::pin(async move {
            let answer = entered?;
            tokio::select! {
                // What was acknowledged before the failure stays so.
                biased;
                answer = answer => answer.unwrap_or(Err(Error::Unavailable)),
                // The engine may never come back with the others.
                () = line.poison.wait() => Err(Error::Unavailable),
            }
        })
    }

    async fn poisoned(&self) {
        self.line.poison.wait().await;
    }

    fn is_full(&self) -> bool {
        self.line.full.load(Ordering::Relaxed)
    }

    async fn reclaim(&self) -> Result<()> {
        // A view keeps the engine from being opened anew under the work.
        let view = || self.line.published.load_full().ok_or(Error::Unavailable);
        let shown = view()?;
        if blocking(move || shown.0.reclaim()).await? {
            // A group of nothing brings a view that does not know the old files.
            let _durable = self.commit(Batch { expect: Vec::new(), ops: Vec::new() }).await?;
            let shown = view()?;
            blocking(move || shown.0.let_go()).await?;
        }
        Ok(())
    }

    async fn close(&self) {
        self.line.shut();
        let mut ended = self.line.ended.subscribe();
        // The sender lives in the line, so waiting cannot fail.
        let _ = ended.wait_for(|ended| *ended).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|_| !self.line.calls.are_stuck()) {
            let _ = thread.join();
        }
    }
}

impl<E: RawEngine> Drop for Committer<E> {
    fn drop(&mut self) {
        // Not joined: dropping must not wait for a disk. What waits is still committed.
        self.line.shut();
    }
}

mod revive;
mod stall;
#[cfg(test)]
mod tests;
