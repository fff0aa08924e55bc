//! fjall's journals, looked through before fjall opens them.
//!
//! fjall ends a journal at the first batch it cannot read and cuts the rest off without a word (its issue 311),
//! or refuses to open when only the batch's checksum is wrong, which a power cut in the middle of a write may
//! leave too. One group is written and synced at a time, so only the very last batch of all can be torn: that one
//! is cut off here. It need not be in the newest journal: after a write that failed, fjall's own workers may still
//! have begun a new one, which nothing was written to. Damage with a whole batch behind it, or in an older journal,
//! or where acknowledged groups would be lost, is a bad disk's: nothing is touched and the engine is not opened,
//! until somebody decides to go on without what is lost ([`mend`]).
//!
//! `<n>.jnl` holds batches and then zeros (it is made longer than needed). A batch is a start (1, number of rows
//! 4, number 8), rows (2, kind 1, compression 1, keyspace 8, length of the key 2, of the value 4, of the value as
//! stored 4, key, value) or clearings (4, keyspace 8), and an end (3, XXH3-64 of the rows 8, "FJL\x03"); numbers
//! are little-endian. The checksum leaves the batch's number out, and a wrong number puts its rows before or
//! behind others': so each group tells, in a row of its own, its own number and the least that fjall's can be.

use super::{GROUP_KEY, mark, tables::Row};
use crate::{
    directory,
    limits::BATCH_BYTES_MAX,
    patient::{self, is_bad_disk},
    space::outcome,
};
use bytes::Bytes;
use model::{Error, Result};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};
use xxhash_rust::xxh3::Xxh3;

/// Makes the journals ready for fjall: `acknowledged` is the newest group that must be in them or in the tables;
/// batches numbered `refused` or later were never acknowledged and go.
///
/// # Errors
/// `Corrupt` for damage that is no torn write, told in the log with its place; `Unavailable`, `DiskFull`.
pub(super) fn prepare(directory: &Path, acknowledged: u64, refused: Option<u64>) -> Result<()> {
    finish_mending(directory)?;
    let mut journals = Vec::new();
    for path in list(directory)? {
        let walk = walk(&path, refused).map_err(|error| outcome(&path, &error))?;
        journals.push((path, walk));
    }
    while journals.len() > 1 && journals.last().is_some_and(|(_, walk)| walk.is_vacant()) {
        journals.pop();
    }
    let Some(((path, last), sealed)) = journals.split_last() else { return Ok(()) };
    if let Some((path, walk)) = sealed.iter().find(|(_, walk)| walk.is_damaged()) {
        return Err(walk.refuse(path));
    }
    let newest = journals.iter().filter_map(|(_, walk)| walk.group).max();
    let lost = newest.is_some_and(|newest| newest < acknowledged);
    if last.behind_count > 0 || (last.is_damaged() && lost) {
        return Err(last.refuse(path));
    }
    if last.is_damaged() || last.is_cut {
        tracing::warn!(path = %path.display(), at = last.end, "cut off a torn or refused group");
        cut(path, last.end).map_err(|error| outcome(path, &error))?;
    }
    Ok(())
}

/// What [`mend`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Damaged stretches that were left out.
    pub damage_count: u64,
    /// Their bytes.
    pub damage_bytes: u64,
    /// Whole groups that were kept although they lie behind damage.
    pub kept_count: u64,
}

/// Leaves the damage out of an engine's journals and keeps every whole group. Each damaged journal stays as
/// `<name>.damaged`. What the lost groups held is lost: the store above has to be checked and repaired.
///
/// # Errors
/// `Unavailable`, `DiskFull`; nothing has changed then, or it can be done again.
pub(super) fn mend(directory: &Path) -> Result<Mended> {
    finish_mending(directory)?;
    let mut mended = Mended::default();
    for path in list(directory)? {
        let done = mend_one(&path, &mut mended).map_err(|error| outcome(&path, &error));
        done?;
    }
    directory::sync(directory).map_err(|error| outcome(directory, &error))?;
    Ok(mended)
}

