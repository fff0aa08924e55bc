//! The segment files of a directory: their names, and a bounded set of open handles for reading.
//!
//! `00000001.seg` holds frames; `00000001.gone` says that this segment was removed by collection. A number that
//! has neither, below one that has, is a segment that was lost: the blob store refuses to open, for answering
//! "corrupt" one mail at a time would hide it.

use crate::{descriptors, space::is_full};
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
            "gone" => drop(known.insert(number, false)),
            "seg" => drop(known.entry(number).or_insert(true)),
            _ => {}
        }
    }
    let highest = known.last_key_value().map_or(0, |(number, _)| *number);
    if let Some(missing) = (1..highest).find(|number| !known.contains_key(number)) {
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
