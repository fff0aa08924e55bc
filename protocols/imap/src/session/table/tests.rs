//! A table by itself: flags by place, changes by copying, keywords in use.

use super::{Interner, Known, Table};
use crate::limits::{TABLE_CHANGES_COUNT_MAX, TABLE_KEPT_COUNT_MAX, TABLE_KEPT_MESSAGES_MAX};
use model::{AccountId, CollectionId, Flags, Keyword, Modseq, SystemFlags, Uid};

fn flags(system: SystemFlags, keywords: &[&str]) -> Flags {
    Flags { system, keywords: keywords.iter().map(|word| Keyword::parse(word).unwrap()).collect() }
}

fn table(list: &[(u32, Flags)]) -> Table {
    let mut table = Table::default();
    let mut interner = Interner::new();
    for (uid, flags) in list {
        table.push(*uid, flags, &mut interner);
    }
    table
}

#[test]
fn flags_stand_at_their_places() {
    let table = table(&[
        (3, flags(SystemFlags::SEEN, &[])),
        (5, flags(SystemFlags::empty(), &["a", "b"])),
        (9, flags(SystemFlags::DELETED, &[])),
    ]);
    assert_eq!((table.index(5), table.index(4), table.max_uid()), (Some(1), None, 9));
    assert_eq!(table.flags(0), (SystemFlags::SEEN, &[][..]));
    assert_eq!(table.flags(1).1.len(), 2);
    assert_eq!(table.flags(2), (SystemFlags::DELETED, &[][..]));
    assert_eq!(table.flags(3), (SystemFlags::empty(), &[][..]));
    assert_eq!(table.flagged(SystemFlags::DELETED), [Uid(9)]);
}

#[test]
fn a_changed_table_leaves_the_old_one_alone() {
    let old = table(&[(1, flags(SystemFlags::SEEN, &[])), (2, flags(SystemFlags::SEEN, &["x"]))]);
    let changes = [
        (Uid(1), Some(flags(SystemFlags::FLAGGED, &["y"]))),
        (Uid(4), Some(flags(SystemFlags::empty(), &["X"]))),
        (Uid(5), None),
    ];
    let new = old.with(&[2], changes.into_iter(), Modseq(7));
    assert_eq!(new.uids, [1, 4]);
    assert_eq!(new.modseq, Modseq(7));
    assert_eq!(new.flags(0), (SystemFlags::FLAGGED, &flags(SystemFlags::empty(), &["y"]).keywords[..]));
    assert_eq!(new.keywords().len(), 2);
    assert_eq!(old.uids, [1, 2]);
    assert_eq!(old.flags(0), (SystemFlags::SEEN, &[][..]));
    assert_eq!(old.keywords().len(), 1);
}

#[test]
fn a_table_knows_what_changed_lately_and_forgets_whole_states() {
    let first = table(&[(1, Flags::default()), (2, Flags::default()), (3, Flags::default())]);
    let seen = Some(flags(SystemFlags::SEEN, &[]));
    let second = first.with(&[2], [(Uid(3), seen.clone())].into_iter(), Modseq(5));
    let third = second.with(&[], [(Uid(9), seen.clone()), (Uid(3), seen.clone())].into_iter(), Modseq(8));
    assert_eq!(third.changed_since(&first), Some(vec![2, 3, 9]));
    assert_eq!(third.changed_since(&second), Some(vec![3, 9]));
    assert_eq!(third.changed_since(&third), Some(vec![]));
    assert_eq!(second.changed_since(&third), None, "what comes later is not known");

    let many = |count: usize| (10..).take(count).map(|uid| (Uid(uid), seen.clone()));
    let at_limit = third.with(&[], many(TABLE_CHANGES_COUNT_MAX - 4), Modseq(9));
    assert_eq!(at_limit.changed_since(&first).map(|uids| uids.len()), Some(TABLE_CHANGES_COUNT_MAX - 1));
    let past_it = third.with(&[], many(TABLE_CHANGES_COUNT_MAX - 3), Modseq(9));
    assert_eq!(past_it.changed_since(&first), None);
    assert_eq!(past_it.changed_since(&second).map(|uids| uids.len()), Some(TABLE_CHANGES_COUNT_MAX - 1));
    let too_many = third.with(&[], many(TABLE_CHANGES_COUNT_MAX + 1), Modseq(9));
    assert_eq!((too_many.changed_since(&third), too_many.lately.changes.len()), (None, 0));
    let hers = Table { seer: Some(AccountId(2)), ..table(&[(1, Flags::default())]) };
    assert_eq!(third.changed_since(&hers), None, "what somebody else has seen says nothing");
}

