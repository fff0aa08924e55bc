//! What the transcripts stand on.

use crate::{Config, Context, Door};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use delivery::Delivery;
use directory::{Directory, testing::MemoryDirectory};
use engine::{
    BlobStore, Engine,
    fail::{FailBlobs, FailEngine, FailPlan},
    sim::{SimDisk, SimEnv},
};
use model::{AccountId, Principal, Rights};
use sasl::door::{Drain, DrainTrigger, Peer};
use sasl::testing::{Client, loopback};
use std::{sync::Arc, time::Duration};
use store::{INBOX, Options, Store};

pub(crate) const ALICE: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);

/// A store, a directory, a keeper of the queue and a door.
pub(crate) struct House {
    pub(crate) env: Arc<SimEnv>,
    pub(crate) store: Store,
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) door: Door,
    pub(crate) drain: Drain,
    pub(crate) trigger: DrainTrigger,
}

/// alice (alias al@example.org), bob, and team@example.org with both; nobody's queue runs yet.
pub(crate) fn people() -> MemoryDirectory {
    MemoryDirectory::new()
        .with_account("alice@example.org", "alice-secret")
        .with_alias("al@example.org")
        .with_account("bob@example.org", "bob-secret")
        .with_group("team@example.org", &[ALICE, BOB])
        .with_account("jörg@example.org", "j")
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let disk = SimDisk::new(1);
        Self::on(disk.engine(), disk.blobs(), config)
    }

    /// On an engine and a blob store whose calls fail as planned.
    pub(crate) fn failing(plan: &Arc<FailPlan>) -> Self {
        let disk = SimDisk::new(1);
        let engine = FailEngine::new(disk.engine(), plan.clone());
        Self::on(engine, FailBlobs::new(disk.blobs(), plan.clone()), Config::default())
    }

    fn on(engine: Arc<dyn Engine>, blobs: Arc<dyn BlobStore>, config: Config) -> Self {
        let env = Arc::new(SimEnv::new(1));
        let store = Store::new(engine, blobs, env.clone(), Options::default());
        let directory = Arc::new(people());
        let keeper = Delivery::new(store.clone(), directory.clone(), &Default::default(), "mail.example.org");
        let delivery = Arc::new(keeper.unwrap());
        let (trigger, drain) = sasl::door::drain();
        let runner = delivery.clone();
        tokio::spawn(async move { runner.run(std::future::pending()).await });
        let door =
            Door::new(Context { delivery, directory: directory.clone(), config, sessions: Arc::default() });
        Self { env, store, directory, door, drain, trigger }
    }

    /// A client on a loopback listener that allows passwords in the clear.
    pub(crate) fn connect(&self) -> Client {
        self.connect_as(loopback())
    }

    pub(crate) fn connect_as(&self, peer: Peer) -> Client {
        let (door, drain) = (self.door.clone(), self.drain.clone());
        let goes_on = |line: &str| line.as_bytes().get(3) == Some(&b'-');
        Client::connect(goes_on, |stream| async move { door.serve(stream, peer, drain).await })
    }

    /// A client that has greeted and logged in as alice.
    pub(crate) async fn alice(&self) -> Client {
        let mut client = self.connect();
        client.check(&format!("S: 220 \nC: EHLO x\nS: 250\nC: {}\nS: 235 2.7.0", login())).await;
        client
    }

    /// Every message in an inbox, in the order of arrival.
    pub(crate) async fn inbox(&self, account: AccountId) -> Vec<String> {
        let owner: Principal = self.directory.principal(account).await.unwrap();
        let reader = self.store.read(&owner, account).await.unwrap();
        let inbox = reader.open_mailbox(INBOX, Rights::READ).await.unwrap();
        let mut found = Vec::new();
        for (_, row) in reader.entries(&inbox, None, 10_000).await.unwrap() {
            let message = reader.message(row.message).await.unwrap();
            assert_eq!(message.body.size, row.size);
            let octets = self.store.body(&message.body, 0..u64::MAX).collect().await.unwrap();
            found.push(String::from_utf8_lossy(&octets).into_owned());
        }
        found
    }

    /// Waits until nothing is in flight.
    pub(crate) async fn settle(&self) {
        for _ in 0..10_000 {
            if self.store.queue().list(None, 1).await.unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("the queue does not empty: {:?}", self.store.queue().list(None, 10).await.unwrap());
    }
}

/// AUTH PLAIN as alice.
pub(crate) fn login() -> String {
    format!("AUTH PLAIN {}", BASE64_STANDARD.encode("\0alice@example.org\0alice-secret"))
}
