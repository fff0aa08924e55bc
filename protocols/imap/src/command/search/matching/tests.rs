//! Judging with three values.

use super::{Facts, Test};
use crate::wire::decoder::sequence::Intervals;
use model::{AccountId, SystemFlags};

const NOTHING: Facts<'static> = Facts {
    uid: 10,
    recent: false,
    system: SystemFlags::SEEN,
    keywords: &[],
    account: AccountId(1),
    now: 0,
    row: None,
    thread: None,
    record: None,
    header: None,
    found: None,
    alike: None,
    known: None,
};

#[test]
fn what_is_not_known_decides_nothing_that_is_known() {
    let unknown = || Test::Larger(1);
    let cases = [
        (Test::All(vec![unknown(), Test::Always(false)]), Some(false)),
        (Test::All(vec![unknown(), Test::Always(true)]), None),
        (Test::Any(vec![unknown(), Test::Always(true)]), Some(true)),
        (Test::Any(vec![unknown(), Test::Always(false)]), None),
        (Test::Not(Box::new(unknown())), None),
        (Test::Flag(SystemFlags::SEEN), Some(true)),
        (Test::Uids(Intervals(vec![(5, 12)])), Some(true)),
        (Test::Uids(Intervals(vec![(2, 3)])), Some(false)),
        (Test::Recent, Some(false)),
    ];
    for (number, (test, expect)) in cases.iter().enumerate() {
        assert_eq!(test.judge(&NOTHING), *expect, "case {number}");
    }
}
