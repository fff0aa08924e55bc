//! Torn tails, damage, lost and full segments.

use super::*;
use tempfile::TempDir;

/// Does not compress, so that lengths are what they seem.
fn body(seed: u8, bytes: usize) -> Bytes {
    let mut body = vec![0; bytes];
    crate::sim::Dice::new(u64::from(seed)).fill(&mut body);
    body.into()
}

async fn fill(directory: &TempDir, sizes: &[usize]) -> Vec<(Frame, Bytes)> {
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    let mut frames = Vec::new();
    for (seed, size) in sizes.iter().enumerate() {
        let bytes = body(seed as u8, *size);
        frames.push((blobs.append(bytes.clone()).await.unwrap(), bytes));
    }
    blobs.sync(u64::MAX).await.unwrap();
    frames
}

async fn all_read(blobs: &LocalBlobs, frames: &[(Frame, Bytes)]) {
    for (frame, bytes) in frames {
        assert_eq!(&blobs.read(&frame.id, &frame.place).await.unwrap(), bytes);
    }
}

fn segment(directory: &TempDir, number: u32) -> PathBuf {
    segment_path(directory.path(), number)
}

#[tokio::test]
async fn a_tail_torn_at_every_byte_is_cut_and_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let frames = fill(&directory, &[300, 200, 150]).await;
    let whole = std::fs::read(segment(&directory, 1)).unwrap();
    let sound = (HEADER_BYTES + 300 + HEADER_BYTES + 200) as u64;
    for length in sound..whole.len() as u64 {
        std::fs::write(segment(&directory, 1), &whole[..length as usize]).unwrap();
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        assert_eq!(std::fs::metadata(segment(&directory, 1)).unwrap().len(), sound, "torn at {length}");
        all_read(&blobs, &frames[..2]).await;
        let (lost, _) = &frames[2];
        assert_eq!(blobs.read(&lost.id, &lost.place).await, Err(Error::Corrupt));
        let next = blobs.append(body(9, 10)).await.unwrap();
        assert_eq!(next.sequence, 3);
        assert_eq!(blobs.read(&next.id, &next.place).await.unwrap(), body(9, 10));
    }
}

#[tokio::test]
async fn a_tail_of_zeros_or_rubbish_is_cut() {
    for rubbish in [vec![0; 5_000], b"CgF1CgF1CgF1".repeat(100), vec![0xFF; 63]] {
        let directory = tempfile::tempdir().unwrap();
        let frames = fill(&directory, &[300]).await;
        let mut bytes = std::fs::read(segment(&directory, 1)).unwrap();
        let sound = bytes.len() as u64;
        bytes.extend(rubbish);
        std::fs::write(segment(&directory, 1), &bytes).unwrap();
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        assert_eq!(std::fs::metadata(segment(&directory, 1)).unwrap().len(), sound);
        all_read(&blobs, &frames).await;
    }
}

#[tokio::test]
async fn every_flipped_bit_is_seen_and_costs_only_its_own_frame() {
    let directory = tempfile::tempdir().unwrap();
    let frames = fill(&directory, &[40, 40, 40]).await;
    let whole = std::fs::read(segment(&directory, 1)).unwrap();
    let frame_bytes = HEADER_BYTES + 40;
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(segment(&directory, 1), &damaged).unwrap();
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        for (number, (frame, bytes)) in frames.iter().enumerate() {
            let read = blobs.read(&frame.id, &frame.place).await;
            if number == bit / 8 / frame_bytes {
                assert_eq!(read, Err(Error::Corrupt), "bit {bit}");
            } else {
                assert_eq!(&read.unwrap(), bytes, "bit {bit}");
            }
        }
        drop(blobs);
        let _ = std::fs::remove_file(segment(&directory, 2));
    }
}

#[tokio::test]
async fn damage_before_sound_frames_seals_the_segment_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let frames = fill(&directory, &[300, 200, 150]).await;
    let mut bytes = std::fs::read(segment(&directory, 1)).unwrap();
    bytes[HEADER_BYTES + 300..HEADER_BYTES + 300 + HEADER_BYTES].fill(0);
    std::fs::write(segment(&directory, 1), &bytes).unwrap();
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    assert_eq!(std::fs::read(segment(&directory, 1)).unwrap(), bytes);
    assert_eq!(blobs.sealed().await.unwrap(), [1]);
    all_read(&blobs, &[frames[0].clone(), frames[2].clone()]).await;
    let next = blobs.append(body(9, 10)).await.unwrap();
    assert_eq!(next.sequence, 4, "numbers go on behind the highest that was seen");
    assert_eq!(blobs.found(1).await, Err(Error::Corrupt), "what cannot be listed is kept");
}

