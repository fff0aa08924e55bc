//! Packs: many objects in one file, their index at its end.
//!
//! `CGMPACK1`, the objects' octets, the index, its length (4 octets), `CGMPEND1`. The file's name is the hash of all
//! of it.

use crate::limits::{OBJECT_BYTES_MAX, PACK_OBJECT_COUNT_MAX};
use bytes::Bytes;
use model::{BlobId, Error, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

const HEAD: &[u8; 8] = b"CGMPACK1";
const TAIL: &[u8; 8] = b"CGMPEND1";
/// Length of the index and the end mark.
const TRAILER_BYTES: u64 = 12;

/// Where an object lies in its pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: BlobId,
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
}

pub(crate) fn hash(bytes: &[u8]) -> BlobId {
    BlobId(*blake3::hash(bytes).as_bytes())
}

/// Logs the cause.
pub(crate) fn failed(path: &Path, error: &io::Error) -> Error {
    tracing::error!(path = %path.display(), %error, "backup repository");
    Error::Unavailable
}

pub(crate) fn damaged(path: &Path, what: &str) -> Error {
    tracing::error!(path = %path.display(), what, "a file of the backup repository is damaged");
    Error::Corrupt
}

/// A pack that is being written, under a name of its own until it is whole.
pub(crate) struct PackWriter {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    offset: u64,
    entries: Vec<Entry>,
}

impl PackWriter {
    pub(crate) fn begin(path: PathBuf) -> Result<Self> {
        let file = File::options().write(true).create_new(true).open(&path);
        let file = BufWriter::with_capacity(1 << 20, file.map_err(|error| failed(&path, &error))?);
        let mut writer = Self { path, file, hasher: blake3::Hasher::new(), offset: 0, entries: Vec::new() };
        writer.write(HEAD)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.offset += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| failed(&self.path, &error))
    }

    pub(crate) fn add(&mut self, id: BlobId, bytes: &[u8]) -> Result<()> {
        let length = u32::try_from(bytes.len()).ok().filter(|bytes| *bytes <= OBJECT_BYTES_MAX);
        let length = length.ok_or(Error::TooLarge(u64::from(OBJECT_BYTES_MAX)))?;
        self.entries.push(Entry { id, offset: self.offset, bytes: length });
        self.write(bytes)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.offset
    }

    pub(crate) fn is_full(&self) -> bool {
        self.offset >= crate::limits::PACK_BYTES || self.entries.len() >= PACK_OBJECT_COUNT_MAX
    }

    /// Ends the pack and makes it stable; where it lies, the name it must have, and its index.
    pub(crate) fn seal(mut self) -> Result<(PathBuf, BlobId, Vec<Entry>)> {
        let index = postcard::to_stdvec(&self.entries).map_err(|_| Error::Corrupt)?;
        let length = u32::try_from(index.len()).map_err(|_| Error::TooLarge(u64::from(u32::MAX)))?;
        self.write(&index)?;
        self.write(&length.to_be_bytes())?;
        self.write(TAIL)?;
        let synced =
            self.file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(|error| failed(&self.path, &error))?;
        Ok((self.path, BlobId(*self.hasher.finalize().as_bytes()), self.entries))
    }
}

/// Reads the index of a pack.
pub(crate) fn index(path: &Path) -> Result<Vec<Entry>> {
    let file = File::open(path).map_err(|error| failed(path, &error))?;
    let length = file.metadata().map_err(|error| failed(path, &error))?.len();
    let body = length.checked_sub(TRAILER_BYTES).ok_or_else(|| damaged(path, "too short"))?;
    let mut trailer = [0; 12];
    file.read_exact_at(&mut trailer, body).map_err(|error| failed(path, &error))?;
    let (index_bytes, tail) = trailer.split_first_chunk::<4>().ok_or(Error::Corrupt)?;
    let index_bytes = u64::from(u32::from_be_bytes(*index_bytes));
    let start = body.checked_sub(index_bytes).filter(|_| tail == TAIL);
    let start = start.ok_or_else(|| damaged(path, "no end mark"))?;
    let mut octets = vec![0; usize::try_from(index_bytes).map_err(|_| Error::Corrupt)?];
    file.read_exact_at(&mut octets, start).map_err(|error| failed(path, &error))?;
    let entries: Vec<Entry> = postcard::from_bytes(&octets).map_err(|_| damaged(path, "index"))?;
    let inside = |entry: &Entry| {
        entry.bytes <= OBJECT_BYTES_MAX
            && entry.offset.checked_add(u64::from(entry.bytes)).is_some_and(|end| end <= start)
    };
    if entries.iter().all(inside) { Ok(entries) } else { Err(damaged(path, "index")) }
}

/// Reads one object and checks it.
pub(crate) fn read(file: &File, path: &Path, entry: &Entry) -> Result<Bytes> {
    let mut octets = vec![0; entry.bytes as usize];
    match file.read_exact_at(&mut octets, entry.offset) {
        Ok(()) if hash(&octets) == entry.id => Ok(octets.into()),
        Ok(()) => Err(damaged(path, "an object does not match its hash")),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged(path, "too short")),
        Err(error) => Err(failed(path, &error)),
    }
}

#[cfg(test)]
mod tests;
