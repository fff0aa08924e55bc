//! Letting go of backups: their manifests first, then the packs that nobody needs; packs of which little is needed
//! are written anew before they go. May be cut short anywhere: what is there is whole, and the next run goes on.

use crate::{
    chunk::{Chunk, list},
    limits::PACK_LIVE_PERCENT,
    manifest::id_of,
    repository::Repository,
};
use model::{BlobId, Error, Result};
use std::collections::HashSet;

/// What a prune came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Backups that went.
    pub forgotten_count: u64,
    /// Backups that are there.
    pub kept_count: u64,
    /// Packs that went.
    pub pack_count: u64,
    /// Octets of them, what was written anew counted off.
    pub freed_bytes: i64,
}

/// Keeps the newest `keep` backups, lets those named in `forget` go too, and removes what nobody needs any more.
///
/// # Errors
/// `NotFound` when a name in `forget` is not there; `Corrupt` when a backup that stays is damaged (nothing is removed
/// then); `Unavailable`.
pub fn prune(repository: &mut Repository, keep: Option<usize>, forget: &[String]) -> Result<Pruned> {
    let names = repository.manifest_names()?;
    if forget.iter().any(|name| !names.contains(name)) {
        return Err(Error::NotFound);
    }
    let kept_from = keep.map_or(0, |keep| names.len().saturating_sub(keep));
    let (mut gone, mut stay) = (Vec::new(), Vec::new());
    for (at, name) in names.into_iter().enumerate() {
        if at < kept_from || forget.contains(&name) { gone.push(name) } else { stay.push(name) }
    }
    let live = needed(repository, &stay)?;
    let mut pruned = Pruned { kept_count: stay.len() as u64, ..Pruned::default() };
    for name in &gone {
        repository.forget(name)?;
        pruned.forgotten_count += 1;
    }
    let before = repository.written_bytes();
    let (mut doomed, mut seen) = (Vec::new(), HashSet::new());
    for name in repository.pack_names()? {
        let entries = repository.entries(&name)?;
        let total: u64 = entries.iter().map(|entry| u64::from(entry.bytes)).sum();
        // What an earlier pack has too is dead in this one.
        let alive: Vec<_> =
            entries.iter().filter(|entry| live.contains(&entry.id) && seen.insert(entry.id)).collect();
        let bytes: u64 = alive.iter().map(|entry| u64::from(entry.bytes)).sum();
        if bytes.saturating_mul(100) >= total.saturating_mul(PACK_LIVE_PERCENT) && bytes > 0 {
            continue;
        }
        for entry in alive {
            let octets = repository.object(&entry.id)?;
            repository.add_again(entry.id, &octets)?;
        }
        doomed.push((name, total));
    }
    // The new packs are stable before an old one goes.
    repository.flush()?;
    let fresh = repository.written_bytes().saturating_sub(before);
    pruned.freed_bytes -= i64::try_from(fresh).unwrap_or(i64::MAX);
    for (name, bytes) in doomed {
        repository.remove_pack(&name)?;
        pruned.pack_count += 1;
        pruned.freed_bytes += i64::try_from(bytes).unwrap_or(i64::MAX);
    }
    Ok(pruned)
}

/// Every object that these backups need.
fn needed(repository: &Repository, names: &[String]) -> Result<HashSet<BlobId>> {
    let mut live = HashSet::new();
    for name in names {
        let manifest = repository.manifest(name)?;
        let lists = manifest.accounts.iter().map(|account| &account.chunks);
        for chunks in lists.chain([&manifest.installation]) {
            let id = id_of(chunks)?;
            if !live.insert(id) {
                continue;
            }
            for id in list(repository, &id)? {
                if live.insert(id) {
                    live.extend(Chunk::read(repository, &id)?.needs);
                }
            }
        }
    }
    Ok(live)
}

#[cfg(test)]
mod tests;
