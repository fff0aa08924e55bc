//! FETCH items in the spellings clients use.

use super::{FetchItem, Section, SectionItem, SectionText, parse};
use crate::limits::{FETCH_ITEM_COUNT_MAX, HEADER_FIELD_COUNT_MAX, PART_DEPTH_MAX};
use crate::wire::decoder::cursor::Cursor;

fn items(text: &str) -> Option<Vec<FetchItem>> {
    let mut cursor = Cursor::new(text.as_bytes(), false);
    let items = parse(&mut cursor).ok()?;
    cursor.end().ok()?;
    Some(items)
}

fn section(part: &[u32], what: SectionText, peek: bool, partial: Option<(u64, u64)>) -> FetchItem {
    let section = Section { part: part.to_vec(), what };
    FetchItem::Section(SectionItem { section, peek, partial, legacy: None })
}

#[test]
fn plain_items_and_macros() {
    assert_eq!(items("FLAGS"), Some(vec![FetchItem::Flags]));
    assert_eq!(items("(uid flags)"), Some(vec![FetchItem::Uid, FetchItem::Flags]));
    assert_eq!(items("FULL").unwrap().len(), 5);
    assert_eq!(items("BODY"), Some(vec![FetchItem::Body]));
    assert_eq!(items("( FLAGS  BODYSTRUCTURE )").unwrap().len(), 2);
}

#[test]
fn sections() {
    use SectionText::{All, Fields, FieldsNot, Header, Mime, Text};
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let cases = [
        ("BODY[]", section(&[], All, false, None)),
        ("BODY.PEEK[]<0.393216>", section(&[], All, true, Some((0, 393_216)))),
        ("BODY.PEEK[1.2]", section(&[1, 2], All, true, None)),
        ("body.peek[header]", section(&[], Header, true, None)),
        ("BODY[2.TEXT]", section(&[2], Text, false, None)),
        ("BODY[2.1.MIME]", section(&[2, 1], Mime, false, None)),
        ("BODY[HEADER.FIELDS (From \"To\")]", section(&[], Fields(names(&["From", "To"])), false, None)),
        ("BODY[3.HEADER.FIELDS.NOT (X)]", section(&[3], FieldsNot(names(&["X"])), false, None)),
    ];
    for (text, expect) in cases {
        assert_eq!(items(text), Some(vec![expect]), "{text}");
    }
    let part = vec![1, 2];
    assert_eq!(
        items("BINARY.PEEK[1.2]<3.4>"),
        Some(vec![FetchItem::Binary { part: part.clone(), peek: true, partial: Some((3, 4)) }])
    );
    assert_eq!(items("BINARY.SIZE[1.2]"), Some(vec![FetchItem::BinarySize(part)]));
}

#[test]
fn what_is_no_item_is_bad() {
    for text in [
        "",
        "()",
        "FOO",
        "BODY[",
        "BODY[0]",
        "BODY[1.]",
        "BODY[MIME]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[]<0.0>",
        "BODY[]<0>",
        "(FLAGS",
        "BODY[1.2.FOO]",
        "BODY[1 ]",
        "BINARY[1.TEXT]",
        "BODY.PEEK",
    ] {
        assert_eq!(items(text), None, "{text}");
    }
}

#[test]
fn limits_hold() {
    let list = |count| format!("({})", vec!["UID"; count].join(" "));
    assert!(items(&list(FETCH_ITEM_COUNT_MAX)).is_some());
    assert!(items(&list(FETCH_ITEM_COUNT_MAX + 1)).is_none());
    let deep = |count| format!("BODY[{}]", vec!["1"; count].join("."));
    assert!(items(&deep(PART_DEPTH_MAX)).is_some());
    assert!(items(&deep(PART_DEPTH_MAX + 1)).is_none());
    let fields = |count| format!("BODY[HEADER.FIELDS ({})]", vec!["a"; count].join(" "));
    assert!(items(&fields(HEADER_FIELD_COUNT_MAX)).is_some());
    assert!(items(&fields(HEADER_FIELD_COUNT_MAX + 1)).is_none());
}
