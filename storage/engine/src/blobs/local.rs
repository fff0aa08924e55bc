//! Blobs in append-only segment files on a local disk.
//!
//! Appending writes into the page cache under a short lock; syncing is done by one thread for all who wait, so
//! that while the engine commits one group the bodies of the next are on their way. A sealed segment never
//! changes. A failed write takes nothing (the next frame goes to the same offset); a failed sync poisons. On a
//! full disk appends are refused before the engine's batches are, so that deleting still works.

use super::{
    frame::{HEADER_BYTES, Header, Spot},
    recover::{End, walk},
    segments::{Handles, Listing, gone_path, kept_path, list, segment_path, unavailable},
    squeeze::{expand, squeeze},
};
use crate::{
    BlobStore, Found, Frame, Place, Share,
    directory::{self, DirectoryLock},
    ledger::{Reach, Witness},
    limits::{BLOB_BYTES_MAX, READ_INLINE_BYTES_MAX, SEGMENT_BYTES_MAX, SQUEEZE_INLINE_BYTES_MAX},
    poison::Poison,
    raw::blocking,
    space::Space,
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};
use tokio::sync::watch;

/// Where the next frame goes.
struct Tail {
    segment: u32,
    file: Arc<File>,
    offset: u64,
    /// The newest frame.
    sequence: u64,
    /// The newest frame that somebody waits for.
    wanted: u64,
    /// Sealed segments that are not yet stable.
    sealed: Vec<Arc<File>>,
    closed: bool,
}

/// What the handle and the syncing thread share.
struct Shared {
    directory: PathBuf,
    handles: Handles,
    tail: Mutex<Tail>,
    wake: Condvar,
    /// The newest stable frame.
    stable: watch::Sender<u64>,
    poison: Poison,
    space: Space,
    segment_bytes_max: u64,
    /// What the engine beside it tells; nothing without one.
    witness: Option<Arc<Witness>>,
    /// Segments that were found damaged when the store was opened.
    damaged: Vec<u32>,
    _lock: DirectoryLock,
}

impl Shared {
    /// The frames of a segment without damage.
    fn frames(&self, segment: u32) -> Result<Vec<Found>> {
        match self.survey(segment)? {
            (frames, true) => Ok(frames),
            (_, false) => Err(Error::Corrupt),
        }
    }

    /// The frames of a segment, and whether there is nothing else in it.
    fn survey(&self, segment: u32) -> Result<(Vec<Found>, bool)> {
        let file = self.handles.get(segment)?;
        let failed = |error| unavailable(&segment_path(&self.directory, segment), &error);
        let length = file.metadata().map_err(failed)?.len();
        let mut frames = Vec::new();
        let walked = walk(&*file, length, |offset, header| {
            let spot =
                Spot { segment, offset: u32::try_from(offset).unwrap_or(u32::MAX), stored: header.stored };
            let (place, bytes) = (Place(spot.encode()), header.frame_bytes());
            frames.push(Found { id: header.id, place, bytes, sequence: header.sequence });
        });
        let end = walked.map_err(failed)?.end;
        Ok((frames, matches!(end, End::Here(end) if end == length)))
    }

    /// Takes a sealed segment away: for good, or to a name under which nothing looks for it.
    fn take_away(&self, segment: u32, keep: bool) -> Result<()> {
        if self.tail().segment <= segment {
            return Err(Error::Conflict);
        }
        let path = segment_path(&self.directory, segment);
        // One that is kept has no moment in which a start would take it for one whose removal was cut short.
        let removed = match keep {
            true => std::fs::rename(&path, kept_path(&self.directory, segment)),
            false => Ok(()),
        };
        let removed = removed.and_then(|()| mark_gone(&self.directory, segment)).and_then(|()| match keep {
            true => Ok(()),
            false => std::fs::remove_file(&path),
        });
        self.handles.forget(segment);
        removed.map_err(|error| unavailable(&self.directory, &error))
    }

