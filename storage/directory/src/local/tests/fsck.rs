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

#[tokio::test]
async fn what_is_derived_is_made_anew() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let bob = add(&directory, "bob@example.org").await;
    let team = add_group(&directory, "team@example.org").await;
    directory.add_member(team, alice).await.unwrap().into_inner();
    directory.add_alias(alice, &address("a@example.org")).await.unwrap().into_inner();
    assert_eq!(directory.repair().await.unwrap(), []);
    let put = |key: Vec<u8>, bytes| Op::Put(Table::Directory, key, bytes);
    let ids = |id: AccountId| record::encode(&id).unwrap();
    for op in [
        Op::Delete(Table::Directory, key::address(&address("alice@example.org"))),
        put(key::address(&address("a@example.org")), ids(bob)),
        put(key::address(&address("ghost@example.org")), ids(bob)),
        put(key::address(&address("nobody@example.org")), vec![9].into()),
        Op::Delete(Table::Directory, key::domain("example.org")),
        put(key::NEXT_ACCOUNT.to_vec(), ids(AccountId(2))),
        Op::Put(Table::Account, 77_u32.to_be_bytes().to_vec(), vec![1].into()),
    ] {
        apply(&directory, op).await;
    }
    assert!(faults(&directory).await.len() >= 7);
    assert_eq!(directory.repair().await.unwrap(), []);
    for (name, owner) in [("alice", alice), ("a", alice), ("bob", bob), ("team", team)] {
        let found = directory.view().await.unwrap().owner(&address(&format!("{name}@example.org"))).await;
        assert_eq!(found.unwrap(), Some(owner));
    }
    assert_eq!(add(&directory, "new@example.org").await, AccountId(78), "above all that is stored");
    // A membership of which one side knows is none; the one that both know of stays.
    let mut member = directory.view().await.unwrap().account(bob).await.unwrap().unwrap();
    member.groups.push(team);
    apply(&directory, put(key::account(bob), record::encode(&member).unwrap())).await;
    assert_eq!(directory.repair().await.unwrap(), []);
    let view = directory.view().await.unwrap();
    assert!(view.account(bob).await.unwrap().unwrap().groups.is_empty());
    assert_eq!(view.account(team).await.unwrap().unwrap().members, [alice]);
    // What cannot be read is told, and its addresses stay for whoever mends it by hand.
    apply(&directory, put(key::account(bob), vec![9].into())).await;
    let left: Vec<_> = directory.repair().await.unwrap().into_iter().map(|finding| finding.fault).collect();
    assert!(left.contains(&Fault::Unreadable), "{left:?}");
    assert_eq!(directory.view().await.unwrap().owner(&address("bob@example.org")).await.unwrap(), Some(bob));
}
