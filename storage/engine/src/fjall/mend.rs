//! An engine of which files are damaged or missing, made anew from all that can still be read of its tables and
//! journals. What is lost is lost: the store above has to be checked and repaired afterwards.
//!
//! Manifests are not asked: of each key the version with the highest of fjall's numbers counts, wherever it stands. A
//! row that was removed may come back when the block that said so is lost; repair takes it away again.

use super::{Fjall, Sizes, journal, tables};
use crate::{
    Table,
    directory::{self, DirectoryLock},
    limits::{MEND_BATCH_BYTES, MEND_CACHE_BYTES},
    raw::{Change, RawEngine},
    space::outcome,
};
use bytes::Bytes;
use model::{Error, Result};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    path::{Path, PathBuf},
};
use tables::{Row, TableFile};

/// The key in [`Table::Meta`] that says so until the repair has come to its end.
pub const MENDED: &[u8] = b"mended";

/// What mending found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MendedTables {
    /// Tables that were read.
    pub table_count: u64,
    /// Stretches of tables and journals that could not be.
    pub damage_count: u64,
    /// Their bytes.
    pub damage_bytes: u64,
    /// Rows that are there again.
    pub row_count: u64,
}

/// Makes an engine's directory anew; the old one stays beside it as `<name>.damaged`. Cut off anywhere it can be done
/// again: `<name>.mending` is removed only where it is a draft, and from the step on in which the two change places it
/// is the old engine, which gets its name then.
pub(super) fn mend(path: &Path, memtable_bytes: u64) -> Result<MendedTables> {
    if !path.is_dir() {
        return Err(Error::NotFound);
    }
    let _lock = DirectoryLock::take(path)?;
    let draft = path.with_extension("mending");
    let of = |error: std::io::Error| outcome(path, &error);
    clear(path, &draft).map_err(of)?;
    let mended = make_draft(path, &draft, memtable_bytes)?;
    replace(path, &draft).map_err(of)?;
    put_aside(path, &draft).map_err(of)?;
    unmark(path).map_err(of)?;
    Ok(mended)
}

/// A file in whatever is a draft, from before its first row until it has taken its place and the old engine its name.
const DRAFT: &str = "draft";

/// Brings what an earlier run has left to its end: a draft goes, an old engine gets its name.
fn clear(path: &Path, draft: &Path) -> std::io::Result<()> {
    if draft.is_dir() {
        // One without anything in it was cut off before its mark, or behind it.
        if draft.join(DRAFT).exists() || std::fs::read_dir(draft)?.next().is_none() {
            discard(draft)?;
        } else {
            put_aside(path, draft)?;
        }
    }
    unmark(path)
}

/// Removes a draft, last what says that it is one.
fn discard(draft: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(draft)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else if entry.file_name() != DRAFT {
            std::fs::remove_file(entry.path())?;
        }
    }
    directory::sync(draft)?;
    std::fs::remove_dir_all(draft)
}

/// What has taken its place is no draft any more.
fn unmark(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path.join(DRAFT)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| directory::sync(path)),
    }
}

