//! A repository as a blob store that can only be read: what a store over a backup stands on.

use crate::repository::Repository;
use async_trait::async_trait;
use bytes::Bytes;
use engine::{BlobStore, Frame, Place};
use model::{BlobId, Error, Result};
use std::sync::Arc;

/// Reads bodies out of a repository.
pub struct RepositoryBlobs(pub Arc<Repository>);

/// Every blob lies under its own name.
pub(crate) fn place() -> Place {
    Place(Bytes::from_static(b"backup"))
}

#[async_trait]
impl BlobStore for RepositoryBlobs {
    fn blob_bytes_max(&self) -> usize {
        engine::limits::BLOB_BYTES_MAX
    }

    async fn append(&self, _: Bytes) -> Result<Frame> {
        Err(Error::Unavailable)
    }

    async fn sync(&self, _: u64) -> Result<()> {
        Err(Error::Unavailable)
    }

    async fn read(&self, id: &BlobId, _: &Place) -> Result<Bytes> {
        match self.0.object(id) {
            Err(Error::NotFound) => Err(Error::Corrupt),
            read => read,
        }
    }

    async fn poisoned(&self) {
        std::future::pending::<()>().await;
    }
}
