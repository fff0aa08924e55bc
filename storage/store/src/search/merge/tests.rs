//! Which segments are merged.

use super::*;

fn counts(counts: &[u32]) -> Vec<Segment> {
    counts.iter().map(|count| Segment::for_test(*count)).collect()
}

#[test]
fn neighbours_are_merged_when_enough_of_them_are_small() {
    assert_eq!(choose(&[]), None);
    assert_eq!(choose(&counts(&[256; 7])), None);
    assert_eq!(choose(&counts(&[256; 8])), Some(0..8));
    let large = 256 * 8;
    assert_eq!(choose(&counts(&[large, large, 256, 256, 256, 256, 256, 256, 256])), None);
    assert_eq!(choose(&counts(&[large, large, 256, 256, 256, 256, 256, 256, 256, 256])), Some(2..10));
    assert_eq!(choose(&counts(&[large; 8])), Some(0..8));
}