/// Tells every row of every whole batch in the journals, damage stepped over: how many stretches of it there were,
/// and their bytes.
///
/// # Errors
/// `Unavailable` when one cannot be read.
pub(super) fn rows(directory: &Path, mut found: impl FnMut(Row)) -> Result<(u64, u64)> {
    let (mut damage_count, mut damage_bytes) = (0, 0);
    for path in list(directory)? {
        let bytes = match patient::read(&path) {
            Ok(bytes) => without_end(bytes),
            Err(error) if is_bad_disk(&error) => {
                damage_count += 1;
                continue;
            }
            Err(error) => return Err(outcome(&path, &error)),
        };
        let (mut at, mut number, mut damaged) = (0, None, false);
        while at < bytes.len() {
            match sound_at(&bytes, at, number) {
                Some((batch, whole)) => {
                    rows_of(whole, batch.order(), &mut found);
                    at += whole.len();
                    number = Some(batch.order());
                    damaged = false;
                }
                None => {
                    damage_count += u64::from(!damaged);
                    damage_bytes += 1;
                    damaged = true;
                    at += 1;
                }
            }
        }
    }
    Ok((damage_count, damage_bytes))
}

/// The rows of a whole batch.
fn rows_of(mut batch: &[u8], number: u64, found: &mut impl FnMut(Row)) {
    batch = batch.get(13..).unwrap_or_default();
    while let Some((&ROW, rest)) = batch.split_first() {
        let Some((head, rest)) = rest.split_at_checked(20) else { return };
        let (key_bytes, value_bytes) = (length_in(head, 10, 2), length_in(head, 12, 4));
        let Some((key, rest)) = rest.split_at_checked(key_bytes) else { return };
        let Some((stored, rest)) = rest.split_at_checked(length_in(head, 16, 4)) else { return };
        batch = rest;
        let value = match (head.first(), head.get(1)) {
            (Some(0), Some(0)) => Some(Bytes::copy_from_slice(stored)),
            // The length is the journal's own word: what does not expand to it is no value of ours.
            (Some(0), Some(_)) if value_bytes <= BATCH_BYTES_MAX => {
                match lz4_flex::decompress(stored, value_bytes) {
                    Ok(value) if value.len() == value_bytes => Some(Bytes::from(value)),
                    _ => continue,
                }
            }
            (Some(0), _) => continue,
            _ => None,
        };
        found(Row { key: key.to_vec(), number, value });
    }
}

fn mend_one(path: &Path, mended: &mut Mended) -> io::Result<()> {
    let walk = walk(path, None)?;
    if !walk.is_damaged() {
        return Ok(());
    }
    let rest = rest_of(path, walk.end)?;
    let mut kept = Vec::new();
    let (mut at, mut number, mut damaged) = (0, walk.number, false);
    while at < rest.len() {
        match sound_at(&rest, at, number) {
            Some((batch, bytes)) => {
                let from = kept.len();
                kept.extend_from_slice(bytes);
                if let Some(place) = kept.get_mut(from + 5..from + 13) {
                    place.copy_from_slice(&batch.order().to_le_bytes());
                }
                at += bytes.len();
                number = Some(batch.order());
                mended.kept_count += 1;
                damaged = false;
            }
            None => {
                mended.damage_count += u64::from(!damaged);
                mended.damage_bytes += 1;
                damaged = true;
                at += 1;
            }
        }
    }
    let draft = path.with_extension(DRAFT);
    let mut file = File::create(&draft)?;
    io::copy(&mut File::open(path)?.take(walk.end), &mut file)?;
    io::copy(&mut kept.as_slice(), &mut file)?;
    file.sync_all()?;
    // Its name must be there when the journal's is not: from here on it is the journal.
    directory::sync(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::rename(path, path.with_extension("damaged"))?;
    std::fs::rename(&draft, path)
}

/// The ending of a mended journal that has not yet taken the damaged one's place.
const DRAFT: &str = "mended";

/// Puts mended journals in their places where that was cut short: the damaged one is aside already.
fn finish_mending(directory: &Path) -> Result<()> {
    for draft in numbered(directory, DRAFT)? {
        let path = draft.with_extension("jnl");
        if path.exists() || !draft.with_extension("damaged").exists() {
            // One that was never finished: it is made anew when it is asked for.
            continue;
        }
        tracing::warn!(path = %path.display(), "the mending of a journal is brought to its end");
        std::fs::rename(&draft, &path)
            .and_then(|()| directory::sync(directory))
            .map_err(|error| outcome(&path, &error))?;
    }
    Ok(())
}

/// The journals, oldest first.
fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    numbered(directory, "jnl")
}

