//! The store's part follows the limit between two bounds.

use super::*;

#[test]
fn the_part_follows_the_limit() {
    assert_eq!((tables(64), segments(64)), (16, 8));
    assert_eq!((tables(256), segments(256)), (32, 16));
    assert_eq!((tables(8 * TABLE_HANDLES_MAX), segments(16 * SEGMENT_HANDLES_MAX)), (900, 256));
    assert_eq!((tables(usize::MAX), segments(usize::MAX)), (TABLE_HANDLES_MAX, SEGMENT_HANDLES_MAX));
    assert!(of_store() <= tables(usize::MAX) + segments(usize::MAX) + WORK_HANDLES_MAX);
}
