//! A schema of its own for every test, in the database that `COLLEGIUM_POSTGRES` names.

use super::{PostgresOptions, open_postgres};
use crate::{BlobStore, Engine};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Where the tests' database is. Without one such a test fails: it is not a success that nothing was tried.
pub(crate) fn url() -> String {
    std::env::var("COLLEGIUM_POSTGRES").expect("COLLEGIUM_POSTGRES names no database")
}

pub(crate) struct Schema(pub(crate) PostgresOptions);

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Schema {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut options = PostgresOptions::new(&url());
        options.schema = format!("engine_{}_{number}", std::process::id());
        options.reader_count_max = 4;
        Self(options)
    }

    /// Blocks: the suite's grounds are not asynchronous. For runtimes of several threads.
    pub(crate) fn open(&self) -> (Arc<dyn Engine>, Arc<dyn BlobStore>) {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(open_postgres(&self.0)).unwrap()
        })
    }

    pub(crate) async fn execute(&self, text: &str) {
        let target = self.0.target().unwrap();
        let link = super::link::Link::open(&target, false).await.unwrap();
        link.client.batch_execute(text).await.unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (options, schema) = (self.0.clone(), self.0.schema.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let target = options.target().unwrap();
                let link = super::link::Link::open(&target, false).await.unwrap();
                let _ = link.client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await;
            });
        });
        let _ = dropping.join();
    }
}
