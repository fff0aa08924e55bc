//! What the tests share: a store in memory with a bit of everything, and a repository of it.

use crate::{Access, Backup, Done, Manifest, Repository, RepositoryBlobs, create, scratch};
use bytes::Bytes;
use engine::{
    BlobStore, Engine,
    sim::{MemoryBlobs, SimDisk, SimEnv},
};
use format::icalendar::{object::Kind, span::Span};
use model::{AccountId, CollectionId, CollectionKind, Flags, Principal, Rights, SystemFlags, Uid, ZonedTime};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use store::{
    Calendar, CalendarFacts, Folder, INBOX, MessageRecord, NewMessage, NewObject, ObjectKind, Options,
    Reader, Store, Writer,
};

pub(crate) const ALICE: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) memory: Arc<MemoryBlobs>,
    pub(crate) env: Arc<SimEnv>,
    pub(crate) directory: tempfile::TempDir,
}

pub(crate) fn who(account: AccountId) -> Principal {
    crate::bring_back::owner(account).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let disk = SimDisk::new(1);
        let (engine, memory, env) = (disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)));
        let options = Options { undelete_ms: 1_000_000, ..Options::default() };
        let store = Store::new(engine.clone(), memory.clone(), env.clone(), options);
        let directory = tempfile::tempdir().unwrap();
        let blobs: Arc<dyn BlobStore> = memory.clone();
        Self { store, engine, blobs, memory, env, directory }
    }

    /// Mail, files, an event, something removed, a removed folder.
    pub(crate) async fn furnished() -> Self {
        let world = Self::new();
        for n in 0..5 {
            world.mail(ALICE, INBOX, &[n; 30_000]).await;
            world.mail(BOB, INBOX, &[n; 30_000]).await;
        }
        world.file(ALICE, "small", b"small").await;
        world.file(ALICE, "large", &[7; 600_000]).await;
        world.file(ALICE, "large", &[8; 600_000]).await;
        world.event(ALICE, "e.ics", "uid-1", b"event").await;
        let mut writer = world.write(ALICE).await;
        let files = root(&writer).await;
        let inner = writer.create_folder(files.id(), "inner", store::Properties::new()).await.unwrap();
        writer.remove_tree(&inner).await.unwrap();
        let _done = writer.commit(()).await.unwrap();
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Flips a bit of these octets in the pack that has them.
    pub(crate) fn rot(&self, octets: &[u8]) {
        let packs = std::fs::read_dir(self.path().join("packs")).unwrap();
        for path in packs.map(|entry| entry.unwrap().path()) {
            let mut pack = std::fs::read(&path).unwrap();
            if let Some(at) = pack.windows(5_000).position(|window| window == &octets[..5_000]) {
                pack[at + 2_500] ^= 1;
                std::fs::write(&path, &pack).unwrap();
                return;
            }
        }
        panic!("no pack has them");
    }

    pub(crate) async fn write(&self, account: AccountId) -> Writer {
        self.store.write(&who(account), account).await.unwrap()
    }

    pub(crate) async fn read(&self, account: AccountId) -> Reader {
        self.store.read(&who(account), account).await.unwrap()
    }

    async fn body(&self, bytes: &[u8]) -> store::Body {
        let mut upload = self.store.upload(u64::MAX);
        upload.write(bytes).await.unwrap();
        upload.finish().await.unwrap()
    }

    pub(crate) async fn mail(&self, account: AccountId, path: &str, bytes: &[u8]) -> Uid {
        let none = Bytes::new();
        let record = MessageRecord {
            copies: 1,
            body: self.body(bytes).await,
            envelope: none.clone(),
            structure: none.clone(),
            extended_structure: none.clone(),
            parts: none,
            sent: None,
        };
        let flags = Flags { system: SystemFlags::SEEN, ..Flags::default() };
        let new =
            NewMessage { record, flags, received: ZonedTime { seconds: 77, offset_minutes: 60 }, keys: None };
        let mut writer = self.write(account).await;
        let mailbox = writer.open_mailbox(path, Rights::INSERT).await.unwrap();
        let uid = writer.append(&mailbox, new).await.unwrap();
        let _done = writer.commit(()).await.unwrap();
        uid
    }

    pub(crate) async fn file(&self, account: AccountId, name: &str, bytes: &[u8]) {
        let body = self.body(bytes).await;
        let new = NewObject { body, content_type: "a/b".to_owned(), modified: None, mark: 0 };
        let mut writer = self.write(account).await;
        let files = root(&writer).await;
        writer.put_file(&files, name, new).await.unwrap();
        let _done = writer.commit(()).await.unwrap();
    }

    pub(crate) async fn remove_file(&self, account: AccountId, name: &str) {
        let mut writer = self.write(account).await;
        let files = root(&writer).await;
        writer.remove_file(&files, name).await.unwrap();
        let _done = writer.commit(()).await.unwrap();
    }

    pub(crate) async fn event(&self, account: AccountId, name: &str, uid: &str, bytes: &[u8]) {
        let body = self.body(bytes).await;
        let new = NewObject { body, content_type: "text/calendar".to_owned(), modified: None, mark: 0 };
        let span = Span { kind: Kind::Event, first: 0, last: 9, floating: false, exact: true };
        let mut writer = self.write(account).await;
        let calendar = opened::<Calendar>(&writer, CollectionKind::Calendar, store::DEFAULT_CALENDAR).await;
        let facts = CalendarFacts { uid: uid.to_owned(), span };
        writer.put_calendar_object(&calendar, name, new, &facts).await.unwrap();
        let _done = writer.commit(()).await.unwrap();
    }

    pub(crate) async fn backup(&self, full: bool) -> Done {
        let addresses =
            BTreeMap::from([(ALICE, "alice@example.org".to_owned()), (BOB, "bob@example.org".to_owned())]);
        let backup = Backup {
            store: &self.store,
            engine: &self.engine,
            blobs: &self.blobs,
            addresses,
            build: "0",
            full,
        };
        create(&backup, self.path()).await.unwrap()
    }

    pub(crate) fn repository(&self) -> Arc<Repository> {
        Arc::new(Repository::open(self.path(), Access::Read).unwrap())
    }

    /// A store over one account of a backup.
    pub(crate) async fn over(&self, manifest: &Manifest, account: AccountId) -> Store {
        let engine: Arc<dyn Engine> = SimDisk::new(2).engine();
        let repository = self.repository();
        scratch(&repository, manifest, &engine, Some(account)).await.unwrap();
        let blobs: Arc<dyn BlobStore> = Arc::new(RepositoryBlobs(repository));
        Store::new(engine, blobs, self.env.clone(), Options::default())
    }
}

