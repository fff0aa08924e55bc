//! Criteria, comparison, and the limit.

use super::{By, Criterion, Value, compare, criteria};
use crate::extension::i18nlevel::Comparator;
use crate::limits::SORT_KEY_COUNT_MAX;
use crate::wire::decoder::cursor::Cursor;
use format::collation::Collation;
use std::cmp::Ordering;

fn parsed(text: &str) -> Option<Vec<Criterion>> {
    criteria(&mut Cursor::new(text.as_bytes(), false), Comparator::default()).ok()
}

fn criterion(by: By, reverse: bool) -> Criterion {
    Criterion { by, reverse, collation: Collation::UnicodeCasemap }
}

#[test]
fn spellings() {
    let expect = vec![criterion(By::Date, true), criterion(By::Subject, false)];
    assert_eq!(parsed("(REVERSE date Subject)"), Some(expect));
    for bad in ["", "()", "(FOO)", "(REVERSE)", "(DATE", "DATE"] {
        assert_eq!(parsed(bad), None, "{bad}");
    }
}

#[test]
fn a_comparator_turned_round_turns_texts_round() {
    let comparator = Comparator { collation: Collation::Octet, descending: true };
    let text = b"(DATE SUBJECT REVERSE DISPLAYTO SIZE)";
    let parsed = criteria(&mut Cursor::new(text, false), comparator).unwrap();
    assert_eq!(parsed.iter().map(|it| it.reverse).collect::<Vec<_>>(), [false, true, false, false]);
    assert!(parsed.iter().all(|it| it.collation == Collation::Octet));
}

#[test]
fn the_first_difference_decides() {
    let by = [criterion(By::From, true), criterion(By::Size, false)];
    let value = |text: &str, number| [Value::Text(text.to_owned()), Value::Number(number)];
    assert_eq!(compare(&by, &value("A", 1), &value("B", 0)), Ordering::Greater);
    assert_eq!(compare(&by, &value("A", 1), &value("A", 2)), Ordering::Less);
    assert_eq!(compare(&by, &value("A", 1), &value("A", 1)), Ordering::Equal);
}

#[test]
fn criteria_at_the_limit_and_one_past_it() {
    let many = |count: usize| format!("({})", vec!["SIZE"; count].join(" "));
    assert!(parsed(&many(SORT_KEY_COUNT_MAX)).is_some());
    assert!(parsed(&many(SORT_KEY_COUNT_MAX + 1)).is_none());
}
