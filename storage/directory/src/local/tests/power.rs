//! What the power cut leaves, and what a newer build wrote.

use super::{PEER, add, address, new, open};
use crate::Directory;
use crate::local::{change::Change, key, record};
use engine::sim::SimDisk;
use engine::{Batch, Op, Table};
use model::{AccountId, Error, Secret, Timestamp};
use std::sync::Arc;

/// Cuts the power at every step of a script: what was answered is there, what was not is whole or absent, and
/// no id is given twice.
#[tokio::test]
async fn what_was_answered_survives_and_ids_never_return() {
    for cut in 1..40 {
        let disk = SimDisk::new(cut);
        disk.cut_at(cut);
        let mut answered = Vec::new();
        if let Ok(directory) = super::LocalDirectory::open(
            disk.engine(),
            Arc::new(engine::sim::SimEnv::new(7)),
            super::options(),
        )
        .await
            && directory.add_domain("example.org", None).await.is_ok()
        {
            for at in 0..10 {
                if let Ok(id) = directory.add_account(new(&format!("u{at}@example.org"))).await {
                    answered.push((at, id.into_inner()));
                }
            }
        }
        disk.restore();
        let directory = open(&disk).await;
        for (at, id) in &answered {
            let found = directory.by_address(&address(&format!("u{at}@example.org"))).await.unwrap();
            assert_eq!(found.map(|account| account.id), Some(*id), "cut at {cut}");
        }
        for account in directory.accounts(None, 100).await.unwrap() {
            let found = directory.by_address(&account.address).await.unwrap();
            assert_eq!(found.map(|found| found.id), Some(account.id), "cut at {cut}");
        }
        if let Err(error) = directory.add_domain("example.org", None).await {
            assert_eq!(error, Error::Exists);
        }
        let fresh = add(&directory, "fresh@example.org").await;
        assert!(answered.iter().all(|(_, id)| *id < fresh), "cut at {cut}");
    }
}

#[tokio::test]
async fn it_is_all_there_after_a_restart() {
    let disk = SimDisk::new(3);
    let directory = open(&disk).await;
    directory.add_domain("example.org", None).await.unwrap().into_inner();
    let alice = add(&directory, "alice@example.org").await;
    let (_, app) = directory.add_app_password(alice, "phone").await.unwrap().into_inner();
    drop(directory);
    let directory = open(&disk).await;
    directory.authenticate("alice@example.org", &Secret::new("correct horse"), PEER).await.unwrap();
    directory.authenticate("alice@example.org", &app, PEER).await.unwrap();
}

#[tokio::test]
async fn a_record_of_a_newer_build_is_refused() {
    let disk = SimDisk::new(4);
    let directory = open(&disk).await;
    let put = Op::Put(Table::Directory, key::account(AccountId(9)), vec![250, 1, 2].into());
    let _durable = directory.engine.commit(Batch { expect: Vec::new(), ops: vec![put] }).await.unwrap();
    assert_eq!(directory.account(AccountId(9)).await.unwrap_err(), Error::Corrupt);
    assert_eq!(record::decode::<u64>(&[]).unwrap_err(), Error::Corrupt);
}

/// Two processes on one engine: the second change was built on what is no longer there.
#[tokio::test]
async fn a_change_built_on_an_old_state_does_not_happen() {
    let disk = SimDisk::new(5);
    let directory = open(&disk).await;
    let engine = directory.engine.clone();
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    let stale = Change::begin(engine, Timestamp(0), turn.lock_owned().await).await.unwrap();
    directory.add_domain("example.org", None).await.unwrap().into_inner();
    assert_eq!(stale.commit(()).await.unwrap_err(), Error::Unavailable);
}
