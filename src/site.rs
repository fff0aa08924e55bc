//! One installation opened on this node: engine, blobs, store, directory. Held by the server, or by a command
//! while no server runs.

use crate::config::{Config, EngineKind};
use crate::engines::{self, Despite, refused};
use crate::failure::Failure;
use crate::limits::{DUTY_LOOK, DUTY_WAIT_MAX, SOCKET_PATH_BYTES_MAX};
use delivery::Delivery;
use directory::{Directory, LocalDirectory};
use engine::{BlobStore, Engine, Env, OsEnv, Table};
use model::{AccountId, Address, CollectionId, Error, Principal, Quota, Result, Rights, Role, Timestamp};
use sasl::sessions::Sessions;
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{AddressBook, Calendar, Collected, Folder, Kind, Mailbox, RemovedAccount, Store};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// See the module.
pub(crate) struct Site {
    pub(crate) store: Store,
    pub(crate) directory: Arc<LocalDirectory>,
    pub(crate) delivery: Arc<Delivery>,
    /// Who is logged in, and who is traced.
    pub(crate) sessions: Arc<Sessions>,
    engine: Arc<dyn Engine>,
    blobs: Arc<dyn BlobStore>,
    collecting: Mutex<()>,
    undelete_ms: u64,
    data: PathBuf,
    /// Held as long as the store is open; the system lets go of it however the process ends.
    _lock: File,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The owner of an account in person, whether the directory knows it or not.
pub(crate) fn owner(account: AccountId) -> Result<Principal> {
    let address = Address::parse("owner@localhost")?;
    Ok(Principal { account, address, groups: Vec::new(), role: Role::Member })
}

/// Where the running server answers administrators.
pub(crate) fn socket_path(data: &Path) -> PathBuf {
    data.join("admin.sock")
}

/// A path for the admin socket that the system takes: a socket's may have 107 octets only, and where the data
/// directory lies deeper it is named by its descriptor, which must be held meanwhile.
///
/// # Errors
/// When the directory cannot be opened.
pub(crate) fn short_socket_path(data: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let path = socket_path(data);
    if path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return Ok((path, None));
    }
    let directory = File::open(data)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    Ok((socket_path(&short), Some(directory)))
}

/// Makes a directory that only its owner may enter, with those above it, each of them stable in the one it lies in:
/// what is synced in a directory is lost with the directory's own name.
///
/// # Errors
/// Of the system.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let missing: Vec<_> =
        path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(|parent| {
        // A relative path ends in the empty one, which stands for where the process is.
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        std::fs::File::open(parent)?.sync_all()
    })
}

/// Stands in a data directory while a whole installation is restored into it.
const RESTORING: &str = "restoring";
/// Begins the names of directories that nobody needs after the process.
const SCRATCH: &str = "scratch-";

/// What a process that was killed left of its scratch directories.
fn sweep_scratch(data: &Path) {
    let Ok(entries) = std::fs::read_dir(data) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(SCRATCH))
            && let Err(cause) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%cause, path = %entry.path().display(), "scratch");
        }
    }
}

/// A store with nothing in it, for a whole installation to be restored into.
pub(crate) struct Empty {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    data: PathBuf,
    _lock: File,
}

