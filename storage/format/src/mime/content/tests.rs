//! Tests of `content`.

use super::*;

fn shown(value: &str) -> String {
    let Some(content) = ContentType::parse(value.as_bytes()) else { return "none".into() };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let mut out = format!("{}/{}", text(&content.kind), text(&content.subtype));
    for (name, value) in &content.params.0 {
        out.push_str(&format!("; {}={}", text(name), text(value)));
    }
    out
}

#[test]
fn content_types_are_read_raw() {
    for (value, expected) in [
        ("text/plain", "text/plain"),
        (" Text/HTML ; Charset=UTF-8", "Text/HTML; Charset=UTF-8"),
        // RFC 2045 5.1.
        ("text/plain; charset=us-ascii (Plain text)", "text/plain; charset=us-ascii"),
        ("text/plain; charset=\"us-ascii\"", "text/plain; charset=us-ascii"),
        ("text/plain;\r\n charset=\"us\\-ascii\"", "text/plain; charset=us-ascii"),
        ("(c) text (c) / (c(d)) plain (x) ; (y) a (z) = (w) b", "text/plain; a=b"),
        // Seen in the wild.
        ("image/png; name=a b (1).png; x=y", "image/png; name=a b; x=y"),
        ("multipart/mixed; boundary=a=b?c:d", "multipart/mixed; boundary=a=b?c:d"),
        ("text/plain; name=\"a;b\"; c=d", "text/plain; name=a;b; c=d"),
        ("text/plain; name=\"unclosed; c=d", "text/plain; name=unclosed; c=d"),
        ("text/plain;;; ; a=b;", "text/plain; a=b"),
        ("text/plain; a", "text/plain"),
        ("text/plain; a=", "text/plain; a="),
        ("text/plain charset=x", "text/plain; charset=x"),
        ("text/plain; name=\"a\r\n b\"", "text/plain; name=a b"),
        ("text/plain; name*0*=utf-8''%41; name*1=b", "text/plain; name*0*=utf-8''%41; name*1=b"),
        ("text", "none"),
        ("text/", "none"),
        ("/plain", "none"),
        ("", "none"),
        ("(text/plain", "none"),
    ] {
        assert_eq!(shown(value), expected, "{value:?}");
    }
}

#[test]
fn a_type_has_a_longest_name() {
    let name = "x".repeat(TYPE_BYTES_MAX);
    assert_eq!(shown(&format!("{name}/{name}")), format!("{name}/{name}"));
    assert_eq!(shown(&format!("{name}y/a")), "none");
    assert_eq!(shown(&format!("a/{name}y")), "none");
    assert!(Disposition::parse(name.as_bytes()).is_some());
    assert!(Disposition::parse(format!("{name}y").as_bytes()).is_none());
    assert!(encoding_token(name.as_bytes()).is_some());
    assert!(encoding_token(format!("{name}y").as_bytes()).is_none());
}

#[test]
fn parameters_are_counted() {
    for (given, expected) in [(PARAMS_MAX, PARAMS_MAX), (PARAMS_MAX + 1, PARAMS_MAX)] {
        let value: String = (0..given).map(|at| format!("; p{at}=v")).collect();
        let content = ContentType::parse(format!("text/plain{value}").as_bytes()).unwrap();
        assert_eq!(content.params.0.len(), expected);
    }
}

#[test]
fn languages_are_counted_and_read() {
    assert_eq!(languages(b"de"), [b"de"]);
    assert_eq!(languages(b" en (English), fr ,,de-AT"), [&b"en"[..], b"fr", b"de-AT"]);
    assert_eq!(languages(b"(en"), Vec::<Vec<u8>>::new());
    assert_eq!(languages(b""), Vec::<Vec<u8>>::new());
    let many = |count: usize| vec!["en"; count].join(",");
    assert_eq!(languages(many(LANGUAGES_MAX).as_bytes()).len(), LANGUAGES_MAX);
    assert_eq!(languages(many(LANGUAGES_MAX + 1).as_bytes()).len(), LANGUAGES_MAX);
}

#[test]
fn encodings_have_names() {
    for (value, expected) in [
        (Some("7bit"), Encoding::SevenBit),
        (Some(" (why) BASE64 "), Encoding::Base64),
        (Some("Quoted-Printable;"), Encoding::QuotedPrintable),
        (Some("\"8bit\""), Encoding::EightBit),
        (Some("binary\r"), Encoding::Binary),
        (Some("x-uuencode"), Encoding::Unknown),
        (Some(""), Encoding::SevenBit),
        (None, Encoding::SevenBit),
    ] {
        assert_eq!(Encoding::parse(value.map(str::as_bytes)), expected, "{value:?}");
    }
}

#[test]
fn sections_of_parameters_are_joined() {
    // RFC 2231 4.1.
    let value = "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; \
        title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"";
    let content = ContentType::parse(value.as_bytes()).unwrap();
    let (charset, text) = content.params.value("title").unwrap();
    assert_eq!(
        (charset.as_slice(), text.as_slice()),
        (&b"us-ascii"[..], &b"This is even more ***fun*** isn't it!"[..])
    );
    let content = ContentType::parse(b"multipart/mixed; boundary*0=ab; boundary*1=\"c d\"").unwrap();
    assert_eq!(content.params.value("boundary").unwrap().1, b"abc d");
    let content = ContentType::parse(b"a/b; name*=%41%zz%4").unwrap();
    assert_eq!(content.params.value("name").unwrap().1, b"A%zz%4");
    assert_eq!(content.params.value("nothing"), None);
    assert_eq!(ContentType::parse(b"a/b").unwrap().params.value("name"), None);
}

#[test]
fn dispositions_are_read() {
    let found = Disposition::parse(b" attachment; filename=\"a \\\"b\\\".txt\"; size=3").unwrap();
    assert_eq!(found.kind, b"attachment");
    assert_eq!(found.params.raw("FILENAME"), Some(&b"a \"b\".txt"[..]));
    assert_eq!(Disposition::parse(b"; filename=x"), None);
}