/// The files `<n>.<ending>`, by number.
fn numbered(directory: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| outcome(directory, &error))?,
    };
    let mut journals = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| outcome(directory, &error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'));
        let number = name.filter(|(_, found)| *found == ending).and_then(|(number, _)| number.parse().ok());
        journals.extend(number.map(|number: u64| (number, path)));
    }
    journals.sort();
    Ok(journals.into_iter().map(|(_, path)| path).collect())
}

/// What a journal holds.
#[derive(Clone, Debug, Default)]
struct Walk {
    /// Where its whole batches end.
    end: u64,
    /// fjall's number of the last of them.
    number: Option<u64>,
    /// The newest group among them.
    group: Option<u64>,
    /// Bytes behind `end` that are not zero.
    damage_bytes: u64,
    /// Whole batches behind the damage.
    behind_count: u64,
    /// The walk ended at a refused batch.
    is_cut: bool,
}

impl Walk {
    fn is_damaged(&self) -> bool {
        self.damage_bytes > 0
    }

    /// Nothing was ever written to it.
    fn is_vacant(&self) -> bool {
        self.end == 0 && !self.is_damaged() && !self.is_cut
    }

    fn refuse(&self, path: &Path) -> Error {
        let (at, groups_behind) = (self.end, self.behind_count);
        tracing::error!(
            path = %path.display(), at, groups_behind,
            "the engine's journal is damaged: restore it, or go on without what is lost with `collegium fsck --mend-journal`"
        );
        Error::Corrupt
    }
}

/// Walks a journal up to its end, its damage or the first refused batch.
fn walk(path: &Path, refused: Option<u64>) -> io::Result<Walk> {
    let file = File::open(path)?;
    if refused.is_some() {
        // What a write could not bring to the disk may still be in memory, looking written.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    }
    let mut walk = Walk::default();
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut before = Walk::default();
    while let Some(batch) = read_batch(&mut reader)?.filter(Batch::has_sound_number) {
        if batch.least.is_some_and(|least| Some(least) <= walk.number) {
            // It is the number of the one before that is wrong.
            walk = before;
            break;
        }
        if refused.is_some_and(|refused| batch.number >= refused) {
            walk.is_cut = true;
            return Ok(walk);
        }
        before = walk.clone();
        walk.end += batch.bytes;
        walk.number = Some(batch.number);
        walk.group = walk.group.max(batch.group);
    }
    let rest = rest_of(path, walk.end)?;
    walk.damage_bytes = rest.len() as u64;
    let mut at = 0;
    while at < rest.len() {
        match sound_at(&rest, at, walk.number) {
            Some((_, bytes)) => {
                walk.behind_count += 1;
                at += bytes.len();
            }
            None => at += 1,
        }
    }
    Ok(walk)
}

/// What lies behind `end`, without the zeros at its own end.
fn rest_of(path: &Path, end: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    // Most of a journal is a hole: nothing to read where there is only that.
    if rustix::fs::seek(&file, rustix::fs::SeekFrom::Data(end)) == Err(rustix::io::Errno::NXIO) {
        return Ok(Vec::new());
    }
    file.seek(SeekFrom::Start(end))?;
    let mut rest = Vec::new();
    let mut window = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut window)?;
        let Some(read) = window.get(..length).filter(|read| !read.is_empty()) else { break };
        rest.extend_from_slice(read);
    }
    Ok(without_end(rest))
}

/// Without the zeros that a journal's room is filled with.
fn without_end(mut bytes: Vec<u8>) -> Vec<u8> {
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(used);
    bytes
}

/// The whole batch that begins here, with a number after `last`; a client's bytes that look like one have not.
fn sound_at(rest: &[u8], at: usize, last: Option<u64>) -> Option<(Batch, &[u8])> {
    let mut from = rest.get(at..)?;
    if *from.first()? != START {
        return None;
    }
    let whole = from;
    let batch = read_batch(&mut from).ok().flatten()?;
    let next = last.is_none_or(|last| last < batch.order() && batch.order() - last < NUMBERS_MAX);
    let bytes = whole.get(..usize::try_from(batch.bytes).ok()?)?;
    next.then_some((batch, bytes))
}

