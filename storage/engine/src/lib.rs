//! Ordered key-value engines, blob stores and the environment, each behind a trait of our own.
//!
//! Storey L1: knows bytes, batches and stable storage; nothing of accounts or protocols.
//!
//! *Invariant:* a [`Durable`] exists only for a batch that is on stable storage, and no [`Snapshot`] ever
//! shows a batch that is not: what a reader has seen cannot be lost in a power cut.

mod batch;
mod blobs;
mod committer;
pub mod descriptors;
mod directory;
mod env;
pub mod fail;
mod fjall;
mod group;
mod ledger;
pub mod limits;
mod local;
mod patient;
mod poison;
mod postgres;
mod queue;
mod raw;
pub mod sim;
mod space;
#[cfg(test)]
mod suite;
mod traits;

pub use batch::{Batch, Durable, Op, Precondition, Range, Scope, Table};
pub use blobs::{LocalBlobs, Remains, Ruin};
pub use env::OsEnv;
pub use fjall::{MENDED, Mended, MendedTables, mend_journal, mend_tables, open_fjall, open_fjall_with};
pub use ledger::RELEASED;
pub use local::{LocalOptions, Unopened, open_local};
pub use postgres::{PostgresOptions, open_postgres};
pub use traits::{
    BlobStore, BoxFuture, Company, Engine, Env, Found, Frame, Place, ProcessId, Share, Snapshot,
};
