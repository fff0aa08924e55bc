//! Tests of `bodystructure`.

use super::*;
use crate::mime::limits::PARAMS_MAX;
use crate::mime::tests::scan;

fn check(message: &str, expected: &str) {
    let found = body_structure(&scan(message.as_bytes()));
    assert_eq!(String::from_utf8_lossy(&found), expected, "{message:?}");
}

#[test]
fn plain_messages() {
    check("", "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)");
    check(
        "A: b\r\n\r\nx\r\ny\r\n",
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 6 2 NIL NIL NIL NIL)",
    );
    check(
        "Content-Type: text\r\n\r\nx",
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1 0 NIL NIL NIL NIL)",
    );
    check(
        "Content-Type: Text/Html; charset=\"utf-8\"; x=\"a\\\"b\"\r\nContent-Transfer-Encoding: Base64\r\n\
         Content-ID: <a@b>\r\nContent-Description: a\r\n folded thing\r\nContent-MD5: Q2hlY2s=\r\n\
         Content-Disposition: inline; filename=\"x y\"\r\nContent-Language: de, en\r\nContent-Location: x/y\r\n\r\nabc\r\n",
        "(\"Text\" \"Html\" (\"charset\" \"utf-8\" \"x\" \"a\\\"b\") \"<a@b>\" \"a folded thing\" \"Base64\" 5 1 \
         \"Q2hlY2s=\" (\"inline\" (\"filename\" \"x y\")) (\"de\" \"en\") \"x/y\")",
    );
    check(
        "Content-Type: image/png; name=\u{fc}.png\r\n\r\nx",
        "(\"image\" \"png\" (\"name\" {6}\r\n\u{fc}.png) NIL NIL \"7BIT\" 1 NIL NIL NIL NIL)",
    );
    check(
        "Content-Type: a/b\r\nContent-Disposition: attachment\r\n\r\n",
        "(\"a\" \"b\" NIL NIL NIL \"7BIT\" 0 NIL (\"attachment\" NIL) NIL NIL)",
    );
}

#[test]
fn the_example_of_the_standard() {
    // RFC 9051 7.5.2: a text and a text attachment, as BODY.
    let text: String = (0..48).map(|_| "x".repeat(22) + "\r\n").collect();
    let cut = &text[..text.len() - 2];
    let message = format!(
        "Content-Type: MULTIPART/MIXED; BOUNDARY=b\r\n\r\n--b\r\n\
         Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n{cut}\r\n--b\r\n\
         Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=\"cc.diff\"\r\n\
         Content-ID: <960723163407.20117h@cac.washington.edu>\r\nContent-Description: Compiler diff\r\n\
         Content-Transfer-Encoding: BASE64\r\n\r\n{text}\r\n--b--\r\n"
    );
    let found = body(&scan(message.as_bytes()));
    assert_eq!(
        String::from_utf8(found).unwrap(),
        "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1150 47)\
         (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") \
         \"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 1152 48) \"MIXED\")"
    );
}

#[test]
fn messages_in_messages() {
    check(
        "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
        "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 18 \
         (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
         (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)",
    );
    // RFC 2046 5.1.5: what a digest holds is messages.
    check(
        "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n",
        "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 16 \
         (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
         (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL) \
         \"digest\" (\"boundary\" \"b\") NIL NIL NIL)",
    );
    // RFC 2046 5.2.1: not in base64.
    check(
        "Content-Type: message/rfc822; name=m\r\nContent-Transfer-Encoding: base64\r\n\r\neA==",
        "(\"APPLICATION\" \"OCTET-STREAM\" (\"name\" \"m\") NIL NIL \"base64\" 4 NIL NIL NIL NIL)",
    );
}

#[test]
fn multiparts_that_are_none() {
    for message in [
        "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx",
        "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--b\r\n\r\nx",
        "Content-Type: multipart/mixed; boundary=c\r\n\r\n--b\r\n\r\nx",
    ] {
        check(
            message,
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 8 2 NIL NIL NIL NIL)",
        );
    }
}

#[test]
fn parameters_are_cut() {
    for given in [PARAMS_MAX, PARAMS_MAX + 1] {
        let params: String = (0..given).map(|at| format!(";\r\n p{at}=v")).collect();
        let found = body_structure(&scan(format!("Content-Type: a/b{params}\r\n\r\n").as_bytes()));
        assert_eq!(memchr::memmem::find_iter(&found, b"\"v\"").count(), PARAMS_MAX);
    }
}

#[test]
fn a_structure_has_a_size() {
    // Mandatory fields before the description: `("a" "b" NIL NIL `
    let message =
        |len: usize| format!("Content-Type: a/b\r\nContent-Description: {}\r\n\r\n", "d".repeat(len));
    let before = "(\"a\" \"b\" NIL NIL ".len() + 2;
    let limit = crate::mime::limits::HEADER_BYTES_MAX.min(BODYSTRUCTURE_BYTES_MAX) - 100;
    assert!(body_structure(&scan(message(limit).as_bytes())).len() > limit + before);
    let parts: String =
        (0..3).map(|_| format!("--b\r\nContent-Description: {}\r\n\r\n\r\n", "d".repeat(400_000))).collect();
    let found = body_structure(&scan(
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--").as_bytes(),
    ));
    assert!((800_000..BODYSTRUCTURE_BYTES_MAX).contains(&found.len()), "{}", found.len());
    assert_eq!(memchr::memmem::find_iter(&found, b"\"TEXT\" \"PLAIN\"").count(), 3);
}
