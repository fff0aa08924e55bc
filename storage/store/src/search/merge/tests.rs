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
fn a_message_is_written_anew_once_a_level_however_few_fill_a_segment() {
    for count in [1, 2, 190, 256, 16_384] {
        let (mut segments, mut written) = (Vec::new(), 0u64);
        let built = 4_096;
        for _ in 0..built {
            segments.push(Segment::for_test(count));
            while let Some(chosen) = choose(&segments) {
                let merged: u32 = segments.splice(chosen.clone(), []).map(|segment| segment.count).sum();
                segments.insert(chosen.start, Segment::for_test(merged));
                written += u64::from(merged);
            }
        }
        let all = u64::from(count) * built;
        let levels = u64::from(built.ilog(u64::from(FAN)));
        assert!(written <= all * levels, "{count}: {written} of {all} in {levels} levels");
        assert!(segments.len() <= levels as usize * FAN as usize, "{count}: {} segments", segments.len());
    }
}
