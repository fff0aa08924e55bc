//! The mark: which group was the last to be acknowledged, written down beside fjall's files after each sync.
//!
//! It is not synced itself, so after a power cut it may tell an earlier group; never a later one than was stable.
//! A journal or a table that went missing, or damage at a journal's end that looks like a torn write, shows by
//! the mark: the engine is then behind it.
//!
//! Two places of 32 bytes are written in turn, so that one is whole at any time: magic "CgM1", zero (4), group
//! (8, big-endian), zero (12), CRC-32 of what is before it.

use model::Result;
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

const PLACE_BYTES: usize = 32;
const MAGIC: &[u8; 4] = b"CgM1";

/// An open mark.
#[derive(Debug)]
pub(super) struct Mark {
    path: PathBuf,
    file: File,
    group: u64,
}

impl Mark {
    /// Opens or makes the mark of an engine's directory.
    ///
    /// # Errors
    /// `Unavailable`, `DiskFull`.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        let path = directory.join("mark");
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|error| crate::space::outcome(&path, &error))?;
        let mut group = 0;
        for place in 0..2 {
            let mut bytes = [0; PLACE_BYTES];
            // A place that cannot be read tells nothing, as one that was never written.
            if file.read_exact_at(&mut bytes, place * PLACE_BYTES as u64).is_ok() {
                group = group.max(decode(&bytes).unwrap_or(0));
            }
        }
        Ok(Self { path, file, group })
    }

    /// Removes the mark: what was acknowledged is not asked about any more.
    ///
    /// # Errors
    /// `Unavailable`, `DiskFull`.
    pub(super) fn forget(directory: &Path) -> Result<()> {
        let path = directory.join("mark");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(crate::space::outcome(&path, &error))
            }
            _ => Ok(()),
        }
    }

    /// The newest group that was written down.
    pub(super) fn group(&self) -> u64 {
        self.group
    }

    /// Writes a stable group down. That it cannot be written harms nothing but what the mark is good for.
    pub(super) fn write(&mut self, group: u64) {
        self.group = group;
        let place = (group % 2) * PLACE_BYTES as u64;
        if let Err(error) = self.file.write_all_at(&encode(group), place) {
            tracing::warn!(path = %self.path.display(), %error, "the mark could not be written");
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // At an orderly end; what is not synced is only an older mark.
        if let Err(error) = self.file.sync_data() {
            tracing::warn!(path = %self.path.display(), %error, "the mark could not be synced");
        }
    }
}

fn encode(group: u64) -> Vec<u8> {
    let mut place = MAGIC.to_vec();
    place.extend_from_slice(&[0; 4]);
    place.extend_from_slice(&group.to_be_bytes());
    place.extend_from_slice(&[0; 12]);
    let crc = crc32fast::hash(&place);
    place.extend_from_slice(&crc.to_be_bytes());
    place
}

fn decode(place: &[u8]) -> Option<u64> {
    let (checked, crc) = place.split_at_checked(PLACE_BYTES - 4)?;
    let sound = checked.starts_with(MAGIC) && crc32fast::hash(checked).to_be_bytes() == *crc;
    if sound { number(checked.get(8..16)?) } else { None }
}

/// A group's number as it is kept.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests;
