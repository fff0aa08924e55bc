//! How many mailboxes are remembered.

use super::{Place, entered};
use crate::limits::RECENT_KEPT_COUNT_MAX;
use model::{AccountId, CollectionId};
use std::collections::HashMap;

fn place(number: usize) -> Place {
    (AccountId(1), CollectionId(u32::try_from(number).unwrap()))
}

#[test]
fn as_many_as_may_be_and_one_more() {
    let mut known = HashMap::new();
    for number in 0..RECENT_KEPT_COUNT_MAX {
        entered(&mut known, place(number), 7);
    }
    assert_eq!(known.len(), RECENT_KEPT_COUNT_MAX);
    *entered(&mut known, place(0), 9) = 8;
    assert_eq!(known.get(&place(0)), Some(&8), "one that is there is kept");
    assert_eq!(known.len(), RECENT_KEPT_COUNT_MAX);
    assert_eq!(*entered(&mut known, place(RECENT_KEPT_COUNT_MAX), 9), 9);
    assert_eq!(known.len(), 1);
}
