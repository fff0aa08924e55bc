//! Making a backup: first the rows of one state, then the bodies that they need. Whatever is written while a state is
//! held stays in memory, or in the database that others share, so it is let go before the bodies, which are nearly all
//! of the work: where a body lay then is noted beside its name.

use crate::{
    chunk::{Chunk, Cutter, list, page},
    manifest::{AccountEntry, FORMAT, Manifest, id_of},
    repository::{Access, Repository},
};
use bytes::Bytes;
use engine::{BlobStore, Engine, Place, Range, Scope, Snapshot, Table};
use model::{AccountId, BlobId, Error, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};
use store::Store;

/// What is to be backed up.
pub struct Backup<'a> {
    /// The store, which keeps its segments as long as this goes on.
    pub store: &'a Store,
    /// Its engine.
    pub engine: &'a Arc<dyn Engine>,
    /// Its bodies.
    pub blobs: &'a Arc<dyn BlobStore>,
    /// Addresses of the accounts, for whoever restores.
    pub addresses: BTreeMap<AccountId, String>,
    /// Version of the build.
    pub build: &'a str,
    /// Reads every account again, changed or not.
    pub full: bool,
}

/// What a backup came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The backup's name.
    pub name: String,
    /// Accounts in it.
    pub account_count: u64,
    /// Those that had changed since the backup before.
    pub changed_count: u64,
    /// Octets that it added to the repository.
    pub added_bytes: u64,
    /// Blobs that cannot be read in the store: it is damaged.
    pub missing_count: u64,
}

/// A place that is short enough to be noted, in 16 octets with its length, of which 0 is for none. Of one that is not,
/// and of one in a database that is asked by name, the newest state knows.
#[derive(Clone, Copy, Default)]
struct Spot(u8, [u8; 15]);

impl Spot {
    fn of(place: &[u8]) -> Self {
        let mut spot = Self::default();
        if let (Some(octets), Ok(length)) = (spot.1.get_mut(..place.len()), u8::try_from(place.len())) {
            octets.copy_from_slice(place);
            spot.0 = length;
        }
        spot
    }

    fn place(&self) -> Option<Place> {
        let octets = self.1.get(..usize::from(self.0)).filter(|octets| !octets.is_empty())?;
        Some(Place(Bytes::copy_from_slice(octets)))
    }
}

struct Work<'a> {
    backup: &'a Backup<'a>,
    repository: Repository,
    snapshot: Arc<dyn Snapshot>,
    /// Blobs that the repository did not have when their rows were met, and where they lay.
    wanted: Vec<(BlobId, Spot)>,
    missing: BTreeSet<BlobId>,
}

/// Makes a backup in a repository; files are written where the caller stands, so it belongs on a thread that may wait.
/// The caller keeps other processes from collecting meanwhile.
///
/// # Errors
/// As [`Repository::open`]; `Unavailable` when the store cannot be read or the repository not be written.
pub async fn create(backup: &Backup<'_>, directory: &Path) -> Result<Done> {
    let repository = Repository::open(directory, Access::Write)?;
    // One that cannot be read does not keep the next from being made: what it shares with older ones is used.
    let previous = match repository.at(None) {
        Ok(previous) => Some(previous),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error),
    };
    let _held = backup.store.hold_segments();
    let snapshot = backup.engine.snapshot().await?;
    let at_ms = backup.store.env().now().0;
    // Never two of one moment, and in the order of their making, whatever the clock does.
    let at_ms = repository.newest_ms()?.map_or(at_ms, |newest| at_ms.max(newest.saturating_add(1)));
    let (wanted, missing) = (Vec::new(), BTreeSet::new());
    let mut work = Work { backup, repository, snapshot, wanted, missing };
    let installation = work.installation().await?;
    let (mut accounts, mut changed_count) = (Vec::new(), 0);
    let mut range = Range::prefix(b"");
    loop {
        let page = page(&work.snapshot, Table::Account, &mut range).await?;
        if page.is_empty() {
            break;
        }
        for (key, _) in page {
            let account = AccountId(u32::from_be_bytes(key.as_ref().try_into().map_err(|_| Error::Corrupt)?));
            let (entry, changed) = work.account(account, previous.as_ref()).await?;
            changed_count += u64::from(changed);
            accounts.push(entry);
        }
    }
    let mut work = work.bodies().await?;
    work.repository.flush()?;
    let mut manifest = Manifest {
        name: String::new(),
        format: FORMAT,
        store_format: store::FORMAT,
        build: backup.build.to_owned(),
        at_ms,
        installation: installation.to_string(),
        accounts,
        missing: work.missing.iter().map(BlobId::to_string).collect(),
        added_bytes: work.repository.written_bytes(),
    };
    work.repository.publish(&mut manifest)?;
    Ok(Done {
        account_count: manifest.accounts.len() as u64,
        changed_count,
        added_bytes: manifest.added_bytes,
        missing_count: manifest.missing.len() as u64,
        name: manifest.name,
    })
}

