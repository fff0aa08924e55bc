//! Reading segments alone: every sound blob once, damage and lost segments told.

use super::*;
use crate::{BlobStore, LocalBlobs, patient::tests::Dying};

/// Does not compress, so that lengths are what they seem.
fn body(seed: u8, bytes: usize) -> Bytes {
    let mut body = vec![0; bytes];
    crate::sim::Dice::new(u64::from(seed)).fill(&mut body);
    body.into()
}

async fn fill(directory: &Path, bodies: &[Bytes]) -> Vec<BlobId> {
    // Segments of two frames each.
    let blobs = LocalBlobs::open_with(directory, 1_000).unwrap();
    let mut ids = Vec::new();
    for body in bodies {
        ids.push(blobs.append(body.clone()).await.unwrap().id);
    }
    blobs.sync(u64::MAX).await.unwrap();
    ids
}

fn read(directory: &Path) -> (Remains, Vec<BlobId>) {
    let mut seen = Vec::new();
    let remains = Remains::read(directory, |id, _| seen.push(id)).unwrap();
    (remains, seen)
}

#[tokio::test]
async fn every_blob_is_read_once_and_in_the_order_of_appends() {
    let directory = tempfile::tempdir().unwrap();
    let bodies = [body(1, 300), body(2, 300), body(1, 300), body(3, 300), body(4, 10)];
    let ids = fill(directory.path(), &bodies).await;
    let (remains, seen) = read(directory.path());
    assert_eq!(seen, [ids[0], ids[1], ids[3], ids[4]]);
    let told: Vec<_> = remains.blobs().into_iter().map(|(id, bytes, _)| (id, bytes)).collect();
    assert_eq!(told, [(ids[1], 300), (ids[0], 300), (ids[3], 300), (ids[4], 10)], "the newest copy counts");
    assert_eq!(remains.blob(&ids[3]).unwrap(), bodies[3]);
    assert_eq!(remains.ruins(), []);
    assert_eq!(remains.blob(&BlobId([0; 32])), Err(Error::NotFound));
}

#[tokio::test]
async fn damage_and_lost_segments_are_told_and_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let bodies: Vec<_> = (0..8).map(|seed| body(seed, 300)).collect();
    let ids = fill(directory.path(), &bodies).await;
    let segment = |number: u32| directory.path().join(format!("{number:08}.seg"));
    let mut first = std::fs::read(segment(1)).unwrap();
    first[100] ^= 1;
    first[364 + 20] ^= 1;
    std::fs::write(segment(1), &first).unwrap();
    std::fs::remove_file(segment(2)).unwrap();
    std::fs::rename(segment(3), directory.path().join("00000003.damaged")).unwrap();
    std::fs::write(directory.path().join("00000003.gone"), b"").unwrap();
    let (remains, seen) = read(directory.path());
    assert_eq!(seen, ids[4..], "those set aside too");
    let told: Vec<_> =
        remains.ruins().iter().map(|ruin| (ruin.segment, ruin.offset, ruin.bytes, ruin.id)).collect();
    assert_eq!(told, [(1, 0, 364, Some(ids[0])), (1, 364, 364, None), (2, 0, 0, None)]);
}

#[tokio::test]
async fn a_segment_lost_right_before_a_mark_is_told_and_foreign_files_are_not() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), &[body(1, 300)]).await;
    for name in ["00000004.gone", "4000000000.seg", "6.gone"] {
        std::fs::write(directory.path().join(name), b"").unwrap();
    }
    let (remains, seen) = read(directory.path());
    assert_eq!(seen.len(), 1);
    assert_eq!(remains.ruins(), [missing(2, 3)]);
}

#[tokio::test]
async fn more_segments_than_may_be_open_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let bodies: Vec<_> = (0..REMAINS_HANDLES_MAX as u8 * 2 + 4).map(|seed| body(seed, 300)).collect();
    let ids = fill(directory.path(), &bodies).await;
    let (remains, _) = read(directory.path());
    assert!(remains.files.len() > REMAINS_HANDLES_MAX);
    for (id, body) in ids.iter().zip(&bodies).chain(ids.iter().zip(&bodies)) {
        assert_eq!(remains.blob(id).unwrap(), body);
        assert!(remains.open.lock().unwrap().len() <= REMAINS_HANDLES_MAX);
    }
    assert_eq!(remains.open.lock().unwrap().len(), REMAINS_HANDLES_MAX);
}

#[tokio::test]
async fn a_page_that_the_disk_does_not_give_costs_the_frames_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    for seed in 0..20 {
        blobs.append(body(seed, 936)).await.unwrap();
    }
    blobs.sync(u64::MAX).await.unwrap();
    let octets = std::fs::read(directory.path().join("00000001.seg")).unwrap();
    let length = octets.len() as u64;
    let dying = Dying { octets, bad: 2, tried: 0.into() };
    let mut found = Vec::new();
    assert!(walk(&dying, length, |_, _| {}).is_err());
    walk(&Patient::new(&dying), length, |offset, _| found.push(offset / 1000)).unwrap();
    // Frames 9 to 12 have their headers in the page of octets 8192 to 12287.
    assert_eq!(found, [(0..9).collect::<Vec<_>>(), (13..20).collect()].concat());
    assert!(dying.tried.get() <= 4, "{} times", dying.tried.get());
}

#[tokio::test]
async fn where_there_is_no_segment_there_is_nothing_to_read() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Remains::read(directory.path(), |_, _| {}).err(), Some(Error::NotFound));
    let missing = directory.path().join("none");
    assert_eq!(Remains::read(&missing, |_, _| {}).err(), Some(Error::Unavailable));
}
