//! What every engine does.

use super::{Ground, on_every_engine};
use crate::{
    Batch, Durable, Engine, Op, Precondition, Range, Snapshot, Table,
    limits::{BATCH_BYTES_MAX, KEY_BYTES_MAX, SCAN_INLINE_ROWS_MAX},
    sim::Dice,
};
use bytes::Bytes;
use model::{Error, Result};
use std::sync::Arc;

on_every_engine! {
    empty_engine_has_nothing;
    put_get_delete;
    last_operation_of_a_batch_wins;
    tables_are_apart;
    snapshots_do_not_change;
    absent_and_present;
    equals;
    empty_range;
    preconditions_see_earlier_batches_of_the_group;
    a_refused_batch_changes_nothing;
    put_if_absent;
    put_if_absent_sees_its_own_batch;
    prefix_ranges;
    scan_order_limit_reverse;
    long_scans_and_gets;
    get_many_keeps_the_order;
    empty_values_are_values;
    key_at_the_limit_and_one_past;
    batch_past_the_limit;
    order_is_the_order_of_calls;
    a_dropped_future_withdraws_nothing;
    many_writers_share_syncs;
    counters_lose_no_update;
    reopen_after_close;
    closed_takes_nothing;
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Op {
    Op::Put(table, key.to_vec(), Bytes::copy_from_slice(value))
}

fn delete(key: &[u8]) -> Op {
    Op::Delete(Table::Item, key.to_vec())
}

fn ops(ops: impl IntoIterator<Item = Op>) -> Batch {
    Batch { expect: Vec::new(), ops: ops.into_iter().collect() }
}

fn items<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Batch {
    ops(keys.into_iter().map(|key| put(Table::Item, key.as_ref(), b"x")))
}

fn given(expect: Precondition, op: Op) -> Batch {
    Batch { expect: vec![expect], ops: vec![op] }
}

async fn commit(engine: &Arc<dyn Engine>, batch: Batch) -> Result<Durable> {
    engine.commit(batch).await
}

async fn done(engine: &Arc<dyn Engine>, batch: Batch) {
    let _durable = commit(engine, batch).await.unwrap();
}

async fn refused(engine: &Arc<dyn Engine>, batch: Batch) {
    assert_eq!(commit(engine, batch).await.unwrap_err(), Error::PreconditionFailed);
}

async fn get(engine: &Arc<dyn Engine>, key: &[u8]) -> Option<Vec<u8>> {
    let snapshot = engine.snapshot().await.unwrap();
    snapshot.get(Table::Item, key).await.unwrap().map(|value| value.to_vec())
}

async fn keys(snapshot: &Arc<dyn Snapshot>, range: &Range, limit: usize, reverse: bool) -> Vec<Vec<u8>> {
    let rows = snapshot.scan(Table::Item, range, limit, reverse).await.unwrap();
    rows.into_iter().map(|(key, _)| key.to_vec()).collect()
}

fn all() -> Range {
    Range::prefix(b"")
}

fn key(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

async fn empty_engine_has_nothing(ground: &Ground) {
    let engine = ground.engine();
    assert_eq!(get(&engine, b"a").await, None);
    let snapshot = engine.snapshot().await.unwrap();
    for table in Table::ALL {
        assert_eq!(snapshot.scan(*table, &all(), 10, false).await.unwrap(), []);
    }
    done(&engine, Batch::default()).await;
}

async fn put_get_delete(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, ops([put(Table::Item, b"a", b"1")])).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"1".as_slice()));
    done(&engine, ops([put(Table::Item, b"a", b"2")])).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"2".as_slice()));
    done(&engine, ops([delete(b"a"), delete(b"never there")])).await;
    assert_eq!(get(&engine, b"a").await, None);
}

