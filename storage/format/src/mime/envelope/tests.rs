//! Tests of `envelope`.

use super::*;
use crate::mime::limits::ADDRESSES_MAX;

fn check(block: &str, expected: &str) {
    assert_eq!(String::from_utf8_lossy(&envelope(block.as_bytes())), expected, "{block:?}");
}

#[test]
fn the_example_of_the_standard() {
    // RFC 9051 8, the message of its FETCH.
    check(
        "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n\
         Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n\
         cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
         Message-Id: <B27397-0100000@cac.washington.ed>\r\nMIME-Version: 1.0\r\n\
         Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n",
        "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" \
         ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
         ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
         ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
         ((NIL NIL \"imap\" \"cac.washington.edu\")) \
         ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \
         \"<B27397-0100000@cac.washington.ed>\")",
    );
}

#[test]
fn absent_is_nil_and_empty_is_empty() {
    check("", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    check(
        "Date:\r\nSubject: \r\nFrom:\r\nTo: \r\nIn-Reply-To:\r\nMessage-ID:\r\n\r\n",
        "(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")",
    );
}

#[test]
fn sender_and_reply_to_default_to_from() {
    check(
        "From: a@b\r\nSender:\r\nReply-To: c@d\r\n\r\n",
        "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL)",
    );
}

#[test]
fn repeated_fields() {
    check(
        "Subject: one\r\nSubject: two\r\nTo: a@b\r\nTo: c@d\r\n",
        "(NIL \"one\" NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)",
    );
}

#[test]
fn groups_and_routes() {
    check(
        "To: G: a@b;, <@r:c@d>\r\n",
        "(NIL NIL NIL NIL NIL ((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)(NIL \"@r\" \"c\" \"d\")) \
         NIL NIL NIL NIL)",
    );
}

#[test]
fn text_is_unfolded_and_never_decoded() {
    check(
        "Subject: a\r\n b\r\n\t=?utf-8?Q?=C3=A4?=\r\n",
        "(NIL \"a b\t=?utf-8?Q?=C3=A4?=\" NIL NIL NIL NIL NIL NIL NIL NIL)",
    );
    check("Subject: say \"x\\y\"\r\n", "(NIL \"say \\\"x\\\\y\\\"\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Subject: ü\r\n", "(NIL {2}\r\nü NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Subject: a\rb\r\n", "(NIL {3}\r\na\rb NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Subject: a\0b\r\n", "(NIL {3}\r\na?b NIL NIL NIL NIL NIL NIL NIL NIL)");
}

#[test]
fn address_lists_are_cut() {
    for given in [ADDRESSES_MAX, ADDRESSES_MAX + 1] {
        let block = format!("To: {}\r\n", vec!["a@b"; given].join(","));
        let out = envelope(block.as_bytes());
        assert_eq!(memchr::memmem::find_iter(&out, b"(NIL NIL \"a\" \"b\")").count(), ADDRESSES_MAX);
        // Also when they come in many fields.
        let out = envelope("To: a@b\r\n".repeat(given).as_bytes());
        assert_eq!(memchr::memmem::find_iter(&out, b"(NIL NIL \"a\" \"b\")").count(), ADDRESSES_MAX);
    }
}

#[test]
fn an_envelope_has_a_size() {
    let subject = |len: usize| format!("Subject: {}\r\n", "s".repeat(len));
    // `(NIL "` is before the text.
    let fits = ENVELOPE_BYTES_MAX - 5;
    assert!(envelope(subject(fits).as_bytes()).len() > fits);
    assert_eq!(envelope(subject(fits).as_bytes()).len(), envelope(subject(fits + 1).as_bytes()).len());
    let name = "n".repeat(1000);
    let block = format!("From: {}\r\n", vec![format!("{name} <a@b>"); 1000].join(","));
    let out = envelope(block.as_bytes());
    assert!((ENVELOPE_BYTES_MAX - 2000..ENVELOPE_BYTES_MAX + 100).contains(&out.len()), "{}", out.len());
}
