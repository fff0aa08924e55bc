//! Engines and segments that do not belong together.

use super::*;
use crate::{Batch, BlobStore, Frame, Op, Table};
use bytes::Bytes;
use std::path::PathBuf;
use tempfile::TempDir;

fn options() -> LocalOptions {
    LocalOptions { cache_bytes: 8 << 20, segment_bytes: 4_000, ..LocalOptions::default() }
}

fn accepting() -> LocalOptions {
    LocalOptions { accept_loss: true, ..options() }
}

/// Appends and commits some bodies of 900 bytes, each in a group of its own.
async fn work(path: &Path, seeds: std::ops::Range<u8>) -> Vec<Frame> {
    let (engine, blobs) = open_local(path, options()).unwrap();
    let mut frames = Vec::new();
    for seed in seeds {
        let mut bytes = vec![0; 900];
        crate::sim::Dice::new(u64::from(seed)).fill(&mut bytes);
        let frame = blobs.append(bytes.into()).await.unwrap();
        blobs.sync(frame.sequence).await.unwrap();
        let put = Op::Put(Table::Blob, frame.id.0.to_vec(), frame.place.0.clone());
        let _durable = engine.commit(Batch { expect: Vec::new(), ops: vec![put] }).await.unwrap();
        frames.push(frame);
    }
    engine.close().await;
    frames
}

fn refused(path: &Path) -> Unopened {
    open_local(path, options()).err().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn segment(directory: &TempDir, number: u32) -> PathBuf {
    directory.path().join(format!("blobs/{number:08}.seg"))
}

#[tokio::test]
async fn an_older_engine_is_refused_and_taken_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    work(path, 0..3).await;
    copy(&path.join("engine"), &path.join("older"));
    work(path, 3..9).await;
    std::fs::remove_dir_all(path.join("engine")).unwrap();
    std::fs::rename(path.join("older"), path.join("engine")).unwrap();
    let Unopened::Behind { engine, segments } = refused(path) else { panic!("{:?}", refused(path)) };
    assert!(engine < segments, "{engine} {segments}");
    assert!(refused(path).to_string().contains("older than the segments"), "and it stays refused");
    let (engine, blobs) = open_local(path, accepting()).unwrap();
    assert!(blobs.append(Bytes::from_static(b"more")).await.unwrap().sequence >= 10, "numbers go on");
    engine.close().await;
    drop((engine, blobs));
    work(path, 20..22).await;
    work(path, 22..23).await;
}

#[tokio::test]
async fn an_engine_that_was_lost_is_not_made_anew_in_silence() {
    let directory = tempfile::tempdir().unwrap();
    work(directory.path(), 0..5).await;
    std::fs::remove_dir_all(directory.path().join("engine")).unwrap();
    assert!(matches!(refused(directory.path()), Unopened::Behind { engine: 0, segments: 4 }));
}

#[tokio::test]
async fn a_last_segment_that_is_missing_or_short_is_refused() {
    for short in [None, Some(0), Some(1_000)] {
        let directory = tempfile::tempdir().unwrap();
        let frames = work(directory.path(), 0..11).await;
        assert!(segment(&directory, 3).exists() && !segment(&directory, 4).exists());
        match short {
            None => std::fs::remove_file(segment(&directory, 3)).unwrap(),
            Some(length) => {
                std::fs::File::options()
                    .write(true)
                    .open(segment(&directory, 3))
                    .unwrap()
                    .set_len(length)
                    .unwrap();
            }
        }
        let lost = refused(directory.path());
        assert_eq!(lost, Unopened::Ahead { segment: 3, wanted: 2_892, found: short });
        let (engine, blobs) = open_local(directory.path(), accepting()).unwrap();
        let (kept, gone) = frames.split_at(8);
        for frame in kept {
            assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap().len(), 900);
        }
        let last = gone.last().unwrap();
        assert_eq!(blobs.read(&last.id, &last.place).await, Err(Error::Corrupt));
        engine.close().await;
        drop((engine, blobs));
        work(directory.path(), 30..33).await;
    }
}

#[tokio::test]
async fn a_segment_in_the_middle_is_given_up_only_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    work(directory.path(), 0..11).await;
    std::fs::remove_file(segment(&directory, 2)).unwrap();
    assert_eq!(refused(directory.path()), Unopened::Failed(Error::Corrupt));
    drop(open_local(directory.path(), accepting()).unwrap());
    work(directory.path(), 30..33).await;
}

#[tokio::test]
async fn damage_at_the_end_is_kept_and_not_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let frames = work(directory.path(), 0..3).await;
    let mut bytes = std::fs::read(segment(&directory, 1)).unwrap();
    let last = bytes.len() - 900 - 10;
    bytes[last] ^= 1;
    std::fs::write(segment(&directory, 1), &bytes).unwrap();
    let (engine, blobs) = open_local(directory.path(), options()).unwrap();
    assert_eq!(std::fs::read(segment(&directory, 1)).unwrap(), bytes, "somebody relies on these bytes");
    assert_eq!(blobs.read(&frames[2].id, &frames[2].place).await, Err(Error::Corrupt));
    assert!(blobs.shares().await.unwrap()[0].is_damaged);
    engine.close().await;
}

#[tokio::test]
async fn frames_that_nobody_acknowledged_are_no_loss() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    work(path, 0..3).await;
    let (engine, blobs) = open_local(path, options()).unwrap();
    let frame = blobs.append(Bytes::from_static(b"an upload that was given up")).await.unwrap();
    blobs.sync(frame.sequence).await.unwrap();
    engine.close().await;
    drop((engine, blobs));
    work(path, 3..4).await;
}
