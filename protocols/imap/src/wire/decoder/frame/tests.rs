//! Lines, literals, limits, and octets that arrive one by one.

use super::{Framer, Line, LiteralHeader, literal_header};
use crate::limits::LINE_BYTES_MAX;

#[test]
fn headers_of_literals() {
    let header = |size, synchronizing, binary| Some(LiteralHeader { size, synchronizing, binary });
    assert_eq!(literal_header(b"a LOGIN {5}"), header(5, true, false));
    assert_eq!(literal_header(b"a LOGIN {5+}"), header(5, false, false));
    assert_eq!(literal_header(b"a APPEND x ~{5}"), header(5, true, true));
    assert_eq!(literal_header(b"{4294967295+}"), header(4_294_967_295, false, false));
    assert_eq!(literal_header(b"{99999999999999999999}"), header(u64::MAX, true, false));
    for line in ["a NOOP", "a {}", "a {+}", "a {x}", "a {5-}", "a 5}", "a {5} "] {
        assert_eq!(literal_header(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn lines_one_octet_at_a_time() {
    let mut framer = Framer::default();
    let mut command = Vec::new();
    let mut kinds = Vec::new();
    for byte in b"a LOGIN {1}\r\nb NOOP\r\nc NOOP\n" {
        framer.feed(&[*byte]);
        if let Some(kind) = framer.line(&mut command).unwrap() {
            kinds.push(kind);
        }
    }
    assert_eq!(command, b"a LOGIN {1}\r\nb NOOP\r\nc NOOP\r\n");
    let literal = Line::Literal(LiteralHeader { size: 1, synchronizing: true, binary: false });
    assert_eq!(kinds, [literal, Line::Whole, Line::Whole]);
    framer.release();
    assert!(framer.buffered().is_empty());
}

#[test]
fn a_line_at_the_limit_and_one_past_it() {
    let mut line = vec![b'x'; LINE_BYTES_MAX - 2];
    line.extend_from_slice(b"\r\n");
    let mut framer = Framer::default();
    framer.feed(&line);
    assert_eq!(framer.line(&mut Vec::new()).unwrap(), Some(Line::Whole));
    line.insert(0, b'x');
    framer.feed(&line);
    assert!(framer.line(&mut Vec::new()).is_err());
    let mut endless = Framer::default();
    endless.feed(&vec![b'x'; LINE_BYTES_MAX + 1]);
    assert!(endless.line(&mut Vec::new()).is_err());
}

#[test]
fn what_is_behind_a_literal_stays() {
    let mut framer = Framer::default();
    framer.feed(b"hello world\r\nb NOOP\r\n");
    assert_eq!(framer.take(5), b"hello");
    let mut rest = Vec::new();
    assert_eq!(framer.line(&mut rest).unwrap(), Some(Line::Whole));
    assert_eq!(rest, b" world\r\n");
    assert_eq!(framer.buffered(), b"b NOOP\r\n");
}
