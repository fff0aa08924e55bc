//! What a power cut leaves.

use super::*;
use crate::{Batch, BlobStore, Engine, Op, Range, Snapshot};

fn put(key: u64) -> Batch {
    let value = Bytes::copy_from_slice(&key.to_be_bytes());
    let ops =
        [Table::Item, Table::Changed].map(|table| Op::Put(table, key.to_be_bytes().to_vec(), value.clone()));
    Batch { expect: Vec::new(), ops: ops.into() }
}

async fn keys(snapshot: &std::sync::Arc<dyn Snapshot>, table: Table) -> Vec<u64> {
    let rows = snapshot.scan(table, &Range::prefix(b""), 1_000, false).await.unwrap();
    rows.iter().map(|(key, _)| u64::from_be_bytes(key.as_ref().try_into().unwrap())).collect()
}

/// Four writers, a cut at a step of the seed's choice: what was acknowledged, what is there after.
async fn run(seed: u64) -> (Vec<u64>, Vec<u64>) {
    let disk = SimDisk::new(seed);
    let engine = disk.engine();
    disk.cut_at(seed % 60 + 1);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0..20 {
                    if engine.commit(put(writer * 100 + n)).await.is_ok() {
                        acknowledged.push(writer * 100 + n);
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    if disk.is_cut() {
        engine.poisoned().await;
        assert_eq!(engine.snapshot().await.err(), Some(Error::Unavailable));
        disk.restore();
        assert_eq!(engine.commit(put(999)).await, Err(Error::Unavailable), "a dead engine stays dead");
    }
    let snapshot = disk.engine().snapshot().await.unwrap();
    let present = keys(&snapshot, Table::Item).await;
    assert_eq!(present, keys(&snapshot, Table::Changed).await, "a batch is whole or absent");
    (acknowledged, present)
}

#[tokio::test]
async fn acknowledged_is_present_and_some_runs_keep_more() {
    let mut unacknowledged = 0;
    for seed in 0..300 {
        let (acknowledged, present) = run(seed).await;
        assert!(acknowledged.iter().all(|key| present.contains(key)), "seed {seed}");
        unacknowledged += present.len() - acknowledged.len();
        assert_eq!((acknowledged, present), run(seed).await, "seed {seed} runs the same twice");
    }
    assert!(unacknowledged > 0, "the cut never fell into a group in flight");
}

#[tokio::test]
async fn unsynced_blobs_are_lost_or_torn_and_synced_ones_are_not() {
    let (mut lost, mut kept) = (0, 0);
    for seed in 0..200 {
        let disk = SimDisk::new(seed);
        let blobs = disk.blobs();
        let sound = blobs.append(Bytes::from_static(b"sound")).await.unwrap();
        blobs.sync(sound.sequence).await.unwrap();
        let loose = blobs.append(Bytes::from_static(b"loose")).await.unwrap();
        disk.cut();
        assert_eq!(blobs.read(&sound.id, &sound.place).await, Err(Error::Unavailable));
        assert_eq!(blobs.sync(loose.sequence).await, Err(Error::Unavailable));
        disk.restore();
        let blobs = disk.blobs();
        assert_eq!(blobs.read(&sound.id, &sound.place).await.unwrap(), "sound");
        match blobs.read(&loose.id, &loose.place).await {
            Ok(bytes) => kept += usize::from(bytes == "loose"),
            Err(error) => lost += usize::from(error == Error::Corrupt),
        }
    }
    assert!(lost > 50 && kept > 20 && lost + kept == 200, "{lost} lost, {kept} kept");
}

#[tokio::test]
async fn a_flipped_bit_is_corrupt() {
    let blobs = MemoryBlobs::new(1);
    let frame = blobs.append(Bytes::from_static(b"bytes")).await.unwrap();
    blobs.flip(&frame.place, 17).unwrap();
    assert_eq!(blobs.read(&frame.id, &frame.place).await, Err(Error::Corrupt));
}

#[test]
fn clock_and_dice_are_the_seed_s() {
    use crate::Env;
    let (first, second) = (SimEnv::new(5), SimEnv::new(5));
    let (mut a, mut b) = ([0; 20], [0; 20]);
    first.random(&mut a);
    second.random(&mut b);
    assert_eq!(a, b);
    first.step(-5);
    assert_eq!(first.now().0 + 5, second.now().0);
}
