//! SEARCH programs: what parses, what is refused, and the bounds.

use super::{Return, SearchKey, parse, return_options};
use crate::limits::{NESTING_MAX, SEARCH_KEY_COUNT_MAX, SEARCH_TEXT_COUNT_MAX};
use crate::reply::Failure;
use crate::wire::decoder::cursor::Cursor;

fn key(text: &str) -> Result<SearchKey, Failure> {
    let text = format!("{text}\r\n");
    parse(&mut Cursor::new(text.as_bytes(), false)).map(|search| search.key)
}

#[test]
fn keys() {
    for text in [
        "ALL",
        "UNSEEN",
        "1:3,5",
        "UID 1:*",
        "$",
        "OR SEEN NOT FLAGGED",
        "(SEEN (DELETED 1))",
        "KEYWORD $Junk",
        "UNKEYWORD a",
        "BEFORE 1-Feb-1994",
        "SENTSINCE \"1-Feb-1994\"",
        "HEADER Message-ID \"\"",
        "SUBJECT {5}\r\nhello",
        "LARGER 100 SMALLER 200",
        "CHARSET UTF-8 TEXT \"\u{e9}\"",
        "NEW",
        "UNDRAFT",
    ] {
        assert!(key(text).is_ok(), "{text}");
    }
    assert!(matches!(key("SEEN UNDELETED").unwrap(), SearchKey::And(keys) if keys.len() == 2));
}

#[test]
fn what_is_to_be_told() {
    let options = |text: &str| return_options(&mut Cursor::new(text.as_bytes(), false)).unwrap();
    assert_eq!(options("ALL"), None);
    assert_eq!(options("RETURN () ALL"), Some(Return { all: true, ..Return::default() }));
    assert_eq!(
        options("RETURN (CONTEXT) ALL"),
        Some(Return { all: true, context: true, ..Return::default() })
    );
    let expect = Return { min: true, max: true, count: true, save: true, ..Return::default() };
    assert_eq!(options("RETURN (MIN max COUNT SAVE) ALL"), Some(expect));
    assert!(return_options(&mut Cursor::new(b"RETURN (ALL ALL) ALL", false)).is_err());
}

#[test]
fn what_is_no_key_is_bad() {
    for text in [
        "",
        "FOO",
        "SUBJECT",
        "OR SEEN",
        "NOT",
        "()",
        "(SEEN",
        "BEFORE x",
        "KEYWORD \\Seen",
        "LARGER -1",
        "UID a",
    ] {
        assert!(matches!(key(text), Err(Failure::Bad(_))), "{text}");
    }
    assert!(matches!(key("CHARSET KOI8-R ALL"), Err(Failure::No(Some(_), _))));
}

#[test]
fn nesting_and_count_at_the_limit_and_one_past_it() {
    let nested = |depth: usize| format!("{}ALL{}", "(".repeat(depth), ")".repeat(depth));
    assert!(key(&nested(NESTING_MAX)).is_ok());
    assert!(key(&nested(NESTING_MAX + 1)).is_err());
    assert!(key(&format!("{}ALL", "NOT ".repeat(NESTING_MAX + 1))).is_err());
    let many = |count: usize| vec!["ALL"; count].join(" ");
    assert!(key(&many(SEARCH_KEY_COUNT_MAX)).is_ok());
    assert!(key(&many(SEARCH_KEY_COUNT_MAX + 1)).is_err());
    let texts = |count: usize| vec!["BODY x"; count].join(" ");
    assert!(key(&texts(SEARCH_TEXT_COUNT_MAX)).is_ok());
    assert!(key(&texts(SEARCH_TEXT_COUNT_MAX + 1)).is_err());
}