async fn last_operation_of_a_batch_wins(ground: &Ground) {
    let engine = ground.engine();
    done(
        &engine,
        ops([
            put(Table::Item, b"a", b"1"),
            put(Table::Item, b"a", b"2"),
            put(Table::Item, b"b", b"1"),
            delete(b"b"),
        ]),
    )
    .await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"2".as_slice()));
    assert_eq!(get(&engine, b"b").await, None);
    done(&engine, ops([delete(b"a"), put(Table::Item, b"a", b"3")])).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"3".as_slice()));
}

async fn tables_are_apart(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, ops(Table::ALL.iter().map(|table| put(*table, b"key", &[*table as u8])))).await;
    let snapshot = engine.snapshot().await.unwrap();
    for table in Table::ALL {
        assert_eq!(snapshot.get(*table, b"key").await.unwrap().as_deref(), Some([*table as u8].as_slice()));
        for reverse in [false, true] {
            let rows = snapshot.scan(*table, &all(), 10, reverse).await.unwrap();
            assert_eq!(rows, [(Bytes::from_static(b"key"), Bytes::copy_from_slice(&[*table as u8]))]);
        }
    }
}

async fn snapshots_do_not_change(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, items([b"a", b"b"])).await;
    let before = engine.snapshot().await.unwrap();
    // An engine may take the state at the first read.
    assert!(before.get(Table::Item, b"c").await.unwrap().is_none());
    done(&engine, ops([delete(b"a"), put(Table::Item, b"b", b"new"), put(Table::Item, b"c", b"x")])).await;
    let after = engine.snapshot().await.unwrap();
    assert_eq!(keys(&before, &all(), 10, false).await, [key(b"a"), key(b"b")]);
    assert_eq!(before.get(Table::Item, b"b").await.unwrap().as_deref(), Some(b"x".as_slice()));
    assert_eq!(keys(&after, &all(), 10, false).await, [key(b"b"), key(b"c")]);
}

async fn absent_and_present(ground: &Ground) {
    let engine = ground.engine();
    let absent = || Precondition::Absent(Table::Item, key(b"a"));
    let present = || Precondition::Present(Table::Item, key(b"a"));
    refused(&engine, given(present(), delete(b"a"))).await;
    done(&engine, given(absent(), put(Table::Item, b"a", b"1"))).await;
    refused(&engine, given(absent(), put(Table::Item, b"a", b"2"))).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"1".as_slice()));
    done(&engine, given(present(), delete(b"a"))).await;
    assert_eq!(get(&engine, b"a").await, None);
}

async fn equals(ground: &Ground) {
    let engine = ground.engine();
    let equals =
        |value: &'static [u8]| Precondition::Equals(Table::Item, key(b"a"), Bytes::from_static(value));
    refused(&engine, given(equals(b""), put(Table::Item, b"a", b"1"))).await;
    done(&engine, items([b"a"])).await;
    refused(&engine, given(equals(b"y"), put(Table::Item, b"a", b"1"))).await;
    done(&engine, given(equals(b"x"), put(Table::Item, b"a", b"1"))).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"1".as_slice()));
}

async fn empty_range(ground: &Ground) {
    let engine = ground.engine();
    let empty = |prefix: &[u8]| Precondition::Empty(Table::Item, Range::prefix(prefix));
    done(&engine, given(empty(b""), put(Table::Item, b"b1", b"x"))).await;
    refused(&engine, given(empty(b""), delete(b"b1"))).await;
    refused(&engine, given(empty(b"b"), delete(b"b1"))).await;
    done(&engine, given(empty(b"a"), put(Table::Item, b"b2", b"x"))).await;
    done(&engine, given(empty(b"b3"), put(Table::Item, b"b0", b"x"))).await;
    let backwards = Range { start: key(b"z"), end: key(b"a") };
    done(&engine, given(Precondition::Empty(Table::Item, backwards), put(Table::Item, b"c", b"x"))).await;
}

