//! How much room a file system still has: asked before anything is written, so that a full disk is a refusal
//! and not a torn write. The system's word may be old or wrong (a quota, another writer), so writes may still
//! meet a full disk; what is here only makes that rare.

use crate::limits::{RESERVE_BYTES_MAX, RESERVE_BYTES_MIN, RESERVE_PART, REWRITE_BYTES_MAX, SPACE_LOOK};
use model::{Error, Result};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// What the system told, and what has been given away since.
#[derive(Debug)]
struct Look {
    at: Instant,
    free: u64,
    total: u64,
}

/// The room where a directory lies.
#[derive(Debug)]
pub(crate) struct Space {
    directory: PathBuf,
    what: &'static str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    look: Option<Look>,
    short: bool,
}

impl Space {
    /// Of the file system that holds `directory`; `what` is for the log.
    pub(crate) fn of(directory: &Path, what: &'static str) -> Self {
        Self { directory: directory.to_path_buf(), what, state: Mutex::default() }
    }

    /// Takes `bytes`, leaving `reserves` times the file system's reserve and `besides`.
    ///
    /// # Errors
    /// `DiskFull` when that much is not free. A system that does not tell is believed to have room.
    pub(crate) fn take(&self, bytes: u64, reserves: u64, besides: u64) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_short = state.short;
        let old = state.look.as_ref().is_none_or(|look| look.at.elapsed() > SPACE_LOOK);
        if old || state.short {
            state.look = self.look();
        }
        let Some(look) = &mut state.look else { return Ok(()) };
        let kept = reserve(look.total).saturating_mul(reserves).saturating_add(besides);
        let short = look.free < kept.saturating_add(bytes);
        let (free, changed) = (look.free, short != was_short);
        if !short {
            look.free = look.free.saturating_sub(bytes);
        }
        state.short = short;
        drop(state);
        if changed && short {
            let path = self.directory.display();
            tracing::error!(what = self.what, %path, free, kept, "the disk is full: changes are refused, reading goes on");
        } else if changed {
            tracing::warn!(what = self.what, free, "there is room again: changes are taken");
        }
        if short { Err(Error::DiskFull) } else { Ok(()) }
    }

    /// Whether there is room for so many bytes besides all that changes and bodies keep free, so that these are taken
    /// meanwhile; takes nothing. A system that does not tell is believed to have it.
    pub(crate) fn has(&self, bytes: u64) -> bool {
        let kept = |total: u64| reserve(total).saturating_mul(2).saturating_add(REWRITE_BYTES_MAX);
        self.look().is_none_or(|look| look.free >= kept(look.total).saturating_add(bytes))
    }

    /// Whether the last that asked was refused.
    pub(crate) fn is_short(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).short
    }

    /// A write met a full disk although there seemed to be room: the next [`Space::take`] looks again.
    pub(crate) fn forget(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).look = None;
    }

    fn look(&self) -> Option<Look> {
        match rustix::fs::statvfs(&self.directory) {
            Ok(told) => Some(Look {
                at: Instant::now(),
                free: told.f_bavail.saturating_mul(told.f_frsize),
                total: told.f_blocks.saturating_mul(told.f_frsize),
            }),
            Err(cause) => {
                tracing::warn!(path = %self.directory.display(), %cause, "the file system does not tell its room");
                None
            }
        }
    }
}

/// What is left alone on a file system of so many bytes.
fn reserve(total: u64) -> u64 {
    (total / RESERVE_PART).clamp(RESERVE_BYTES_MIN, RESERVE_BYTES_MAX)
}

/// Whether a write failed because there was no room for it.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What a failed call on a file comes to; the cause goes to the log.
pub(crate) fn outcome(path: &Path, error: &io::Error) -> Error {
    tracing::error!(path = %path.display(), %error, "storage");
    if is_full(error) { Error::DiskFull } else { Error::Unavailable }
}

#[cfg(test)]
mod tests;