pub(crate) async fn opened<K: ObjectKind>(
    reader: &Reader,
    kind: CollectionKind,
    name: &str,
) -> store::Collection<K> {
    let id = reader.child(CollectionId::ROOT, kind, name).await.unwrap().unwrap();
    reader.open(id, Rights::OWNER).await.unwrap()
}

pub(crate) async fn root(reader: &Reader) -> store::Collection<Folder> {
    opened(reader, CollectionKind::Folder, store::FILES_ROOT).await
}

/// Every file of the root with its octets.
pub(crate) async fn files(reader: &Reader) -> BTreeMap<String, Bytes> {
    let root = root(reader).await;
    let mut files = BTreeMap::new();
    for (name, row) in reader.entries(&root, None, 1_000).await.unwrap() {
        let body = reader.object_body(row.item).await.unwrap();
        files.insert(name, reader.store().body(&body, 0..u64::MAX).collect().await.unwrap());
    }
    files
}

/// Every message of a mailbox with its octets.
pub(crate) async fn mail(reader: &Reader, path: &str) -> BTreeMap<Uid, Bytes> {
    let mailbox = reader.open_mailbox(path, Rights::READ).await.unwrap();
    let mut mail = BTreeMap::new();
    for (uid, row) in reader.entries(&mailbox, None, 1_000).await.unwrap() {
        let body = reader.message(row.message).await.unwrap().body;
        mail.insert(uid, reader.store().body(&body, 0..u64::MAX).collect().await.unwrap());
    }
    mail
}