/// Whether there is an account, or any fact of the installation that a person has made.
async fn holds_something(engine: &dyn Engine) -> Result<bool> {
    let snapshot = engine.snapshot().await?;
    let all = engine::Range::prefix(&[]);
    for table in [Table::Account, Table::Directory, Table::Queue] {
        if !snapshot.scan(table, &all, 1, false).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Empty {
    /// Makes it. What a restore that was cut short left is removed first.
    ///
    /// # Errors
    /// When there is a store already.
    pub(crate) async fn open(config: &Config) -> std::result::Result<Self, Failure> {
        let data = config.server.data.clone();
        let of = |cause: io::Error| Failure::of(data.display(), cause);
        private_directory(&data).map_err(of)?;
        let lock = take(&data)?;
        let (mark, parts) = (data.join(RESTORING), [data.join("engine"), data.join("blobs")]);
        let resumed = mark.exists();
        if resumed {
            for part in parts.iter().filter(|part| part.exists()) {
                std::fs::remove_dir_all(part).map_err(of)?;
            }
        } else if parts.iter().any(|part| part.exists()) {
            let why =
                "there is a store already; a whole installation is restored into an empty data directory";
            return Err(Failure::of(data.display(), why));
        }
        File::create(&mark).and_then(|mark| mark.sync_all()).map_err(of)?;
        File::open(&data).and_then(|directory| directory.sync_all()).map_err(of)?;
        match Self::fill(config, &data).await {
            Ok((engine, blobs)) => Ok(Self { engine, blobs, data, _lock: lock }),
            Err(failure) => {
                // Nothing was begun: whatever was served from here before is served again.
                if !resumed && !parts.iter().any(|part| part.exists()) {
                    std::fs::remove_file(&mark).map_err(of)?;
                }
                Err(failure)
            }
        }
    }

    async fn fill(config: &Config, data: &Path) -> std::result::Result<engines::Opened, Failure> {
        let (engine, blobs) = engines::open(config, Despite::default()).await?;
        // A database is not in the data directory.
        let taken = holds_something(&*engine).await.map_err(|error| Failure::of(data.display(), error))?;
        if taken {
            let why = "the database holds a store already, or a part of one: restore into an empty schema";
            return Err(Failure::of(data.display(), why));
        }
        admit(data, &engine).await?;
        Ok((engine, blobs))
    }

    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        OsEnv.now()
    }

    /// From now on it is a store like any other.
    ///
    /// # Errors
    /// Of the system.
    pub(crate) async fn finish(self) -> std::result::Result<(), Failure> {
        self.engine.close().await;
        drop((self.engine, self.blobs));
        let of = |cause: io::Error| Failure::of(self.data.display(), cause);
        std::fs::remove_file(self.data.join(RESTORING)).map_err(of)?;
        File::open(&self.data).and_then(|directory| directory.sync_all()).map_err(of)
    }
}

impl Site {
    /// Opens the store of the configuration, making it when there is none.
    ///
    /// # Errors
    /// When another process holds it, or when it cannot be read.
    pub(crate) async fn open(config: &Config) -> std::result::Result<Self, Failure> {
        Self::open_despite(config, Despite::default()).await
    }

    /// As [`Self::open`], in spite of what would keep it closed otherwise.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_despite(
        config: &Config,
        despite: Despite,
    ) -> std::result::Result<Self, Failure> {
        let data = config.server.data.clone();
        private_directory(&data).map_err(|cause| Failure::of(data.display(), cause))?;
        let lock = take(&data)?;
        if data.join(RESTORING).exists() {
            return Err(Failure::of(
                data.display(),
                "a restore was cut short: run `collegium restore` again",
            ));
        }
        sweep_scratch(&data);
        let (engine, blobs) = engines::open(config, despite).await?;
        admit(&data, &engine).await?;
        let env: Arc<dyn Env> = Arc::new(OsEnv);
        let options = directory::Options { scram: config.login.scram, ..directory::Options::default() };
        let directory = LocalDirectory::open(engine.clone(), env.clone(), options).await;
        let mut directory = directory.map_err(|error| refused(&data, error))?;
        if let Some(oauth) = &config.login.oauth {
            let issuer = oauth.get_ref().load().map_err(|cause| Failure::of("login.oauth", cause))?;
            directory = directory.with_issuer(issuer);
        }
        let directory = Arc::new(directory);
        let undelete_ms = options_of(config).undelete_ms;
        let store = Store::new(engine.clone(), blobs.clone(), env, options_of(config));
        let hostname = config.server.hostname.get_ref();
        let delivery = Delivery::new(store.clone(), directory.clone(), config.delivery.get_ref(), hostname);
        let delivery = Arc::new(delivery.map_err(|error| Failure::of("delivery", error))?);
        Ok(Self {
            store,
            directory,
            delivery,
            sessions: Sessions::new(data.join("traces")),
            engine,
            blobs,
            collecting: Mutex::default(),
            undelete_ms,
            data,
            _lock: lock,
        })
    }

    /// The engine itself, for backups.
    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        self.engine.clone()
    }

    /// The bodies, for backups.
    pub(crate) fn blobs(&self) -> Arc<dyn BlobStore> {
        self.blobs.clone()
    }

    /// A directory that is not there yet, for the rows of a backup that something is brought back from.
    pub(crate) fn scratch(&self) -> PathBuf {
        let mut dice = [0; 8];
        self.store.env().random(&mut dice);
        self.data.join(format!("{SCRATCH}{:016x}", u64::from_be_bytes(dice)))
    }

    /// Resolves when nothing may be acknowledged any more.
    pub(crate) async fn poisoned(&self) {
        tokio::select! {
            () = self.engine.poisoned() => {}
            () = self.blobs.poisoned() => {}
        }
    }

    /// Whether changes are refused for want of room on the disk.
    pub(crate) fn is_full(&self) -> bool {
        self.engine.is_full() || self.blobs.is_full()
    }

    /// Sets the quota of what an account holds.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn apply_quota(&self, id: AccountId, limit_bytes: Option<u64>) -> Result<()> {
        let principal = self.directory.principal(id).await?;
        let mut writer = self.store.write(&principal, id).await?;
        if writer.quota().limit_bytes != limit_bytes {
            writer.set_quota(limit_bytes);
            let _durable = writer.commit(()).await?;
        }
        Ok(())
    }

    /// Sets how many messages an account may hold.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn limit_messages(&self, id: AccountId, limit: Option<u64>) -> Result<()> {
        let principal = self.directory.principal(id).await?;
        let mut writer = self.store.write(&principal, id).await?;
        writer.set_message_limit(limit).await?;
        writer.commit(()).await.map(drop)
    }

    /// Before this time, removed things are to be purged.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn undelete_until(&self) -> Result<Timestamp> {
        if self.undelete_ms == 0 {
            return Ok(Timestamp(i64::MAX));
        }
        let window = i64::try_from(self.undelete_ms).unwrap_or(i64::MAX);
        // Not by the clock alone: one that is years ahead must not make everything old.
        Ok(Timestamp(self.store.settled_time().await?.0.saturating_sub(window)))
    }

    /// Says that an account is removed; what it holds stays for the window, and as long as it is on hold.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn mark_removed(&self, account: AccountId, address: &str) -> Result<()> {
        let mut writer = self.store.write(&owner(account)?, account).await?;
        let removed = RemovedAccount { at: self.store.stamp(), address: address.to_owned() };
        writer.set_removed(Some(removed)).await?;
        writer.commit(()).await.map(drop)
    }

    /// Lets go of what a removed account holds once its time is over; the number of collections that went.
    ///
    /// # Errors
    /// Of the store; what has been removed stays so, and the next call goes on.
    pub(crate) async fn expire(&self, account: AccountId) -> Result<u64> {
        let kept = self.store.read(&owner(account)?, account).await?.kept().await?;
        if kept.hold {
            return Ok(0);
        }
        match kept.removed {
            // Nobody wrote it down: its time begins now.
            None => self.mark_removed(account, "").await?,
            Some(removed) if self.undelete_ms > 0 && removed.at >= self.undelete_until().await? => {}
            Some(_) => {
                let removed = self.wipe(account).await?;
                self.store.purge_deleted(account, Timestamp(i64::MAX)).await?;
                return Ok(removed);
            }
        }
        Ok(0)
    }

    /// Removes everything that an account holds, a collection at a time; the number of collections. For
    /// accounts that the directory does not know any more.
    ///
    /// # Errors
    /// Of the store; what has been removed stays so, and the next call goes on.
    async fn wipe(&self, account: AccountId) -> Result<u64> {
        let owner = owner(account)?;
        let removed = self.wipe_kind::<Mailbox>(&owner).await?
            + self.wipe_kind::<Calendar>(&owner).await?
            + self.wipe_kind::<AddressBook>(&owner).await?
            + self.wipe_kind::<Folder>(&owner).await?;
        self.store.forget_index(account).await?;
        Ok(removed)
    }

    async fn wipe_kind<K: Kind>(&self, owner: &Principal) -> Result<u64> {
        let mut removed = 0;
        let mut path = vec![CollectionId::ROOT];
        while let Some(at) = path.last().copied() {
            let mut writer = self.store.write(owner, owner.account).await?;
            if let Some((inner, _)) = writer.children(at, K::KIND).await?.first() {
                path.push(*inner);
                continue;
            }
            path.pop();
            if at != CollectionId::ROOT {
                let collection = writer.open::<K>(at, Rights::REMOVE).await?;
                writer.remove_collection(&collection).await?;
                let _durable = writer.commit(()).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Gives back the space of blobs that nobody needs; one collection at a time, among all processes. A thorough
    /// one looks at every segment, whatever the engine's counts say.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn collect(&self, thorough: bool) -> Result<Collected> {
        let _turn = self.collecting.lock().await;
        if !self.store.take_duty("collect").await? {
            return Ok(Collected::default());
        }
        let collected =
            if thorough { self.store.collect_thoroughly().await } else { self.store.collect().await };
        self.store.leave_duty("collect").await?;
        collected
    }

    /// Does something while nothing is collected, by this process or another one.
    ///
    /// # Errors
    /// `Conflict` when another process collects for too long, or does something of this kind itself.
    pub(crate) async fn uncollected<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let _turn = self.collecting.lock().await;
        let since = Instant::now();
        while !self.store.take_duty("collect").await? {
            if since.elapsed() > DUTY_WAIT_MAX {
                return Err(Error::Conflict);
            }
            tokio::time::sleep(DUTY_LOOK).await;
        }
        let done = work.await;
        if let Err(error) = self.store.leave_duty("collect").await {
            // It is this process's as long as it lives, and its next collection leaves it.
            tracing::warn!(%error, "collection stays with this process for now");
        }
        Ok(done)
    }

    /// How much an account holds.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn usage(&self, principal: &Principal) -> Result<Quota> {
        Ok(self.store.read(principal, principal.account).await?.quota())
    }

    /// Ends it: nothing is written afterwards.
    pub(crate) async fn close(&self) {
        self.engine.close().await;
    }
}

