//! A watch over the committing thread: an engine may wait inside a commit for work of its own threads that have died,
//! for ever and without a word. (fjall does, while four memtables of a keyspace wait to be written out.) Then nobody
//! would get an answer and the process would not end.
//!
//! A call that is only slow, on a slow disk or behind much merging, is left alone: the engine is asked whether it has
//! given up, and only its own word ends the line.

use super::Line;
use crate::raw::{Probe, RawView};
use model::{Error, Result};
use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The calls into the engine, as the watch sees them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    now: Mutex<Now>,
    closed: Condvar,
    stuck: AtomicBool,
}

#[derive(Debug, Default)]
struct Now {
    /// When the call under way began.
    since: Option<Instant>,
    closed: bool,
}

impl Calls {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        self.now().since = Some(Instant::now());
    }

    pub(super) fn end(&self) {
        self.now().since = None;
    }

    /// There are no calls any more.
    pub(super) fn close(&self) {
        self.now().closed = true;
        self.closed.notify_all();
    }

    /// Whether the committing thread is in a call that it will not come back from.
    pub(super) fn are_stuck(&self) -> bool {
        self.stuck.load(Ordering::Acquire)
    }

    /// Waits until a call has taken `longest`, and says when that one began; nothing when there are no calls any
    /// more.
    fn wait_for_slow(&self, longest: Duration) -> Option<Instant> {
        let mut now = self.now();
        loop {
            if now.closed {
                return None;
            }
            now = self.closed.wait_timeout(now, longest).unwrap_or_else(PoisonError::into_inner).0;
            if let (Some(since), false) = (now.since, now.closed)
                && since.elapsed() >= longest
            {
                return Some(since);
            }
        }
    }

    /// Whether the call that began then is under way still, a while later. What an engine says of itself while a call
    /// ends may be about that call, which has an outcome of its own: a full disk is one to go on from.
    fn outlasts(&self, began: Instant, a_while: Duration) -> bool {
        let waited = self.closed.wait_timeout_while(self.now(), a_while, |now| !now.closed);
        let now = waited.unwrap_or_else(PoisonError::into_inner).0;
        !now.closed && now.since == Some(began)
    }
}

impl<V: RawView> Line<V> {
    /// Looks after calls that take `longest` or more, on a thread of its own.
    ///
    /// # Errors
    /// `Unavailable` when the system gives no thread.
    pub(super) fn watch(line: &Arc<Self>, probe: Probe, longest: Duration) -> Result<()> {
        let line = Arc::clone(line);
        let watching = move || {
            while let Some(began) = line.calls.wait_for_slow(longest) {
                if probe() && line.calls.outlasts(began, longest) {
                    line.give_up();
                    return;
                }
                tracing::warn!("stable storage has not answered for {} s or more", longest.as_secs());
            }
        };
        let thread = std::thread::Builder::new().name("engine-watch".into()).spawn(watching);
        thread.map(drop).map_err(|error| {
            tracing::error!(%error, "no thread for the watch over the engine");
            Error::Unavailable
        })
    }

    /// Ends the line in place of the committing thread, which does not come back.
    fn give_up(&self) {
        tracing::error!("the engine has given up within a commit; no change is acknowledged any more");
        self.calls.stuck.store(true, Ordering::Release);
        self.fail();
        self.ended.send_replace(true);
    }
}