/// A whole engine beside the damaged one, closed and on stable storage.
fn make_draft(path: &Path, draft: &Path, memtable_bytes: u64) -> Result<MendedTables> {
    let mut mended = MendedTables::default();
    directory::make(draft)?;
    let marked = std::fs::File::create(draft.join(DRAFT)).and_then(|_| directory::sync(draft));
    marked.map_err(|error| outcome(draft, &error))?;
    let sizes = Sizes::within_limits(MEND_CACHE_BYTES, memtable_bytes);
    let mut engine = Fjall::open(draft, sizes)?;
    let mark = Change { table: Table::Meta, key: MENDED.to_vec(), value: Some(Bytes::from_static(b"1")) };
    engine.apply(vec![vec![mark]])?;
    engine.sync()?;
    let files = tables::survey(path)?;
    mended.table_count = files.len() as u64;
    let mut merged = Merged::new(files, journalled(path, &mut mended)?)?;
    let (mut batch, mut batch_bytes) = (Vec::new(), 0);
    while let Some(row) = merged.next()? {
        // The number of fjall's newest group is no row of ours: the new engine counts for itself.
        let table = Table::ALL.iter().find(|table| Some(&(**table as u8)) == row.key.first());
        let (Some(table), Some(value)) = (table, row.value) else { continue };
        batch_bytes += row.key.len() + value.len();
        let key = row.key.get(1..).unwrap_or_default().to_vec();
        batch.push(Change { table: *table, key, value: Some(value) });
        mended.row_count += 1;
        if batch_bytes >= MEND_BATCH_BYTES {
            engine.apply(vec![std::mem::take(&mut batch)])?;
            engine.sync()?;
            batch_bytes = 0;
        }
    }
    engine.apply(vec![batch])?;
    engine.sync()?;
    for (_, bytes) in merged.files.iter().flat_map(|file| &file.damage) {
        mended.damage_count += 1;
        mended.damage_bytes += bytes;
    }
    // Its workers end with it: from here on nobody writes under the draft's name.
    drop(engine);
    directory::sync(draft).map_err(|error| outcome(draft, &error))?;
    Ok(mended)
}

/// Lets the old engine and the new one change places in one step, so that no start ever finds none. Where a file system
/// cannot do this, nothing has changed.
fn replace(path: &Path, draft: &Path) -> std::io::Result<()> {
    renameat_with(CWD, path, CWD, draft, RenameFlags::EXCHANGE)?;
    directory::sync(parent_of(path))
}

/// Gives the old engine its name: what lies there already is never written over.
fn put_aside(path: &Path, old: &Path) -> std::io::Result<()> {
    std::fs::rename(old, free_name(path))?;
    directory::sync(parent_of(path))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `engine.damaged`, or the first of `engine.damaged-2` and so on that is free.
fn free_name(path: &Path) -> PathBuf {
    let first = path.with_extension("damaged");
    let others = (2_u32..).map(|number| path.with_extension(format!("damaged-{number}")));
    std::iter::once(first.clone()).chain(others).find(|name| !name.exists()).unwrap_or(first)
}

/// The newest version of each row that the journals hold.
fn journalled(path: &Path, mended: &mut MendedTables) -> Result<BTreeMap<Vec<u8>, Row>> {
    let mut newest: BTreeMap<Vec<u8>, Row> = BTreeMap::new();
    let (damage_count, damage_bytes) = journal::rows(path, |row| {
        let newer = newest.get(&row.key).is_none_or(|known| known.number <= row.number);
        if newer {
            newest.insert(row.key.clone(), row);
        }
    })?;
    mended.damage_count += damage_count;
    mended.damage_bytes += damage_bytes;
    Ok(newest)
}

/// A row's key and number, and the source that has it.
type Next = (Vec<u8>, Reverse<u64>, usize);

/// The newest version of every row of several sources, each in the order of keys.
struct Merged {
    files: Vec<TableFile>,
    journal: std::collections::btree_map::IntoValues<Vec<u8>, Row>,
    /// The next row of each source, and what it says.
    next: BinaryHeap<Reverse<Next>>,
    values: BTreeMap<usize, Row>,
    last: Option<Vec<u8>>,
}

impl Merged {
    fn new(files: Vec<TableFile>, journal: BTreeMap<Vec<u8>, Row>) -> Result<Self> {
        let sources = files.len();
        let journal = journal.into_values();
        let mut merged =
            Self { files, journal, next: BinaryHeap::new(), values: BTreeMap::new(), last: None };
        for source in 0..=sources {
            merged.advance(source)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, source: usize) -> Result<()> {
        let row = match self.files.get_mut(source) {
            Some(file) => file.next()?,
            None => self.journal.next(),
        };
        if let Some(row) = row {
            self.next.push(Reverse((row.key.clone(), Reverse(row.number), source)));
            self.values.insert(source, row);
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Row>> {
        while let Some(Reverse((key, _, source))) = self.next.pop() {
            let row = self.values.remove(&source);
            self.advance(source)?;
            if self.last.as_ref() != Some(&key) {
                self.last = Some(key);
                return Ok(row);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