/// Refuses a store that a newer build has written, before anything is read from it; notes an older one.
async fn admit(data: &Path, engine: &Arc<dyn Engine>) -> std::result::Result<(), Failure> {
    let admission =
        store::admit(engine, env!("CARGO_PKG_VERSION")).await.map_err(|error| refused(data, error))?;
    let (found, known, build) = (admission.found, store::FORMAT, admission.build);
    if !admission.admitted {
        return Err(Failure::of(
            data.display(),
            format!(
                "the store has format {found} (written by version {build}), this is version {} and knows formats \
                 up to {known}: use the newer version, or restore a backup made before it",
                env!("CARGO_PKG_VERSION")
            ),
        ));
    }
    if store::is_migrating(engine).await.map_err(|error| refused(data, error))? {
        return Err(Failure::of(
            data.display(),
            "a migration into this store was not ended: run migrate-store again",
        ));
    }
    if found < known {
        tracing::info!(found, known, "a store of an older format: its records are rewritten as they change");
    }
    Ok(())
}

/// What the store is told of the configuration.
fn options_of(config: &Config) -> store::Options {
    let undelete_ms = u64::from(config.store.undelete_days) * DAY_MS;
    store::Options { undelete_ms, ..store::Options::default() }
}

/// One process at a time: told apart here, before anything is opened.
pub(crate) fn take(data: &Path) -> std::result::Result<File, Failure> {
    let path = data.join("lock");
    let of = |cause: io::Error| Failure::of(path.display(), cause);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(of)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::busy(format!("{}: another process has the store open", data.display())))
        }
        Err(TryLockError::Error(cause)) => Err(of(cause)),
    }
}

/// Leaves the damage out of the engine's journal; the store must not be open.
///
/// # Errors
/// When another process holds it, or when it cannot be written.
pub(crate) fn mend_journal(config: &Config) -> std::result::Result<engine::Mended, Failure> {
    let data = &config.server.data;
    let _lock = take(data)?;
    engine::mend_journal(&data.join("engine")).map_err(|error| refused(data, error))
}

/// Makes the engine anew from all that can be read of it; the store must not be open.
///
/// # Errors
/// When another process holds it, when it cannot be written, or when the store is in a database.
pub(crate) fn mend_tables(config: &Config) -> std::result::Result<engine::MendedTables, Failure> {
    if *config.store.engine.get_ref() != EngineKind::Fjall {
        return Err(Failure::new("the store is in a database, which has its own means"));
    }
    let data = &config.server.data;
    let _lock = take(data)?;
    let memtable_bytes = config.store.memtable_kib.get_ref().saturating_mul(1024);
    engine::mend_tables(&data.join("engine"), memtable_bytes).map_err(|error| refused(data, error))
}

#[cfg(test)]
mod tests;