async fn preconditions_see_earlier_batches_of_the_group(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, items([b"p1", b"p2"])).await;
    // All enter before any is awaited; however they are grouped, each sees those before it.
    let value =
        |value: &'static [u8]| Precondition::Equals(Table::Item, key(b"a"), Bytes::from_static(value));
    let prefix = || Precondition::Empty(Table::Item, Range::prefix(b"p"));
    let calls = [
        engine.commit(given(Precondition::Absent(Table::Item, key(b"a")), put(Table::Item, b"a", b"1"))),
        engine.commit(given(value(b"1"), put(Table::Item, b"a", b"2"))),
        engine.commit(given(value(b"1"), put(Table::Item, b"a", b"wrong"))),
        engine.commit(given(value(b"2"), delete(b"a"))),
        engine.commit(given(Precondition::Present(Table::Item, key(b"a")), put(Table::Item, b"a", b"wrong"))),
        engine.commit(given(prefix(), put(Table::Item, b"z", b"wrong"))),
        engine.commit(ops([delete(b"p1"), delete(b"p2")])),
        engine.commit(given(prefix(), put(Table::Item, b"p3", b"x"))),
        engine.commit(given(prefix(), put(Table::Item, b"p4", b"wrong"))),
    ];
    let mut passed = Vec::new();
    for call in calls {
        passed.push(call.await.is_ok());
    }
    assert_eq!(passed, [true, true, false, true, false, false, true, true, false]);
    let snapshot = engine.snapshot().await.unwrap();
    assert_eq!(keys(&snapshot, &all(), 10, false).await, [key(b"p3")]);
}

async fn a_refused_batch_changes_nothing(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, items([b"a"])).await;
    let expect = vec![
        Precondition::Present(Table::Item, key(b"a")),
        Precondition::Present(Table::Item, key(b"missing")),
    ];
    refused(&engine, Batch { expect, ops: vec![delete(b"a"), put(Table::Item, b"b", b"x")] }).await;
    let snapshot = engine.snapshot().await.unwrap();
    assert_eq!(keys(&snapshot, &all(), 10, false).await, [key(b"a")]);
}

async fn put_if_absent(ground: &Ground) {
    let engine = ground.engine();
    let put =
        |value: &'static [u8]| ops([Op::PutIfAbsent(Table::Item, key(b"a"), Bytes::from_static(value))]);
    let (first, second) = (engine.commit(put(b"1")), engine.commit(put(b"2")));
    assert!(first.await.is_ok() && second.await.is_ok());
    done(&engine, put(b"3")).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"1".as_slice()));
}

async fn put_if_absent_sees_its_own_batch(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, items([b"a"])).await;
    let if_absent = |name: &[u8]| Op::PutIfAbsent(Table::Item, key(name), Bytes::from_static(b"2"));
    done(&engine, ops([delete(b"a"), if_absent(b"a"), put(Table::Item, b"b", b"1"), if_absent(b"b")])).await;
    assert_eq!(get(&engine, b"a").await.as_deref(), Some(b"2".as_slice()));
    assert_eq!(get(&engine, b"b").await.as_deref(), Some(b"1".as_slice()));
}