impl Work<'_> {
    /// Directory, queue and grants.
    async fn installation(&mut self) -> Result<BlobId> {
        let (mut cutter, mut chunks) = (Cutter::new(), Vec::new());
        for table in Table::ALL.iter().filter(|table| table.scope() == Scope::Installation) {
            self.range(*table, Range::prefix(b""), &mut cutter, &mut chunks).await?;
        }
        self.list(cutter, chunks).await
    }

    async fn account(
        &mut self,
        account: AccountId,
        previous: Option<&Manifest>,
    ) -> Result<(AccountEntry, bool)> {
        let fingerprint = self.fingerprint(account).await?.to_string();
        let address = self.backup.addresses.get(&account).cloned().unwrap_or_default();
        let before = previous.filter(|_| !self.backup.full).and_then(|previous| previous.by_number(account));
        if let Some(before) = before.filter(|before| before.fingerprint == fingerprint)
            && self.is_whole(&id_of(&before.chunks)?)
        {
            return Ok((AccountEntry { address, ..before.clone() }, false));
        }
        let (mut cutter, mut chunks) = (Cutter::new(), Vec::new());
        for table in Table::ALL.iter().filter(|table| table.scope() == Scope::Account) {
            let range = Range::prefix(&account.0.to_be_bytes());
            self.range(*table, range, &mut cutter, &mut chunks).await?;
        }
        let rows = cutter.rows;
        let chunks = self.list(cutter, chunks).await?.to_string();
        Ok((AccountEntry { id: account.0, address, fingerprint, chunks, rows }, true))
    }

    /// The account's own record, which every batch of it changes, and its locks, which are few.
    async fn fingerprint(&self, account: AccountId) -> Result<BlobId> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&FORMAT.to_be_bytes());
        hasher.update(&store::FORMAT.to_be_bytes());
        for table in [Table::Account, Table::Lock] {
            let mut range = Range::prefix(&account.0.to_be_bytes());
            loop {
                let page = page(&self.snapshot, table, &mut range).await?;
                if page.is_empty() {
                    break;
                }
                for (key, value) in page {
                    hasher.update(&[table as u8]);
                    hasher.update(&(key.len() as u64).to_be_bytes());
                    hasher.update(&key);
                    hasher.update(&(value.len() as u64).to_be_bytes());
                    hasher.update(&value);
                }
            }
        }
        Ok(BlobId(*hasher.finalize().as_bytes()))
    }

    /// Whether the chunks of a list are there, and every body that they need: a repository that lost some is mended by
    /// the next backup, and what could not be read in the store is tried, and told, each time anew.
    fn is_whole(&self, id: &BlobId) -> bool {
        let has_all = |chunk: Chunk| chunk.needs.iter().all(|id| self.repository.has(id));
        let is_whole = |id: &BlobId| Chunk::read(&self.repository, id).is_ok_and(has_all);
        list(&self.repository, id).is_ok_and(|chunks| chunks.iter().all(is_whole))
    }

    async fn range(
        &mut self,
        table: Table,
        mut range: Range,
        cutter: &mut Cutter,
        chunks: &mut Vec<BlobId>,
    ) -> Result<()> {
        loop {
            let page = page(&self.snapshot, table, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                if let Some(chunk) = cutter.row(table, key, value)? {
                    chunks.push(self.put(&chunk).await?);
                }
            }
        }
    }

    async fn list(&mut self, mut cutter: Cutter, mut chunks: Vec<BlobId>) -> Result<BlobId> {
        if let Some(chunk) = cutter.end() {
            chunks.push(self.put(&chunk).await?);
        }
        let octets = postcard::to_stdvec(&chunks).map_err(|_| Error::Corrupt)?;
        self.repository.add_octets(&octets)
    }

    /// Puts a chunk and notes the blobs that it needs.
    async fn put(&mut self, chunk: &Chunk) -> Result<BlobId> {
        let wanted: Vec<_> = chunk.needs.iter().filter(|id| !self.repository.has(id)).copied().collect();
        if self.backup.engine.company().is_none() {
            let keys: Vec<_> = wanted.iter().map(store::blob_key).collect();
            let places = self.snapshot.get_many(Table::Blob, &keys).await?;
            let spots = places.iter().map(|place| place.as_deref().map(Spot::of).unwrap_or_default());
            self.wanted.extend(wanted.into_iter().zip(spots));
        } else {
            self.wanted.extend(wanted.into_iter().map(|id| (id, Spot::default())));
        }
        let octets = postcard::to_stdvec(chunk).map_err(|_| Error::Corrupt)?;
        self.repository.add_octets(&octets)
    }
}

impl<'a> Work<'a> {
    /// Puts the blobs that the chunks need. Without a manifest nothing counts on them before.
    async fn bodies(self) -> Result<Bodies<'a>> {
        let Self { backup, repository, snapshot, wanted, missing } = self;
        drop(snapshot);
        let mut bodies = Bodies { backup, repository, missing };
        for (id, spot) in wanted {
            bodies.put(id, spot).await?;
        }
        Ok(bodies)
    }
}

/// The second half of the work.
struct Bodies<'a> {
    backup: &'a Backup<'a>,
    repository: Repository,
    missing: BTreeSet<BlobId>,
}

impl Bodies<'_> {
    async fn put(&mut self, id: BlobId, spot: Spot) -> Result<()> {
        if self.repository.has(&id) || self.missing.contains(&id) {
            return Ok(());
        }
        match self.blob(&id, spot).await {
            Ok(bytes) => self.repository.add(id, &bytes),
            Err(Error::Corrupt) => {
                self.missing.insert(id);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A blob where the rows had it: segments are held, so what has been forgotten meanwhile is there still. Or where
    /// it is now.
    async fn blob(&self, id: &BlobId, spot: Spot) -> Result<Bytes> {
        if let Some(place) = spot.place() {
            match self.backup.blobs.read(id, &place).await {
                Err(Error::Corrupt) => {}
                read => return read,
            }
        }
        let newest = self.backup.engine.newest().await?;
        let place = newest.get(Table::Blob, &store::blob_key(id)).await?.ok_or(Error::Corrupt)?;
        self.backup.blobs.read(id, &Place(place)).await
    }
}

#[cfg(test)]
mod tests;
