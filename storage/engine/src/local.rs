//! The engine and the blob store of one machine, opened together and compared.
//!
//! Each alone can be whole and yet older than the other: a disk that lost a file, a directory that was restored by
//! itself, an engine whose journal was cut off. The frames know which group the engine had made stable, the engine
//! knows how far its places reach (see [`crate::ledger`]); where they disagree, something that was acknowledged is
//! gone, and going on would hide it. So the store is not opened, unless somebody who has nothing better to restore
//! says that it shall go on with what is there.

use crate::{
    Engine, LocalBlobs,
    blobs::{reaches, write_off},
    committer::Committer,
    fjall::{open_raw, tell_damage},
    ledger::{Ledger, Reach},
    limits::{MEMTABLE_BYTES_MAX, SEGMENT_BYTES_MAX},
};
use model::Error;
use std::{fmt, path::Path, sync::Arc};

/// How a store on the local disk is opened.
#[derive(Clone, Copy, Debug)]
pub struct LocalOptions {
    /// Bound of the engine's block cache.
    pub cache_bytes: u64,
    /// Bound of each of the engine's memtables; decided when the store is made.
    pub memtable_bytes: u64,
    /// Length of a segment file.
    pub segment_bytes: u64,
    /// Go on where the engine and the segments disagree, without what is lost.
    pub accept_loss: bool,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            memtable_bytes: MEMTABLE_BYTES_MAX,
            segment_bytes: SEGMENT_BYTES_MAX,
            accept_loss: false,
        }
    }
}

/// Why a store was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// The segments know of groups that the engine does not: it has lost acknowledged changes.
    Behind {
        /// Groups that the engine knows of.
        engine: u64,
        /// Groups that the segments know of.
        segments: u64,
    },
    /// The engine knows of bytes that the segments do not have.
    Ahead {
        /// The segment that is missing or too short.
        segment: u32,
        /// How long it must be.
        wanted: u64,
        /// How long it is; nothing when it is missing.
        found: Option<u64>,
    },
    /// Any other reason.
    Failed(Error),
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind { engine, segments } => write!(
                f,
                "the engine is older than the segments of bodies beside it (it knows {engine} groups of changes, \
                 they know {segments}): changes that were acknowledged are missing"
            ),
            Self::Ahead { segment, wanted, found: Some(found) } => write!(
                f,
                "the segments of bodies are older than the engine beside them (segment {segment:08} has {found} \
                 bytes and must have {wanted}): bodies that were acknowledged are missing"
            ),
            Self::Ahead { segment, found: None, .. } => {
                write!(
                    f,
                    "segment {segment:08} of bodies is missing: bodies that were acknowledged are gone with it"
                )
            }
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// Opens or creates the engine and the blob store in `engine` and `blobs` below a directory. Blocks while the
/// journal is replayed and the last segment is read.
///
/// # Errors
/// See [`Unopened`]; causes are in the log.
pub fn open_local(path: &Path, options: LocalOptions) -> Result<(Arc<dyn Engine>, LocalBlobs), Unopened> {
    let place = path.join("engine");
    let opened = open_raw(&place, options.cache_bytes, options.memtable_bytes).and_then(Ledger::open);
    let mut engine = opened.inspect_err(|error| {
        if *error == Error::Corrupt {
            tell_damage(&place);
        }
    })?;
    let directory = path.join("blobs");
    let reach = engine.reach();
    let mut accepted = None;
    if let Err(found) = reaches(&directory, reach) {
        let lost = Unopened::Ahead { segment: reach.segment, wanted: reach.end, found };
        if !options.accept_loss {
            return Err(lost);
        }
        tracing::error!(%lost, "going on without what is lost, as was asked");
        accepted = Some(Reach { segment: reach.segment, end: found.unwrap_or(0) });
    }
    if options.accept_loss {
        crate::directory::make(&directory)?;
        let missing = write_off(&directory, reach.segment)?;
        if !missing.is_empty() {
            tracing::error!(?missing, "segments are given up, as was asked");
        }
    }
    let (witness, known) = (engine.witness(), accepted.unwrap_or(reach));
    let opened = LocalBlobs::open_beside(&directory, options.segment_bytes, Some(witness.clone()), known);
    let (blobs, group) = opened?;
    if group > witness.group() {
        let lost = Unopened::Behind { engine: witness.group(), segments: group };
        if !options.accept_loss {
            return Err(lost);
        }
        tracing::error!(%lost, "going on without what is lost, as was asked");
        accepted = accepted.or(Some(reach));
    }
    if let Some(reach) = accepted {
        engine.accept(group, reach)?;
    }
    Ok((Arc::new(Committer::start(engine)?), blobs))
}

#[cfg(test)]
mod tests;
