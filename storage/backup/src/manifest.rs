//! A manifest: what one backup is made of.

use crate::repository::unhex;
use model::{AccountId, BlobId, Error, Result};
use serde::{Deserialize, Serialize};

/// The format of manifests and chunks that this build writes.
pub(crate) const FORMAT: u32 = 1;

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its file's name without the ending.
    #[serde(skip)]
    pub name: String,
    /// Format of the manifest and of what it names.
    pub format: u32,
    /// [`store::FORMAT`] of the rows.
    pub store_format: u32,
    /// Version of the build that made it.
    pub build: String,
    /// The moment it shows, in milliseconds since 1970.
    pub at_ms: i64,
    /// List of the chunks of the installation's own rows: directory and queue.
    pub installation: String,
    /// The accounts, by number.
    pub accounts: Vec<AccountEntry>,
    /// Blobs that could not be read when it was made: damaged in the store already.
    pub missing: Vec<String>,
    /// Octets that it added to the repository.
    pub added_bytes: u64,
}

/// An account in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Its number.
    pub id: u32,
    /// Its address then; empty for one that had been removed.
    pub address: String,
    /// Tells whether it has changed since.
    pub fingerprint: String,
    /// List of the chunks of its rows.
    pub chunks: String,
    /// Number of its rows.
    pub rows: u64,
}

impl AccountEntry {
    /// Its number.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId(self.id)
    }
}

impl Manifest {
    /// Refuses what this build cannot restore.
    pub(crate) fn check(&self) -> Result<()> {
        if self.format > FORMAT || self.store_format > store::FORMAT {
            return Err(Error::Invalid("the backup was made by a newer build: use that one"));
        }
        Ok(())
    }

    /// An account of the backup, by its address.
    #[must_use]
    pub fn by_address(&self, address: &str) -> Option<&AccountEntry> {
        self.accounts.iter().find(|entry| entry.address.eq_ignore_ascii_case(address))
    }

    /// An account of the backup, by its number.
    #[must_use]
    pub fn by_number(&self, account: AccountId) -> Option<&AccountEntry> {
        self.accounts.iter().find(|entry| entry.id == account.0)
    }
}

pub(crate) fn id_of(text: &str) -> Result<BlobId> {
    unhex(text).ok_or(Error::Corrupt)
}
