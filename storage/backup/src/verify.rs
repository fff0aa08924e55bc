//! Proving that a backup restores: every octet of the repository is read and checked, every reference of every backup
//! is followed, and one backup is really loaded into a store of its own and checked there.

use crate::{
    blobs::RepositoryBlobs,
    chunk::{Chunk, list},
    limits::DAMAGE_COUNT_MAX,
    load::scratch,
    manifest::{Manifest, id_of},
    pack,
    repository::Repository,
};
use engine::{BlobStore, Engine, Env};
use model::{BlobId, Error, Result};
use std::{collections::HashSet, fs::File, io::Read, path::Path, sync::Arc};
use store::{Depth, Options, Store};

/// What a verification came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Backups whose references were followed.
    pub backup_count: u64,
    /// Packs that were read.
    pub pack_count: u64,
    /// Objects that match their names.
    pub object_count: u64,
    /// Octets that were read.
    pub read_bytes: u64,
    /// Rows of the backup that was restored to see it.
    pub row_count: u64,
    /// Bodies that were damaged in the store already when the backup was made.
    pub missing_count: u64,
    /// What is wrong, in words; nothing when all is well.
    pub damage: Vec<String>,
}

impl Verified {
    fn find(&mut self, what: String) {
        if self.damage.len() < DAMAGE_COUNT_MAX {
            self.damage.push(what);
        }
    }
}

/// Verifies a repository, and that `manifest` restores: into `engine`, which must be empty.
///
/// # Errors
/// `Unavailable` when something cannot be read; what is wrong is in the answer.
pub async fn verify(
    repository: Arc<Repository>,
    manifest: &Manifest,
    engine: &Arc<dyn Engine>,
    env: Arc<dyn Env>,
) -> Result<Verified> {
    let mut verified = Verified::default();
    for name in repository.pack_names()? {
        read_pack(&repository, &name, &mut verified)?;
    }
    for name in repository.manifest_names()? {
        verified.backup_count += 1;
        match repository.manifest(&name) {
            Ok(manifest) => follow(&repository, &manifest, &mut verified)?,
            Err(Error::Corrupt) => {
                verified.find(format!("{}: damaged", repository.manifest_path(&name).display()))
            }
            Err(error) => return Err(error),
        }
    }
    match scratch(&repository, manifest, engine, None).await {
        Ok(loaded) => verified.row_count = loaded.row_count,
        Err(Error::Corrupt | Error::NotFound) => {
            verified.find(format!("backup {}: it cannot be restored whole", manifest.name));
            return Ok(verified);
        }
        Err(error) => return Err(error),
    }
    verified.missing_count = manifest.missing.len() as u64;
    let blobs: Arc<dyn BlobStore> = Arc::new(RepositoryBlobs(repository));
    let restored = Store::new(engine.clone(), blobs, env, Options::default());
    for finding in restored.fsck_all(Depth::Records).await? {
        if let store::Fault::NoBlob(_, id) = &finding.fault
            && manifest.missing.contains(&id.to_string())
        {
            continue;
        }
        verified.find(format!("backup {}: {finding}", manifest.name));
    }
    Ok(verified)
}

/// The whole file against its name, every object against its own.
fn read_pack(repository: &Repository, name: &BlobId, verified: &mut Verified) -> Result<()> {
    let path = repository.pack_path(name);
    verified.pack_count += 1;
    let (hash, bytes) = hash_file(&path)?;
    verified.read_bytes += bytes;
    if hash != *name {
        verified.find(format!("{}: damaged", path.display()));
    }
    let entries = match pack::index(&path) {
        Ok(entries) => entries,
        Err(Error::Corrupt) => return Ok(()),
        Err(error) => return Err(error),
    };
    let file = File::open(&path).map_err(|error| pack::failed(&path, &error))?;
    for entry in entries {
        match pack::read(&file, &path, &entry) {
            Ok(_) => verified.object_count += 1,
            Err(Error::Corrupt) => verified.find(format!("{}: object {}", path.display(), entry.id)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn hash_file(path: &Path) -> Result<(BlobId, u64)> {
    let failed = |error: std::io::Error| pack::failed(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            return Ok((BlobId(*hasher.finalize().as_bytes()), total));
        };
        hasher.update(read);
        total += count as u64;
    }
}

/// Every list, chunk and blob that a backup names is there.
fn follow(repository: &Repository, manifest: &Manifest, verified: &mut Verified) -> Result<()> {
    let missing: HashSet<&str> = manifest.missing.iter().map(String::as_str).collect();
    let lists = manifest.accounts.iter().map(|account| (account.id, &account.chunks));
    for (account, chunks) in lists.chain([(0, &manifest.installation)]) {
        let what = format!("backup {}: account {account}", manifest.name);
        let chunks = match list(repository, &id_of(chunks)?) {
            Ok(chunks) => chunks,
            Err(Error::Unavailable) => return Err(Error::Unavailable),
            Err(_) => {
                verified.find(format!("{what}: its list is missing"));
                continue;
            }
        };
        for id in chunks {
            match Chunk::read(repository, &id) {
                Ok(chunk) => {
                    let lost =
                        |id: &&BlobId| !repository.has(id) && !missing.contains(id.to_string().as_str());
                    for id in chunk.needs.iter().filter(lost) {
                        verified.find(format!("{what}: body {id} is missing"));
                    }
                }
                Err(Error::Unavailable) => return Err(Error::Unavailable),
                Err(_) => verified.find(format!("{what}: rows {id} are missing")),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
