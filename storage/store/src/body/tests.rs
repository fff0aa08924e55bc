//! Bodies in and out: inline, chunked, ranges, limits.

use crate::{Content, INLINE_BYTES_MAX, SMALL_CHUNK_BYTES, SMALL_CHUNKS_MAX, testing::store};
use model::Error;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

#[tokio::test]
async fn every_size_around_a_limit_comes_back_whole_and_in_parts() {
    let store = store();
    let near = [
        0,
        1,
        INLINE_BYTES_MAX,
        INLINE_BYTES_MAX + 1,
        SMALL_CHUNK_BYTES - 1,
        SMALL_CHUNK_BYTES,
        SMALL_CHUNK_BYTES + 1,
    ];
    for length in near.into_iter().chain([3 * SMALL_CHUNK_BYTES + 17]) {
        let bytes = pattern(length);
        let mut upload = store.upload(length as u64);
        for piece in bytes.chunks(70_001) {
            upload.write(piece).await.unwrap();
        }
        let body = upload.finish().await.unwrap();
        assert_eq!(matches!(body.content, Content::Inline(_)), length <= INLINE_BYTES_MAX);
        assert_eq!(body.hash.0, *blake3::hash(&bytes).as_bytes());
        // Blob places become known with the commit that needs them.
        crate::testing::put(&store, "x", &bytes).await;
        let whole = store.body(&body, 0..u64::MAX).collect().await.unwrap();
        assert_eq!(whole, bytes, "{length}");
        for (start, end) in [
            (0, 1),
            (length / 2, length / 2 + 300_000),
            (length.saturating_sub(1), length + 5),
            (length, length + 1),
        ] {
            let part = store.body(&body, start as u64..end as u64).collect().await.unwrap();
            let expected = &bytes[start.min(length)..end.min(length)];
            assert_eq!(part, expected, "{length} {start}..{end}");
        }
    }
}

#[tokio::test]
async fn an_upload_ends_at_its_limit() {
    let store = store();
    let mut upload = store.upload(10);
    upload.write(&[0; 10]).await.unwrap();
    assert_eq!(upload.write(&[0]).await, Err(Error::TooLarge(10)));
}

#[tokio::test]
async fn a_body_of_several_chunks_ends_with_their_list() {
    let store = store();
    for (length, listed) in [(SMALL_CHUNK_BYTES, false), (SMALL_CHUNK_BYTES + 1, true)] {
        let mut upload = store.upload(length as u64);
        upload.write(&pattern(length)).await.unwrap();
        let body = upload.finish().await.unwrap();
        let Content::Chunks(chunks) = &body.content else { panic!("inline") };
        assert_eq!(chunks.last().unwrap().is_list(), listed, "{length}");
        assert_eq!(chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>(), body.size);
    }
}

#[tokio::test]
async fn no_chunk_begins_as_a_list_does() {
    let store = store();
    let whole = SMALL_CHUNK_BYTES;
    for (at, length, expected) in [
        (0, whole, vec![1, whole - 1]),
        (0, INLINE_BYTES_MAX, vec![]),
        (whole, whole + 10, vec![whole, 1, 9]),
        (whole, 2 * whole + 10, vec![whole, 1, whole - 1, 10]),
        (1, 2 * whole, vec![whole, whole]),
    ] {
        let mut bytes = pattern(length);
        bytes[at..at + 4].copy_from_slice(b"CgL2");
        let mut upload = store.upload(length as u64);
        upload.write(&bytes).await.unwrap();
        let body = upload.finish().await.unwrap();
        assert_eq!(body.hash.0, *blake3::hash(&bytes).as_bytes());
        if let Content::Chunks(chunks) = &body.content {
            let lengths = chunks.iter().filter(|chunk| !chunk.is_list()).map(|chunk| chunk.bytes as usize);
            assert_eq!(lengths.collect::<Vec<_>>(), expected, "{at} {length}");
        } else {
            assert!(expected.is_empty());
        }
        crate::testing::put(&store, "x", &bytes).await;
        assert_eq!(store.body(&body, 0..u64::MAX).collect().await.unwrap(), bytes);
        let part = store.body(&body, at as u64 + 1..at as u64 + 3).collect().await.unwrap();
        assert_eq!(&part[..], b"gL");
    }
}

#[tokio::test]
async fn small_chunks_at_the_limit_and_one_past() {
    let store = store();
    let length = SMALL_CHUNKS_MAX * SMALL_CHUNK_BYTES + SMALL_CHUNK_BYTES + 1;
    let mut upload = store.upload(length as u64);
    upload.write(&pattern(length)).await.unwrap();
    let body = upload.finish().await.unwrap();
    let Content::Chunks(chunks) = &body.content else { panic!("inline") };
    let lengths: Vec<_> = chunks.iter().map(|chunk| chunk.bytes as usize).collect();
    assert_eq!(lengths.len(), SMALL_CHUNKS_MAX + 2, "and their list");
    assert!(lengths[..SMALL_CHUNKS_MAX].iter().all(|bytes| *bytes == SMALL_CHUNK_BYTES));
    assert_eq!(lengths[SMALL_CHUNKS_MAX..], [SMALL_CHUNK_BYTES + 1, 0]);
}
