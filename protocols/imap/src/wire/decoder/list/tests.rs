//! LIST in both syntaxes, and the matcher.

use super::{List, Selection, matches, parse};
use crate::limits::{LIST_PATTERN_BYTES_MAX, LIST_PATTERN_COUNT_MAX};
use crate::wire::decoder::cursor::Cursor;
use std::time::{Duration, Instant};

fn list(text: &str) -> Option<List> {
    let mut cursor = Cursor::new(text.as_bytes(), false);
    let list = parse(&mut cursor).ok()?;
    cursor.end().ok()?;
    Some(list)
}

#[test]
fn both_syntaxes() {
    let plain = list(" \"\" *").unwrap();
    assert_eq!((plain.patterns, plain.extended), (vec!["*".to_owned()], false));
    let extended =
        list(" (SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX \"Sent %\") RETURN (CHILDREN STATUS (MESSAGES))");
    let extended = extended.unwrap();
    assert_eq!(extended.patterns, ["INBOX", "Sent %"]);
    let expect = Selection { subscribed: true, recursive: true, ..Selection::default() };
    assert_eq!(extended.select, expect);
    assert!(extended.extended && extended.returns.children && extended.returns.status.len() == 1);
    assert_eq!(list(" \"\" Entw&APw-%").unwrap().patterns, ["Entwü%"]);
    for bad in ["", " \"\"", " (FOO) \"\" *", " (RECURSIVEMATCH) \"\" *", " \"\" ()", " \"\" * RETURN (FOO)"]
    {
        assert_eq!(list(bad), None, "{bad}");
    }
}

#[test]
fn patterns_at_the_limit_and_one_past_it() {
    let many = |count| format!(" \"\" ({})", vec!["x"; count].join(" "));
    assert!(list(&many(LIST_PATTERN_COUNT_MAX)).is_some());
    assert!(list(&many(LIST_PATTERN_COUNT_MAX + 1)).is_none());
    let long = |count| format!(" \"\" {}", "x".repeat(count));
    assert!(list(&long(LIST_PATTERN_BYTES_MAX)).is_some());
    assert!(list(&long(LIST_PATTERN_BYTES_MAX + 1)).is_none());
}

#[test]
fn wildcards() {
    for (pattern, name, expect) in [
        ("*", "a/b", true),
        ("%", "a/b", false),
        ("%", "a", true),
        ("a/%", "a/b", true),
        ("a/%", "a/b/c", false),
        ("a*c", "a/b/c", true),
        ("%/c", "a/b/c", false),
        ("*/c", "a/b/c", true),
        ("*%c", "a/b/c", true),
        ("%b*d%", "abxx/dyy", true),
        ("%b*d%", "a/bd", false),
        ("", "", true),
        ("", "a", false),
        ("a", "", false),
        ("**", "", true),
        ("%%a", "bba", true),
        ("*a%b", "xa/ab", true),
    ] {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expect, "{pattern} {name}");
    }
}

#[test]
fn hostile_patterns_stay_cheap() {
    let pattern = "*a".repeat(500);
    let percents = format!("{}x", "%a".repeat(500));
    let name = "a".repeat(499);
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(!matches(pattern.as_bytes(), name.as_bytes()));
        assert!(!matches(percents.as_bytes(), name.as_bytes()));
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
}