#[tokio::test]
async fn segments_roll_and_stay_readable() {
    let directory = tempfile::tempdir().unwrap();
    let mut frames = Vec::new();
    for round in 0..3 {
        let blobs = LocalBlobs::open_with(directory.path(), 2_000).unwrap();
        for seed in 0..5 {
            let bytes = body(round * 5 + seed, 700);
            let frame = blobs.append(bytes.clone()).await.unwrap();
            blobs.sync(frame.sequence).await.unwrap();
            frames.push((frame, bytes));
        }
        all_read(&blobs, &frames).await;
    }
    let blobs = LocalBlobs::open_with(directory.path(), 2_000).unwrap();
    all_read(&blobs, &frames).await;
    let segments = blobs.sealed().await.unwrap();
    assert!(segments.len() >= 6);
    let mut listed = Vec::new();
    for segment in segments {
        assert!(std::fs::metadata(segment_path(directory.path(), segment)).unwrap().len() <= 2_000);
        let found = blobs.found(segment).await.unwrap();
        listed.extend(found.into_iter().map(|found| (found.id, found.place, found.sequence)));
    }
    let written: Vec<_> =
        frames.into_iter().map(|(frame, _)| (frame.id, frame.place, frame.sequence)).collect();
    assert_eq!(listed, written[..listed.len()]);
    assert!(listed.len() >= 12);
}

#[tokio::test]
async fn a_blob_larger_than_a_segment_has_one_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = LocalBlobs::open_with(directory.path(), 1_000).unwrap();
    for seed in 0..3 {
        let frame = blobs.append(body(seed, 5_000)).await.unwrap();
        assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), body(seed, 5_000));
    }
    assert_eq!(blobs.sealed().await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_missing_segment_is_refused_and_a_removed_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = LocalBlobs::open_with(directory.path(), 1_000).unwrap();
    for seed in 0..3 {
        let frame = blobs.append(body(seed, 900)).await.unwrap();
        blobs.sync(frame.sequence).await.unwrap();
    }
    assert_eq!(blobs.remove(3).await, Err(Error::Conflict));
    blobs.remove(1).await.unwrap();
    drop(blobs);
    assert_eq!(LocalBlobs::open(directory.path()).unwrap().sealed().await.unwrap(), [2]);
    std::fs::remove_file(segment(&directory, 2)).unwrap();
    assert_eq!(LocalBlobs::open(directory.path()).err(), Some(Error::Corrupt));
}

#[tokio::test]
async fn a_removal_cut_short_is_ended() {
    let directory = tempfile::tempdir().unwrap();
    drop(fill(&directory, &[10]).await);
    File::create(gone_path(directory.path(), 1)).unwrap();
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    assert_eq!(blobs.sealed().await.unwrap(), []);
    assert!(!segment(&directory, 1).exists() && segment(&directory, 2).exists());
}

#[tokio::test]
async fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    assert_eq!(LocalBlobs::open(directory.path()).err(), Some(Error::Conflict));
    drop(blobs);
    assert!(LocalBlobs::open(directory.path()).is_ok());
}

#[tokio::test]
async fn one_sync_serves_all_who_wait() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    let mut last = 0;
    for seed in 0..10 {
        last = blobs.append(body(seed, 100)).await.unwrap().sequence;
    }
    blobs.sync(1).await.unwrap();
    assert_eq!(*blobs.0.stable.borrow(), last);
}

#[tokio::test]
async fn what_compresses_is_stored_shorter_and_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut frames = Vec::new();
    {
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        for count in [600_usize, 30_000, 300_000, BLOB_BYTES_MAX] {
            let text: Bytes =
                b"a line of text that comes again\r\n".iter().copied().cycle().take(count).collect();
            frames.push((blobs.append(text.clone()).await.unwrap(), text));
            frames.push((blobs.append(body(count as u8, count)).await.unwrap(), body(count as u8, count)));
        }
        blobs.sync(u64::MAX).await.unwrap();
        all_read(&blobs, &frames).await;
    }
    let length = std::fs::metadata(segment(&directory, 1)).unwrap().len();
    let plain: u64 = frames.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    assert!(length < plain * 6 / 10, "{length} of {plain}");
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    all_read(&blobs, &frames).await;
    let found = blobs.survey(1).await.unwrap();
    assert_eq!(found.iter().map(|found| found.bytes).sum::<u64>(), length);
    assert_eq!(
        found.iter().map(|found| found.place.clone()).collect::<Vec<_>>(),
        frames.iter().map(|(frame, _)| frame.place.clone()).collect::<Vec<_>>()
    );
}