async fn prefix_ranges(ground: &Ground) {
    let engine = ground.engine();
    let rows: [&[u8]; 8] = [b"", b"a", b"a\0", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"];
    done(&engine, items(rows)).await;
    let snapshot = engine.snapshot().await.unwrap();
    let cases: [(&[u8], &[&[u8]]); 6] = [
        (b"", &rows),
        (b"a", &[b"a", b"a\0", b"a\xff", b"a\xff\xff"]),
        (b"a\xff", &[b"a\xff", b"a\xff\xff"]),
        (b"\xff", &[b"\xff", b"\xff\xff"]),
        (b"\xff\xff", &[b"\xff\xff"]),
        (b"c", &[]),
    ];
    for (prefix, expected) in cases {
        assert_eq!(keys(&snapshot, &Range::prefix(prefix), 100, false).await, expected, "{prefix:?}");
        let mut backwards = keys(&snapshot, &Range::prefix(prefix), 100, true).await;
        backwards.reverse();
        assert_eq!(backwards, expected, "{prefix:?} reverse");
    }
    let range = Range { start: key(b"a\0"), end: key(b"b") };
    assert_eq!(keys(&snapshot, &range, 100, false).await, [key(b"a\0"), key(b"a\xff"), key(b"a\xff\xff")]);
}

async fn scan_order_limit_reverse(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, items((0..100_u32).rev().map(u32::to_be_bytes))).await;
    done(&engine, ops((0..100_u32).filter(|n| n % 2 == 1).map(|n| delete(&n.to_be_bytes())))).await;
    let snapshot = engine.snapshot().await.unwrap();
    let numbers = |numbers: &[u32]| numbers.iter().map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>();
    assert_eq!(keys(&snapshot, &all(), 3, false).await, numbers(&[0, 2, 4]));
    assert_eq!(keys(&snapshot, &all(), 3, true).await, numbers(&[98, 96, 94]));
    assert_eq!(keys(&snapshot, &all(), 0, false).await, numbers(&[]));
    let range = Range { start: 10_u32.to_be_bytes().to_vec(), end: 16_u32.to_be_bytes().to_vec() };
    assert_eq!(keys(&snapshot, &range, 2, true).await, numbers(&[14, 12]));
    let same = Range { start: key(b"k"), end: key(b"k") };
    assert_eq!(keys(&snapshot, &same, 2, false).await, numbers(&[]));
}

async fn long_scans_and_gets(ground: &Ground) {
    let engine = ground.engine();
    let many = u32::try_from(SCAN_INLINE_ROWS_MAX).unwrap() * 2;
    done(&engine, items((0..many).map(u32::to_be_bytes))).await;
    let snapshot = engine.snapshot().await.unwrap();
    assert_eq!(keys(&snapshot, &all(), usize::MAX, false).await.len(), many as usize);
    assert_eq!(keys(&snapshot, &all(), SCAN_INLINE_ROWS_MAX, true).await.len(), SCAN_INLINE_ROWS_MAX);
    assert_eq!(keys(&snapshot, &all(), SCAN_INLINE_ROWS_MAX + 1, true).await.len(), SCAN_INLINE_ROWS_MAX + 1);
    let wanted: Vec<_> = (0..many).map(|n| n.to_be_bytes().to_vec()).collect();
    let found = snapshot.get_many(Table::Item, &wanted).await.unwrap();
    assert!(found.len() == wanted.len() && found.iter().all(Option::is_some));
}

async fn get_many_keeps_the_order(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, ops([put(Table::Item, b"a", b"1"), put(Table::Item, b"b", b"2")])).await;
    let snapshot = engine.snapshot().await.unwrap();
    let found = snapshot.get_many(Table::Item, &[key(b"b"), key(b"c"), key(b"a"), key(b"b")]).await.unwrap();
    let value = |value: &'static [u8]| Some(Bytes::from_static(value));
    assert_eq!(found, [value(b"2"), None, value(b"1"), value(b"2")]);
}

async fn empty_values_are_values(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, ops([put(Table::Item, b"", b""), put(Table::Item, b"a", b"")])).await;
    assert_eq!(get(&engine, b"").await, Some(Vec::new()));
    done(&engine, given(Precondition::Equals(Table::Item, key(b"a"), Bytes::new()), delete(b"a"))).await;
}

async fn key_at_the_limit_and_one_past(ground: &Ground) {
    let engine = ground.engine();
    // Octets that do not compress: an index may count what is left of them.
    let mut longest = vec![0; KEY_BYTES_MAX + 1];
    Dice::new(7).fill(&mut longest);
    let (at, past) = (&longest[1..], &longest);
    done(&engine, items([at])).await;
    assert!(get(&engine, at).await.is_some());
    assert_eq!(commit(&engine, items([past])).await.unwrap_err(), Error::TooLarge(KEY_BYTES_MAX as u64));
    assert_eq!(get(&engine, past).await, None);
    let range = Range { start: at.to_vec(), end: Vec::new() };
    let rows = engine.snapshot().await.unwrap().scan(Table::Item, &range, 9, false).await.unwrap();
    assert_eq!(rows.len(), 1, "the longest key has a place in the order");
}

