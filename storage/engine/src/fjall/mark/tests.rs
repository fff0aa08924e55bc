//! The newest whole place counts.

use super::*;

#[test]
fn the_newest_whole_place_counts() {
    let directory = tempfile::tempdir().unwrap();
    let mut mark = Mark::open(directory.path()).unwrap();
    assert_eq!(mark.group(), 0);
    for group in 1..=5 {
        mark.write(group);
    }
    drop(mark);
    assert_eq!(Mark::open(directory.path()).unwrap().group(), 5);
    // Group 5 lies in the second place; a bit of it flips.
    let path = directory.path().join("mark");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[PLACE_BYTES + 12] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Mark::open(directory.path()).unwrap().group(), 4);
    std::fs::write(&path, &bytes[..PLACE_BYTES - 1]).unwrap();
    assert_eq!(Mark::open(directory.path()).unwrap().group(), 0);
}
