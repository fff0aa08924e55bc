//! Every bit of a journal that is not the torn end of an unacknowledged group is missed when it flips.

use super::*;
use crate::{Batch as Changes, Engine, Op, Table, open_fjall};
use bytes::Bytes;
use std::sync::Arc;

const GROUPS: u8 = 6;

fn put(group: u8) -> Changes {
    // The first is long enough for fjall to compress it.
    let value = Bytes::from(vec![group; if group == 0 { 9_000 } else { 40 }]);
    Changes { expect: Vec::new(), ops: vec![Op::Put(Table::Item, vec![group], value)] }
}

async fn filled(path: &Path) -> Arc<dyn Engine> {
    let engine = open_fjall(path, 1 << 20).unwrap();
    for group in 0..GROUPS {
        let _durable = engine.commit(put(group)).await.unwrap();
    }
    engine
}

async fn closed(path: &Path) -> Vec<u8> {
    let engine = filled(path).await;
    engine.close().await;
    drop(engine);
    let mut journal = std::fs::read(path.join("0.jnl")).unwrap();
    let used = journal.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    journal.truncate(used);
    journal
}

async fn there(path: &Path) -> Vec<u8> {
    let engine = open_fjall(path, 1 << 20).unwrap();
    let snapshot = engine.snapshot().await.unwrap();
    let mut found = Vec::new();
    for group in 0..GROUPS {
        if let Some(value) = snapshot.get(Table::Item, &[group]).await.unwrap() {
            assert!(value.iter().all(|byte| *byte == group));
            found.push(group);
        }
    }
    engine.close().await;
    found
}

#[tokio::test]
async fn no_flipped_bit_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let journal = closed(&path).await;
    let file = path.join("0.jnl");
    let last = journal.len() - 200;
    let bits = (0..last * 8).step_by(29).chain(last * 8..journal.len() * 8).chain(40..104);
    for bit in bits {
        let mut damaged = journal.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&file, &damaged).unwrap();
        if prepare(&path, u64::from(GROUPS), None).is_ok() {
            // The last one's number may be any that is high enough: nothing comes behind it.
            let last = damaged.len() - usize::try_from(walk_last(&file)).unwrap();
            assert!((last + 5..last + 13).contains(&(bit / 8)), "bit {bit}");
            assert_eq!(there(&path).await, [0, 1, 2, 3, 4, 5]);
            std::fs::remove_file(path.join("mark")).unwrap();
        } else {
            assert_eq!(std::fs::read(&file).unwrap(), damaged, "nothing is touched");
        }
    }
    std::fs::write(&file, &journal).unwrap();
    assert_eq!(prepare(&path, u64::from(GROUPS), None), Ok(()));
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn an_unacknowledged_end_may_be_torn_in_any_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let journal = closed(&path).await;
    let file = path.join("0.jnl");
    let last = journal.len() - usize::try_from(walk_last(&file)).unwrap();
    for cut in last..journal.len() {
        // What is behind never came, or only the end came and a hole is before it.
        let mut torn = journal.clone();
        if cut % 2 == 0 {
            torn.truncate(cut)
        } else {
            torn[last..cut].fill(0)
        }
        std::fs::write(&file, &torn).unwrap();
        prepare(&path, u64::from(GROUPS - 1), None).unwrap();
        if cut > last {
            assert_eq!(std::fs::metadata(&file).unwrap().len(), last as u64, "cut {cut}");
        }
    }
    // The mark says that the last one was acknowledged: refused after opening, too.
    let opened = open_fjall(&path, 1 << 20);
    assert!(opened.is_err(), "the last group is missing");
    std::fs::remove_file(path.join("mark")).unwrap();
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4]);
}

/// Bytes of the last batch.
fn walk_last(file: &Path) -> u64 {
    let mut reader = BufReader::new(File::open(file).unwrap());
    let mut last = 0;
    while let Some(batch) = read_batch(&mut reader).unwrap() {
        last = batch.bytes;
    }
    last
}

#[tokio::test]
async fn a_missing_journal_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    closed(&path).await;
    std::fs::remove_file(path.join("0.jnl")).unwrap();
    assert!(matches!(open_fjall(&path, 1 << 20), Err(Error::Invalid(_) | Error::Corrupt)));
}

