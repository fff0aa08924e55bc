//! Grants: who sees what, what is inherited, what is told of the other way round, and the limits.

use super::*;
use crate::limits::GRANT_COUNT_MAX;
use crate::testing::{ALICE, BOB, principal, store};
use crate::{INBOX, Mailbox, NewCollection};

const SEE: Rights = Rights::LOOKUP.union(Rights::READ);

async fn grant(store: &Store, path: &str, to: AccountId, rights: Rights) {
    let mut writer = store.write(&principal(ALICE), ALICE).await.unwrap();
    let mailbox = writer.open_mailbox(path, Rights::LOOKUP).await.unwrap();
    writer.grant(&mailbox, to, rights).await.unwrap();
    writer.commit(()).await.unwrap();
}

async fn sharing(store: &Store, who: &Principal) -> Vec<AccountId> {
    let owners = store.sharing(who).await.unwrap();
    assert_eq!(store.shares(ALICE, who).await.unwrap(), owners.contains(&ALICE) || who.is(ALICE));
    owners
}

#[tokio::test]
async fn what_is_granted_is_found_from_the_other_side() {
    let store = store();
    let (bob, team) = (principal(BOB), AccountId(9));
    let member = Principal { groups: vec![team], ..principal(AccountId(5)) };
    assert_eq!(sharing(&store, &bob).await, []);
    grant(&store, INBOX, BOB, SEE).await;
    grant(&store, "Sent", BOB, SEE).await;
    assert_eq!(sharing(&store, &bob).await, [ALICE]);
    assert_eq!(sharing(&store, &member).await, []);
    grant(&store, INBOX, team, SEE).await;
    assert_eq!(sharing(&store, &member).await, [ALICE]);
    // One of two taken away leaves the other; both, nothing.
    grant(&store, INBOX, BOB, Rights::empty()).await;
    assert_eq!(sharing(&store, &bob).await, [ALICE]);
    grant(&store, "Sent", BOB, Rights::empty()).await;
    assert_eq!(sharing(&store, &bob).await, []);
    grant(&store, INBOX, AccountId::ANYONE, SEE).await;
    assert_eq!(sharing(&store, &bob).await, [ALICE]);
    assert_eq!(sharing(&store, &principal(ALICE)).await, []);
}

#[tokio::test]
async fn rights_add_up_and_go() {
    let store = store();
    grant(&store, INBOX, BOB, SEE).await;
    grant(&store, INBOX, AccountId::ANYONE, Rights::LOOKUP | Rights::INSERT).await;
    let reader = store.read_if_there(&principal(BOB), ALICE).await.unwrap().unwrap();
    let inbox = reader.open_mailbox(INBOX, SEE).await.unwrap();
    assert_eq!(inbox.rights(), SEE | Rights::INSERT);
    assert_eq!(reader.grants(&inbox).await.unwrap_err(), Error::Forbidden(Rights::ADMINISTER));
    assert!(reader.open_mailbox("Sent", Rights::LOOKUP).await.is_err());
    assert!(store.read_if_there(&principal(ALICE), BOB).await.unwrap().is_none());
}

#[tokio::test]
async fn a_child_is_shared_as_its_parent_and_forgotten_with_its_removal() {
    let store = store();
    let alice = principal(ALICE);
    grant(&store, "Archive", BOB, SEE | Rights::CREATE | Rights::REMOVE).await;
    let mut writer = store.write(&principal(BOB), ALICE).await.unwrap();
    let made = writer.create_mailbox("Archive/2026", NewCollection::default()).await.unwrap();
    assert_eq!(made.rights(), SEE | Rights::CREATE | Rights::REMOVE);
    assert_eq!(
        writer.create_mailbox("Elsewhere", NewCollection::default()).await.unwrap_err(),
        Error::NotFound
    );
    writer.commit(()).await.unwrap();
    grant(&store, "Archive", BOB, Rights::empty()).await;
    assert_eq!(sharing(&store, &principal(BOB)).await, [ALICE]);
    // The child alone is still there for him, without what it lies in.
    let reader = store.read(&principal(BOB), ALICE).await.unwrap();
    let paths: Vec<_> = reader.mailboxes().await.unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["Archive/2026"]);
    assert!(reader.open_mailbox("Archive", Rights::LOOKUP).await.is_err());
    let mut writer = store.write(&alice, ALICE).await.unwrap();
    writer.remove_mailbox("Archive/2026").await.unwrap();
    writer.commit(()).await.unwrap();
    assert_eq!(sharing(&store, &principal(BOB)).await, []);
}

#[tokio::test]
async fn grants_at_their_limit_and_one_past_it() {
    let store = store();
    let mut writer = store.write(&principal(ALICE), ALICE).await.unwrap();
    let inbox = writer.open::<Mailbox>(writer.mailbox_at(INBOX).await.unwrap().unwrap(), SEE).await.unwrap();
    for at in 0..GRANT_COUNT_MAX {
        writer.grant(&inbox, AccountId(100 + u32::try_from(at).unwrap()), SEE).await.unwrap();
    }
    let past = writer.grant(&inbox, AccountId(99), SEE).await;
    assert_eq!(past, Err(Error::TooLarge(GRANT_COUNT_MAX as u64)));
    assert!(matches!(writer.grant(&inbox, ALICE, SEE).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn accounts_that_share_are_counted_up_to_a_limit() {
    let store = store();
    for at in 0..=SHARING_ACCOUNT_COUNT_MAX {
        let owner = AccountId(1_000 + u32::try_from(at).unwrap());
        let mut writer = store.write(&principal(owner), owner).await.unwrap();
        let inbox = writer.open_mailbox(INBOX, SEE).await.unwrap();
        writer.grant(&inbox, BOB, SEE).await.unwrap();
        writer.commit(()).await.unwrap();
        if at + 1 >= SHARING_ACCOUNT_COUNT_MAX {
            assert_eq!(store.sharing(&principal(BOB)).await.unwrap().len(), SHARING_ACCOUNT_COUNT_MAX);
        }
    }
}
