//! Replies as servers send them.

use super::*;

#[test]
fn replies_are_understood() {
    let flags = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
    let table: &[(&[u8], Untagged)] = &[
        (b"3 EXISTS", Untagged::Exists(3)),
        (b"2 EXPUNGE", Untagged::Expunge(2)),
        (b"VANISHED 1:3,7", Untagged::Vanished { earlier: false, uids: vec![1, 2, 3, 7] }),
        (b"VANISHED (EARLIER) 5", Untagged::Vanished { earlier: true, uids: vec![5] }),
        (b"SEARCH 2 5 (MODSEQ 9)", Untagged::Found(vec![2, 5])),
        (b"SEARCH", Untagged::Found(vec![])),
        (b"ESEARCH (TAG \"a\") UID ALL 1:2,5", Untagged::Found(vec![1, 2, 5])),
        (b"ESEARCH (TAG \"a\") UID", Untagged::Found(vec![])),
        (b"OK [UIDNEXT 7] next", Untagged::Code("UIDNEXT".into(), "7".into())),
        (b"STATUS \"a b\" (MESSAGES 1 SIZE 20)", Untagged::Status(vec![("MESSAGES".into(), 1), ("SIZE".into(), 20)])),
        (
            b"4 FETCH (UID 9 FLAGS (\\Seen \\Recent x) MODSEQ (12) RFC822.SIZE 4 BODY[HEADER.FIELDS (A B)] {4}\r\nab)\n)",
            Untagged::Fetch(Fetched {
                number: 4,
                by_uid: false,
                uid: Some(9),
                flags: flags(&["\\Seen", "x"]),
                modseq: Some(12),
                size: Some(4),
                body: Some(b"ab)\n".to_vec()),
            }),
        ),
        (
            b"9 UIDFETCH (FLAGS ())",
            Untagged::Fetch(Fetched { number: 9, by_uid: true, uid: Some(9), flags: flags(&[]), ..Fetched::default() }),
        ),
    ];
    for (line, expected) in table {
        assert_eq!(parse(line).as_ref(), Some(expected), "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn what_is_no_reply_is_not_guessed() {
    for line in [&b"4 FETCH (UID 9"[..], b"4 FETCH (UID 9) ", b"VANISHED 1:x", b"SEARCH a"] {
        assert_eq!(parse(line), None, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn sets_are_short() {
    assert_eq!(set(&[1, 2, 3, 5, 7, 8]), "1:3,5,7:8");
}
