//! The small words, and what must be BAD: NUL, broken UTF-8, escapes, ends that are missing.

use super::{Cursor, mailbox_name};
use crate::limits::{MAILBOX_NAME_BYTES_MAX, TAG_BYTES_MAX};
use model::SystemFlags;

fn at(text: &[u8]) -> Cursor<'_> {
    Cursor::new(text, false)
}

#[test]
fn strings_in_three_forms() {
    let mut cursor = at(b"atom] \"qu\\\"o\\\\ted\" {5}\r\na\r\nbc {0+}\r\n ~{1}\r\n\0\r\n");
    assert_eq!(&*cursor.astring().unwrap(), b"atom]");
    cursor.space().unwrap();
    assert_eq!(&*cursor.astring().unwrap(), b"qu\"o\\ted");
    cursor.space().unwrap();
    assert_eq!(&*cursor.astring().unwrap(), b"a\r\nbc");
    cursor.space().unwrap();
    assert_eq!(&*cursor.astring().unwrap(), b"");
    cursor.space().unwrap();
    assert_eq!(&*cursor.astring().unwrap(), b"\0");
    cursor.end().unwrap();
}

#[test]
fn broken_strings_are_bad() {
    let cases: [&[u8]; 9] = [
        b"\"open\r\n",
        b"\"a\0b\"",
        b"\"\xc3\"",
        b"\"\\n\"",
        b"{3}\r\nab",
        b"{3}ab",
        b"{1}\r\n\0",
        b"",
        b"(",
    ];
    for case in cases {
        assert!(at(case).astring().is_err(), "{case:?}");
    }
}

#[test]
fn numbers_have_their_bounds() {
    assert_eq!(at(b"4294967295").number().unwrap(), u32::MAX);
    assert!(at(b"4294967296").number().is_err());
    assert_eq!(at(b"9223372036854775807").number64().unwrap(), i64::MAX as u64);
    assert!(at(b"9223372036854775808").number64().is_err());
    assert!(at(b"0").nz_number().is_err());
    assert!(at(b"x").number().is_err());
}

#[test]
fn a_tag_at_the_limit_and_one_past_it() {
    let tag = "t".repeat(TAG_BYTES_MAX);
    assert_eq!(at(tag.as_bytes()).tag().unwrap(), tag);
    assert!(at("t".repeat(TAG_BYTES_MAX + 1).as_bytes()).tag().is_err());
    assert!(at(b"+ x").tag().is_err());
    for line in [&b"a+b NOOP"[..], b"a\tNOOP", b"a(b", b"a\"b"] {
        assert!(at(line).tag().is_err());
    }
    assert_eq!(at(b"a]b NOOP").tag().unwrap(), "a]b");
}

#[test]
fn mailbox_names() {
    assert_eq!(mailbox_name(b"inBox", false).unwrap(), "INBOX");
    assert_eq!(mailbox_name(b"inbox/Sub", false).unwrap(), "INBOX/Sub");
    assert_eq!(mailbox_name(b"Entw&APw-rfe", false).unwrap(), "Entwürfe");
    assert_eq!(mailbox_name(b"A & B", true).unwrap(), "A & B");
    assert_eq!(mailbox_name("Entwürfe".as_bytes(), false).unwrap(), "Entwürfe");
    for bad in [&b"A & B"[..], b"\xff", b"a\x01"] {
        assert!(mailbox_name(bad, false).is_err());
    }
    assert!(mailbox_name(&vec![b'x'; MAILBOX_NAME_BYTES_MAX], false).is_ok());
    assert!(mailbox_name(&vec![b'x'; MAILBOX_NAME_BYTES_MAX + 1], false).is_err());
}

#[test]
fn flags() {
    let flags = at(b"(\\Seen \\answered $Label1 \\Recent NonJunk nonjunk)").flag_list().unwrap();
    assert_eq!(flags.system, SystemFlags::SEEN | SystemFlags::ANSWERED);
    assert_eq!(flags.keywords.len(), 2);
    assert!(at(b"()").flag_list().unwrap().keywords.is_empty());
    for bad in [&b"(\\Foo)"[..], b"(a", b"(a\"b)", b"a"] {
        assert!(at(bad).flag_list().is_err());
    }
}

#[test]
fn words_end_where_they_end() {
    let mut cursor = at(b"uid fetch");
    assert!(!cursor.word("UI"));
    assert!(cursor.word("UID"));
    cursor.space().unwrap();
    assert!(cursor.word("FETCH"));
}
