//! The mapping of outcomes, and the form of replies.

use super::*;
use model::Rights;

#[test]
fn every_outcome_has_its_reply() {
    for (error, expect) in [
        (Error::NotFound, "550 5.1.1 "),
        (Error::Forbidden(Rights::POST), "550 5.7.1 "),
        (Error::Exists, "451 4.3.0 "),
        (Error::Conflict, "451 4.3.0 "),
        (Error::OverQuota, "452 4.2.2 "),
        (Error::DiskFull, "452 4.3.1 "),
        (Error::TooLarge(7), "552 5.3.4 "),
        (Error::Unavailable, "451 4.3.0 "),
        (Error::Corrupt, "451 4.3.0 "),
        (Error::Invalid("x"), "501 5.5.2 "),
    ] {
        let wire = String::from_utf8(Reply::of(&error).encode()).unwrap();
        assert!(wire.starts_with(expect) && wire.ends_with("\r\n"), "{wire}");
    }
}

#[test]
fn several_lines() {
    let reply = Reply::plain(250, vec!["host".into(), "SIZE 1".into(), "8BITMIME".into()]);
    assert_eq!(reply.encode(), b"250-host\r\n250-SIZE 1\r\n250 8BITMIME\r\n");
}
