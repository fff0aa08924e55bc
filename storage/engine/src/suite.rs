//! The one engine suite: every engine and every blob store passes the same tests.

mod blobs;
mod engine;

use crate::{
    BlobStore, Engine, LocalBlobs,
    fail::{FailBlobs, FailEngine, FailPlan},
    open_fjall,
    sim::SimDisk,
};
use std::sync::Arc;
use tempfile::TempDir;

/// What a store can be opened on again and again.
pub(crate) enum Ground {
    Fjall(TempDir),
    Sim(SimDisk),
    Fail(SimDisk),
    Postgres(crate::postgres::testing::Schema),
}

impl Ground {
    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        match self {
            Self::Fjall(directory) => open_fjall(directory.path(), 8 << 20).unwrap(),
            Self::Sim(disk) => disk.engine(),
            Self::Fail(disk) => FailEngine::new(disk.engine(), FailPlan::new()),
            Self::Postgres(schema) => schema.open().0,
        }
    }

    pub(crate) fn blobs(&self) -> Arc<dyn BlobStore> {
        match self {
            Self::Fjall(directory) => Arc::new(LocalBlobs::open(directory.path()).unwrap()),
            Self::Sim(disk) => disk.blobs(),
            Self::Fail(disk) => FailBlobs::new(disk.blobs(), FailPlan::new()),
            Self::Postgres(schema) => schema.open().1,
        }
    }
}

/// Runs a test of the suite on every engine.
macro_rules! on_every_engine {
    ($($(#[$doc:meta])* $test:ident;)*) => {
        mod fjall {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::suite::Ground::Fjall(tempfile::tempdir().unwrap())).await;
            })*
        }
        mod postgres {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs a database: conformance/run starts one"]
            async fn $test() {
                super::$test(&crate::suite::Ground::Postgres(crate::postgres::testing::Schema::new())).await;
            })*
        }
        mod sim {
            $($(#[$doc])* #[tokio::test]
            async fn $test() {
                for seed in 0..8 {
                    super::$test(&crate::suite::Ground::Sim(crate::sim::SimDisk::new(seed))).await;
                }
            })*
        }
        mod fail {
            $($(#[$doc])* #[tokio::test]
            async fn $test() {
                super::$test(&crate::suite::Ground::Fail(crate::sim::SimDisk::new(1))).await;
            })*
        }
    };
}
pub(crate) use on_every_engine;
