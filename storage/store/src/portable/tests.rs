//! A restored account gives no number twice, and bodies of one store come into another once.

use super::*;
use crate::{
    Depth,
    testing::{ALICE, content, files, put, reader, remove, store, store_on, writer},
};
use engine::{Batch, Op, Range, sim::SimDisk};

/// Every row of an engine through the rule, into another store.
async fn reborn(old: &Store, now: Timestamp) -> Store {
    let fresh = store();
    let snapshot = old.inner.engine.snapshot().await.unwrap();
    let mut rebirth = Rebirth::new(now);
    let mut ops = Vec::new();
    for table in Table::ALL {
        for (key, value) in snapshot.scan(*table, &Range::prefix(b""), 10_000, false).await.unwrap() {
            if !matches!(table, Table::Blob | Table::BlobRef) {
                for key in reference_keys(*table, &key, &value).unwrap() {
                    ops.push(Op::Put(Table::BlobRef, key, Bytes::new()));
                }
                for id in needed(*table, &key, &value).unwrap() {
                    let frame = fresh.inner.blobs.append(old.inner.blob(&id).await.unwrap()).await.unwrap();
                    fresh.inner.blobs.sync(frame.sequence).await.unwrap();
                    ops.push(Op::Put(Table::Blob, blob_key(&id), frame.place.0));
                }
                let value = rebirth.row(*table, value).unwrap();
                ops.extend(value.map(|value| Op::Put(*table, key.to_vec(), value)));
            }
        }
    }
    let _durable = fresh.inner.engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    fresh
}

#[tokio::test]
async fn a_restored_account_refuses_every_older_token_and_gives_no_number_again() {
    let old = store();
    put(&old, "a", &[1; 20_000]).await;
    let backed_up = reader(&old).await;
    let fresh = reborn(&old, Timestamp(1_000)).await;
    // What is lost: seen by a client, not in the backup.
    put(&old, "b", b"later").await;
    let lost = reader(&old).await;
    assert_eq!(fresh.fsck_all(Depth::Bytes).await.unwrap(), []);
    let now = reader(&fresh).await;
    let folder = files(&now).await;
    for token in [backed_up.modseq(), lost.modseq(), files(&lost).await.row().modseq] {
        assert_eq!(now.changes(&folder, token, 10).await.err(), Some(Error::StaleToken));
    }
    assert!(now.account_row().next_item > lost.account_row().next_item);
    assert!(now.account_row().next_collection > lost.account_row().next_collection);
    let mut validities = Vec::new();
    for entry in now.mailboxes().await.unwrap() {
        let before =
            lost.mailboxes().await.unwrap().into_iter().find(|other| other.path == entry.path).unwrap();
        assert!(entry.row.uid_validity > before.row.uid_validity, "{}", entry.path);
        assert!(entry.row.uid_validity <= now.account_row().uid_validity);
        validities.push(entry.row.uid_validity);
    }
    validities.sort_unstable();
    validities.dedup();
    assert_eq!(validities.len(), now.mailboxes().await.unwrap().len());
    assert_eq!(content(&fresh, "a").await.unwrap(), vec![1; 20_000]);
    let token = folder.row().modseq;
    put(&fresh, "c", b"new").await;
    let after = reader(&fresh).await;
    let changes = after.changes(&files(&after).await, token, 10).await.unwrap();
    assert_eq!(changes.changed.len(), 1);
    remove(&fresh, "c").await;
    assert_eq!(fresh.fsck_all(Depth::Bytes).await.unwrap(), []);
}

#[tokio::test]
async fn an_adopted_body_is_copied_once() {
    let (one, two) = (store(), store());
    put(&one, "a", &[9; 700_000]).await;
    let source = reader(&one).await;
    let row = source.entry(&files(&source).await, &"a".to_owned()).await.unwrap().unwrap();
    let body = source.object_body(row.item).await.unwrap();
    for (name, fresh) in [("first", true), ("second", false)] {
        let adopted = two.adopt(&one, &body).await.unwrap();
        assert_eq!(adopted.fresh.is_empty(), !fresh);
        let mut turn = writer(&two).await;
        let folder = files(&turn).await;
        let new = crate::NewObject { body: adopted, content_type: "a/b".to_owned(), modified: None, mark: 0 };
        turn.put_file(&folder, name, new).await.unwrap();
        let _committed = turn.commit(()).await.unwrap();
        assert_eq!(content(&two, name).await.unwrap(), vec![9; 700_000]);
    }
    assert_eq!(two.fsck(ALICE, Depth::Bytes).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_collected_under_a_hold() {
    // In a database there are no segments.
    let store = store_on(&SimDisk::new(1));
    for n in 0..6 {
        put(&store, &n.to_string(), &[n; 20_000]).await;
    }
    for n in 0..6 {
        remove(&store, &n.to_string()).await;
    }
    let hold = store.hold_segments();
    assert_eq!(store.collect().await.unwrap(), crate::Collected::default());
    drop(hold);
    assert!(store.collect().await.unwrap().segment_count > 0);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_goes_back_as_it_is_and_repair_makes_it_anew() {
    for table in [Table::Account, Table::Collection] {
        let old = store_on(&SimDisk::new(1));
        put(&old, "a", &[1; 20_000]).await;
        let tokens = [reader(&old).await.modseq(), files(&reader(&old).await).await.row().modseq];
        let snapshot = old.inner.engine.snapshot().await.unwrap();
        let (key, _) = snapshot.scan(table, &Range::prefix(b""), 1, false).await.unwrap().remove(0);
        let rubbish = Op::Put(table, key.to_vec(), Bytes::from_static(b"\xffrubbish"));
        let _durable =
            old.inner.engine.commit(Batch { expect: Vec::new(), ops: vec![rubbish] }).await.unwrap();
        let fresh = reborn(&old, Timestamp(1_000)).await;
        let options = crate::RepairOptions { depth: Depth::Bytes, drop_damaged: false };
        assert_eq!(fresh.repair_all(options).await.unwrap().remaining, [], "{table:?}");
        assert_eq!(content(&fresh, "a").await.unwrap(), [1; 20_000].as_slice());
        let now = reader(&fresh).await;
        for token in tokens {
            let told = now.changes(&files(&now).await, token, 10).await;
            assert_eq!(told.err(), Some(Error::StaleToken), "{table:?}");
        }
        put(&fresh, "b", b"later").await;
        assert_eq!(fresh.fsck_all(Depth::Bytes).await.unwrap(), []);
    }
}
