//! URLs as RFC 4469 and 5092 spell them.

use super::parse;
use crate::wire::decoder::fetch::SectionText;

#[test]
fn every_part_of_a_url() {
    let named = parse("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.2.MIME/;PARTIAL=3.1024").unwrap();
    assert_eq!(named.mailbox.as_deref(), Some("Drafts"));
    assert_eq!((named.uid_validity, named.uid, named.partial), (Some(385_759_045), 20, Some((3, 1024))));
    assert_eq!((named.section.part, named.section.what), (vec![1, 2], SectionText::Mime));
    let named = parse("/%C3%89t%C3%A9/a/;UID=1/;SECTION=HEADER.FIELDS%20(From)").unwrap();
    assert_eq!(named.mailbox.as_deref(), Some("\u{c9}t\u{e9}/a"));
    assert_eq!(named.section.what, SectionText::Fields(vec!["From".to_owned()]));
    let named = parse(";UID=7/;PARTIAL=9").unwrap();
    assert_eq!((named.mailbox, named.partial), (None, Some((9, u64::MAX))));
    assert_eq!(parse("/;UID=7").unwrap().uid, 7);
}

#[test]
fn what_is_no_url_names_nothing() {
    for bad in [
        "",
        "/",
        "/INBOX",
        "/INBOX/;UID=0",
        "/INBOX/;UID=x",
        "/INBOX;UIDVALIDITY=x/;UID=1",
        "/INBOX/;UID=1/;FOO=1",
        "/INBOX/;UID=1/;SECTION=1.",
        "/INBOX/;UID=1/;PARTIAL=1.0",
        "/%ff/;UID=1",
        "/%4/;UID=1",
        "imap://other.example.org/INBOX/;UID=1",
    ] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}
