//! Going on after a write that met a full disk, without a new process: the engine is opened anew as after a
//! crash, which cuts the torn group off, and only then does it take changes again.
//!
//! No view of the old opening may be left then: its files belong to the new one. Readers that come meanwhile
//! wait, and changes are refused at once, for whoever asks for them may hold a view. One that is held for long
//! puts it off, and refusals and reads go on as before.

use super::{Core, Line, refuse};
use crate::{
    Snapshot,
    limits::{REVIVE_DRAIN_MAX, REVIVE_PAUSE, REVIVE_READER_WAIT_MAX},
    raw::{RawEngine, RawView, Shown},
};
use model::{Error, Result};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// How often it looks whether the readers have let go.
const LOOK: Duration = Duration::from_millis(5);

impl<V: RawView> Line<V> {
    /// As [`Line::snapshot`], but waits while the engine is being opened anew.
    pub(super) async fn snapshot_in_time(&self) -> Result<Arc<dyn Snapshot>> {
        let mut reopening = self.reopening.subscribe();
        let patience = tokio::time::sleep(REVIVE_READER_WAIT_MAX);
        tokio::pin!(patience);
        loop {
            if let Some(shown) = self.published.load_full() {
                return Ok(shown);
            }
            if !*reopening.borrow_and_update() {
                // Published and told between the two looks, or closed.
                return self.snapshot();
            }
            tokio::select! {
                changed = reopening.changed() => changed.map_err(|_| Error::Unavailable)?,
                () = &mut patience => return Err(Error::Unavailable),
            }
        }
    }
}

impl<E: RawEngine> Core<E> {
    /// Tries to go on where a full disk has torn a group; not too often. An error is final.
    pub(super) fn revive(&mut self) -> Result<()> {
        if self.torn.is_none_or(|since| since.elapsed() < REVIVE_PAUSE) || self.raw.room(0).is_err() {
            return Ok(());
        }
        self.line.reopening.send_replace(true);
        self.line.published.store(None);
        let outcome = self.reopen();
        if outcome.is_err() {
            self.line.fail();
        }
        self.line.reopening.send_replace(false);
        let revived = outcome?;
        self.torn = (!revived).then(Instant::now);
        self.line.full.store(!revived, Ordering::Relaxed);
        Ok(())
    }

    /// With nothing published: waits for the readers and opens anew. False leaves all as it was.
    fn reopen(&mut self) -> Result<bool> {
        let Some(last) = self.view.take().and_then(|view| self.alone(view)) else { return Ok(false) };
        drop(last);
        let mut tries = 0;
        loop {
            match self.raw.reopen() {
                Ok(()) => break,
                // There was room a moment ago, and nobody can go back to the old view.
                Err(Error::DiskFull) if tries < TRIES_MAX => {
                    tries += 1;
                    self.refuse_waiting();
                    std::thread::sleep(REVIVE_PAUSE);
                }
                Err(error) => {
                    tracing::error!(%error, "the engine could not be opened anew");
                    return Err(error);
                }
            }
        }
        self.publish();
        tracing::warn!("the engine was opened anew: changes are taken");
        Ok(true)
    }

    fn refuse_waiting(&self) {
        let waiting = self.line.take_waiting();
        refuse(waiting.into_iter().map(|request| request.reply), Error::DiskFull);
    }

    /// The view when nobody else holds one; otherwise it is published again.
    fn alone(&mut self, view: Arc<E::View>) -> Option<E::View> {
        let mut view = view;
        let deadline = Instant::now() + REVIVE_DRAIN_MAX;
        while Instant::now() < deadline {
            if self.raw.view_count() <= 1 {
                match Arc::try_unwrap(view) {
                    Ok(view) => return Some(view),
                    Err(held) => view = held,
                }
            }
            self.refuse_waiting();
            std::thread::sleep(LOOK);
        }
        tracing::warn!("readers hold the old state: the engine is opened anew later");
        self.line.published.store(Some(Arc::new(Shown(Arc::clone(&view)))));
        self.view = Some(view);
        None
    }
}

/// How often opening is tried while the disk is full again, before the process gives up.
const TRIES_MAX: u32 = 600;