    /// Takes back what was written of a frame; nothing of it was synced, so nothing is lost by that.
    fn not_written(&self, tail: &Tail, error: &io::Error) -> Error {
        let path = segment_path(&self.directory, tail.segment);
        if let Err(error) = tail.file.set_len(tail.offset) {
            // The next frame goes over it, or the next start cuts it off.
            tracing::warn!(path = %path.display(), %error, "a torn frame stays for now");
        }
        self.space.forget();
        unavailable(&path, error)
    }

    /// How much of each segment is needed, as the engine counts it.
    fn shares(&self) -> Result<Vec<Share>> {
        let Some(witness) = &self.witness else { return Ok(Vec::new()) };
        let (written, offset) = {
            let tail = self.tail();
            (tail.segment, tail.offset)
        };
        let mut shares = Vec::new();
        for segment in list(&self.directory)?.present {
            let path = segment_path(&self.directory, segment);
            let bytes = match std::fs::metadata(&path) {
                _ if segment == written => offset,
                Ok(file) => file.len(),
                // Collected since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unavailable(&path, &error)),
            };
            let (is_sealed, is_damaged) = (segment < written, self.damaged.contains(&segment));
            shares.push(Share {
                segment,
                bytes,
                live_bytes: witness.live_bytes(segment),
                is_sealed,
                is_damaged,
            });
        }
        Ok(shares)
    }

    /// Goes on in a new segment, unless the present one is empty.
    fn seal(&self) -> Result<()> {
        let mut tail = self.tail();
        if tail.offset > 0 { self.roll(&mut tail) } else { Ok(()) }
    }

    /// Goes on in a new segment whose name is stable. Waiting for it here, once in a segment, keeps the names in
    /// order: were two of them on their way, a power cut could keep the newer alone, and the gap would read as a
    /// lost segment.
    fn roll(&self, tail: &mut Tail) -> Result<()> {
        roll(&self.directory, tail)?;
        directory::sync(&self.directory).map_err(|error| {
            self.poison(&error);
            Error::Unavailable
        })
    }

