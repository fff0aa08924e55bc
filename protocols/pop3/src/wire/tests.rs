//! Dots, line ends and TOP, in every way a message can be cut into pieces.

use super::*;

fn stuffed(message: &[u8], lines: Option<u64>, piece: usize) -> Vec<u8> {
    let (mut stuffer, mut out) = (Stuffer::new(lines), Vec::new());
    for piece in message.chunks(piece) {
        stuffer.push(piece, &mut out);
    }
    stuffer.finish(&mut out);
    out
}

#[track_caller]
fn check(message: &[u8], lines: Option<u64>, expected: &[u8]) {
    for piece in 1..=message.len().max(1) {
        let found = stuffed(message, lines, piece);
        assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(expected), "pieces of {piece}");
    }
}

#[test]
fn dots_at_the_beginning_of_a_line_are_doubled() {
    check(b"A: b\r\n\r\nx\r\n.\r\n..y\r\n.z", None, b"A: b\r\n\r\nx\r\n..\r\n...y\r\n..z\r\n");
    check(b".", None, b"..\r\n");
    check(b"", None, b"");
    check(b"a.b\r\n", None, b"a.b\r\n");
}

#[test]
fn no_bare_lf_makes_a_false_end() {
    check(b"A: b\n\nx\n.\r\nQUIT", None, b"A: b\r\n\r\nx\r\n..\r\nQUIT\r\n");
    check(b"x\r.\r\ny\r\r\nz\r", None, b"x\r.\r\ny\r\r\nz\r\r\n");
}

#[test]
fn top_gives_the_header_the_blank_line_and_so_many_lines() {
    let message = b"A: b\r\n c\r\n\r\none\r\n\r\n.three\r\nfour";
    check(message, Some(0), b"A: b\r\n c\r\n\r\n");
    check(message, Some(1), b"A: b\r\n c\r\n\r\none\r\n");
    check(message, Some(3), b"A: b\r\n c\r\n\r\none\r\n\r\n..three\r\n");
    let whole = b"A: b\r\n c\r\n\r\none\r\n\r\n..three\r\nfour\r\n";
    check(message, Some(4), whole);
    check(message, Some(u64::MAX), whole);
    check(b"A: b\r\n", Some(5), b"A: b\r\n");
    check(b"\r\nbody\r\n", Some(0), b"\r\n");
}
