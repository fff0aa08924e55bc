//! The segment files of a directory: their names, and a bounded set of open handles for reading.
//!
//! `00000001.seg` holds frames; `00000001.gone` says that this segment was removed by collection, and
//! `00000001.damaged` is what is left of one that was damaged, when all that could be read has moved out; whoever
//! wants no more of it may delete it. A number that has none of these, below one that has, is a segment that was lost:
//! the blob store refuses to open, for answering "corrupt" one mail at a time would hide it.

use crate::{descriptors, ledger::Reach, space::is_full};
use model::{Error, Result};
use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The path of a segment.
pub(super) fn segment_path(directory: &Path, segment: u32) -> PathBuf {
    directory.join(format!("{segment:08}.seg"))
}

/// The path of the mark that a segment was removed on purpose.
pub(super) fn gone_path(directory: &Path, segment: u32) -> PathBuf {
    directory.join(format!("{segment:08}.gone"))
}

/// The path under which a damaged segment is kept for whoever wants to look at it.
pub(super) fn kept_path(directory: &Path, segment: u32) -> PathBuf {
    directory.join(format!("{segment:08}.damaged"))
}

/// Whether a segment was taken away on purpose.
fn is_away(directory: &Path, segment: u32) -> bool {
    gone_path(directory, segment).exists() || kept_path(directory, segment).exists()
}

/// Whether the segments hold all that an engine's places reach: as `Ok` the length of the segment in question.
///
/// # Errors
/// `Err` of that length when it is too short, or of nothing when the segment is missing.
pub(crate) fn reaches(directory: &Path, reach: Reach) -> std::result::Result<(), Option<u64>> {
    if reach.segment == 0 || is_away(directory, reach.segment) {
        return Ok(());
    }
    match std::fs::metadata(segment_path(directory, reach.segment)) {
        Ok(file) if file.len() >= reach.end => Ok(()),
        Ok(file) => Err(Some(file.len())),
        Err(_) => Err(None),
    }
}

/// Marks every segment up to `highest` that is missing as gone: what was in it is given up.
///
/// # Errors
/// `Unavailable`.
pub(crate) fn write_off(directory: &Path, highest: u32) -> Result<Vec<u32>> {
    let mut missing = Vec::new();
    for segment in (1..=highest.max(highest_known(directory)?)).rev() {
        if segment_path(directory, segment).exists() || is_away(directory, segment) {
            continue;
        }
        File::create(gone_path(directory, segment))
            .and_then(|mark| mark.sync_all())
            .map_err(|error| unavailable(directory, &error))?;
        missing.push(segment);
    }
    crate::directory::sync(directory).map_err(|error| unavailable(directory, &error))?;
    Ok(missing)
}

/// The highest number that a segment or its mark has.
fn highest_known(directory: &Path) -> Result<u32> {
    let entries = std::fs::read_dir(directory).map_err(|error| unavailable(directory, &error))?;
    let numbers = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.split_once('.')?.0.parse::<u32>().ok()
    });
    Ok(numbers.max().unwrap_or(0))
}

/// What a directory holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Segments, by number.
    pub(super) present: Vec<u32>,
    /// The highest number ever used; 0 for none.
    pub(super) highest: u32,
}

/// Lists the segments.
///
/// # Errors
/// `Corrupt` when one is missing, `Unavailable` when the directory cannot be read.
pub(super) fn list(directory: &Path) -> Result<Listing> {
    let mut known = BTreeMap::new();
    let entries = std::fs::read_dir(directory).map_err(|error| unavailable(directory, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unavailable(directory, &error))?;
        let name = entry.file_name();
        let Some((number, kind)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
        let (Ok(number), true) = (number.parse::<u32>(), number.len() == 8) else { continue };
        match kind {
            // A removal cut short leaves both: the mark counts, the segment is swept.
            "gone" | "damaged" => drop(known.insert(number, false)),
            "seg" => drop(known.entry(number).or_insert(true)),
            _ => {}
        }
    }
    let highest = known.last_key_value().map_or(0, |(number, _)| *number);
    // One that is taken away while the names are read may show under none of them: it is asked for by name.
    let is_missing = |number: &u32| !known.contains_key(number) && !is_away(directory, *number);
    if let Some(missing) = (1..highest).find(is_missing) {
        let path = segment_path(directory, missing);
        tracing::error!(path = %path.display(), "a segment of the blob store is missing: restore it");
        return Err(Error::Corrupt);
    }
    let present = known.into_iter().filter_map(|(number, present)| present.then_some(number)).collect();
    Ok(Listing { present, highest })
}

/// Logs the cause.
pub(super) fn unavailable(path: &Path, error: &io::Error) -> Error {
    tracing::error!(path = %path.display(), %error, "blob store");
    if is_full(error) { Error::DiskFull } else { Error::Unavailable }
}

/// Open files, the longest unused closed first.
#[derive(Debug)]
pub(super) struct Handles {
    directory: PathBuf,
    count_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    files: BTreeMap<u32, (u64, Arc<File>)>,
    uses: u64,
}

impl Handles {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, count_max: descriptors::segments(descriptors::limit()), open: Mutex::default() }
    }

    /// The segment's file, for reading.
    ///
    /// # Errors
    /// `Corrupt` when it is not there, `Unavailable` when it cannot be opened.
    pub(super) fn get(&self, segment: u32) -> Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let now = open.uses;
        if let Some((used, file)) = open.files.get_mut(&segment) {
            *used = now;
            return Ok(Arc::clone(file));
        }
        let path = segment_path(&self.directory, segment);
        let file = match File::open(&path) {
            Ok(file) => Arc::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(path = %path.display(), "a segment that is referred to is missing");
                return Err(Error::Corrupt);
            }
            Err(error) => return Err(unavailable(&path, &error)),
        };
        open.files.insert(segment, (now, Arc::clone(&file)));
        if open.files.len() > self.count_max {
            let oldest = open.files.iter().min_by_key(|(_, (used, _))| *used).map(|(segment, _)| *segment);
            oldest.and_then(|segment| open.files.remove(&segment));
        }
        Ok(file)
    }

    /// Forgets a segment that is removed.
    pub(super) fn forget(&self, segment: u32) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).files.remove(&segment);
    }
}

#[cfg(test)]
mod tests;
