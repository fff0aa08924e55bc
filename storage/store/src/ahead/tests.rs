//! The same octets as without, in whatever order they are wanted; neighbours come from one read.

use super::*;
use crate::{INLINE_BYTES_MAX, SMALL_CHUNK_BYTES, testing};

async fn stored(store: &Store, length: usize) -> (Vec<u8>, Body) {
    let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let body = testing::object(store, &bytes).await.body;
    testing::put(store, "x", &bytes).await;
    (bytes, body)
}

#[tokio::test]
async fn every_range_is_what_it_is_without() {
    let store = testing::store();
    for length in [0, 1, INLINE_BYTES_MAX, 2 * SMALL_CHUNK_BYTES + 17] {
        let (bytes, body) = stored(&store, length).await;
        let mut ahead = Ahead::new(&store, &body);
        let places = [0, 1, 9, SMALL_CHUNK_BYTES - 1, SMALL_CHUNK_BYTES, SMALL_CHUNK_BYTES + 1, 5, length];
        for start in places.map(|place| place.min(length)) {
            for size in [0, 1, 100, SMALL_CHUNK_BYTES, 3 * SMALL_CHUNK_BYTES] {
                let end = (start + size).min(length);
                let read = ahead.collect(start as u64..end as u64).await.unwrap();
                assert_eq!(read, &bytes[start..end], "{start}..{end} of {length}");
            }
        }
        assert_eq!(ahead.collect(length as u64..length as u64 + 9).await.unwrap(), Bytes::new());
    }
}

#[tokio::test]
async fn neighbours_come_from_one_read() {
    let store = testing::store();
    let (_, body) = stored(&store, SMALL_CHUNK_BYTES).await;
    let mut ahead = Ahead::new(&store, &body);
    let first = ahead.collect(0..100).await.unwrap();
    let second = ahead.collect(100..200).await.unwrap();
    assert_eq!(first.as_ptr().wrapping_add(100), second.as_ptr());
}
