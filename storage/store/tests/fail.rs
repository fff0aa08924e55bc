//! Every call to the engine and the blob store fails once, one after the other, while a script runs: what was
//! refused has not happened and can be asked for again, what was answered is there, and nothing is out of joint.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use engine::{
    fail::{Call, FailBlobs, FailEngine, FailPlan},
    sim::{SimDisk, SimEnv},
};
use model::{
    AccountId, Address, CollectionId, CollectionKind, Error, Flags, Principal, Result, Rights, Role,
};
use model::{SystemFlags, Uid, ZonedTime};
use std::sync::Arc;
use store::{Collection, Depth, FILES_ROOT, FlagChange, Folder, INBOX, MessageRecord, NewMessage, NewObject};
use store::{NewCollection, Options, Reader, Store};

const ACCOUNT: AccountId = AccountId(1);

fn owner() -> Principal {
    let address = Address::parse("owner@example.org").unwrap();
    Principal { account: ACCOUNT, address, groups: Vec::new(), role: Role::Member }
}

/// A store whose calls can fail, on a disk that stays.
fn open(disk: &SimDisk, plan: &Arc<FailPlan>) -> Store {
    let engine = FailEngine::new(disk.engine(), plan.clone());
    let blobs = FailBlobs::new(disk.blobs(), plan.clone());
    Store::new(engine, blobs, Arc::new(SimEnv::new(1)), Options::default())
}

async fn files(reader: &Reader) -> Result<Collection<Folder>> {
    let root = reader.child(CollectionId::ROOT, CollectionKind::Folder, FILES_ROOT).await?;
    reader.open(root.ok_or(Error::NotFound)?, Rights::OWNER).await
}

async fn body(store: &Store, seed: u8) -> Result<store::Body> {
    let mut upload = store.upload(u64::MAX);
    upload.write(&[seed; 9_000]).await?;
    upload.finish().await
}

fn record(body: store::Body) -> MessageRecord {
    let none = bytes::Bytes::new();
    MessageRecord {
        copies: 1,
        body,
        envelope: none.clone(),
        structure: none.clone(),
        extended_structure: none.clone(),
        parts: none,
        sent: None,
    }
}

/// How many steps the script has.
const STEPS: usize = 9;

/// One step; steps build on each other.
async fn step(store: &Store, number: usize) -> Result<()> {
    let who = owner();
    match number {
        0 | 1 => {
            let record = record(body(store, u8::try_from(number).unwrap()).await?);
            let mut writer = store.write(&who, ACCOUNT).await?;
            let inbox = writer.open_mailbox(INBOX, Rights::INSERT).await?;
            let new =
                NewMessage { record, flags: Flags::default(), received: ZonedTime::default(), keys: None };
            writer.append(&inbox, new).await?;
            writer.commit(()).await?;
        }
        2 => {
            let mut writer = store.write(&who, ACCOUNT).await?;
            writer.create_mailbox("a/b", NewCollection::default()).await?;
            writer.commit(()).await?;
        }
        3 => {
            let mut writer = store.write(&who, ACCOUNT).await?;
            let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await?;
            let target = writer.open_mailbox("a/b", Rights::OWNER).await?;
            writer.copy_messages(&inbox, &target, &[Uid(1)]).await?;
            writer.move_messages(&inbox, &target, &[Uid(2)]).await?;
            writer.commit(()).await?;
        }
        4 => {
            let mut writer = store.write(&who, ACCOUNT).await?;
            let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await?;
            let deleted = Flags { system: SystemFlags::DELETED, keywords: Vec::new() };
            writer.change_flags(&inbox, &[Uid(1)], &FlagChange::Add(deleted)).await?;
            writer.expunge_all(&inbox).await?;
            writer.commit(()).await?;
        }
        5 | 6 => {
            let body = body(store, 7 + u8::try_from(number).unwrap()).await?;
            let new = NewObject { body, content_type: "text/plain".to_owned(), modified: None, mark: 0 };
            let mut writer = store.write(&who, ACCOUNT).await?;
            let files = files(&writer).await?;
            writer.put_file(&files, "file", new).await?;
            writer.commit(()).await?;
        }
        7 => {
            let reader = store.read(&who, ACCOUNT).await?;
            let files = files(&reader).await?;
            let row = reader.entry(&files, &"file".to_owned()).await?.ok_or(Error::NotFound)?;
            let body = reader.object_body(row.item).await?;
            assert_eq!(store.body(&body, 0..u64::MAX).collect().await?, vec![13; 9_000]);
            let set = reader.changes(&files, files.row().floor, 100).await?;
            assert_eq!((set.changed.len(), set.removed.len()), (1, 0));
        }
        _ => {
            store.collect().await?;
        }
    }
    Ok(())
}

async fn right(store: &Store) {
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    let reader = store.read(&owner(), ACCOUNT).await.unwrap();
    let inbox = reader.open_mailbox(INBOX, Rights::READ).await.unwrap();
    assert_eq!((inbox.row().count, inbox.row().uid_next), (0, Uid(3)));
    let target = reader.open_mailbox("a/b", Rights::READ).await.unwrap();
    assert_eq!((target.row().count, target.row().uid_next), (2, Uid(3)));
    assert_eq!(reader.quota().used_count, 3);
}

/// The script with the n-th call of a kind failing; false when there was no such call.
async fn refused_once(call: Call, nth: u64) -> bool {
    let plan = FailPlan::new();
    let disk = SimDisk::new(nth);
    let store = open(&disk, &plan);
    plan.fail(call, nth);
    let mut refused = 0;
    for number in 0..STEPS {
        if let Err(error) = step(&store, number).await {
            let full = matches!(call, Call::CommitFull | Call::AppendFull);
            let expected = if full { Error::DiskFull } else { Error::Unavailable };
            assert_eq!(error, expected, "step {number}, {call:?} {nth}");
            refused += 1;
            step(&store, number)
                .await
                .unwrap_or_else(|error| panic!("{number} again, {call:?} {nth}: {error}"));
        }
    }
    assert!(refused <= 1);
    let met = plan.count(call) >= nth;
    right(&open(&disk, &FailPlan::new())).await;
    met
}

#[tokio::test]
async fn what_was_refused_can_be_asked_again() {
    for call in
        [Call::Get, Call::Scan, Call::Commit, Call::Append, Call::Read, Call::CommitFull, Call::AppendFull]
    {
        let mut nth = 1;
        while refused_once(call, nth).await {
            nth += 1;
        }
        assert!(nth > 2, "{call:?} was never met");
    }
}

/// The script with the n-th sync failing; false when there was no such sync.
async fn poisoned(call: Call, nth: u64) -> bool {
    let plan = FailPlan::new();
    let disk = SimDisk::new(nth);
    let store = open(&disk, &plan);
    plan.fail(call, nth);
    let mut done = 0;
    while done < STEPS && step(&store, done).await.is_ok() {
        done += 1;
    }
    let met = plan.count(call) >= nth;
    assert_eq!(met, done < STEPS);
    if met {
        // Nothing is taken any more: steps that would always write are refused.
        for number in [0, 1] {
            assert!(step(&store, number).await.is_err(), "{call:?} {nth}");
        }
        // The process ends and begins again; whether the step happened is not known, but not half of it.
        drop(store);
        let store = open(&disk, &FailPlan::new());
        assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    }
    met
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_taken() {
    for call in [Call::CommitSync, Call::Sync] {
        let mut nth = 1;
        while poisoned(call, nth).await {
            nth += 1;
        }
        assert!(nth > 2, "{call:?} was never met");
    }
}