/// Some bits of a zstd frame mean nothing; no flip of any bit gives other bytes.
#[tokio::test]
async fn no_flipped_bit_of_a_compressed_frame_gives_other_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let text: Bytes = b"again and again ".iter().copied().cycle().take(2_000).collect();
    let frame = {
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        let frame = blobs.append(text.clone()).await.unwrap();
        blobs.append(body(1, 40)).await.unwrap();
        blobs.sync(u64::MAX).await.unwrap();
        frame
    };
    let whole = std::fs::read(segment(&directory, 1)).unwrap();
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    let mut seen = 0;
    for bit in 0..(whole.len() - HEADER_BYTES - 40) * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(segment(&directory, 1), &damaged).unwrap();
        match blobs.read(&frame.id, &frame.place).await {
            Ok(read) => assert_eq!(read, text, "bit {bit}"),
            Err(error) => {
                assert_eq!(error, Error::Corrupt, "bit {bit}");
                seen += 1;
            }
        }
    }
    assert!(seen > (whole.len() - HEADER_BYTES - 40) * 8 * 9 / 10, "{seen}");
    std::fs::write(segment(&directory, 1), &whole).unwrap();
    assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap(), text);
}

#[tokio::test]
async fn a_damaged_segment_that_is_put_aside_survives_a_cut_at_any_step() {
    let directory = tempfile::tempdir().unwrap();
    fill(&directory, &[300]).await;
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    blobs.seal().await.unwrap();
    blobs.append(body(1, 10)).await.unwrap();
    let whole = std::fs::read(segment(&directory, 1)).unwrap();
    blobs.quarantine(1).await.unwrap();
    drop(blobs);
    let kept = kept_path(directory.path(), 1);
    assert_eq!(std::fs::read(&kept).unwrap(), whole);
    // Cut before the mark: it is what it was, and counts as taken away.
    std::fs::remove_file(gone_path(directory.path(), 1)).unwrap();
    drop(LocalBlobs::open(directory.path()).unwrap());
    assert_eq!(std::fs::read(&kept).unwrap(), whole);
    // And it may be deleted.
    std::fs::remove_file(&kept).unwrap();
    drop(LocalBlobs::open(directory.path()).unwrap());
}

#[tokio::test]
async fn no_start_sweeps_a_segment_that_was_to_be_kept() {
    // The name comes before the mark: with the mark alone the segment would be swept.
    let directory = tempfile::tempdir().unwrap();
    fill(&directory, &[300]).await;
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    blobs.seal().await.unwrap();
    blobs.append(body(1, 10)).await.unwrap();
    // Nothing can be renamed there: the quarantine ends before its first step.
    std::fs::create_dir_all(kept_path(directory.path(), 1).join("in the way")).unwrap();
    assert!(blobs.quarantine(1).await.is_err());
    drop(blobs);
    std::fs::remove_dir_all(kept_path(directory.path(), 1)).unwrap();
    drop(LocalBlobs::open(directory.path()).unwrap());
    assert!(segment(&directory, 1).exists(), "swept");
}

#[tokio::test]
async fn the_segment_before_the_newest_may_be_torn_too() {
    for last in [0, 400] {
        let directory = tempfile::tempdir().unwrap();
        let frames = fill(&directory, &[300, 200]).await;
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        blobs.seal().await.unwrap();
        if last > 0 {
            blobs.append(body(7, last)).await.unwrap();
        }
        drop(blobs);
        let path = segment(&directory, 1);
        let whole = std::fs::read(&path).unwrap();
        let sound = (HEADER_BYTES + 300) as u64;
        std::fs::write(&path, &whole[..whole.len() - 50]).unwrap();
        // A place in it, or in a later one, says that it was stable: then it is damage, and stays.
        for reach in [Reach { segment: 1, end: whole.len() as u64 }, Reach { segment: 2, end: 0 }] {
            drop(LocalBlobs::open_beside(directory.path(), 1 << 20, None, reach).unwrap());
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.len() as u64 - 50);
        }
        let blobs = LocalBlobs::open(directory.path()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), sound);
        assert_eq!(blobs.found(1).await.unwrap().len(), 1, "it is whole");
        all_read(&blobs, &frames[..1]).await;
        assert!(blobs.append(body(9, 10)).await.unwrap().sequence >= 2);
    }
}

#[tokio::test]
async fn on_both_sides_of_what_is_done_on_the_calling_thread_blobs_are_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let mut sizes = Vec::new();
    for edge in [READ_INLINE_BYTES_MAX, SQUEEZE_INLINE_BYTES_MAX] {
        sizes.extend([edge - 1, edge, edge + 1]);
    }
    let mut frames = fill(&directory, &sizes).await;
    let blobs = LocalBlobs::open(directory.path()).unwrap();
    for size in sizes {
        // What is read is shorter by far than what comes of it.
        let bytes = Bytes::from(vec![size as u8; size]);
        frames.push((blobs.append(bytes.clone()).await.unwrap(), bytes));
    }
    blobs.sync(u64::MAX).await.unwrap();
    all_read(&blobs, &frames).await;
}