async fn batch_past_the_limit(ground: &Ground) {
    let engine = ground.engine();
    let value = Bytes::from(vec![0; BATCH_BYTES_MAX]);
    let past = ops([Op::Put(Table::Item, key(b"a"), value)]);
    assert_eq!(commit(&engine, past).await.unwrap_err(), Error::TooLarge(BATCH_BYTES_MAX as u64));
}

async fn order_is_the_order_of_calls(ground: &Ground) {
    let engine = ground.engine();
    let calls: Vec<_> =
        (0..200_u32).map(|n| engine.commit(ops([put(Table::Item, b"a", &n.to_be_bytes())]))).collect();
    let mut groups = Vec::new();
    for call in calls {
        groups.push(call.await.unwrap().group);
    }
    assert!(groups.is_sorted());
    assert_eq!(get(&engine, b"a").await, Some(199_u32.to_be_bytes().to_vec()));
}

async fn a_dropped_future_withdraws_nothing(ground: &Ground) {
    let engine = ground.engine();
    drop(engine.commit(items([b"a"])));
    done(&engine, given(Precondition::Present(Table::Item, key(b"a")), put(Table::Item, b"b", b"x"))).await;
}

async fn many_writers_share_syncs(ground: &Ground) {
    let engine = ground.engine();
    let writers: Vec<_> = (0..64_u32)
        .map(|writer| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let mut groups = Vec::new();
                for n in 0..20_u32 {
                    let row = (u64::from(writer) << 32 | u64::from(n)).to_be_bytes();
                    groups.push(engine.commit(items([row])).await.unwrap().group);
                    // Durable means visible at once.
                    assert!(get(&engine, &row).await.is_some());
                }
                groups
            })
        })
        .collect();
    let mut groups = std::collections::BTreeSet::new();
    for writer in writers {
        groups.extend(writer.await.unwrap());
    }
    assert!(groups.len() < 64 * 20 * 3 / 4, "{} syncs for {} commits", groups.len(), 64 * 20);
    let snapshot = engine.snapshot().await.unwrap();
    assert_eq!(keys(&snapshot, &all(), usize::MAX, false).await.len(), 64 * 20);
}

async fn counters_lose_no_update(ground: &Ground) {
    let engine = ground.engine();
    done(&engine, ops([put(Table::Item, b"n", &0_u64.to_be_bytes())])).await;
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let mut added = 0;
                while added < 10 {
                    let old = get(&engine, b"n").await.unwrap();
                    let new = u64::from_be_bytes(old.as_slice().try_into().unwrap()) + 1;
                    let expect = Precondition::Equals(Table::Item, key(b"n"), old.into());
                    match commit(&engine, given(expect, put(Table::Item, b"n", &new.to_be_bytes()))).await {
                        Ok(_) => added += 1,
                        Err(error) => assert_eq!(error, Error::PreconditionFailed),
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(get(&engine, b"n").await, Some(80_u64.to_be_bytes().to_vec()));
}

async fn reopen_after_close(ground: &Ground) {
    for round in 0..5_u32 {
        let engine = ground.engine();
        let snapshot = engine.snapshot().await.unwrap();
        assert_eq!(keys(&snapshot, &all(), 100, false).await.len(), round as usize);
        drop(snapshot);
        done(&engine, items([round.to_be_bytes()])).await;
        engine.close().await;
        engine.close().await;
    }
}

async fn closed_takes_nothing(ground: &Ground) {
    let engine = ground.engine();
    let waiting = engine.commit(items([b"a"]));
    engine.close().await;
    assert!(waiting.await.is_ok(), "what was taken before the end is committed");
    assert_eq!(commit(&engine, items([b"b"])).await.unwrap_err(), Error::Unavailable);
    assert_eq!(engine.snapshot().await.err(), Some(Error::Unavailable));
    let again = ground.engine();
    assert!(get(&again, b"a").await.is_some() && get(&again, b"b").await.is_none());
}
