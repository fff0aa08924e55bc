//! Bounds, and what is left of a command's messages.

use super::{MessageLimit, Partial, cut};
use crate::limits::MESSAGE_LIMIT_MIN;

#[test]
fn the_lowest_bound_and_one_below_it() {
    assert!(MessageLimit::try_from(MESSAGE_LIMIT_MIN).is_ok());
    assert!(MessageLimit::try_from(MESSAGE_LIMIT_MIN - 1).is_err());
}

#[test]
fn the_highest_are_left() {
    for (most, expect, lowest) in [
        (None, vec![2, 3, 5, 9], None),
        (Some(4), vec![2, 3, 5, 9], None),
        (Some(3), vec![3, 5, 9], Some(3)),
        (Some(1), vec![9], Some(9)),
    ] {
        let mut uids = vec![2, 3, 5, 9];
        let partial = cut(most, &mut uids, |uid| *uid);
        assert_eq!(uids, expect);
        assert_eq!(partial.map(|partial| partial.lowest), lowest);
    }
    assert_eq!(Partial { most: 1000, lowest: 23221 }.code(), "MESSAGELIMIT 1000 23221");
}
