//! Batches of many sizes, with gaps between UIDs.

use super::batches;

#[test]
fn every_message_is_in_one_batch() {
    let uids: Vec<u32> = (1..=6823).map(|number| number * 3).collect();
    assert_eq!(batches(&uids, 2_000, None), [(20_469, 14_470), (14_469, 8_470), (8_469, 2_470), (2_469, 1)]);
    for size in [500, 999, 6_822, 6_823, 6_824, u32::MAX] {
        let all = batches(&uids, size, None);
        let counts = |(high, low): &(u32, u32)| uids.iter().filter(|uid| (low..=high).contains(uid)).count();
        assert!(all.iter().all(|batch| counts(batch) <= size as usize), "{size}");
        assert_eq!(all.iter().map(counts).sum::<usize>(), uids.len(), "{size}");
        assert_eq!(all.last().unwrap().1, 1);
    }
}

#[test]
fn ranges_of_batches() {
    let uids: Vec<u32> = (1..=7_000).collect();
    assert_eq!(batches(&uids, 2_000, Some((1, 5))).len(), 4);
    assert_eq!(batches(&uids, 2_000, Some((2, 3))), [(5_000, 3_001), (3_000, 1_001)]);
    assert_eq!(batches(&uids, 2_000, Some((4, 4))), [(1_000, 1)]);
    assert!(batches(&uids, 2_000, Some((6, 8))).is_empty());
    assert!(batches(&[], 500, None).is_empty());
}
