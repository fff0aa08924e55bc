//! Criteria, comparison, and the limit.

use super::{By, Criterion, Value, compare, criteria};
use crate::limits::SORT_KEY_COUNT_MAX;
use crate::wire::decoder::cursor::Cursor;
use std::cmp::Ordering;

fn parsed(text: &str) -> Option<Vec<Criterion>> {
    criteria(&mut Cursor::new(text.as_bytes(), false)).ok()
}

#[test]
fn spellings() {
    let expect =
        vec![Criterion { by: By::Date, reverse: true }, Criterion { by: By::Subject, reverse: false }];
    assert_eq!(parsed("(REVERSE date Subject)"), Some(expect));
    for bad in ["", "()", "(FOO)", "(REVERSE)", "(DATE", "DATE"] {
        assert_eq!(parsed(bad), None, "{bad}");
    }
}

#[test]
fn the_first_difference_decides() {
    let by = [Criterion { by: By::From, reverse: true }, Criterion { by: By::Size, reverse: false }];
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