/// fjall's numbers grow by few from batch to batch.
const NUMBERS_MAX: u64 = 1 << 24;

/// A whole batch.
struct Batch {
    number: u64,
    bytes: u64,
    group: Option<u64>,
    /// The least that `number` can be; it is more only when fjall took numbers for its own work meanwhile.
    least: Option<u64>,
}

impl Batch {
    fn has_sound_number(&self) -> bool {
        self.least.is_none_or(|least| least <= self.number && self.number - least < NUMBERS_MAX)
    }

    /// A number that puts it in its place whatever the one in its start says.
    fn order(&self) -> u64 {
        self.least.unwrap_or(self.number)
    }
}

const START: u8 = 1;
const ROW: u8 = 2;
const END: u8 = 3;
const CLEARING: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";

/// Reads one batch; none where there is no whole one.
fn read_batch(reader: &mut impl Read) -> io::Result<Option<Batch>> {
    match try_batch(reader) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read,
    }
}

fn try_batch(reader: &mut impl Read) -> io::Result<Option<Batch>> {
    let mut hash = Xxh3::new();
    let mut told = None;
    let [tag] = take(reader)?;
    let (count, number) = (u32::from_le_bytes(take(reader)?), u64::from_le_bytes(take(reader)?));
    if tag != START || count == 0 {
        return Ok(None);
    }
    let mut bytes = 13_u64;
    for _ in 0..count {
        let [tag] = take(reader)?;
        hash.update(&[tag]);
        let read = match tag {
            ROW => read_row(reader, &mut hash, &mut told)?,
            CLEARING => {
                let keyspace: [u8; 8] = take(reader)?;
                hash.update(&keyspace);
                Some(8)
            }
            _ => None,
        };
        let Some(read) = read else { return Ok(None) };
        bytes += 1 + read;
    }
    let [tag] = take(reader)?;
    let checksum = u64::from_le_bytes(take(reader)?);
    let trailer: [u8; 4] = take(reader)?;
    let sound = tag == END && trailer == TRAILER && checksum == hash.digest();
    let (group, least) = told.unzip();
    Ok(sound.then_some(Batch { number, bytes: bytes + 13, group, least }))
}

/// A row behind its tag; its bytes.
fn read_row(
    reader: &mut impl Read,
    hash: &mut Xxh3,
    told: &mut Option<(u64, u64)>,
) -> io::Result<Option<u64>> {
    let head: [u8; 20] = take(reader)?;
    hash.update(&head);
    let (key, value) = (length_in(&head, 10, 2), length_in(&head, 16, 4));
    if value > BATCH_BYTES_MAX {
        return Ok(None);
    }
    let mut bytes = vec![0; key];
    reader.read_exact(&mut bytes)?;
    hash.update(&bytes);
    let is_group = bytes == GROUP_KEY;
    let mut missing = value;
    let mut window = [0; 4096];
    while missing > 0 {
        let Some(part) = window.get_mut(..missing.min(4096)) else { break };
        reader.read_exact(part)?;
        hash.update(part);
        if is_group {
            *told = group_row(part);
        }
        missing -= part.len();
    }
    Ok(Some((20 + key + value) as u64))
}

/// A little-endian length in a row's head.
fn length_in(head: &[u8], from: usize, bytes: usize) -> usize {
    let part = head.get(from..from + bytes).unwrap_or_default();
    part.iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
}

/// What a group writes about itself: its number, and the least number that fjall may give it.
pub(super) fn group_value(group: u64, least: u64) -> [u8; 16] {
    (u128::from(group) << 64 | u128::from(least)).to_be_bytes()
}

/// Reads [`group_value`].
pub(super) fn group_row(value: &[u8]) -> Option<(u64, u64)> {
    let (group, least) = value.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*group), mark::number(least)?))
}

fn take<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Ends the journal here, for good.
fn cut(path: &Path, end: u64) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    file.set_len(end)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
