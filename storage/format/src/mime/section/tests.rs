//! Tests of `section`.

use super::*;
use crate::mime::limits::{SECTION_DEPTH_MAX, SECTION_FIELDS_MAX};
use crate::mime::tests::scan;

/// The message of RFC 9051 6.4.5.1, with content that names its place.
const EXAMPLE: &str = "Subject: top\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: text/plain\r\n\r\none\r\n\
    --m\r\nContent-Type: application/octet-stream\r\n\r\ntwo\r\n\
    --m\r\nContent-Type: message/rfc822\r\n\r\n\
    Subject: three\r\nContent-Type: multipart/mixed; boundary=n\r\n\r\n\
    --n\r\nContent-Type: text/plain\r\n\r\nthree-one\r\n\
    --n\r\nContent-Type: application/octet-stream\r\n\r\nthree-two\r\n--n--\r\n\
    --m\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n\
    --o\r\nContent-Type: image/gif\r\n\r\nfour-one\r\n\
    --o\r\nContent-Type: message/rfc822\r\n\r\n\
    Subject: four-two\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n\
    --p\r\nContent-Type: text/plain\r\n\r\nfour-two-one\r\n\
    --p\r\nContent-Type: multipart/alternative; boundary=q\r\n\r\n\
    --q\r\nContent-Type: text/plain\r\n\r\nfour-two-two-one\r\n\
    --q\r\nContent-Type: text/richtext\r\n\r\nfour-two-two-two\r\n--q--\r\n--p--\r\n--o--\r\n--m--\r\n";

/// What a section sends.
fn get(message: &str, spec: &str) -> Option<String> {
    let section = Section::parse(spec.as_bytes()).unwrap_or_else(|| panic!("{spec:?} is a section"));
    let sent = match scan(message.as_bytes()).parts().resolve(&section)? {
        Slice::Range(span) => span.of(message.as_bytes()).to_vec(),
        Slice::Filtered { header, filter } => filter.apply(header.of(message.as_bytes())),
    };
    Some(String::from_utf8(sent).unwrap())
}

#[test]
fn the_example_of_the_standard() {
    for (spec, expected) in [
        ("1", "one"),
        ("2", "two"),
        ("3.1", "three-one"),
        ("3.2", "three-two"),
        ("4.1", "four-one"),
        ("4.2.1", "four-two-one"),
        ("4.2.2.1", "four-two-two-one"),
        ("4.2.2.2", "four-two-two-two"),
        ("4.1.MIME", "Content-Type: image/gif\r\n\r\n"),
        ("3.HEADER", "Subject: three\r\nContent-Type: multipart/mixed; boundary=n\r\n\r\n"),
        ("HEADER.FIELDS (subject)", "Subject: top\r\n\r\n"),
        ("header.fields.not (Subject)", "Content-Type: multipart/mixed; boundary=m\r\n\r\n"),
        ("4.2.HEADER.FIELDS (SUBJECT DATE)", "Subject: four-two\r\n\r\n"),
        ("4.2.MIME", "Content-Type: message/rfc822\r\n\r\n"),
        ("4.2.2.MIME", "Content-Type: multipart/alternative; boundary=q\r\n\r\n"),
    ] {
        assert_eq!(get(EXAMPLE, spec).as_deref(), Some(expected), "{spec}");
    }
    assert_eq!(get(EXAMPLE, "").as_deref(), Some(EXAMPLE));
    assert_eq!(get(EXAMPLE, "HEADER").unwrap() + &get(EXAMPLE, "TEXT").unwrap(), EXAMPLE);
    assert_eq!(
        get(EXAMPLE, "3.HEADER").unwrap() + &get(EXAMPLE, "3.TEXT").unwrap(),
        get(EXAMPLE, "3").unwrap()
    );
    assert!(get(EXAMPLE, "4.2.2").unwrap().starts_with("--q"));
    for none in
        ["5", "1.1", "1.HEADER", "1.TEXT", "2.HEADER.FIELDS (A)", "3.3", "4.HEADER", "4.2.2.3", "3.1.1"]
    {
        assert_eq!(get(EXAMPLE, none), None, "{none}");
    }
}

