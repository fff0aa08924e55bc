//! Base subjects as RFC 5256 2.1 makes them, ids and names, and the limits.

use super::{Summary, base_subject, message_ids};
use crate::mime::limits::{REFERENCES_MAX, SORT_TEXT_CHARS_MAX};

#[test]
fn base_subjects() {
    for (subject, base, is_reply) in [
        ("hello", "hello", false),
        ("Re: hello", "hello", true),
        ("RE: re:Fwd:  fw: hello  world", "hello world", true),
        ("Re[2]: hello", "hello", true),
        ("Re : hello", "hello", true),
        ("[list] Re: [list] hello (fwd)", "hello", true),
        ("[list] hello", "hello", false),
        ("[only a blob]", "[only a blob]", false),
        ("[a] [b]", "[b]", false),
        ("[Fwd: Re: hello]", "hello", true),
        ("[fwd: [fwd: x]]", "x", true),
        ("Regarding: this", "Regarding: this", false),
        ("re hello", "re hello", false),
        ("Re:", "", true),
        ("", "", false),
        ("(fwd) (fwd)", "", true),
        ("[[x] Re: y", "[[x] Re: y", false),
    ] {
        assert_eq!(base_subject(subject), (base.to_owned(), is_reply), "{subject}");
    }
}

#[test]
fn a_header() {
    let header = b"From: \"J. Doe\" <jd@example.org>, x@y\r\nTo: plain@example.org\r\nCc: group: a@b;\r\n\
        Subject: Re: =?utf-8?q?=C3=A9t=C3=A9?=\r\nMessage-ID: <1@x>\r\n\
        References: <a@x> junk <b@x>\r\n <c\"\"@x> <broken>\r\nIn-Reply-To: <z@x>\r\n\r\n";
    let summary = Summary::of(header);
    assert_eq!((summary.from.as_str(), summary.to.as_str(), summary.cc.as_str()), ("JD", "PLAIN", "A"));
    assert_eq!((summary.display_from.as_str(), summary.display_to.as_str()), ("J. DOE", "PLAIN@EXAMPLE.ORG"));
    assert_eq!((summary.message_id.as_str(), summary.is_reply), ("1@x", true));
    assert_eq!(summary.references, ["a@x", "b@x", "c@x"]);
    assert_eq!(summary.subject, Summary::of("Subject: E\u{301}T\u{c9}\r\n\r\n".as_bytes()).subject);
    let reply = Summary::of(b"In-Reply-To: <z@x> <y@x>\r\n\r\n");
    assert_eq!(reply.references, ["z@x"]);
    assert_eq!(Summary::of(b""), Summary::default());
    assert_eq!(message_ids(b"<\"a b\"@c> <@> <d@e"), ["ab@c"]);
}

#[test]
fn limits_at_and_one_past() {
    let many = |count: usize| {
        let ids: String = (0..count).map(|number| format!("<{number}@x> ")).collect();
        Summary::of(format!("References: {ids}\r\n\r\n").as_bytes()).references
    };
    assert_eq!(many(REFERENCES_MAX).len(), REFERENCES_MAX);
    let past = many(REFERENCES_MAX + 1);
    assert_eq!((past.len(), past[0].as_str()), (REFERENCES_MAX, "1@x"));
    for extra in [0, 1] {
        let subject = "[".repeat(SORT_TEXT_CHARS_MAX + extra);
        assert_eq!(base_subject(&subject).0.len(), SORT_TEXT_CHARS_MAX);
    }
}
