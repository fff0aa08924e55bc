//! Backups of the store in use, and bringing accounts, collections and items back out of one.

use super::{Refusal, account, moment};
use crate::limits::LIST_COUNT_MAX;
use crate::site::Site;
use backup::{Access, Backup, Manifest, Repository, RepositoryBlobs, Wanted};
use directory::{Account, AccountKind};
use engine::{BlobStore, Engine};
use model::{AccountId, CollectionKind, Error, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Options, Store};

/// A backup to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    pub(crate) to: PathBuf,
    /// Reads every account again, changed or not.
    pub(crate) full: bool,
}

/// What is to be brought back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    pub(crate) from: PathBuf,
    /// The newest backup at or before this time, in milliseconds since 1970.
    pub(crate) at_ms: Option<i64>,
    pub(crate) address: String,
    /// A path, with `calendar:`, `addressbook:` or `folder:` before it where it is not of a mailbox.
    pub(crate) collection: Option<String>,
    pub(crate) item: Option<String>,
    pub(crate) into: Option<String>,
    pub(crate) replace: bool,
    pub(crate) exact: bool,
}

/// Memory of a scratch engine's cache, in octets.
pub(crate) const SCRATCH_CACHE_BYTES: u64 = 32 << 20;

/// Why something with a repository did not work.
pub(crate) fn refusal(error: Error, path: &Path) -> Refusal {
    let what = path.display().to_string();
    match error {
        Error::Conflict => Refusal {
            kind: "conflict".to_owned(),
            message: format!("{what}: another process works on this backup repository"),
        },
        Error::NotFound => Refusal {
            kind: "not_found".to_owned(),
            message: format!("{what}: no backup repository with a backup of that time"),
        },
        Error::Corrupt => Refusal {
            kind: "corrupt".to_owned(),
            message: format!(
                "{what}: the repository or the store is damaged; see the log and `collegium backup verify`"
            ),
        },
        error => Refusal::of(error, &what),
    }
}

/// Runs work that waits for files where it holds up nobody else.
async fn aside<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let handle = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || handle.block_on(work())).await;
    done.unwrap_or_else(|cause| Err(Refusal::unavailable(cause.to_string())))
}

pub(super) async fn create(site: &Site, request: Create) -> Result<Value, Refusal> {
    let accounts = site.directory.accounts(None, LIST_COUNT_MAX).await;
    let accounts = accounts.map_err(|error| Refusal::of(error, "directory"))?;
    let person = |account: &Account| account.kind == AccountKind::Person;
    let addresses = accounts
        .into_iter()
        .filter(person)
        .map(|account| (account.id, account.address.to_string()))
        .collect();
    let (store, engine, blobs) = (site.store.clone(), site.engine(), site.blobs());
    let done = aside(async move || {
        let Create { to, full } = request;
        let build = env!("CARGO_PKG_VERSION");
        let backup = Backup { store: &store, engine: &engine, blobs: &blobs, addresses, build, full };
        backup::create(&backup, &to).await.map_err(|error| refusal(error, &to))
    });
    let done = site.uncollected(done).await.map_err(|error| match error {
        Error::Conflict => Refusal {
            kind: "conflict".to_owned(),
            message: "another process collects, or makes a backup itself: try again later".to_owned(),
        },
        error => Refusal::of(error, "store"),
    });
    let done = done??;
    tracing::info!(
        name = done.name,
        accounts = done.account_count,
        added_bytes = done.added_bytes,
        "backed up"
    );
    Ok(json!({
        "name": done.name, "account_count": done.account_count, "changed_count": done.changed_count,
        "added_bytes": done.added_bytes, "missing_count": done.missing_count,
    }))
}

/// A manifest as listings show it.
pub(crate) fn shown(manifest: &Manifest) -> Value {
    json!({
        "name": manifest.name, "at": moment(Timestamp(manifest.at_ms)), "accounts": manifest.accounts.len(),
        "added_bytes": manifest.added_bytes, "missing": manifest.missing.len(), "build": manifest.build,
    })
}

/// The collection of a request.
fn collection(text: &str) -> (CollectionKind, String) {
    let kinds = [
        ("mailbox:", CollectionKind::Mailbox),
        ("calendar:", CollectionKind::Calendar),
        ("addressbook:", CollectionKind::AddressBook),
        ("folder:", CollectionKind::Folder),
    ];
    let found = kinds.iter().find_map(|(name, kind)| Some((*kind, text.strip_prefix(name)?.to_owned())));
    found.unwrap_or((CollectionKind::Mailbox, text.to_owned()))
}

/// The account that gets it: the one that has the address, or the one of the backup, which returns.
async fn target(site: &Site, address: &str, was: AccountId) -> Result<(AccountId, Option<String>), Refusal> {
    match account::find(site, address, Some(AccountKind::Person)).await {
        Ok(account) => Ok((account.id, None)),
        Err(refusal) if refusal.kind == "not_found" => {
            let password = super::undelete::return_account(site, was, address).await?;
            Ok((was, password))
        }
        Err(refusal) => Err(refusal),
    }
}

pub(super) async fn restore(site: &Site, request: Restore) -> Result<Value, Refusal> {
    let from = request.from.clone();
    let at = request.at_ms.map(Timestamp);
    let opened = aside(async move || {
        let of = |error| refusal(error, &from);
        let repository = Repository::open(&from, Access::Read).map_err(of)?;
        let manifest = repository.at(at).map_err(of)?;
        Ok((Arc::new(repository), manifest))
    });
    let (repository, manifest) = opened.await?;
    let of_address = |error| Refusal::of(error, &request.address);
    let was = match manifest.by_address(&request.address) {
        Some(entry) => entry.account(),
        None => return Err(of_address(Error::NotFound)),
    };
    let (to, password) = target(site, &request.address, was).await?;
    let wanted = Wanted {
        collection: request.collection.as_deref().map(collection),
        item: request.item.clone(),
        into: request.into.clone(),
        replace: request.replace,
        exact: request.exact,
    };
    let live = site.store.clone();
    let scratch = site.scratch();
    let name = manifest.name.clone();
    let brought = aside(async move || {
        let result = bring_back((&repository, &manifest), &scratch, (was, to), &live, &wanted).await;
        if let Err(cause) = std::fs::remove_dir_all(&scratch) {
            tracing::debug!(%cause, path = %scratch.display(), "scratch");
        }
        result.map_err(|error| Refusal::of(error, "what was asked for in the backup"))
    });
    let brought = brought.await?;
    let refused: Vec<_> = brought
        .refused
        .iter()
        .map(|(collection, item, why)| json!({"collection": collection, "item": item, "why": why}))
        .collect();
    Ok(json!({
        "backup": name, "restored_count": brought.restored_count, "present_count": brought.present_count,
        "refused": refused, "password": password,
    }))
}

async fn bring_back(
    (repository, manifest): (&Arc<Repository>, &Manifest),
    scratch: &Path,
    (was, to): (AccountId, AccountId),
    live: &Store,
    wanted: &Wanted,
) -> model::Result<backup::Brought> {
    let engine: Arc<dyn Engine> = engine::open_fjall(scratch, SCRATCH_CACHE_BYTES)?;
    backup::scratch(repository, manifest, &engine, Some(was)).await?;
    let blobs: Arc<dyn BlobStore> = Arc::new(RepositoryBlobs(repository.clone()));
    let source = Store::new(engine.clone(), blobs, live.env().clone(), Options::default());
    let brought = backup::bring_back((&source, was), (live, to), wanted).await;
    engine.close().await;
    brought
}
