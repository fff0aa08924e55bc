//! A table by itself: flags by place, changes by copying, keywords in use.

use super::{Interner, Known, Table};
use crate::limits::{TABLE_KEPT_COUNT_MAX, TABLE_KEPT_MESSAGES_MAX};
use model::{
    AccountId, CollectionId, Flags, ItemId, Keyword, Modseq, SystemFlags, Timestamp, Uid, ZonedTime,
};
use store::MessageRow;

fn flags(system: SystemFlags, keywords: &[&str]) -> Flags {
    Flags { system, keywords: keywords.iter().map(|word| Keyword::parse(word).unwrap()).collect() }
}

fn row(flags: Flags) -> Option<MessageRow> {
    Some(MessageRow {
        message: ItemId(1),
        size: 1,
        received: ZonedTime::default(),
        saved: Timestamp::default(),
        flags,
        modseq: Modseq(1),
        created_modseq: Modseq(1),
    })
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
        (Uid(1), row(flags(SystemFlags::FLAGGED, &["y"]))),
        (Uid(4), row(flags(SystemFlags::empty(), &["X"]))),
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
fn tables_are_kept_up_to_the_limits() {
    let mut known = Known::default();
    let place = |number: usize| (AccountId(1), CollectionId(u32::try_from(number).unwrap()));
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