#[test]
fn a_message_without_parts_has_part_one() {
    let message = "Subject: x\r\n\r\nbody\r\n";
    assert_eq!(get(message, "1").as_deref(), Some("body\r\n"));
    assert_eq!(get(message, "1.MIME").as_deref(), Some("Subject: x\r\n\r\n"));
    for none in ["2", "1.1", "1.TEXT"] {
        assert_eq!(get(message, none), None, "{none}");
    }
    let message = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody\r\n";
    assert_eq!(get(message, "1").as_deref(), Some("Subject: in\r\n\r\nbody\r\n"));
    assert_eq!(get(message, "1.HEADER").as_deref(), Some("Subject: in\r\n\r\n"));
    assert_eq!(get(message, "1.1").as_deref(), Some("body\r\n"));
    assert_eq!(get(message, "TEXT").as_deref(), Some("Subject: in\r\n\r\nbody\r\n"));
    assert_eq!(get(message, "1.1.1"), None);
}

#[test]
fn what_is_no_section_is_refused() {
    for spec in [
        "0",
        "1.",
        ".1",
        "1..2",
        "01x",
        "HEADER ",
        "MIME",
        "1.HEADERS",
        "HEADER.FIELDS",
        "HEADER.FIELDS ()",
        "TEXT (A)",
        "HEADER.FIELDS (A",
        "HEADER.FIELDS (A  B)",
        "HEADER.FIELDS (\"A)",
        "HEADER.FIELDS (A(B)",
        "4294967296",
        "1 2",
        "HEADER.FIELDS (\"A\"B)",
        "1 HEADER",
    ] {
        assert_eq!(Section::parse(spec.as_bytes()), None, "{spec:?}");
    }
    let names = vec![b"A".to_vec(), b"b-C".to_vec()];
    assert_eq!(
        Section::parse(b"1.2.header.fields (A \"b-C\")"),
        Some(Section { path: vec![1, 2], what: What::Fields(names) })
    );
}

#[test]
fn sections_have_limits() {
    let path = |numbers: usize| vec!["1"; numbers].join(".");
    assert!(Section::parse(path(SECTION_DEPTH_MAX).as_bytes()).is_some());
    assert!(Section::parse(path(SECTION_DEPTH_MAX + 1).as_bytes()).is_none());
    let list = |names: usize| format!("HEADER.FIELDS ({})", vec!["A"; names].join(" "));
    assert!(Section::parse(list(SECTION_FIELDS_MAX).as_bytes()).is_some());
    assert!(Section::parse(list(SECTION_FIELDS_MAX + 1).as_bytes()).is_none());
}

#[test]
fn partial_spans_never_leave_the_span() {
    let span = Span { start: 10, len: 5 };
    assert_eq!(span.partial(0, 3), Span { start: 10, len: 3 });
    assert_eq!(span.partial(3, 100), Span { start: 13, len: 2 });
    assert_eq!(span.partial(5, 1).len, 0);
    assert_eq!(span.partial(u64::MAX, u64::MAX).len, 0);
    assert_eq!(Span { start: 3, len: u64::MAX }.of(b"abcdef"), b"def");
    assert_eq!(Span { start: 9, len: 1 }.of(b"abcdef"), b"");
}

#[test]
fn tables_survive_the_store() {
    let digest = scan(EXAMPLE.as_bytes()).digest();
    let stored = postcard::to_stdvec(&digest).unwrap();
    assert_eq!(postcard::from_bytes::<crate::mime::Digest>(&stored).unwrap(), digest);
    let table = postcard::to_stdvec(&digest.parts).unwrap();
    assert!(table.len() < 16 * digest.parts.iter().count(), "{}", table.len());
}