#[test]
fn the_first_unseen_is_where_the_flags_say() {
    let seen = || flags(SystemFlags::SEEN, &[]);
    assert_eq!(table(&[]).first_unseen(), None);
    assert_eq!(table(&[(1, seen()), (2, seen())]).first_unseen(), None);
    let old = table(&[(1, seen()), (2, Flags::default()), (3, Flags::default())]);
    assert_eq!((old.first_unseen(), old.unseen_count()), (Some(1), 2));
    let new = old.with(&[], [(Uid(2), Some(seen()))].into_iter(), Modseq(3));
    assert_eq!((new.first_unseen(), old.first_unseen()), (Some(2), Some(1)));
}

#[test]
fn tables_are_kept_up_to_the_limits() {
    let mut known = Known::default();
    let place = |number: usize| (AccountId(1), CollectionId(u32::try_from(number).unwrap()), None);
    for number in 0..=TABLE_KEPT_COUNT_MAX {
        known.share(place(number), table(&[(1, Flags::default())]));
    }
    assert_eq!((known.kept.len(), known.kept_messages), (TABLE_KEPT_COUNT_MAX, TABLE_KEPT_COUNT_MAX));
    assert!(known.newest[&place(0)].upgrade().is_none());
    assert!(known.newest[&place(1)].upgrade().is_some());
    let uids = (1..=u32::try_from(TABLE_KEPT_MESSAGES_MAX).unwrap()).collect();
    let large = known.share(place(0), Table { uids, ..Table::default() });
    assert_eq!((known.kept.len(), known.kept_messages), (1, TABLE_KEPT_MESSAGES_MAX));
    known.share(place(1), table(&[(1, Flags::default())]));
    assert_eq!((known.kept.len(), known.kept_messages), (1, 1));
    // One that a session has open stays known all the same.
    assert!(known.newest[&place(0)].upgrade().is_some());
    drop(large);
    assert!(known.newest[&place(0)].upgrade().is_none());
}

#[test]
fn what_has_gone_keeps_its_place_where_that_may_not_be_told() {
    let old = table(&[
        (1, flags(SystemFlags::SEEN, &[])),
        (3, flags(SystemFlags::DRAFT, &["x"])),
        (5, flags(SystemFlags::empty(), &[])),
    ]);
    let changes = [
        (Uid(5), Some(flags(SystemFlags::FLAGGED, &["y"]))),
        (Uid(7), Some(flags(SystemFlags::empty(), &[]))),
    ];
    let new = old.with(&[3], changes.into_iter(), Modseq(9));
    assert_eq!((new.missing(&old), old.missing(&old)), (vec![(1, 3)], vec![]));
    let shown = new.with_gone(old.modseq, [(3, flags(SystemFlags::DRAFT, &["x"]))].into_iter());
    assert_eq!((shown.uids.as_slice(), shown.modseq), (&[1, 3, 5, 7][..], old.modseq));
    let known = |index| (shown.flags(index).0, shown.flags(index).1.len());
    assert_eq!(known(0), (SystemFlags::SEEN, 0));
    assert_eq!(known(1), (SystemFlags::DRAFT, 1));
    assert_eq!(known(2), (SystemFlags::FLAGGED, 1));
    assert_eq!(known(3), (SystemFlags::empty(), 0));
    // It does not know what has changed since the older state, and the newer table knows all that has since.
    assert_eq!(shown.changed_since(&old), None);
    assert_eq!(new.changed_since(&shown), Some(vec![3, 5, 7]));
    // What is made of it is as if it were made of the older one.
    let changes = [
        (Uid(5), Some(flags(SystemFlags::FLAGGED, &["y"]))),
        (Uid(7), Some(flags(SystemFlags::empty(), &[]))),
    ];
    assert_eq!(shown.with(&[3], changes.into_iter(), Modseq(9)).uids, new.uids);
}

#[test]
fn what_has_gone_keeps_its_place_at_both_ends_and_side_by_side() {
    let old = table(&(1..=6).map(|uid| (uid, Flags::default())).collect::<Vec<_>>());
    let new = old.with(&[1, 3, 4, 6], [(Uid(8), Some(Flags::default()))].into_iter(), Modseq(9));
    let gone = [1, 3, 4, 6].map(|uid| (uid, flags(SystemFlags::SEEN, if uid == 4 { &["x"] } else { &[] })));
    let shown = new.with_gone(old.modseq, gone.into_iter());
    assert_eq!(shown.uids, [1, 2, 3, 4, 5, 6, 8]);
    let seen = |place| shown.flags(place).0 == SystemFlags::SEEN;
    assert_eq!((0..7).map(seen).collect::<Vec<_>>(), [true, false, true, true, false, true, false]);
    assert_eq!((0..7).map(|place| shown.flags(place).1.len()).collect::<Vec<_>>(), [0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(new.missing(&shown), [(0, 1), (2, 3), (3, 4), (5, 6)]);
}
