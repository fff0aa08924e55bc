//! The local directory on the simulated disk: names, groups, credentials, limits.

mod credential;
mod devices;
mod fsck;
mod group;
mod name;
mod power;
mod scram;
mod switches;

use super::{HashCost, LocalDirectory, NewAccount, Options};
use engine::sim::{SimDisk, SimEnv};
use model::{AccountId, Address, Role, Secret};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn options() -> Options {
    let hash_cost = HashCost { memory_kib: 8, passes_count: 1 };
    Options { failure_delay: Duration::from_millis(1500), hash_cost, hash_count_max: None, scram: true }
}

async fn open(disk: &SimDisk) -> LocalDirectory {
    LocalDirectory::open(disk.engine(), Arc::new(SimEnv::new(7)), options()).await.unwrap()
}

/// A directory with the domain example.org.
async fn directory() -> LocalDirectory {
    let directory = open(&SimDisk::new(1)).await;
    directory.add_domain("example.org", None).await.unwrap().into_inner();
    directory
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn new(text: &str) -> NewAccount {
    NewAccount {
        address: address(text),
        name: String::new(),
        password: Some(Secret::new("correct horse")),
        role: Role::Member,
        quota_bytes: None,
    }
}

async fn add(directory: &LocalDirectory, text: &str) -> AccountId {
    directory.add_account(new(text)).await.unwrap().into_inner()
}

async fn add_group(directory: &LocalDirectory, text: &str) -> AccountId {
    directory.add_group(address(text), "").await.unwrap().into_inner()
}
