//! Pieces of any size give one preview, and much text costs no more than a little.

use super::Preview;
use crate::mime::limits::{Limits, PREVIEW_CHARS_MAX};
use crate::mime::{Scanner, text};

fn preview(message: &[u8], piece: usize) -> String {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(message);
    let parts = scanner.finish().digest().parts;
    let part = parts.root().unwrap();
    let mut preview = Preview::begin(part, part.header.of(message)).unwrap();
    for piece in part.body.of(message).chunks(piece) {
        preview.push(piece);
    }
    preview.finish()
}

#[test]
fn pieces_of_any_size() {
    let message = "Content-Type: text/plain; charset=utf-8\r\n\r\nH\u{e9}llo\r\n  big   world\r\n".as_bytes();
    for piece in [1, 2, 3, 100] {
        assert_eq!(preview(message, piece), "H\u{e9}llo big world", "{piece}");
    }
    let html =
        b"Content-Type: text/html\r\n\r\n<html><head><title>T &amp; <b></title><style>p {}</style></head><p>a <b>b</b></p>";
    for piece in [1, 7, 100] {
        assert_eq!(preview(html, piece), "a b", "{piece}");
    }
}

#[test]
fn as_many_characters_as_the_limit_and_one_more() {
    for extra in [0, 1] {
        let message = format!("\r\n{}", "x".repeat(PREVIEW_CHARS_MAX + extra));
        assert_eq!(preview(message.as_bytes(), 50).len(), PREVIEW_CHARS_MAX);
    }
    let message = format!("A: b\r\n\r\n{}", "word ".repeat(1_000_000));
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(message.as_bytes());
    let parts = scanner.finish().digest().parts;
    assert_eq!(preview(message.as_bytes(), 100_000), text::preview(&parts, message.as_bytes()));
}
