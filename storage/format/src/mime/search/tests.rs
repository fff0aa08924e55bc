//! Tests of `search`.

use super::*;
use crate::mime::tests::scan;

#[test]
fn case_and_composition_do_not_matter() {
    for (needle, text, expected) in [
        ("world", "Hello WORLD", true),
        ("", "", true),
        ("x", "", false),
        ("ÜBER", "über uns", true),
        ("strasse", "Straße", true),
        ("straße", "STRASSE", true),
        ("ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ", false),
        ("οδυσσευς", "ΟΔΥΣΣΕΥΣ", true),
        ("e\u{301}", "\u{e9}", true),
        ("\u{e9}", "E\u{301}", true),
        ("привет", "ПРИВЕТ мир", true),
        ("ﬁn", "fin", true),
        ("a  b", "a b", false),
    ] {
        assert_eq!(Needle::new(needle).is_in(text), expected, "{needle:?} in {text:?}");
    }
}

#[test]
fn pieces_do_not_matter() {
    let text = "aaaÄßbabababaC";
    for needle in ["ässb", "aaä", "babac", "c", "x", "bababababac"] {
        let needle = Needle::new(needle);
        let mut stream = needle.stream();
        text.chars().for_each(|char| {
            stream.push(&char.to_string());
        });
        assert_eq!(stream.is_found(), needle.is_in(text), "{needle:?}");
    }
    let needle = Needle::new("ab");
    let mut stream = needle.stream();
    stream.push("a");
    stream.restart();
    assert!(!stream.push("b"));
}

const MESSAGE: &str = "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Alice <alice@example.org>\r\nX-Empty:\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
    Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    soft line br=\r\neak, M=FCller\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    PHA+VGFnIDxiPmdl\r\nc2U8L2I+aGVuPC9wPg==\r\n--b\r\nContent-Type: application/pdf; name*=utf-8''Pr%C3%BCfung.pdf\r\n\r\n\
    binary text\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ndeep\r\n--b--\r\n";

#[test]
fn messages_are_searched() {
    let parts = scan(MESSAGE.as_bytes()).parts().clone();
    let header = parts.root().unwrap().header.of(MESSAGE.as_bytes());
    for (needle, header_has, body_has) in [
        ("GRÜSSE", true, false),
        ("alice@", true, false),
        ("line break, müller", false, true),
        ("tag gesehen", false, true),
        ("prüfung.pdf", false, true),
        ("binary text", false, false),
        ("subject: inner", false, true),
        ("deep", false, true),
        ("preamble", false, false),
        ("", true, true),
    ] {
        let needle = Needle::new(needle);
        assert_eq!(in_header(header, &needle), header_has, "{needle:?}");
        assert_eq!(in_body(&parts, MESSAGE.as_bytes(), &needle), body_has, "{needle:?}");
        assert_eq!(in_text(&parts, MESSAGE.as_bytes(), &needle), header_has || body_has, "{needle:?}");
    }
    assert!(in_field(header, b"subject", &Needle::new("grüße")));
    assert!(!in_field(header, b"from", &Needle::new("grüße")));
    assert!(in_field(header, b"X-EMPTY", &Needle::new("")));
    assert!(!in_field(header, b"X-None", &Needle::new("")));
}

#[test]
fn bodies_may_come_in_any_pieces() {
    let message = MESSAGE.as_bytes();
    let parts = scan(message).parts().clone();
    for step in [1, 3, 1000] {
        let needle = Needle::new("Line Break, MÜLLER");
        let mut search = BodySearch::new(&needle);
        for (index, part) in parts.iter().enumerate() {
            if search.part(index, part, part.header.of(message)) {
                part.body.of(message).chunks(step).for_each(|chunk| {
                    search.push(chunk);
                });
            }
        }
        assert!(search.finish(), "{step}");
    }
}
