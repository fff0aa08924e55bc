//! One process at a time in a directory.

use model::{Error, Result};
use std::{
    fs::{File, TryLockError},
    path::Path,
};

/// Held as long as the directory is in use; the system takes it back when the process dies.
#[derive(Debug)]
pub(crate) struct DirectoryLock(#[allow(dead_code, reason = "held, never read")] File);

impl DirectoryLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// `Conflict` when another process holds it, `Unavailable` when it cannot be made.
    pub(crate) fn take(directory: &Path) -> Result<Self> {
        let path = directory.join("lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|error| {
            tracing::error!(path = %path.display(), %error, "cannot make the lock");
            Error::Unavailable
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                tracing::error!(path = %path.display(), "another process has this directory open");
                Err(Error::Conflict)
            }
            Err(TryLockError::Error(error)) => {
                tracing::error!(path = %path.display(), %error, "cannot lock");
                Err(Error::Unavailable)
            }
        }
    }
}
