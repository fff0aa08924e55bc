//! Tests of `decode`.

use super::*;

fn check(encoding: Encoding, octets: &[u8], expected: &[u8]) {
    let shown = String::from_utf8_lossy(octets);
    assert_eq!(whole(encoding, octets), expected, "{shown:?}");
    let mut out = Vec::new();
    let mut decoder = Decoder::new(encoding);
    octets.iter().for_each(|byte| decoder.push(&[*byte], &mut out));
    decoder.finish(&mut out);
    assert_eq!(out, expected, "octet by octet: {shown:?}");
}

#[test]
fn base64_is_undone() {
    for (octets, expected) in [
        ("", ""),
        ("Zg==", "f"),
        ("Zm8=", "fo"),
        ("Zm9v", "foo"),
        ("Zm9vYg==", "foob"),
        ("Zm9v\r\nYmFy\r\n", "foobar"),
        ("Zm9vYg", "foob"),
        ("Zm9vY", "foo"),
        ("Zm9v!Ym Fy", "foobar"),
        ("Zg==ignored", "f"),
        ("=Zm9v", "foo"),
    ] {
        check(Encoding::Base64, octets.as_bytes(), expected.as_bytes());
    }
}

#[test]
fn quoted_printable_is_undone() {
    for (octets, expected) in [
        ("", &b""[..]),
        ("a=3Db", b"a=b"),
        ("a=3db", b"a=b"),
        ("=C3=A9", "é".as_bytes()),
        ("a=\r\nb", b"ab"),
        ("a=\nb", b"ab"),
        ("a= \t\r\nb", b"ab"),
        ("a  \t\r\nb", b"a\r\nb"),
        ("a \nb", b"a\nb"),
        ("a  b", b"a  b"),
        ("a=", b"a"),
        ("a=zz", b"a=zz"),
        ("a=4", b"a=4"),
        ("a=4z", b"a=4z"),
        ("a==41", b"a=A"),
        ("a= b", b"a= b"),
        ("a\rb", b"a\rb"),
        ("\r\n\r\n", b"\r\n\r\n"),
        ("a=20\r\n", b"a \r\n"),
        ("a=\r=41", b"a=\rA"),
    ] {
        check(Encoding::QuotedPrintable, octets.as_bytes(), expected);
    }
}

#[test]
fn white_space_at_a_lines_end_is_held_to_a_limit() {
    let blank = |count: usize| " ".repeat(count);
    check(Encoding::QuotedPrintable, format!("a{}\n", blank(HELD_BYTES_MAX)).as_bytes(), b"a\n");
    let most = format!("a{}b", blank(HELD_BYTES_MAX * 3));
    check(Encoding::QuotedPrintable, most.as_bytes(), most.as_bytes());
}

#[test]
fn other_encodings_pass() {
    for encoding in [Encoding::SevenBit, Encoding::EightBit, Encoding::Binary, Encoding::Unknown] {
        check(encoding, b"=41 Zm9v\0\xff", b"=41 Zm9v\0\xff");
    }
}
