//! The committer over an engine whose calls are counted and break on demand.

use super::*;
use crate::{
    Op, Precondition, Range, Table,
    limits::{BATCH_BYTES_MAX, GROUP_BATCHES_MAX, GROUP_BYTES_MAX, QUEUE_BATCHES_MAX, QUEUE_BYTES_MAX},
    raw::{Change, Rows, merge},
};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
};

type Map = BTreeMap<(Table, Vec<u8>), Bytes>;

struct Held(Map, #[allow(dead_code, reason = "held, never read")] Arc<()>);

impl RawView for Held {
    const ON_DISK: bool = false;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    fn scan(&self, _: Table, _: &Range, _: usize, _: bool) -> Result<Rows> {
        Ok(Rows::new())
    }
}

/// What the test sees of the engine.
#[derive(Default)]
struct Seen {
    applies: AtomicU64,
    syncs: AtomicU64,
    apply_breaks: AtomicBool,
    sync_breaks: AtomicBool,
    panics: AtomicBool,
    /// There is no room, and the engine knows.
    full: AtomicBool,
    /// There is none, and it learns that from its writes.
    tears: AtomicBool,
    reopens: AtomicU64,
}

struct Toy {
    rows: Map,
    /// As they were when they were last stable.
    stable: Map,
    views: Arc<()>,
    seen: Arc<Seen>,
    /// Each sync waits for one word.
    gate: Option<mpsc::Receiver<()>>,
}

impl RawEngine for Toy {
    type View = Held;

    fn view(&self) -> Held {
        Held(self.rows.clone(), Arc::clone(&self.views))
    }

    fn room(&self, _: usize) -> Result<()> {
        if self.seen.full.load(Ordering::SeqCst) { Err(Error::DiskFull) } else { Ok(()) }
    }

    fn view_count(&self) -> usize {
        Arc::strong_count(&self.views) - 1
    }

    fn reopen(&mut self) -> Result<()> {
        assert_eq!(self.view_count(), 0, "a view of the old opening is held");
        self.rows = self.stable.clone();
        self.seen.reopens.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn apply(&mut self, batches: Vec<Vec<Change>>) -> Result<()> {
        self.seen.applies.fetch_add(1, Ordering::SeqCst);
        assert!(!self.seen.panics.load(Ordering::SeqCst), "as the test wants");
        if self.seen.apply_breaks.load(Ordering::SeqCst) {
            return Err(Error::Unavailable);
        }
        for (key, value) in merge(batches) {
            match value {
                Some(value) => drop(self.rows.insert(key, value)),
                None => drop(self.rows.remove(&key)),
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        if let Some(gate) = &self.gate {
            let _ = gate.recv();
        }
        self.seen.syncs.fetch_add(1, Ordering::SeqCst);
        if self.seen.tears.load(Ordering::SeqCst) {
            return Err(Error::DiskFull);
        }
        self.stable = self.rows.clone();
        if self.seen.sync_breaks.load(Ordering::SeqCst) { Err(Error::Unavailable) } else { Ok(()) }
    }
}

fn toy(gate: Option<mpsc::Receiver<()>>) -> (Committer<Toy>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let (rows, stable, views) = (Map::new(), Map::new(), Arc::new(()));
    let raw = Toy { rows, stable, views, seen: Arc::clone(&seen), gate };
    (Committer::start(raw).unwrap(), seen)
}

fn put(key: u32, bytes: usize) -> Batch {
    let value = Bytes::from(vec![0; bytes]);
    Batch { expect: Vec::new(), ops: vec![Op::Put(Table::Item, key.to_be_bytes().to_vec(), value)] }
}

async fn rows(engine: &Committer<Toy>) -> usize {
    let snapshot = engine.snapshot().await.unwrap();
    let keys: Vec<_> = (0..2_000_u32).map(|key| key.to_be_bytes().to_vec()).collect();
    snapshot.get_many(Table::Item, &keys).await.unwrap().iter().flatten().count()
}

#[tokio::test]
async fn nothing_is_visible_or_acknowledged_before_its_sync() {
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let mut first = engine.commit(put(1, 1));
    while seen.applies.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rows(&engine).await, 0);
    let early = tokio::time::timeout(std::time::Duration::from_millis(20), &mut first).await;
    assert!(early.is_err());
    // Everything that comes meanwhile shares the next sync.
    let rest: Vec<_> = (2..500).map(|key| engine.commit(put(key, 1))).collect();
    word.send(()).unwrap();
    assert_eq!(first.await.unwrap().group, 1);
    assert_eq!(rows(&engine).await, 1);
    word.send(()).unwrap();
    for commit in rest {
        assert_eq!(commit.await.unwrap().group, 2);
    }
    assert_eq!(rows(&engine).await, 499);
    assert_eq!(seen.syncs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn groups_are_bounded_by_count_and_bytes() {
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let first = engine.commit(put(0, 1));
    while seen.applies.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let small: Vec<_> = (1..=GROUP_BATCHES_MAX as u32 + 1).map(|key| engine.commit(put(key, 1))).collect();
    let large: Vec<_> = (0..3).map(|key| engine.commit(put(key, GROUP_BYTES_MAX / 2 - 100))).collect();
    (0..4).for_each(|_| word.send(()).unwrap());
    let mut groups = vec![first.await.unwrap().group];
    for commit in small.into_iter().chain(large) {
        groups.push(commit.await.unwrap().group);
    }
    assert_eq!(groups.iter().filter(|group| **group == 2).count(), GROUP_BATCHES_MAX);
    assert_eq!(groups[GROUP_BATCHES_MAX + 1..], [3, 3, 3, 4]);
}

#[tokio::test]
async fn a_failed_sync_poisons_for_ever() {
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let sound = engine.commit(put(0, 1));
    word.send(()).unwrap();
    assert!(sound.await.is_ok());
    seen.sync_breaks.store(true, Ordering::SeqCst);
    let commits: Vec<_> = (1..50).map(|key| engine.commit(put(key, 1))).collect();
    word.send(()).unwrap();
    for commit in commits {
        assert_eq!(commit.await, Err(Error::Unavailable));
    }
    engine.poisoned().await;
    // The disk "recovers", as disks that lost data do; nothing is tried again.
    seen.sync_breaks.store(false, Ordering::SeqCst);
    let syncs = seen.syncs.load(Ordering::SeqCst);
    assert_eq!(engine.commit(put(99, 1)).await, Err(Error::Unavailable));
    assert_eq!(seen.syncs.load(Ordering::SeqCst), syncs);
    assert_eq!(rows(&engine).await, 1, "what was durable stays readable");
    engine.close().await;
}

#[tokio::test]
async fn a_failed_apply_or_a_panic_poisons_too() {
    for panics in [false, true] {
        let (engine, seen) = toy(None);
        seen.apply_breaks.store(true, Ordering::SeqCst);
        seen.panics.store(panics, Ordering::SeqCst);
        assert_eq!(engine.commit(put(1, 1)).await, Err(Error::Unavailable));
        engine.poisoned().await;
        assert_eq!(engine.commit(put(2, 1)).await, Err(Error::Unavailable));
        assert_eq!(seen.syncs.load(Ordering::SeqCst), 0);
        engine.close().await;
    }
}

#[tokio::test]
async fn a_group_of_refusals_costs_no_sync() {
    let (engine, seen) = toy(None);
    let refused = Batch { expect: vec![Precondition::Present(Table::Item, vec![1])], ops: Vec::new() };
    assert_eq!(engine.commit(refused).await, Err(Error::PreconditionFailed));
    assert_eq!(seen.syncs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let first = engine.commit(put(0, 1));
    while seen.applies.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let waiting: Vec<_> = (0..QUEUE_BATCHES_MAX).map(|_| engine.commit(put(1, 0))).collect();
    assert_eq!(engine.commit(put(2, 0)).await, Err(Error::Unavailable));
    (0..=1 + QUEUE_BATCHES_MAX / GROUP_BATCHES_MAX).for_each(|_| word.send(()).unwrap());
    assert!(first.await.is_ok());
    for commit in waiting {
        assert!(commit.await.is_ok());
    }
}

#[tokio::test]
async fn the_queue_is_bounded_by_bytes_too() {
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let first = engine.commit(put(0, 1));
    while seen.applies.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // One value, shared: what is counted is what each batch would write.
    let value = Bytes::from(vec![0; BATCH_BYTES_MAX - 4]);
    let large = |key: u32| {
        let ops = vec![Op::Put(Table::Item, key.to_be_bytes().to_vec(), value.clone())];
        engine.commit(Batch { expect: Vec::new(), ops })
    };
    let count = u32::try_from(QUEUE_BYTES_MAX / BATCH_BYTES_MAX).unwrap();
    let waiting: Vec<_> = (0..count).map(large).collect();
    assert_eq!(engine.commit(put(9, 0)).await, Err(Error::Unavailable));
    (0..=count).for_each(|_| word.send(()).unwrap());
    assert!(first.await.is_ok());
    for commit in waiting {
        assert!(commit.await.is_ok());
    }
    word.send(()).unwrap();
    assert!(engine.commit(put(9, 0)).await.is_ok(), "what was taken is counted off");
}

#[tokio::test]
async fn a_full_disk_that_is_known_is_a_refusal_and_nothing_more() {
    let (engine, seen) = toy(None);
    let _durable = engine.commit(put(1, 1)).await.unwrap();
    seen.full.store(true, Ordering::SeqCst);
    assert_eq!(engine.commit(put(2, 1)).await, Err(Error::DiskFull));
    assert_eq!(rows(&engine).await, 1);
    assert_eq!(seen.applies.load(Ordering::SeqCst), 1);
    seen.full.store(false, Ordering::SeqCst);
    let _durable = engine.commit(put(3, 1)).await.unwrap();
    assert_eq!((rows(&engine).await, seen.reopens.load(Ordering::SeqCst)), (2, 0));
}

#[tokio::test]
async fn a_full_disk_that_tears_a_group_is_mended_when_there_is_room() {
    let (engine, seen) = toy(None);
    let _durable = engine.commit(put(1, 1)).await.unwrap();
    seen.tears.store(true, Ordering::SeqCst);
    assert_eq!(engine.commit(put(2, 1)).await, Err(Error::DiskFull));
    // Reading goes on, and nothing is written while there is no room.
    seen.full.store(true, Ordering::SeqCst);
    tokio::time::sleep(crate::limits::REVIVE_PAUSE).await;
    assert_eq!(engine.commit(put(2, 1)).await, Err(Error::DiskFull));
    assert_eq!((rows(&engine).await, seen.reopens.load(Ordering::SeqCst)), (1, 0));
    seen.full.store(false, Ordering::SeqCst);
    seen.tears.store(false, Ordering::SeqCst);
    // A reader that holds the old state puts it off, and is not disturbed; changes are refused meanwhile.
    let held = engine.snapshot().await.unwrap();
    let key = 1_u32.to_be_bytes();
    tokio::time::sleep(crate::limits::REVIVE_PAUSE + crate::limits::REVIVE_DRAIN_MAX / 2).await;
    assert_eq!(engine.commit(put(3, 1)).await, Err(Error::DiskFull));
    assert!(held.get(Table::Item, &key).await.unwrap().is_some());
    assert_eq!(seen.reopens.load(Ordering::SeqCst), 0);
    // Readers that come meanwhile wait for one state or the other.
    assert!(engine.snapshot().await.unwrap().get(Table::Item, &key).await.unwrap().is_some());
    drop(held);
    while engine.commit(put(3, 1)).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!((rows(&engine).await, seen.reopens.load(Ordering::SeqCst)), (2, 1));
    assert!(!engine.is_full());
    tokio::select! {
        () = engine.poisoned() => panic!("a full disk is no failure"),
        () = tokio::time::sleep(std::time::Duration::from_millis(10)) => {}
    }
}

#[tokio::test]
async fn an_engine_that_has_given_up_within_a_commit_ends_the_line() {
    let look = std::time::Duration::from_millis(20);
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let dead = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&dead);
    Line::watch(&engine.line, Box::new(move || asked.load(Ordering::SeqCst)), look).unwrap();
    let mut slow = engine.commit(put(1, 1));
    // Only slow: nothing happens to it.
    assert!(tokio::time::timeout(look * 10, &mut slow).await.is_err());
    word.send(()).unwrap();
    assert!(slow.await.is_ok());
    dead.store(true, Ordering::SeqCst);
    let stuck = engine.commit(put(2, 1));
    while seen.applies.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let behind = engine.commit(put(3, 1));
    engine.poisoned().await;
    assert_eq!((stuck.await, behind.await), (Err(Error::Unavailable), Err(Error::Unavailable)));
    assert_eq!(engine.commit(put(4, 1)).await, Err(Error::Unavailable));
    // And does not keep the process from ending.
    engine.close().await;
    drop(word);
}

#[tokio::test]
async fn what_an_engine_says_while_a_call_ends_is_about_that_call() {
    let look = std::time::Duration::from_millis(100);
    let (word, gate) = mpsc::channel();
    let (engine, seen) = toy(Some(gate));
    let word = std::sync::Mutex::new(Some(word));
    // Asked within the slow call, it says that it has given up just as the call comes back.
    let probe = move || word.lock().unwrap().take().is_some_and(|word| word.send(()).is_ok());
    Line::watch(&engine.line, Box::new(probe), look).unwrap();
    assert!(engine.commit(put(1, 1)).await.is_ok());
    tokio::select! {
        () = engine.poisoned() => panic!("the call had an answer"),
        () = tokio::time::sleep(look * 4) => {}
    }
    assert_eq!((rows(&engine).await, seen.applies.load(Ordering::SeqCst)), (1, 1));
}
