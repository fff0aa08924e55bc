//! Which engine a configuration names, and opening it.

use crate::config::{Config, EngineKind, StoreSection};
use crate::failure::Failure;
use engine::{BlobStore, Engine, LocalOptions, PostgresOptions, Unopened, open_local};
use model::Error;
use std::path::Path;
use std::sync::Arc;

/// An engine with its blobs.
pub(crate) type Opened = (Arc<dyn Engine>, Arc<dyn BlobStore>);

/// The longest password read from a file, in octets.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// What a store is opened in spite of, as whoever started the command has asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Despite {
    /// Changes that were acknowledged are missing.
    pub(crate) loss: bool,
    /// The engine was made anew and waits for its repair.
    pub(crate) unrepaired: bool,
}

/// Opens what the configuration names, making it when there is none. The data directory is there and ours.
///
/// # Errors
/// In words for the person who started the program.
pub(crate) async fn open(config: &Config, despite: Despite) -> std::result::Result<Opened, Failure> {
    let store = &config.store;
    match store.engine.get_ref() {
        EngineKind::Fjall => {
            let data = &config.server.data;
            let options = LocalOptions {
                cache_bytes: store.cache_mib.saturating_mul(1024 * 1024),
                memtable_bytes: store.memtable_kib.get_ref().saturating_mul(1024),
                segment_bytes: store.segment_mib.get_ref().saturating_mul(1024 * 1024),
                accept_loss: despite.loss,
            };
            let path = data.clone();
            // Both replay and scan, which blocks.
            let opened = tokio::task::spawn_blocking(move || open_local(&path, options));
            let opened = opened.await.map_err(|cause| Failure::of("opening the store", cause))?;
            let (engine, blobs) = opened.map_err(|reason| unopened(data, reason))?;
            if !despite.unrepaired {
                repaired(data, &engine).await?;
            }
            Ok((engine, Arc::new(blobs)))
        }
        EngineKind::Postgres => {
            let options = postgres_options(store).map_err(|why| Failure::of("[store]", why))?;
            engine::open_postgres(&options).await.map_err(|error| match error {
                Error::Invalid(why) => Failure::of("the database", why),
                _ => Failure::of("the database", "it cannot be reached or refuses us; see the log"),
            })
        }
    }
}

/// An engine that was made anew is for nobody but its repair.
async fn repaired(data: &Path, engine: &Arc<dyn Engine>) -> std::result::Result<(), Failure> {
    let waits = store::awaits_repair(engine).await.map_err(|error| refused(data, error))?;
    if waits {
        return Err(Failure::of(
            data.display(),
            "the engine was made anew and not repaired yet, so that who needs which body is not known: run \
             `collegium fsck --repair --bytes`",
        ));
    }
    Ok(())
}

/// What `[store]` says of the database.
///
/// # Errors
/// In words, when something is missing or the password cannot be read.
pub(crate) fn postgres_options(store: &StoreSection) -> std::result::Result<PostgresOptions, String> {
    let url = store.url.as_ref().ok_or("engine = \"postgres\" needs a url")?;
    let mut options = PostgresOptions::new(url.get_ref());
    if let Some(file) = &store.password_file {
        let file = file.get_ref();
        let wrong = |cause: &dyn std::fmt::Display| format!("password_file: {}: {cause}", file.display());
        if std::fs::metadata(file).map_err(|cause| wrong(&cause))?.len() > PASSWORD_BYTES_MAX {
            return Err(wrong(&"too long"));
        }
        let text = std::fs::read_to_string(file).map_err(|cause| wrong(&cause))?;
        options.password = Some(text.trim_end_matches(['\n', '\r']).to_owned());
    }
    options.authorities = store.ca_file.as_ref().map(|file| file.get_ref().clone());
    if let Some(schema) = &store.schema {
        options.schema = schema.get_ref().clone();
    }
    if let Some(count) = &store.reader_count_max {
        options.reader_count_max = *count.get_ref();
    }
    Ok(options)
}

/// Why the engine and the blobs could not be opened together, and what can be done.
fn unopened(data: &Path, reason: Unopened) -> Failure {
    match reason {
        Unopened::Failed(error) => refused(data, error),
        reason => Failure::of(
            data.display(),
            format!(
                "{reason}. Nothing was changed. Restore the newest backup; or, to go on without what is missing, run \
                 `collegium serve --accept-loss` once and then `collegium fsck --bytes`, which names every item \
                 that has lost its content"
            ),
        ),
    }
}

/// Why a store could not be opened, for the person who started the program.
pub(crate) fn refused(data: &Path, error: Error) -> Failure {
    let why = match error {
        Error::Conflict => "another process has it open",
        Error::Invalid(why) => why,
        Error::Corrupt => {
            "stored data is damaged; see the log. Restore a backup; or, to go on without what cannot be read, run \
             `collegium fsck --mend-tables --repair`"
        }
        Error::DiskFull => "the disk is full",
        _ => "it cannot be opened; see the log",
    };
    Failure::of(data.display(), why)
}
