//! How changes of a result are spelled.

use super::{Change, Context, has_room};
use crate::command::search::matching::Test;
use crate::limits::{UPDATE_COUNT_MAX, UPDATE_MESSAGE_COUNT_MAX};
use crate::session::table::Table;
use crate::wire::encoder::Output;

fn told(change: &Change) -> String {
    let mut table = Table::default();
    table.uids = vec![10, 11, 12, 20];
    let mut out = Output::default();
    change.tell(&mut out, &table);
    String::from_utf8(out.bytes().to_vec()).unwrap()
}

#[test]
fn spellings() {
    let tag = || "B01".to_owned();
    assert_eq!(told(&Change { tag: tag(), ..Change::default() }), "");
    let by_uid =
        Change { tag: tag(), by_uid: true, added: vec![(0, 11), (0, 12), (0, 20)], ..Change::default() };
    assert_eq!(told(&by_uid), "* ESEARCH (TAG \"B01\") UID ADDTO (0 11:12,20)\r\n");
    let sorted =
        Change { tag: tag(), removed: vec![(3, 20), (1, 10)], added: vec![(1, 12)], ..Change::default() };
    assert_eq!(told(&sorted), "* ESEARCH (TAG \"B01\") REMOVEFROM (3 4 1 1) ADDTO (1 3)\r\n");
}

fn kept(count: usize) -> Context {
    let tag = "B01".to_owned();
    let (criteria, items, mailbox) = (Box::default(), [].into(), None);
    Context { tag, by_uid: true, test: Test::Always(true), criteria, members: vec![0; count], items, mailbox }
}

#[test]
fn room_at_the_limits_and_one_past_them() {
    assert!(has_room(&[], UPDATE_MESSAGE_COUNT_MAX + 1), "the first may have more");
    let half = UPDATE_MESSAGE_COUNT_MAX / 2;
    assert!(has_room(&[kept(half)], UPDATE_MESSAGE_COUNT_MAX - half));
    assert!(!has_room(&[kept(half)], UPDATE_MESSAGE_COUNT_MAX - half + 1));
    let many = |count| (0..count).map(|_| kept(1)).collect::<Vec<_>>();
    assert!(has_room(&many(UPDATE_COUNT_MAX - 1), 1));
    assert!(!has_room(&many(UPDATE_COUNT_MAX), 1));
}
