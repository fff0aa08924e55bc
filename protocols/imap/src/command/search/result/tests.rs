//! Parts of a result.

use super::slice;

#[test]
fn parts_from_both_ends() {
    let list = [10, 20, 30, 40, 50];
    for (range, expect) in [
        ((1, 2), &[10, 20][..]),
        ((2, 1), &[10, 20]),
        ((4, 9), &[40, 50]),
        ((6, 9), &[]),
        ((-1, -2), &[40, 50]),
        ((-2, -1), &[40, 50]),
        ((-9, -5), &[10]),
        ((-9, -6), &[]),
        ((-9, i64::MIN), &[]),
        ((1, i64::MAX), &list),
    ] {
        assert_eq!(slice(&list, range), expect, "{range:?}");
    }
    assert!(slice::<u8>(&[], (-1, -1)).is_empty());
}
