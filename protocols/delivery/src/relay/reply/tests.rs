//! Reply lines and what is kept of them.

use super::*;

#[test]
fn lines_are_read_strictly() {
    assert_eq!(Reply::parse_line(b"250 ok"), Some((250, false, "ok".to_owned())));
    assert_eq!(Reply::parse_line(b"250-SIZE 1"), Some((250, true, "SIZE 1".to_owned())));
    assert_eq!(Reply::parse_line(b"354"), Some((354, false, String::new())));
    for bad in [&b""[..], b"25", b"2x0 a", b"+50 a", b"250_a", b"150 a", b"650 a", b" 250 a"] {
        assert_eq!(Reply::parse_line(bad), None, "{bad:?}");
    }
}

#[test]
fn status_is_the_enhanced_one_when_it_fits_the_code() {
    let status = |code, line: &str| Reply { code, lines: vec![line.to_owned()] }.status();
    assert_eq!(status(550, "5.1.1 no such user"), "5.1.1");
    assert_eq!(status(450, "4.2.0"), "4.2.0");
    assert_eq!(status(550, "2.1.1 odd"), "5.0.0");
    assert_eq!(status(550, "5.1 odd"), "5.0.0");
    assert_eq!(status(421, "bye"), "4.0.0");
    assert_eq!(status(550, "5.1.1\r\nX: y"), "5.0.0");
}

#[test]
fn what_is_shown_is_one_short_printable_line() {
    let reply = Reply { code: 550, lines: vec!["a\r\nTo: x\u{1b}[2J".to_owned(), "é".repeat(1_000)] };
    let shown = reply.shown();
    assert_eq!(shown.len(), REPLY_KEPT_CHARS_MAX);
    assert!(shown.starts_with("550 a??To: x?[2J ?"));
}
