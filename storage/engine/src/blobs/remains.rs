//! What segments hold, read without an engine: for a store of which nothing else is left.
//!
//! Nothing is written, locked or cut; damage is stepped over and told. Segments that were set aside as damaged are
//! looked through too, for there may be no other copy of what can still be read in them.

use super::{
    frame::{HEADER_BYTES, Spot},
    local::read_frame,
    recover::walk,
    segments::unavailable,
};
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

/// A stretch of a segment that is no sound frame, or a segment that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruin {
    /// The segment's number.
    pub segment: u32,
    /// Where the stretch begins.
    pub offset: u64,
    /// Its octets; none for a segment that is missing.
    pub bytes: u64,
    /// Whose octets they were, where the frame's header can still be read.
    pub id: Option<BlobId>,
}

/// A blob that can be read.
#[derive(Clone, Copy, Debug)]
struct Kept {
    file: usize,
    spot: Spot,
    bytes: u32,
    sequence: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Remains {
    files: Vec<File>,
    blobs: BTreeMap<BlobId, Kept>,
    ruins: Vec<Ruin>,
}

impl Remains {
    /// Reads every frame of every segment in a directory, each octet checked. `look` is shown each sound blob,
    /// once. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// `NotFound` when there is no segment in the directory; `Unavailable` when a file cannot be read.
    pub fn read(directory: &Path, mut look: impl FnMut(BlobId, &Bytes)) -> Result<Self> {
        let found = segments(directory)?;
        let mut remains = Self::default();
        let mut expected = 1;
        for (segment, paths) in &found {
            if !paths.is_empty() {
                remains.ruins.extend((expected..*segment).map(missing));
            }
            // A number that says only that the segment went on purpose is not missed.
            expected = segment.saturating_add(1);
            for path in paths {
                remains.add(path, *segment, &mut look)?;
            }
        }
        if remains.files.is_empty() { Err(Error::NotFound) } else { Ok(remains) }
    }

    fn add(&mut self, path: &Path, segment: u32, look: &mut impl FnMut(BlobId, &Bytes)) -> Result<()> {
        let failed = |error: std::io::Error| unavailable(path, &error);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut frames = Vec::new();
        walk(&file, |offset, header| frames.push((offset, header))).map_err(failed)?;
        let mut end = 0;
        for (offset, header) in frames {
            if offset > end {
                self.ruins.push(Ruin { segment, offset: end, bytes: offset - end, id: None });
            }
            end = offset + header.frame_bytes();
            let at = u32::try_from(offset).map_err(|_| Error::Corrupt)?;
            let spot = Spot { segment, offset: at, stored: header.stored };
            match read_frame(&file, spot, &header.id) {
                Ok(octets) => {
                    let (file, bytes, sequence) = (self.files.len(), header.bytes, header.sequence);
                    let kept = Kept { file, spot, bytes, sequence };
                    if self.blobs.insert(header.id, kept).is_none() {
                        look(header.id, &octets);
                    }
                }
                Err(_) => {
                    let bytes = header.frame_bytes();
                    self.ruins.push(Ruin { segment, offset, bytes, id: Some(header.id) });
                }
            }
        }
        // A frame that was being written when the power went is no loss, but cannot be told from one.
        if length > end {
            self.ruins.push(Ruin { segment, offset: end, bytes: length - end, id: None });
        }
        self.files.push(file);
        Ok(())
    }

    /// Every blob that can be read, in the order of appends: its name, its length and its place in that order.
    #[must_use]
    pub fn blobs(&self) -> Vec<(BlobId, u32, u64)> {
        let mut blobs: Vec<_> =
            self.blobs.iter().map(|(id, kept)| (*id, kept.bytes, kept.sequence)).collect();
        blobs.sort_by_key(|(_, _, sequence)| *sequence);
        blobs
    }

    /// Whether this blob can be read.
    #[must_use]
    pub fn has(&self, id: &BlobId) -> bool {
        self.blobs.contains_key(id)
    }

    /// The octets of a blob, checked.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Unavailable`.
    pub fn blob(&self, id: &BlobId) -> Result<Bytes> {
        let kept = self.blobs.get(id).ok_or(Error::NotFound)?;
        let file = self.files.get(kept.file).ok_or(Error::NotFound)?;
        read_frame(file, kept.spot, id)
    }

    /// What cannot be read, of blobs of which there is no other copy.
    #[must_use]
    pub fn ruins(&self) -> Vec<Ruin> {
        let lost = |ruin: &&Ruin| ruin.id.is_none_or(|id| !self.blobs.contains_key(&id));
        self.ruins.iter().filter(lost).cloned().collect()
    }
}

fn missing(segment: u32) -> Ruin {
    Ruin { segment, offset: 0, bytes: 0, id: None }
}

/// The files of each segment by its number; none where there is only the mark that it went.
fn segments(directory: &Path) -> Result<BTreeMap<u32, Vec<PathBuf>>> {
    let mut found: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(|error| unavailable(directory, &error))? {
        let path = entry.map_err(|error| unavailable(directory, &error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'));
        let Some((Ok(number), kind)) = name.map(|(number, kind)| (number.parse::<u32>(), kind)) else {
            continue;
        };
        match kind {
            "gone" => drop(found.entry(number).or_default()),
            "seg" | "damaged" => {
                let length = std::fs::metadata(&path).map_err(|error| unavailable(&path, &error))?.len();
                let files = found.entry(number).or_default();
                if length >= HEADER_BYTES as u64 || kind == "seg" {
                    files.push(path);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
