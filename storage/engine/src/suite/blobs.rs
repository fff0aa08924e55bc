//! What every blob store does.

use super::{Ground, on_every_engine};
use crate::{BlobStore, Place, limits::BLOB_BYTES_MAX};
use bytes::Bytes;
use model::{BlobId, Error};
use std::sync::Arc;

on_every_engine! {
    append_sync_read;
    readable_before_sync;
    same_bytes_same_name;
    size_at_the_limit_and_one_past;
    empty_blob;
    another_name_is_corrupt;
    unknown_places_are_corrupt;
    sequences_grow;
    many_writers_sync;
    reopen;
}

fn body(seed: u32, bytes: usize) -> Bytes {
    (0..bytes).map(|at| (at as u32).wrapping_mul(31).wrapping_add(seed) as u8).collect()
}

async fn append_sync_read(ground: &Ground) {
    let blobs = ground.blobs();
    for (seed, size) in [1, 100, 4_096, 65_536, 65_537, 300_000].into_iter().enumerate() {
        let bytes = body(seed as u32, size);
        let frame = blobs.append(bytes.clone()).await.unwrap();
        assert_eq!(frame.id.0, *blake3::hash(&bytes).as_bytes());
        blobs.sync(frame.sequence).await.unwrap();
        assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), bytes);
    }
}

async fn readable_before_sync(ground: &Ground) {
    let blobs = ground.blobs();
    let frame = blobs.append(body(1, 1_000)).await.unwrap();
    assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), body(1, 1_000));
}

async fn same_bytes_same_name(ground: &Ground) {
    let blobs = ground.blobs();
    let (first, second) =
        (blobs.append(body(1, 99)).await.unwrap(), blobs.append(body(1, 99)).await.unwrap());
    assert_eq!(first.id, second.id);
    assert_ne!(blobs.append(body(2, 99)).await.unwrap().id, first.id);
    assert_eq!(blobs.read(&first.id, &second.place).await.unwrap(), body(1, 99));
}

async fn size_at_the_limit_and_one_past(ground: &Ground) {
    let blobs = ground.blobs();
    assert_eq!(blobs.blob_bytes_max(), BLOB_BYTES_MAX);
    let frame = blobs.append(body(3, BLOB_BYTES_MAX)).await.unwrap();
    assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), body(3, BLOB_BYTES_MAX));
    let past = blobs.append(body(3, BLOB_BYTES_MAX + 1)).await;
    assert_eq!(past.unwrap_err(), Error::TooLarge(BLOB_BYTES_MAX as u64));
}

async fn empty_blob(ground: &Ground) {
    let blobs = ground.blobs();
    let frame = blobs.append(Bytes::new()).await.unwrap();
    blobs.sync(frame.sequence).await.unwrap();
    assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), Bytes::new());
}

async fn another_name_is_corrupt(ground: &Ground) {
    let blobs = ground.blobs();
    let first = blobs.append(body(1, 500)).await.unwrap();
    let second = blobs.append(body(2, 500)).await.unwrap();
    assert_eq!(blobs.read(&first.id, &second.place).await, Err(Error::Corrupt));
    assert_eq!(blobs.read(&BlobId([0; 32]), &first.place).await, Err(Error::Corrupt));
}

async fn unknown_places_are_corrupt(ground: &Ground) {
    let blobs = ground.blobs();
    let frame = blobs.append(body(1, 500)).await.unwrap();
    for place in [&b""[..], b"garbage", &[0; 8], &[255; 8], &[255; 12], &[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1]]
    {
        let place = Place(Bytes::copy_from_slice(place));
        assert_eq!(blobs.read(&frame.id, &place).await, Err(Error::Corrupt), "{place:?}");
    }
}

async fn sequences_grow(ground: &Ground) {
    let blobs = ground.blobs();
    let mut last = 0;
    for seed in 0..20 {
        let frame = blobs.append(body(seed, 10)).await.unwrap();
        assert!(frame.sequence > last);
        last = frame.sequence;
    }
    blobs.sync(last).await.unwrap();
    blobs.sync(1).await.unwrap();
    blobs.sync(last + 1_000).await.unwrap();
}

async fn many_writers_sync(ground: &Ground) {
    let blobs = ground.blobs();
    let writers: Vec<_> = (0..32_u32)
        .map(|writer| {
            let blobs: Arc<dyn BlobStore> = Arc::clone(&blobs);
            tokio::spawn(async move {
                for n in 0..10 {
                    let bytes = body(writer * 10 + n, 10_000);
                    let frame = blobs.append(bytes.clone()).await.unwrap();
                    blobs.sync(frame.sequence).await.unwrap();
                    assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), bytes);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn reopen(ground: &Ground) {
    let mut frames = Vec::new();
    let mut last = 0;
    for seed in 0..5 {
        let blobs = ground.blobs();
        let frame = blobs.append(body(seed, 5_000)).await.unwrap();
        assert!(frame.sequence > last);
        last = frame.sequence;
        blobs.sync(frame.sequence).await.unwrap();
        frames.push((frame, body(seed, 5_000)));
        for (frame, bytes) in &frames {
            assert_eq!(&blobs.read(&frame.id, &frame.place).await.unwrap(), bytes);
        }
    }
}
