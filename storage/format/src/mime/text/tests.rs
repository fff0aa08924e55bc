//! Tests of `text`.

use super::*;
use crate::mime::tests::{corpus, scan};

fn text_of(message: &[u8]) -> String {
    let parts = scan(message).parts().clone();
    of_message(&parts, message, false, 1 << 20)
}

#[test]
fn charsets_are_decoded_in_pieces() {
    for (header, body, expected) in [
        ("Content-Type: text/plain; charset=utf-8", &b"\xc3\xa9"[..], "é\n"),
        ("Content-Type: text/plain; charset=utf-8", b"\xe9t\xc3\xa9", "étÃ©\n"),
        ("Content-Type: text/plain", b"\xc3\xa9", "é\n"),
        ("Content-Type: text/plain; charset=us-ascii", b"\xe9", "é\n"),
        ("Content-Type: text/plain; charset=iso-2022-jp", b"\x1b$BF|K\\\x1b(B", "日本\n"),
        ("Content-Type: text/plain; charset=utf-16be", b"\0A\0B", "AB\n"),
        ("Content-Type: text/html; charset=koi8-r", b"<p>\xf0\xd2\xc9", "При\n"),
        ("Content-Type: text/plain; charset=utf-8", b"\xc3", "Ã\n"),
    ] {
        let message = [header.as_bytes(), b"\r\n\r\n", body].concat();
        assert_eq!(text_of(&message), expected, "{header}");
        let structure = scan(&message);
        let part = structure.parts().root().unwrap();
        let mut extractor = Extractor::new(part, structure.header(0)).unwrap();
        let mut out = String::new();
        body.iter().for_each(|byte| extractor.push(&[*byte], &mut out));
        extractor.finish(&mut out);
        assert_eq!(out + "\n", expected, "octet by octet: {header}");
    }
}

#[test]
fn text_is_cut_at_a_character() {
    let message = "Content-Type: text/plain; charset=utf-8\r\n\r\naéé".as_bytes();
    let parts = scan(message).parts().clone();
    for (max, expected) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (4, "aé"), (5, "aéé"), (6, "aéé\n")]
    {
        assert_eq!(of_message(&parts, message, false, max), expected);
    }
}

#[test]
fn previews_are_short_and_clean() {
    let preview_of = |message: &[u8]| preview(scan(message).parts(), message);
    assert_eq!(preview_of(b"Subject: x\r\n\r\n  Hello\r\n\r\n  world \r\n"), "Hello world");
    assert_eq!(preview_of(b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Hi <b>you</b>"), "Hi you");
    assert_eq!(preview_of(b"Content-Type: image/png\r\n\r\nxxx"), "");
    let long = |count: usize| format!("\r\n{}", "ä".repeat(count));
    assert_eq!(preview_of(long(PREVIEW_CHARS_MAX).as_bytes()), "ä".repeat(PREVIEW_CHARS_MAX));
    assert_eq!(preview_of(long(PREVIEW_CHARS_MAX + 1).as_bytes()), "ä".repeat(PREVIEW_CHARS_MAX));
    assert_eq!(preview_of(b"\r\na\x07b"), "ab");
}

#[test]
fn the_corpus_has_text() {
    for (name, message) in corpus() {
        let parts = scan(&message).parts().clone();
        let text = of_message(&parts, &message, true, 1 << 20);
        assert!(text.len() <= 1 << 20, "{name}");
        assert!(preview(&parts, &message).chars().count() <= PREVIEW_CHARS_MAX, "{name}");
    }
}
