//! Names in modified UTF-7, and spellings that are refused.

use super::{decode, encode};

#[test]
fn names_there_and_back() {
    let cases = [
        ("INBOX", "INBOX"),
        ("a & b", "a &- b"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("😀", "&2D3eAA-"),
        ("é&è", "&AOk-&-&AOg-"),
    ];
    for (name, wire) in cases {
        assert_eq!(encode(name), wire);
        assert_eq!(decode(wire.as_bytes()).as_deref(), Some(name));
    }
}

#[test]
fn what_no_encoder_writes_is_refused() {
    for wire in ["&", "&AGE-", "&AOk", "&AOk-&AOg-", "&2D0-", "a\u{e9}", "&A-", "&AOl-", "&AAA-"] {
        assert_eq!(decode(wire.as_bytes()), None, "{wire}");
    }
}
