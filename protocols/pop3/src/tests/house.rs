//! What the transcripts stand on.

use crate::Door;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use directory::{Directory, testing::MemoryDirectory};
use engine::{
    BlobStore, Engine,
    fail::{FailBlobs, FailEngine, FailPlan},
    sim::{SimDisk, SimEnv},
};
use model::{AccountId, Flags, Principal, Rights, Uid, ZonedTime};
use sasl::door::{Drain, DrainTrigger, Peer};
use sasl::testing::{Client, loopback};
use std::sync::Arc;
use store::{Arrival, INBOX, Options, Store};

/// A store, a directory and a door.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) door: Door,
    pub(crate) drain: Drain,
    pub(crate) trigger: DrainTrigger,
}

impl House {
    pub(crate) fn new() -> Self {
        let disk = SimDisk::new(1);
        Self::on(disk.engine(), disk.blobs())
    }

    /// On an engine and a blob store whose calls fail as planned.
    pub(crate) fn failing(plan: &Arc<FailPlan>) -> Self {
        let disk = SimDisk::new(1);
        let engine = FailEngine::new(disk.engine(), plan.clone());
        Self::on(engine, FailBlobs::new(disk.blobs(), plan.clone()))
    }

    fn on(engine: Arc<dyn Engine>, blobs: Arc<dyn BlobStore>) -> Self {
        let store = Store::new(engine, blobs, Arc::new(SimEnv::new(1)), Options::default());
        let directory = Arc::new(MemoryDirectory::sample());
        let (trigger, drain) = sasl::door::drain();
        let door = Door::new(store.clone(), directory.clone(), Arc::default());
        Self { store, directory, door, drain, trigger }
    }

    pub(crate) async fn alice(&self) -> Principal {
        self.directory.principal(AccountId(1)).await.unwrap()
    }

    /// Puts a message into alice's inbox.
    pub(crate) async fn deliver(&self, octets: &[u8]) -> Uid {
        let who = self.alice().await;
        let mut arrival = Arrival::new(&self.store, u64::MAX);
        arrival.write(octets).await.unwrap();
        let received = ZonedTime { seconds: 0, offset_minutes: 0 };
        let new = arrival.finish(Flags::default(), received).await.unwrap();
        let mut writer = self.store.write(&who, who.account).await.unwrap();
        let inbox = writer.open_mailbox(INBOX, Rights::INSERT).await.unwrap();
        let uid = writer.append(&inbox, new).await.unwrap();
        *writer.commit(uid).await.unwrap()
    }

    /// Removes a message as another session would.
    pub(crate) async fn expunge(&self, uid: Uid) {
        let who = self.alice().await;
        let mut writer = self.store.write(&who, who.account).await.unwrap();
        let inbox = writer.open_mailbox(INBOX, Rights::DELETE | Rights::EXPUNGE).await.unwrap();
        writer.remove_messages(&inbox, &[uid]).await.unwrap();
        let _durable = writer.commit(()).await.unwrap();
    }

    /// The UIDs in alice's inbox.
    pub(crate) async fn uids(&self) -> Vec<u32> {
        let who = self.alice().await;
        let reader = self.store.read(&who, who.account).await.unwrap();
        let inbox = reader.open_mailbox(INBOX, Rights::READ).await.unwrap();
        reader.entries(&inbox, None, 1_000).await.unwrap().into_iter().map(|(uid, _)| uid.0).collect()
    }

    /// A client on a loopback listener that allows passwords in the clear.
    pub(crate) fn connect(&self) -> Client {
        self.connect_as(loopback())
    }

    pub(crate) fn connect_as(&self, peer: Peer) -> Client {
        let (door, drain) = (self.door.clone(), self.drain.clone());
        Client::connect(|_| false, |stream| async move { door.serve(stream, peer, drain).await })
    }

    /// A client that has logged in as alice.
    pub(crate) async fn logged_in(&self) -> Client {
        let mut client = self.connect();
        client.check("S: +OK\nC: USER alice@example.org\nS: +OK\nC: PASS alice-secret\nS: +OK").await;
        client
    }
}

/// AUTH PLAIN as alice.
pub(crate) fn plain() -> String {
    BASE64_STANDARD.encode("\0alice@example.org\0alice-secret")
}
