//! Durable deliveries a second: writers that each append a blob, sync it, and commit a batch of eight rows with
//! its place, as the store does for a message.
//!
//! `cargo run --release -p engine --example deliver -- DIR [WRITERS [BLOB_BYTES [SECONDS]]]`

use bytes::Bytes;
use engine::{Batch, BlobStore, Engine, LocalBlobs, Op, Table, open_fjall};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Counts {
    delivered: AtomicU64,
    micros: AtomicU64,
    slowest: AtomicU64,
    groups: AtomicU64,
}

/// The eight rows of one message: its record, row, slot, and the counters it moves.
fn batch(writer: u64, number: u64, place: &Bytes, id: &[u8]) -> Batch {
    let key = |tables: u64| [writer.to_be_bytes(), tables.to_be_bytes(), number.to_be_bytes()].concat();
    let row = |bytes: usize| Bytes::from(vec![7; bytes]);
    let ops = vec![
        Op::Put(Table::Item, key(0), row(90)),
        Op::Put(Table::Changed, key(0), row(12)),
        Op::Put(Table::Message, key(0), row(900)),
        Op::PutIfAbsent(Table::Blob, id.to_vec(), place.clone()),
        Op::Put(Table::BlobRef, [id, &key(0)].concat(), Bytes::new()),
        Op::Put(Table::Collection, key(1).split_off(16), row(200)),
        Op::Put(Table::Account, writer.to_be_bytes().to_vec(), row(40)),
        Op::Delete(Table::Queue, key(0)),
    ];
    Batch { expect: Vec::new(), ops }
}

async fn write(
    (engine, blobs): (Arc<dyn Engine>, Arc<LocalBlobs>),
    writer: u64,
    blob_bytes: usize,
    until: Instant,
    counts: Arc<Counts>,
) -> Result<(), Failure> {
    let mut body = vec![0_u8; blob_bytes];
    let mut number = 0_u64;
    while Instant::now() < until {
        number += 1;
        let mark = [writer.to_be_bytes(), number.to_be_bytes()].concat();
        body.iter_mut().zip(mark).for_each(|(byte, mark)| *byte = mark);
        let begun = Instant::now();
        let frame = blobs.append(Bytes::copy_from_slice(&body)).await?;
        blobs.sync(frame.sequence).await?;
        let durable = engine.commit(batch(writer, number, &frame.place.0, &frame.id.0)).await?;
        let micros = u64::try_from(begun.elapsed().as_micros())?;
        counts.delivered.fetch_add(1, Ordering::Relaxed);
        counts.micros.fetch_add(micros, Ordering::Relaxed);
        counts.slowest.fetch_max(micros, Ordering::Relaxed);
        counts.groups.fetch_max(durable.group, Ordering::Relaxed);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (writers, blob_bytes, seconds) = (number(64)?, number(30_000)?, number(5)?);
    let engine = open_fjall(&directory.join("engine"), 64 << 20)?;
    let blobs = Arc::new(LocalBlobs::open(&directory.join("blobs"))?);
    let counts = Arc::new(Counts {
        delivered: AtomicU64::new(0),
        micros: AtomicU64::new(0),
        slowest: AtomicU64::new(0),
        groups: AtomicU64::new(0),
    });
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut running = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let stores = (Arc::clone(&engine), Arc::clone(&blobs));
        running.spawn(write(stores, writer, usize::try_from(blob_bytes)?, until, Arc::clone(&counts)));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    engine.close().await;
    let delivered = counts.delivered.load(Ordering::Relaxed);
    println!(
        "{} a second, {} to a sync, mean {} us, slowest {} us",
        delivered / seconds,
        delivered / counts.groups.load(Ordering::Relaxed).max(1),
        counts.micros.load(Ordering::Relaxed) / delivered.max(1),
        counts.slowest.load(Ordering::Relaxed),
    );
    Ok(())
}
