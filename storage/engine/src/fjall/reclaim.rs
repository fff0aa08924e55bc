//! Giving room back. To an LSM tree a removal is one more row; what it hides goes when both are merged, and where
//! nothing more is written that may never happen: half of a store could be gone and its files as large as before. So
//! now and then removals are counted, and where they are many the keyspace is rewritten without what they hide.

use super::outcome;
use crate::limits::{RECLAIM_BUFFER_BYTES_MIN, RECLAIM_FLUSH_TIME_MAX, RECLAIM_REMOVED_PART};
use crate::space::Space;
use fjall::{AbstractTree, Keyspace};
use model::Result;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Looks at every keyspace; whether one was written anew. May wait for the disk for as long as that takes.
///
/// # Errors
/// `Unavailable`, `DiskFull`: the keyspace is as it was.
pub(super) fn reclaim(keyspaces: &[Keyspace]) -> Result<bool> {
    // Of the last time, where readers stood in the way then.
    let_go(keyspaces)?;
    let mut rewritten = false;
    for keyspace in keyspaces {
        flush(keyspace)?;
        let (rows, removed) = (keyspace.tree.approximate_len() as u64, keyspace.tree.tombstone_count());
        if removed.saturating_mul(RECLAIM_REMOVED_PART) < rows.max(1) {
            continue;
        }
        let before = keyspace.disk_space();
        // Old and new files are there together for a while, and a full disk would end the process.
        if !Space::of(keyspace.path(), "engine").has(before) {
            tracing::warn!(before, "no room to write the engine's tables anew without what was removed");
            continue;
        }
        keyspace.major_compact().map_err(|error| outcome(&error))?;
        rewritten = true;
        let after = keyspace.disk_space();
        tracing::info!(keyspace = %&**keyspace.name(), removed, before, after, "the engine gave room back");
    }
    Ok(rewritten)
}

/// Lets go of files that no view can want any more. fjall looks for them when it begins a new memtable, and the
/// keyspace that has the groups' numbers has something in its own after every group.
///
/// # Errors
/// `Unavailable`, `DiskFull`.
pub(super) fn let_go(keyspaces: &[Keyspace]) -> Result<()> {
    let Some(numbered) = keyspaces.first() else { return Ok(()) };
    numbered.rotate_memtable().map(drop).map_err(|error| outcome(&error))
}

/// Removals that are in memory only hide as much as the others: they go to the disk first, unless they are few.
fn flush(keyspace: &Keyspace) -> Result<()> {
    if keyspace.tree.active_memtable().size() < RECLAIM_BUFFER_BYTES_MIN {
        return Ok(());
    }
    keyspace.rotate_memtable().map_err(|error| outcome(&error))?;
    let begun = Instant::now();
    while keyspace.sealed_memtable_count() > 0 && begun.elapsed() < RECLAIM_FLUSH_TIME_MAX {
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
