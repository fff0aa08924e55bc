//! Nothing that was removed within the window is lost: at the end of a run every removed collection is brought
//! back, and each octet string that any state since the last purge had is there, live or kept.

use crate::{ACCOUNTS, Shared, oracle, owner};
use model::{AccountId, BlobId, Error, ItemId, Modseq};
use std::collections::BTreeSet;
use store::{Deleted, Depth, Reader, Recover, Store};

/// How long removed things are kept in these runs: no clock jumps as far.
pub(crate) const WINDOW_MS: u64 = 1_000_000_000_000;

/// What must still be had: the states since the last purge, back to the last one under a quota, which may let go.
fn needed(world: &Shared, account: AccountId, now: Modseq) -> BTreeSet<BlobId> {
    let mut world = world.lock().unwrap();
    let history = world.of(account);
    let states = history.states.range(..=now).rev();
    let kept = states.take_while(|(modseq, state)| **modseq > history.purged && state.limit.is_none());
    let mut hashes = BTreeSet::new();
    for (_, state) in kept {
        let mail = state.mailboxes.values().flat_map(|mailbox| mailbox.messages.values());
        hashes.extend(mail.map(|message| message.hash));
        let folders = state.folders.values().chain(state.calendars.values());
        hashes.extend(folders.flat_map(|folder| folder.files.values()).map(|file| file.hash));
    }
    hashes
}

pub(crate) async fn nothing_is_lost(store: &Store, world: &Shared) {
    let there = store.accounts(None, 10).await.unwrap();
    for account in ACCOUNTS.into_iter().filter(|account| there.contains(account)) {
        let reader = store.read(&owner(account), account).await.unwrap();
        let needed = needed(world, account, reader.modseq());
        bring_collections_back(store, account).await;
        let reader = store.read(&owner(account), account).await.unwrap();
        let found = found(&reader).await;
        let lost: Vec<_> = needed.difference(&found).collect();
        assert!(lost.is_empty(), "lost without a purge in account {account}: {lost:?}");
    }
    let findings = store.fsck_all(Depth::Bytes).await.unwrap();
    assert!(findings.is_empty(), "after bringing back: {findings:#?}");
}

async fn bring_collections_back(store: &Store, account: AccountId) {
    loop {
        let reader = store.read(&owner(account), account).await.unwrap();
        let mut brought = 0;
        for (number, row) in reader.deleted(ItemId(0), 10_000).await.unwrap() {
            if matches!(row.what, Deleted::Collection(..)) {
                match store.undelete(account, number, &Recover::default()).await {
                    Ok(_) => brought += 1,
                    // Under a parent that is not back yet; come back with its parent; not kept.
                    Err(Error::NotFound | Error::Conflict) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        if brought == 0 {
            return;
        }
    }
}

/// Every octet string that the account still has, each read and hashed.
async fn found(reader: &Reader) -> BTreeSet<BlobId> {
    let state = oracle::observe(reader).await;
    let mail = state.mailboxes.values().flat_map(|mailbox| mailbox.messages.values());
    let mut found: BTreeSet<_> = mail.map(|message| message.hash).collect();
    let folders = state.folders.values().chain(state.calendars.values());
    found.extend(folders.flat_map(|folder| folder.files.values()).map(|file| file.hash));
    for (_, row) in reader.deleted(ItemId(0), 10_000).await.unwrap() {
        let body = match &row.what {
            Deleted::Message(_, _, message) => reader.message(message.message).await.unwrap().body,
            Deleted::Object(object) => reader.object_body(object.row.item).await.unwrap(),
            Deleted::Collection(..) => continue,
        };
        found.insert(oracle::read(reader.store(), &body).await.0);
    }
    found
}