#[tokio::test]
async fn mending_loses_only_the_damaged_group() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut journal = closed(&path).await;
    let at = journal.windows(40).position(|window| window == [2; 40]).unwrap();
    journal[at + 5] ^= 4;
    std::fs::write(path.join("0.jnl"), &journal).unwrap();
    assert_eq!(open_fjall(&path, 1 << 20).err(), Some(Error::Corrupt));
    let mended = mend(&path).unwrap();
    assert_eq!((mended.damage_count, mended.kept_count), (1, 3));
    assert_eq!(there(&path).await, [0, 1, 3, 4, 5]);
    assert_eq!(std::fs::read(path.join("0.damaged")).unwrap(), journal);
    assert_eq!(mend(&path), Ok(Mended::default()));
}

#[tokio::test]
async fn mending_puts_a_wrong_number_right() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut journal = closed(&path).await;
    // The first group's number: with a high one its row would hide every later value of it.
    journal[8] ^= 1;
    std::fs::write(path.join("0.jnl"), &journal).unwrap();
    assert_eq!(open_fjall(&path, 1 << 20).err(), Some(Error::Corrupt));
    assert_eq!(mend(&path).unwrap().damage_bytes, 0);
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_refused_group_is_cut_off_even_when_it_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let journal = closed(&path).await;
    let file = path.join("0.jnl");
    let number = {
        let walk = walk(&file, None).unwrap();
        assert_eq!((walk.end, walk.group), (journal.len() as u64, Some(u64::from(GROUPS))));
        walk.number.unwrap()
    };
    std::fs::remove_file(path.join("mark")).unwrap();
    prepare(&path, u64::from(GROUPS - 1), Some(number)).unwrap();
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4]);
}

/// A journal that nothing was written to, as fjall makes them.
fn vacant(path: &Path) {
    let file = File::create(path).unwrap();
    file.set_len(64 << 20).unwrap();
}

#[tokio::test]
async fn a_torn_group_may_be_followed_by_vacant_journals() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let journal = closed(&path).await;
    let file = path.join("0.jnl");
    let last = journal.len() - usize::try_from(walk_last(&file)).unwrap();
    // With a group behind it, it was not torn: nothing but the last group can be.
    std::fs::write(&file, &journal[..last - 10]).unwrap();
    std::fs::write(path.join("1.jnl"), &journal[last..]).unwrap();
    assert_eq!(prepare(&path, 0, None), Err(Error::Corrupt));
    std::fs::write(&file, &journal[..last + 30]).unwrap();
    vacant(&path.join("1.jnl"));
    File::create(path.join("2.jnl")).unwrap();
    // What was acknowledged is not cut off, wherever it is.
    assert_eq!(prepare(&path, u64::from(GROUPS), None), Err(Error::Corrupt));
    prepare(&path, u64::from(GROUPS - 1), None).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().len(), last as u64);
    std::fs::remove_file(path.join("mark")).unwrap();
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_refused_group_is_cut_off_before_a_vacant_journal_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let journal = closed(&path).await;
    let file = path.join("0.jnl");
    let number = walk(&file, None).unwrap().number.unwrap();
    for whole in [true, false] {
        let end = journal.len() - if whole { 0 } else { 9 };
        std::fs::write(&file, &journal[..end]).unwrap();
        vacant(&path.join("1.jnl"));
        let _ = std::fs::remove_file(path.join("mark"));
        prepare(&path, u64::from(GROUPS - 1), Some(number)).unwrap();
        let walk = walk(&file, None).unwrap();
        assert_eq!((walk.group, walk.is_damaged()), (Some(u64::from(GROUPS - 1)), false));
    }
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn mending_that_was_cut_short_is_brought_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let mut journal = closed(&path).await;
    let at = journal.windows(40).position(|window| window == [2; 40]).unwrap();
    journal[at + 5] ^= 4;
    std::fs::write(path.join("0.jnl"), &journal).unwrap();
    mend(&path).unwrap();
    // The moment between the two names.
    std::fs::rename(path.join("0.jnl"), path.join("0.mended")).unwrap();
    assert_eq!(there(&path).await, [0, 1, 3, 4, 5]);
    assert!(!path.join("0.mended").exists());
}

#[tokio::test]
async fn a_draft_of_mending_is_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    closed(&path).await;
    std::fs::write(path.join("0.mended"), b"half").unwrap();
    assert_eq!(there(&path).await, [0, 1, 2, 3, 4, 5]);
}
