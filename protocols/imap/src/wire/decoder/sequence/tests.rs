//! Sets in every spelling, and bombs.

use super::{Intervals, SequenceSet};
use crate::wire::decoder::cursor::Cursor;

fn check(text: &str, max: u32, expect: &[(u32, u32)]) {
    let set = SequenceSet::parse(&mut Cursor::new(text.as_bytes(), false)).unwrap();
    let SequenceSet::Ranges(ranges) = set else { panic!("{text}") };
    assert_eq!(Intervals::resolve(&ranges, max).0, expect, "{text}");
}

#[test]
fn spellings() {
    check("1", 10, &[(1, 1)]);
    check("2:4,3:5,7", 10, &[(2, 5), (7, 7)]);
    check("5:2", 10, &[(2, 5)]);
    check("*", 10, &[(10, 10)]);
    check("*:7", 10, &[(7, 10)]);
    check("12:*", 10, &[(10, 12)]);
    check("1:*", 0, &[(1, 1)]);
    check("*", 0, &[]);
    check("3,2,1", 10, &[(1, 3)]);
    check("1:4294967295", 10, &[(1, u32::MAX)]);
}

#[test]
fn bad_sets() {
    for text in ["", "0", "1:", ":1", "1,", "a", "4294967296", "1:0"] {
        assert!(SequenceSet::parse(&mut Cursor::new(text.as_bytes(), false)).is_err(), "{text}");
    }
}

#[test]
fn a_bomb_stays_small() {
    let text = vec!["1:*"; 10_000].join(",");
    check(&text, u32::MAX, &[(1, u32::MAX)]);
}

#[test]
fn membership() {
    let set = Intervals::collect([1, 2, 3, 7, 9, 10]);
    assert_eq!(set.0, [(1, 3), (7, 7), (9, 10)]);
    for n in 0..12 {
        assert_eq!(set.contains(n), [1, 2, 3, 7, 9, 10].contains(&n));
    }
    assert_eq!(set.max(), 10);
}
