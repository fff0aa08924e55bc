//! Directories: made so that a power cut does not take them away, and used by one process at a time.

use model::{Error, Result};
use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

/// Makes the directory with those above it, each of them stable in the one it lies in.
///
/// # Errors
/// `Unavailable` when it cannot be made; the cause is in the log.
pub(crate) fn make(directory: &Path) -> Result<()> {
    let made = make_stable(directory);
    made.map_err(|error| {
        tracing::error!(path = %directory.display(), %error, "cannot make the directory");
        Error::Unavailable
    })
}

fn make_stable(directory: &Path) -> io::Result<()> {
    // A relative path ends in the empty one, which stands for where the process is.
    let missing: Vec<_> =
        directory.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    std::fs::create_dir_all(directory)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(|parent| {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        sync(parent)
    })
}

/// Makes the names in a directory stable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

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
