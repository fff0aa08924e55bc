//! The format of the whole store: one number in [`Table::Meta`], looked at before anything else is read, so that
//! a build refuses what a later one has written instead of stumbling over its first unknown record.
//!
//! A store without the number was written by a build before there was one: that is format 1. An older store is
//! taken as it is; its number is raised at once, because from now on records of the present versions go into it,
//! and the records themselves are rewritten each at its next write.

use bytes::Bytes;
use engine::{Batch, Engine, MENDED, Op, Precondition, Table};
use model::{Error, Result};
use std::sync::Arc;

/// The format that this build writes. Raised with every change of what an older build would read wrongly: the
/// shape of a record, a key, the frames of bodies.
///
/// 1: the first. 2: bodies may be compressed; groups are counted in the engine and in the frames; what is
/// removed is kept for a while. 3: copies of a message are counted beside its record, messages in the account's; a
/// body of several chunks ends with its list. 4: \Seen of a mailbox may be each user's own; lists of chunks that nothing
/// else can look like.
pub const FORMAT: u32 = 4;

/// The number's key; its value is the number, big-endian, and the version of the build that set it.
pub(crate) const KEY: &[u8] = b"format";

/// What a store said of itself when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The format it has.
    pub found: u32,
    /// Version of the build that gave it that format; empty for the first ones.
    pub build: String,
    /// Whether it may be opened: its format is not newer than [`FORMAT`].
    pub admitted: bool,
}

/// Reads the format of a store and, when it is an older one, raises it. To be called before anything else reads.
///
/// # Errors
/// `Corrupt` when the number cannot be read; `Unavailable`.
pub async fn admit(engine: &Arc<dyn Engine>, build: &str) -> Result<Admission> {
    let snapshot = engine.snapshot().await?;
    let stored = snapshot.get(Table::Meta, KEY).await?;
    let (found, by) = match &stored {
        Some(value) => read(value)?,
        None => (
            unnumbered(snapshot.scan(Table::Account, &everything(), 1, false).await?.is_empty()),
            String::new(),
        ),
    };
    if found < FORMAT || stored.is_none() {
        let mut value = FORMAT.to_be_bytes().to_vec();
        value.extend_from_slice(build.as_bytes());
        let expected = match stored {
            Some(value) => Precondition::Equals(Table::Meta, KEY.to_vec(), value),
            None => Precondition::Absent(Table::Meta, KEY.to_vec()),
        };
        let batch =
            Batch { expect: vec![expected], ops: vec![Op::Put(Table::Meta, KEY.to_vec(), value.into())] };
        match engine.commit(batch).await {
            Ok(_) => {}
            // Another process of the same store came first: what it found is what this one finds now.
            Err(Error::PreconditionFailed) => return Box::pin(admit(engine, build)).await,
            Err(error) => return Err(error),
        }
    }
    Ok(Admission { found, build: by, admitted: found <= FORMAT })
}

/// Whether the engine was made anew from what could be read of a damaged one and has not been repaired since: rows that
/// say who needs which body may be missing or older than they were, and nothing must be removed on their word.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn awaits_repair(engine: &Arc<dyn Engine>) -> Result<bool> {
    Ok(engine.newest().await?.get(Table::Meta, MENDED).await?.is_some())
}

/// The repair has come to its end.
///
/// # Errors
/// `Unavailable`.
pub(crate) async fn is_repaired(engine: &Arc<dyn Engine>) -> Result<()> {
    let ops = vec![Op::Delete(Table::Meta, MENDED.to_vec())];
    engine.commit(Batch { ops, ..Batch::default() }).await.map(drop)
}

fn everything() -> engine::Range {
    engine::Range { start: Vec::new(), end: Vec::new() }
}

/// The format of a store without a number: the present one when there is nothing in it.
fn unnumbered(empty: bool) -> u32 {
    if empty { FORMAT } else { 1 }
}

fn read(value: &Bytes) -> Result<(u32, String)> {
    let (number, build) = value.split_first_chunk::<4>().ok_or(Error::Corrupt)?;
    Ok((u32::from_be_bytes(*number), String::from_utf8_lossy(build).into_owned()))
}

#[cfg(test)]
mod tests;