    /// Nothing is acknowledged after a failed sync.
    fn poison(&self, error: &io::Error) {
        tracing::error!(%error, "syncing blobs failed; no change is acknowledged any more");
        self.poison.set();
        // Wakes who waits; they look at the flag first.
        self.stable.send_modify(|_| {});
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The blob store on a local disk. Dropping it ends its thread and gives the directory free.
pub struct LocalBlobs(Arc<Shared>, Option<JoinHandle<()>>);

impl LocalBlobs {
    /// Opens or creates the blob store in a directory of its own, which it locks. Blocks while it reads the last
    /// segment's headers.
    ///
    /// # Errors
    /// `Conflict` when another process has it open, `Corrupt` when a segment is missing, `Unavailable` when it
    /// cannot be read or written. The cause is in the log.
    pub fn open(directory: &Path) -> Result<Self> {
        Self::open_with(directory, SEGMENT_BYTES_MAX)
    }

    /// As [`LocalBlobs::open`], with segments of another size, for tests and small disks.
    ///
    /// # Errors
    /// As [`LocalBlobs::open`].
    pub fn open_with(directory: &Path, segment_bytes_max: u64) -> Result<Self> {
        Self::open_beside(directory, segment_bytes_max, None, Reach::default()).map(|(blobs, _)| blobs)
    }

    /// As [`LocalBlobs::open_with`], beside an engine whose places reach up to `reach`. Tells the newest group
    /// that a frame knows of, too.
    ///
    /// # Errors
    /// As [`LocalBlobs::open`].
    pub(crate) fn open_beside(
        directory: &Path,
        segment_bytes_max: u64,
        witness: Option<Arc<Witness>>,
        reach: Reach,
    ) -> Result<(Self, u64)> {
        directory::make(directory)?;
        let lock = DirectoryLock::take(directory)?;
        let Recovered { tail, group, damaged } = recover(directory, reach)?;
        let shared = Arc::new(Shared {
            directory: directory.to_path_buf(),
            handles: Handles::new(directory.to_path_buf()),
            stable: watch::Sender::new(tail.sequence),
            tail: Mutex::new(tail),
            wake: Condvar::new(),
            poison: Poison::new(),
            space: Space::of(directory, "bodies"),
            segment_bytes_max: segment_bytes_max.min(SEGMENT_BYTES_MAX),
            witness,
            damaged,
            _lock: lock,
        });
        let syncing = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("blob-sync".into());
        let thread = thread.spawn(move || keep_syncing(&syncing));
        let thread = thread.map_err(|error| unavailable(directory, &error))?;
        Ok((Self(shared, Some(thread)), group))
    }
}

impl Drop for LocalBlobs {
    fn drop(&mut self) {
        self.0.tail().closed = true;
        self.0.wake.notify_all();
        // At most one sync is waited for; after this the directory can be opened again.
        if let Some(thread) = self.1.take() {
            let _ = thread.join();
        }
    }
}

/// What opening found.
struct Recovered {
    tail: Tail,
    /// The newest group that a frame knows of.
    group: u64,
    damaged: Vec<u32>,
}

/// Finds the place of the next frame, cuts a torn tail off, and makes what is there stable.
fn recover(directory: &Path, reach: Reach) -> Result<Recovered> {
    let listing = list(directory)?;
    sweep(directory, &listing)?;
    let (mut sequence, mut group, mut last) = (0, 0, None);
    for (back, segment) in listing.present.iter().rev().enumerate() {
        let path = segment_path(directory, *segment);
        let opened = File::options().read(true).write(true).open(&path);
        let file = opened.map_err(|error| unavailable(&path, &error))?;
        let length = file.metadata().map_err(|error| unavailable(&path, &error))?.len();
        let mut newest = 0;
        let walked = walk(&file, length, |_, header| newest = header.group.max(newest));
        let walked = walked.map_err(|error| unavailable(&path, &error))?;
        group = group.max(newest);
        if back == 1
            && let End::Here(offset) = walked.end
            && !reach.is_later_than(*segment, offset)
        {
            // The segment before the newest may not have been stable either when the power went.
            cut(&file, offset).map_err(|error| unavailable(&path, &error))?;
        }
        if back == 0 {
            last = Some((*segment, file, walked.end));
        }
        sequence = walked.sequence.unwrap_or(0).max(sequence);
        // An empty or damaged segment does not tell how far the numbers had come: ask the ones before too.
        if back > 0 && sequence > 0 {
            break;
        }
    }
    let mut damaged = Vec::new();
    let mut tail = match last {
        Some((segment, file, End::Here(offset)))
            if segment == listing.highest && !reach.is_past(segment, offset) =>
        {
            cut(&file, offset).map_err(|error| unavailable(&segment_path(directory, segment), &error))?;
            tail_of(segment, file, offset)
        }
        Some((segment, file, end)) if is_damaged(end, segment, reach) => {
            // A power cut may leave this too: unsynced frames reach the disk in any order.
            tracing::warn!(
                segment,
                "frames behind a torn or damaged one, or a damaged one at the end: the segment is kept as it is \
                 and sealed"
            );
            damaged.push(segment);
            let mut tail = tail_of(listing.highest, file, 0);
            roll(directory, &mut tail)?;
            tail
        }
        _ => create(directory, listing.highest + 1)?,
    };
    directory::sync(directory).map_err(|error| unavailable(directory, &error))?;
    tail.sequence = sequence;
    tail.wanted = sequence;
    Ok(Recovered { tail, group, damaged })
}

/// Whether a segment holds damage, or places behind its last whole frame.
fn is_damaged(end: End, segment: u32, reach: Reach) -> bool {
    match end {
        End::Damaged => true,
        End::Here(offset) => reach.is_past(segment, offset),
    }
}

/// Says that a segment was taken away on purpose, for good.
fn mark_gone(directory: &Path, segment: u32) -> io::Result<()> {
    File::create(gone_path(directory, segment))
        .and_then(|mark| mark.sync_all())
        .and_then(|()| directory::sync(directory))
}

/// Ends removals that were cut short.
fn sweep(directory: &Path, listing: &Listing) -> Result<()> {
    for gone in (1..=listing.highest).filter(|segment| !listing.present.contains(segment)) {
        if kept_path(directory, gone).exists() && !gone_path(directory, gone).exists() {
            // Whoever deletes what was kept must not make it look lost.
            mark_gone(directory, gone).map_err(|error| unavailable(directory, &error))?;
        }
        match std::fs::remove_file(segment_path(directory, gone)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unavailable(directory, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn tail_of(segment: u32, file: File, offset: u64) -> Tail {
    let (file, sealed) = (Arc::new(file), Vec::new());
    Tail { segment, file, offset, sequence: 0, wanted: 0, sealed, closed: false }
}

/// Ends the file at `offset` and makes it stable.
fn cut(file: &File, offset: u64) -> io::Result<()> {
    let length = file.metadata()?.len();
    if length > offset {
        tracing::warn!(bytes = length - offset, "cut a torn frame off the last segment");
        file.set_len(offset)?;
    }
    file.sync_all()
}

fn create(directory: &Path, segment: u32) -> Result<Tail> {
    let path = segment_path(directory, segment);
    let created = File::options().read(true).write(true).create_new(true).open(&path);
    Ok(tail_of(segment, created.map_err(|error| unavailable(&path, &error))?, 0))
}

/// Goes on in a new segment. The old one becomes stable with the next sync, the new one's name is the caller's.
fn roll(directory: &Path, tail: &mut Tail) -> Result<()> {
    let next = create(directory, tail.segment + 1)?;
    let full = std::mem::replace(&mut tail.file, next.file);
    tail.sealed.push(full);
    tail.segment = next.segment;
    tail.offset = 0;
    Ok(())
}

/// Bodies leave this many reserves: one is the engine's.
const BODY_RESERVES: u64 = 2;

/// The syncing thread: one sync for all who wait.
fn keep_syncing(shared: &Shared) {
    loop {
        let mut tail = shared.tail();
        while tail.wanted <= *shared.stable.borrow() && !tail.closed {
            tail = shared.wake.wait(tail).unwrap_or_else(PoisonError::into_inner);
        }
        if tail.closed {
            return;
        }
        let reached = tail.sequence;
        let mut files = std::mem::take(&mut tail.sealed);
        files.push(Arc::clone(&tail.file));
        drop(tail);

        if let Err(error) = files.iter().try_for_each(|file| file.sync_data()) {
            shared.poison(&error);
            return;
        }
        shared.stable.send_replace(reached);
    }
}

/// Reads and checks one frame.
pub(super) fn read_frame(file: &File, spot: Spot, id: &BlobId) -> Result<Bytes> {
    let mut bytes = vec![0; HEADER_BYTES + spot.stored as usize];
    if let Err(error) = file.read_exact_at(&mut bytes, u64::from(spot.offset)) {
        tracing::error!(?spot, %error, "cannot read a blob");
        let ended = error.kind() == io::ErrorKind::UnexpectedEof;
        return Err(if ended { Error::Corrupt } else { Error::Unavailable });
    }
    let bytes = Bytes::from(bytes);
    let header = Header::decode(&bytes).filter(|header| header.id == *id && header.stored == spot.stored);
    let stored = bytes.slice(HEADER_BYTES..);
    let body = header.and_then(|header| expand(header.codec, stored, header.bytes as usize).ok());
    match body.filter(|body| blake3::hash(body).as_bytes() == &id.0) {
        Some(body) => Ok(body),
        None => {
            tracing::error!(?spot, %id, "a blob does not match its checksum");
            Err(Error::Corrupt)
        }
    }
}

/// A blob's name and how it is to be stored.
fn prepare(bytes: &Bytes) -> (BlobId, super::frame::Codec, Bytes) {
    let (codec, stored) = squeeze(bytes);
    (BlobId(*blake3::hash(bytes).as_bytes()), codec, stored)
}

#[async_trait]
impl BlobStore for LocalBlobs {
    fn blob_bytes_max(&self) -> usize {
        BLOB_BYTES_MAX
    }

    async fn append(&self, bytes: Bytes) -> Result<Frame> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length as usize <= BLOB_BYTES_MAX);
        let length = length.ok_or(Error::TooLarge(BLOB_BYTES_MAX as u64))?;
        if self.0.poison.is_set() {
            return Err(Error::Unavailable);
        }
        self.0.space.take(HEADER_BYTES as u64 + u64::from(length), BODY_RESERVES, 0)?;
        let (id, codec, body) = if bytes.len() <= SQUEEZE_INLINE_BYTES_MAX {
            prepare(&bytes)
        } else {
            blocking(move || Ok(prepare(&bytes))).await?
        };
        // Put together before the lock is taken; only the header waits for its number.
        let mut frame = Vec::with_capacity(HEADER_BYTES + body.len());
        frame.resize(HEADER_BYTES, 0);
        frame.extend_from_slice(&body);
        let stored = u32::try_from(body.len()).map_err(|_| Error::Corrupt)?;
        let group = self.0.witness.as_ref().map_or(0, |witness| witness.group());
        let mut tail = self.0.tail();
        let sequence = tail.sequence + 1;
        let header = Header { id, codec, stored, bytes: length, sequence, group };
        if tail.offset > 0 && tail.offset + header.frame_bytes() > self.0.segment_bytes_max {
            self.0.roll(&mut tail)?;
        }
        frame.iter_mut().zip(header.encode()).for_each(|(byte, encoded)| *byte = encoded);
        if let Err(error) = tail.file.write_all_at(&frame, tail.offset) {
            return Err(self.0.not_written(&tail, &error));
        }
        let offset = u32::try_from(tail.offset).map_err(|_| Error::Corrupt)?;
        let spot = Spot { segment: tail.segment, offset, stored };
        tail.offset += header.frame_bytes();
        tail.sequence = sequence;
        Ok(Frame { id, place: Place(spot.encode()), sequence })
    }

    async fn sync(&self, sequence: u64) -> Result<()> {
        let mut stable = self.0.stable.subscribe();
        let mut sequence = sequence;
        if *stable.borrow() < sequence {
            let mut tail = self.0.tail();
            // What was never appended cannot be waited for.
            sequence = sequence.min(tail.sequence);
            tail.wanted = tail.wanted.max(sequence);
            drop(tail);
            self.0.wake.notify_one();
        }
        let reached = stable.wait_for(|stable| *stable >= sequence || self.0.poison.is_set()).await;
        match reached {
            Ok(_) if !self.0.poison.is_set() => Ok(()),
            _ => Err(Error::Unavailable),
        }
    }

    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes> {
        let spot = Spot::decode(&place.0).ok_or(Error::Corrupt)?;
        let file = self.0.handles.get(spot.segment)?;
        if spot.stored as usize <= READ_INLINE_BYTES_MAX {
            return read_frame(&file, spot, id);
        }
        let id = *id;
        blocking(move || read_frame(&file, spot, &id)).await
    }

    async fn poisoned(&self) {
        self.0.poison.wait().await;
    }

    fn is_full(&self) -> bool {
        self.0.space.is_short()
    }

    async fn sealed(&self) -> Result<Vec<u32>> {
        let shared = Arc::clone(&self.0);
        blocking(move || {
            let mut segments = list(&shared.directory)?.present;
            let written = shared.tail().segment;
            segments.retain(|segment| *segment < written);
            Ok(segments)
        })
        .await
    }

    async fn segments(&self) -> Result<Vec<u32>> {
        let shared = Arc::clone(&self.0);
        blocking(move || Ok(list(&shared.directory)?.present)).await
    }

    async fn survey(&self, segment: u32) -> Result<Vec<Found>> {
        let shared = Arc::clone(&self.0);
        blocking(move || Ok(shared.survey(segment)?.0)).await
    }

    async fn found(&self, segment: u32) -> Result<Vec<Found>> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.frames(segment)).await
    }

    async fn remove(&self, segment: u32) -> Result<()> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.take_away(segment, false)).await
    }

    async fn quarantine(&self, segment: u32) -> Result<()> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.take_away(segment, true)).await
    }

    async fn shares(&self) -> Result<Vec<Share>> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.shares()).await
    }

    async fn seal(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.seal()).await
    }
}

#[cfg(test)]
mod tests;
