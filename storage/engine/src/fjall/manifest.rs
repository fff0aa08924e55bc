//! fjall's manifests: which table files make up a keyspace, and with which numbers. fjall writes a checksum of
//! each manifest down and never compares it; a flipped bit in one could hide rows without a word.
//!
//! `keyspaces/<n>/current` holds the version (8 bytes, little-endian), the XXH3-128 of `v<version>` (16) and the
//! kind of checksum, 0.

use model::{Error, Result};
use std::{io, path::Path};

/// Bytes of `current`.
const CURRENT_BYTES: usize = 25;

/// Compares every keyspace's manifest with its checksum.
///
/// # Errors
/// `Corrupt` for one that differs, named in the log; `Unavailable` when one cannot be read.
pub(super) fn verify(directory: &Path) -> Result<()> {
    let keyspaces = directory.join("keyspaces");
    let entries = match std::fs::read_dir(&keyspaces) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| crate::space::outcome(&keyspaces, &error))?,
    };
    for entry in entries {
        let path = entry.map_err(|error| crate::space::outcome(&keyspaces, &error))?.path();
        // A keyspace whose making was cut short has no manifest yet; fjall sweeps it.
        if path.join("current").exists() {
            verify_one(&path)?;
        }
    }
    Ok(())
}

fn verify_one(keyspace: &Path) -> Result<()> {
    let current = keyspace.join("current");
    let told = std::fs::read(&current).map_err(|error| crate::space::outcome(&current, &error))?;
    let parts = || {
        let (version, rest) = told.split_first_chunk::<8>()?;
        let (checksum, kind) = rest.split_first_chunk::<16>()?;
        (told.len() == CURRENT_BYTES && kind == [0])
            .then(|| (u64::from_le_bytes(*version), u128::from_le_bytes(*checksum)))
    };
    let Some((version, checksum)) = parts() else {
        tracing::error!(path = %current.display(), "damaged: this is no manifest's name");
        return Err(Error::Corrupt);
    };
    let path = keyspace.join(format!("v{version}"));
    let manifest = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            tracing::error!(path = %current.display(), version, "damaged: the manifest it names is missing");
            return Err(Error::Corrupt);
        }
        manifest => manifest.map_err(|error| crate::space::outcome(&path, &error))?,
    };
    if xxhash_rust::xxh3::xxh3_128(&manifest) != checksum {
        tracing::error!(path = %path.display(), "damaged: the manifest does not match its checksum");
        return Err(Error::Corrupt);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
