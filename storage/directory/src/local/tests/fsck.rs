//! The check finds what was broken by hand, and nothing else.

use super::{add, add_group, address, directory};
use crate::LocalDirectory;
use crate::local::fsck::DirectoryFault as Fault;
use crate::local::{key, record};
use engine::{Batch, Op, Table};
use model::AccountId;

async fn faults(directory: &LocalDirectory) -> Vec<Fault> {
    directory.fsck().await.unwrap().into_iter().map(|finding| finding.fault).collect()
}

async fn apply(directory: &LocalDirectory, op: Op) {
    let _durable = directory.engine.commit(Batch { expect: Vec::new(), ops: vec![op] }).await.unwrap();
}

#[tokio::test]
async fn a_sound_directory_has_no_faults() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let team = add_group(&directory, "team@example.org").await;
    directory.add_member(team, alice).await.unwrap().into_inner();
    directory.add_alias(alice, &address("a@example.org")).await.unwrap().into_inner();
    assert!(faults(&directory).await.is_empty());
    directory.remove_account(alice).await.unwrap().into_inner();
    assert!(faults(&directory).await.is_empty());
}

#[tokio::test]
async fn each_fault_is_found() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let bob = add(&directory, "bob@example.org").await;
    let team = add_group(&directory, "team@example.org").await;
    directory.add_member(team, alice).await.unwrap().into_inner();
    let put = |key: Vec<u8>, bytes| Op::Put(Table::Directory, key, bytes);

    apply(&directory, Op::Delete(Table::Directory, key::address(&address("alice@example.org")))).await;
    assert_eq!(faults(&directory).await, [Fault::AddressLost(address("alice@example.org"))]);
    apply(&directory, put(key::address(&address("alice@example.org")), record::encode(&alice).unwrap()))
        .await;

    apply(&directory, put(key::address(&address("ghost@example.org")), record::encode(&bob).unwrap())).await;
    assert_eq!(faults(&directory).await, [Fault::AddressDangling("example.org ghost".to_owned())]);
    apply(&directory, Op::Delete(Table::Directory, key::address(&address("ghost@example.org")))).await;

    apply(&directory, Op::Delete(Table::Directory, key::domain("example.org"))).await;
    assert_eq!(faults(&directory).await.len(), 3);
    directory.add_domain("example.org", None).await.unwrap().into_inner();

    apply(&directory, put(key::NEXT_ACCOUNT.to_vec(), record::encode(&AccountId(3)).unwrap())).await;
    assert_eq!(faults(&directory).await, [Fault::NumberAhead]);
    apply(&directory, put(key::NEXT_ACCOUNT.to_vec(), record::encode(&AccountId(4)).unwrap())).await;

    apply(&directory, put(key::account(bob), vec![9].into())).await;
    let found = faults(&directory).await;
    assert!(found.contains(&Fault::Unreadable) && found.len() == 2, "{found:?}");
    apply(&directory, Op::Delete(Table::Directory, key::account(bob))).await;
    apply(&directory, Op::Delete(Table::Directory, key::address(&address("bob@example.org")))).await;
    apply(&directory, Op::Delete(Table::Directory, key::account(alice))).await;
    apply(&directory, Op::Delete(Table::Directory, key::address(&address("alice@example.org")))).await;
    assert_eq!(faults(&directory).await, [Fault::Membership(alice)]);
}
