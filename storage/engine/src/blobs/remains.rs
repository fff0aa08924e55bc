//! What segments hold, read without an engine: for a store of which nothing else is left.
//!
//! Nothing is written, locked or cut. Damage is stepped over and told, be it octets that changed or pages that the disk
//! does not give any more. Segments that were set aside as damaged are looked through too, for there may be no other
//! copy of what can still be read in them.
//!
//! Takes about 150 octets of memory for each blob, and few descriptors however many segments there are.

use super::{frame::Spot, local::read_frame, recover::walk, segments::unavailable};
use crate::{
    limits::REMAINS_HANDLES_MAX,
    patient::{Patient, is_bad_disk},
};
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// A stretch of a segment that is no sound frame, or segments that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruin {
    /// The segment's number.
    pub segment: u32,
    /// The last one of those that are missing one after another; else the same.
    pub last: u32,
    /// Where the stretch begins.
    pub offset: u64,
    /// Its octets; none for segments that are missing.
    pub bytes: u64,
    /// Whose octets they were, where the frame's header can still be read.
    pub id: Option<BlobId>,
}

/// A blob that can be read.
#[derive(Clone, Copy, Debug)]
struct Kept {
    file: u32,
    spot: Spot,
    bytes: u32,
    sequence: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Remains {
    files: Vec<PathBuf>,
    /// Those of them that are open, the longest unused first.
    open: Mutex<Vec<(u32, Arc<File>)>>,
    blobs: BTreeMap<BlobId, Kept>,
    ruins: Vec<Ruin>,
}

impl Remains {
    /// Reads every frame of every segment in a directory, each octet checked. `look` is shown each sound blob,
    /// once. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// `NotFound` when there is no segment in the directory; `Unavailable` when the directory or a file in it cannot be
    /// opened.
    pub fn read(directory: &Path, mut look: impl FnMut(BlobId, &Bytes)) -> Result<Self> {
        let found = segments(directory)?;
        let mut remains = Self::default();
        let mut expected = 1;
        for (segment, paths) in &found {
            // Marks of segments that went on purpose are found too: what has neither file nor mark was lost.
            if expected < *segment {
                remains.ruins.push(missing(expected, segment - 1));
            }
            expected = segment.saturating_add(1);
            for path in paths {
                remains.add(path, *segment, &mut look)?;
            }
        }
        if remains.files.is_empty() { Err(Error::NotFound) } else { Ok(remains) }
    }

    fn add(&mut self, path: &Path, segment: u32, look: &mut impl FnMut(BlobId, &Bytes)) -> Result<()> {
        let opened = File::open(path).and_then(|file| file.metadata().map(|about| (file, about.len())));
        let (file, length) = match opened {
            Ok(opened) => opened,
            Err(error) if is_bad_disk(&error) => {
                self.ruins.push(missing(segment, segment));
                return Ok(());
            }
            Err(error) => return Err(unavailable(path, &error)),
        };
        let mut frames = Vec::new();
        walk(&Patient::new(&file), length, |offset, header| frames.push((offset, header)))
            .map_err(|error| unavailable(path, &error))?;
        let number = u32::try_from(self.files.len()).map_err(|_| Error::Corrupt)?;
        let ruin = |offset, bytes, id| Ruin { segment, last: segment, offset, bytes, id };
        let mut end = 0;
        for (offset, header) in frames {
            if offset > end {
                self.ruins.push(ruin(end, offset - end, None));
            }
            end = offset + header.frame_bytes();
            let at = u32::try_from(offset).map_err(|_| Error::Corrupt)?;
            let spot = Spot { segment, offset: at, stored: header.stored };
            match read_frame(&file, spot, &header.id) {
                Ok(octets) => {
                    let (bytes, sequence) = (header.bytes, header.sequence);
                    let kept = Kept { file: number, spot, bytes, sequence };
                    if self.blobs.insert(header.id, kept).is_none() {
                        look(header.id, &octets);
                    }
                }
                Err(_) => self.ruins.push(ruin(offset, header.frame_bytes(), Some(header.id))),
            }
        }
        // A frame that was being written when the power went is no loss, but cannot be told from one.
        if length > end {
            self.ruins.push(ruin(end, length - end, None));
        }
        self.files.push(path.to_path_buf());
        Ok(())
    }

    /// The file of this number, for reading.
    fn file(&self, number: u32) -> Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match open.iter().position(|(other, _)| *other == number) {
            Some(at) => open.remove(at).1,
            None => {
                let path = self.files.get(number as usize).ok_or(Error::NotFound)?;
                Arc::new(File::open(path).map_err(|error| unavailable(path, &error))?)
            }
        };
        if open.len() >= REMAINS_HANDLES_MAX {
            open.remove(0);
        }
        open.push((number, Arc::clone(&file)));
        Ok(file)
    }

    /// Every blob that can be read, in the order of appends: its name, its length and its place in that order.
    #[must_use]
    pub fn blobs(&self) -> Vec<(BlobId, u32, u64)> {
        let mut blobs: Vec<_> =
            self.blobs.iter().map(|(id, kept)| (*id, kept.bytes, kept.sequence)).collect();
        blobs.sort_by_key(|(_, _, sequence)| *sequence);
        blobs
    }

    /// The length of a blob that can be read; none for others.
    #[must_use]
    pub fn bytes(&self, id: &BlobId) -> Option<u32> {
        self.blobs.get(id).map(|kept| kept.bytes)
    }

    /// The octets of a blob, checked.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Unavailable`.
    pub fn blob(&self, id: &BlobId) -> Result<Bytes> {
        let kept = self.blobs.get(id).ok_or(Error::NotFound)?;
        read_frame(&*self.file(kept.file)?, kept.spot, id)
    }

    /// What cannot be read, of blobs of which there is no other copy.
    #[must_use]
    pub fn ruins(&self) -> Vec<Ruin> {
        let lost = |ruin: &&Ruin| ruin.id.is_none_or(|id| !self.blobs.contains_key(&id));
        self.ruins.iter().filter(lost).cloned().collect()
    }
}

fn missing(segment: u32, last: u32) -> Ruin {
    Ruin { segment, last, offset: 0, bytes: 0, id: None }
}

/// The files of each segment by its number; none where there is only the mark that it went.
fn segments(directory: &Path) -> Result<BTreeMap<u32, Vec<PathBuf>>> {
    let mut found: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(|error| unavailable(directory, &error))? {
        let path = entry.map_err(|error| unavailable(directory, &error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'));
        let Some((digits, kind)) = name else { continue };
        let (Ok(number), true) = (digits.parse::<u32>(), digits.len() == 8) else { continue };
        match kind {
            "gone" => drop(found.entry(number).or_default()),
            "seg" | "damaged" => found.entry(number).or_default().push(path),
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
