//! Counts that follow the places, through batches of every kind and after reopening.

use super::*;
use crate::{
    Batch, Engine, LocalBlobs, Op, committer::Committer, fjall::open_raw, limits::SEGMENT_BYTES_MAX,
};
use std::path::Path;

fn place(segment: u32, offset: u32, stored: u32) -> Bytes {
    [segment, offset, stored].iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn change(key: u8, place: Option<Bytes>) -> Change {
    Change { table: Table::Blob, key: vec![key; 32], value: place }
}

fn open(path: &Path) -> Ledger<impl RawEngine> {
    Ledger::open(open_raw(path, 8 << 20, 1 << 20).unwrap()).unwrap()
}

fn commit(ledger: &mut Ledger<impl RawEngine>, batches: Vec<Vec<Change>>) {
    ledger.apply(batches).unwrap();
    ledger.sync().unwrap();
}

fn live(ledger: &Ledger<impl RawEngine>) -> Vec<(u32, u64)> {
    ledger.witness.live().iter().map(|(segment, bytes)| (*segment, *bytes)).collect()
}

#[test]
fn places_come_move_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut ledger = open(&path);
    assert_eq!((ledger.witness().group(), ledger.reach()), (0, Reach::default()));
    let first = vec![change(1, Some(place(1, 0, 36))), change(2, Some(place(1, 100, 136)))];
    let second = vec![change(3, Some(place(2, 0, 936)))];
    commit(&mut ledger, vec![first, second]);
    assert_eq!(live(&ledger), [(1, 300), (2, 1_000)]);
    assert_eq!((ledger.witness().group(), ledger.reach()), (1, Reach { segment: 2, end: 1_000 }));
    // Moved, set again in one batch, removed twice, removed where nothing was.
    let moved = vec![change(1, Some(place(2, 1_000, 36)))];
    let again = vec![change(4, Some(place(3, 0, 36))), change(4, Some(place(2, 1_100, 36))), change(4, None)];
    let gone = vec![change(2, None), change(2, None), change(9, None)];
    commit(&mut ledger, vec![moved, again, gone]);
    assert_eq!(live(&ledger), [(2, 1_100)]);
    assert_eq!(ledger.reach(), Reach { segment: 3, end: 100 });
    commit(&mut ledger, vec![vec![Change { table: Table::Item, key: vec![1], value: Some(Bytes::new()) }]]);
    drop(ledger);
    let ledger = open(&path);
    assert_eq!(live(&ledger), [(2, 1_100)]);
    assert_eq!((ledger.witness().group(), ledger.reach()), (3, Reach { segment: 3, end: 100 }));
}

#[test]
fn an_engine_without_a_ledger_is_counted_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut raw = open_raw(&path, 8 << 20, 1 << 20).unwrap();
    let many = (0..=u8::MAX).map(|key| change(key, Some(place(1 + u32::from(key) % 2, u32::from(key), 36))));
    raw.apply(vec![many.collect()]).unwrap();
    raw.sync().unwrap();
    drop(raw);
    let mut ledger = open(&path);
    assert_eq!(live(&ledger), [(1, 12_800), (2, 12_800)]);
    assert_eq!(ledger.reach(), Reach { segment: 2, end: 355 });
    // The first group writes all of it down, also what it does not touch.
    commit(&mut ledger, vec![vec![change(0, None)]]);
    drop(ledger);
    assert_eq!(live(&open(&path)), [(1, 12_700), (2, 12_800)]);
}

#[test]
fn a_ledger_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut raw = open_raw(&path, 8 << 20, 1 << 20).unwrap();
    raw.apply(vec![vec![row(KEY.to_vec(), Some(Bytes::from_static(&[2; 17])))]]).unwrap();
    raw.sync().unwrap();
    assert_eq!(Ledger::open(raw).err(), Some(Error::Corrupt));
    assert_eq!(read(&written(7, Reach { segment: 3, end: 9 })).unwrap(), (7, Reach { segment: 3, end: 9 }));
    assert_eq!(
        written(258, Reach { segment: 3, end: 9 })[..],
        [1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 0, 0, 9]
    );
}

#[tokio::test]
async fn the_blob_store_tells_the_shares() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = open(&directory.path().join("engine"));
    ledger.accept(41, Reach::default()).unwrap();
    let path = directory.path().join("blobs");
    let opened = LocalBlobs::open_beside(&path, SEGMENT_BYTES_MAX, Some(ledger.witness()), Reach::default());
    let blobs = opened.unwrap().0;
    let engine = Committer::start(ledger).unwrap();
    use crate::BlobStore;
    let frame = blobs.append(Bytes::from_static(&[7; 100])).await.unwrap();
    blobs.append(Bytes::from_static(&[8; 236])).await.unwrap();
    blobs.sync(frame.sequence).await.unwrap();
    let put = Op::Put(Table::Blob, frame.id.0.to_vec(), frame.place.0);
    let _durable = engine.commit(Batch { expect: Vec::new(), ops: vec![put] }).await.unwrap();
    let share =
        |live_bytes| crate::Share { segment: 1, bytes: 464, live_bytes, is_sealed: false, is_damaged: false };
    assert_eq!(blobs.shares().await.unwrap(), [share(164)]);
    let delete = Op::Delete(Table::Blob, frame.id.0.to_vec());
    let _durable = engine.commit(Batch { expect: Vec::new(), ops: vec![delete] }).await.unwrap();
    assert_eq!(blobs.shares().await.unwrap(), [share(0)]);
    blobs.seal().await.unwrap();
    blobs.seal().await.unwrap();
    assert_eq!(blobs.sealed().await.unwrap(), [1]);
    blobs.quarantine(1).await.unwrap();
    assert!(path.join("00000001.damaged").exists() && !path.join("00000001.seg").exists());
    engine.close().await;
    drop(blobs);
    let reopened = LocalBlobs::open(&path).unwrap();
    assert_eq!(reopened.segments().await.unwrap(), [2], "it is gone on purpose");
}

#[test]
fn blobs_that_lose_a_reference_are_noted() {
    let held = |hash: u8, holder: u8, value: Option<Bytes>| Change {
        table: Table::BlobRef,
        key: [&[hash; 32][..], &[holder; 12]].concat(),
        value,
    };
    let put = || Some(Bytes::new());
    let handed_over = vec![held(1, 1, put()), held(1, 2, None)];
    let noted = released(&[handed_over, vec![held(2, 1, None), held(3, 1, put())], vec![held(2, 2, None)]]);
    let keys: Vec<_> = noted.iter().map(|change| change.key.clone()).collect();
    assert_eq!(keys, [[RELEASED, &[2; 32]].concat()]);
    assert!(noted.iter().all(|change| change.table == Table::Job && change.value.is_some()));
}

#[test]
fn rows_of_another_ledger_are_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut ledger = open(&path);
    let foreign = vec![
        row(KEY.to_vec(), Some(written(77, Reach { segment: 9, end: 9 }))),
        row([LIVE, &9_u32.to_be_bytes()].concat(), Some(Bytes::from_static(&[9; 8]))),
        change(1, Some(place(1, 0, 36))),
    ];
    commit(&mut ledger, vec![foreign]);
    drop(ledger);
    let ledger = open(&path);
    assert_eq!(live(&ledger), [(1, 100)]);
    assert_eq!((ledger.witness().group(), ledger.reach()), (1, Reach { segment: 1, end: 100 }));
}
