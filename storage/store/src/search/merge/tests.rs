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

#[test]
fn a_segment_of_many_terms_is_merged_no_more() {
    let sized = |bytes: u64| Segment { bytes, ..Segment::for_test(256) };
    let mut all: Vec<_> = (0..8).map(|_| sized(SEARCH_SEGMENT_BYTES - 1)).collect();
    assert_eq!(choose(&all), Some(0..8));
    all[3] = sized(SEARCH_SEGMENT_BYTES);
    assert_eq!(choose(&all), None);
    all.extend((0..4).map(|_| sized(1)));
    assert_eq!(choose(&all), Some(4..12), "what is behind it is merged as ever");
}
