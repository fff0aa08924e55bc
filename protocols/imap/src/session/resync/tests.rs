//! Vanished UIDs, remembered or not.

use super::Since;
use crate::session::table::Table;
use crate::wire::decoder::sequence::Intervals;
use model::Modseq;

fn table(uids: &[u32]) -> Table {
    let mut table = Table::default();
    table.uids.extend_from_slice(uids);
    table
}

#[test]
fn what_is_remembered_is_told_and_nothing_else() {
    let since = Since { changed: None, removed: Some(vec![2, 3, 7, 9]), state: Modseq(5) };
    let asked = Intervals(vec![(1, 8)]);
    assert_eq!(since.vanished(&asked, &table(&[7]), &table(&[1]), 0).0, [(2, 3)]);
}

#[test]
fn where_nobody_remembers_what_is_not_there_has_vanished() {
    let since = Since { changed: None, removed: None, state: Modseq(5) };
    let all = Intervals(vec![(1, 10)]);
    let there = table(&[2, 5, 6, 10]);
    assert_eq!(since.vanished(&all, &there, &there, 0).0, [(1, 1), (3, 4), (7, 9)]);
    assert_eq!(since.vanished(&all, &table(&[3]), &there, 2).0, [(4, 4), (7, 9)]);
    assert_eq!(since.vanished(&Intervals(vec![(11, u32::MAX)]), &there, &there, 0).0, [(11, u32::MAX)]);
    assert_eq!(since.vanished(&all, &table(&[]), &table(&[]), 10).0, []);
}
