//! What these tests stand on.

use super::sink::Sink;
use crate::{Config, Delivery, Recipient, RelayConfig, RelayTls, Route, Schedule, Submission};
use directory::{Directory, testing::MemoryDirectory};
use engine::{
    Engine,
    fail::{FailEngine, FailPlan},
    sim::{SimDisk, SimEnv},
};
use model::{AccountId, Address, Flags, Principal, Rights, ZonedTime};
use std::{sync::Arc, time::Duration};
use store::{Arrival, Committed, INBOX, Options, QueueId, Store};

pub(crate) const ALICE: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// A store with a keeper of its queue.
pub(crate) struct House {
    pub(crate) env: Arc<SimEnv>,
    pub(crate) store: Store,
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) delivery: Arc<Delivery>,
}

impl House {
    /// With a relay in the clear and times of its own, its runner running.
    pub(crate) fn with_schedule(sink: &Sink, schedule: Schedule) -> Self {
        let house = Self::made(&SimDisk::new(1), Some(plain(sink)), MemoryDirectory::sample(), schedule);
        house.run();
        house
    }

    /// On a disk, with a relay or none; its runner does not run yet.
    pub(crate) fn open(disk: &SimDisk, relay: Option<RelayConfig>, directory: MemoryDirectory) -> Self {
        let waits = vec![Duration::from_millis(10)];
        Self::made(disk, relay, directory, Schedule { waits, expiry: Duration::from_secs(3600) })
    }

    /// With the times of an installation, on an engine that fails as planned; its runner running.
    pub(crate) fn failing(plan: &Arc<FailPlan>, relay: Option<RelayConfig>) -> Self {
        let (disk, plan) = (SimDisk::new(1), plan.clone());
        let engine = FailEngine::new(disk.engine(), plan);
        let house = Self::on(engine, &disk, relay, MemoryDirectory::sample(), Schedule::default());
        house.run();
        house
    }

    /// On a disk, with times of its own; its runner does not run yet.
    pub(crate) fn made(
        disk: &SimDisk,
        relay: Option<RelayConfig>,
        directory: MemoryDirectory,
        schedule: Schedule,
    ) -> Self {
        Self::on(disk.engine(), disk, relay, directory, schedule)
    }

    fn on(
        engine: Arc<dyn Engine>,
        disk: &SimDisk,
        relay: Option<RelayConfig>,
        directory: MemoryDirectory,
        schedule: Schedule,
    ) -> Self {
        let env = Arc::new(SimEnv::new(3));
        let store = Store::new(engine, disk.blobs(), env.clone(), Options::default());
        let directory = Arc::new(directory);
        let config = Config { relay };
        let delivery = Delivery::new(store.clone(), directory.clone(), &config, "mail.example.org").unwrap();
        let delivery = delivery.with_schedule(schedule);
        Self { env, store, directory, delivery: Arc::new(delivery) }
    }

    /// Without a relay, its runner running.
    pub(crate) fn local() -> Self {
        let house = Self::open(&SimDisk::new(1), None, MemoryDirectory::sample());
        house.run();
        house
    }

    /// With a relay in the clear, its runner running.
    pub(crate) fn with_sink(sink: &Sink) -> Self {
        let house = Self::open(&SimDisk::new(1), Some(plain(sink)), MemoryDirectory::sample());
        house.run();
        house
    }

    pub(crate) fn run(&self) {
        let runner = self.delivery.clone();
        tokio::spawn(async move { runner.run(std::future::pending()).await });
    }

    pub(crate) async fn submission(&self, from: Option<&str>, to: &[&str], text: &str) -> Submission {
        let return_path = format!("Return-Path: <{}>\r\n", from.unwrap_or_default());
        let mut arrival = Arrival::new(&self.store, 1 << 30);
        arrival.write(return_path.as_bytes()).await.unwrap();
        arrival.write(text.as_bytes()).await.unwrap();
        let message = arrival.finish(Flags::default(), ZonedTime::default()).await.unwrap().record;
        let header = text.find("\r\n\r\n").map_or(text.len(), |end| end + 2);
        let mut recipients = Vec::new();
        for text in to {
            let address = address(text);
            let route = self.delivery.route(&address).await.unwrap_or(Route::Relay);
            recipients.push(Recipient { address, spelled: (*text).to_owned(), route });
        }
        Submission {
            sender: from.map(address),
            recipients,
            message,
            local_prefix_bytes: return_path.len() as u64,
            header_bytes: (return_path.len() + header) as u64,
            eight_bit: !text.is_ascii(),
            smtputf8: false,
        }
    }

    pub(crate) async fn submit(&self, from: Option<&str>, to: &[&str], text: &str) -> Committed<QueueId> {
        let submission = self.submission(from, to, text).await;
        self.delivery.accept(submission).await.unwrap()
    }

    /// Every message in an inbox.
    pub(crate) async fn inbox(&self, account: AccountId) -> Vec<String> {
        let owner: Principal = self.directory.principal(account).await.unwrap();
        let reader = self.store.read(&owner, account).await.unwrap();
        let inbox = reader.open_mailbox(INBOX, Rights::READ).await.unwrap();
        let mut found = Vec::new();
        for (_, row) in reader.entries(&inbox, None, 10_000).await.unwrap() {
            let message = reader.message(row.message).await.unwrap();
            let octets = self.store.body(&message.body, 0..u64::MAX).collect().await.unwrap();
            found.push(String::from_utf8_lossy(&octets).into_owned());
        }
        found
    }

    /// Waits until nothing is in flight; the queue's clock goes on meanwhile.
    pub(crate) async fn settle(&self) {
        for _ in 0..10_000 {
            if self.store.queue().list(None, 1).await.unwrap().is_empty() {
                return;
            }
            self.env.step(5);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the queue does not empty: {:?}", self.store.queue().list(None, 10).await.unwrap());
    }
}

pub(crate) fn plain(sink: &Sink) -> RelayConfig {
    RelayConfig {
        host: "127.0.0.1".to_owned(),
        port: sink.port,
        tls: RelayTls::None,
        login: None,
        password_file: None,
        ca_file: None,
    }
}

pub(crate) const TEXT: &str = "From: alice@example.org\r\nSubject: x\r\n\r\nhello\r\n";
