//! Tests of `scanner`: layout rules and limits.

use super::*;
use crate::mime::limits::*;
use crate::mime::tests::{check_tree, scan};

fn scan_within(message: &[u8], limits: Limits) -> Structure {
    let mut scanner = Scanner::new(limits);
    scanner.push(message);
    scanner.finish()
}

/// A part as `Kind(header|body)`, or with its children for the body; line ends as `~` and `/`.
fn shown(structure: &Structure, message: &str, index: usize) -> String {
    let part = structure.parts.get(index).unwrap();
    let text = |span: Span| {
        String::from_utf8_lossy(span.of(message.as_bytes())).replace("\r\n", "~").replace('\n', "/")
    };
    let children: Vec<_> =
        structure.parts.children(index).map(|child| shown(structure, message, child)).collect();
    let inside = if children.is_empty() { text(part.body) } else { children.join(" ") };
    format!("{:?}({}|{inside})", part.kind, text(part.header))
}

fn check(message: &str, expected: &str) {
    let structure = scan(message.as_bytes());
    check_tree(message, message.as_bytes(), structure.parts());
    assert_eq!(shown(&structure, message, 0), expected, "{message:?}");
}

#[test]
fn headers_end_where_they_end() {
    check("A: b\r\n\r\nx\r\n", "Text(A: b~~|x~)");
    check("A: b\n\nx\n", "Text(A: b//|x/)");
    check("A: b\r\n", "Text(A: b~|)");
    check("A: b", "Text(A: b|)");
    check("", "Text(|)");
    check("\r\nx", "Text(~|x)");
    check("\n", "Text(/|)");
    check("A: b\r\nno field\r\nC: d\r\n\r\nx", "Text(A: b~no field~C: d~~|x)");
    check("A: b\r\n--no field\r\nx", "Text(A: b~|--no field~x)");
    check("no field\r\nC: d\r\n\r\nx", "Text(no field~C: d~~|x)");
    check("no field\r\n more\r\nnor this\r\n\r\nC: d\r\n", "Text(|no field~ more~nor this~~C: d~)");
    check("no field\r\n--x\r\n", "Text(|no field~--x~)");
    check("A: b\r\n\r\r\n", "Text(A: b~\r~|)");
    check("no field", "Text(|no field)");
    check("From me Mon\r\nA: b\r\n\r\nx", "Text(From me Mon~A: b~~|x)");
    check("A:\r\n b\r\n\tc\r\n\r\nx", "Text(A:~ b~\tc~~|x)");
    check("A: \0\r\n\r\n\0", "Text(A: \0~~|\0)");
    check("A: b\rC: d\r\n\r\nx", "Text(A: b\rC: d~~|x)");
}

const M: &str = "Content-Type: multipart/mixed; boundary=b\n\n";

#[test]
fn parts_end_before_the_line_end_of_the_delimiter() {
    let m = M.replace('\n', "/");
    check(
        &format!("{M}pre\n--b\nA: 1\n\nx\n--b\n\ny\n\n--b--\nepi\n"),
        &format!("Multipart({m}|Text(A: 1//|x) Text(/|y/))"),
    );
    check(&format!("{M}--b\r\n\r\nx\r\n--b--"), &format!("Multipart({m}|Text(~|x))"));
    // Empty bodies: the blank line ends the header and there is nothing left for a body.
    check(&format!("{M}--b\n\n--b--"), &format!("Multipart({m}|Text(/|))"));
    check(&format!("{M}--b\nA: 1\n\n--b--"), &format!("Multipart({m}|Text(A: 1//|))"));
    check(&format!("{M}--b\nA: 1\n--b--"), &format!("Multipart({m}|Text(A: 1/|))"));
    check(&format!("{M}--b\n--b\n--b--"), &format!("Multipart({m}|Text(|) Text(|))"));
    // No header and no blank line either.
    check(&format!("{M}--b\nx\ny\n\n--b--"), &format!("Multipart({m}|Text(|x/y/))"));
    check(&format!("{M}--b\nx\n--b--"), &format!("Multipart({m}|Text(|x))"));
    let digest = M.replace("mixed", "digest");
    check(
        &format!("{digest}--b\nx\n\n--b--"),
        &format!("Multipart({}|Text(|x/))", digest.replace('\n', "/")),
    );
    // Not closed.
    check(&format!("{M}--b\n\nx\n"), &format!("Multipart({m}|Text(/|x/))"));
    check(&format!("{M}--b"), &format!("Multipart({m}|Text(|))"));
    // White space behind a boundary counts for nothing, other things make it text.
    check(
        &format!("{M}--b \t \n\nx\n--bb\n--b-\n --b\n--b--  \n"),
        &format!("Multipart({m}|Text(/|x/--bb/--b-/ --b))"),
    );
}

#[test]
fn the_blank_line_before_the_first_boundary_may_be_missing() {
    check(
        "Content-Type: multipart/mixed; boundary=b\n--b\n\nx\n--b--\n",
        "Multipart(Content-Type: multipart/mixed; boundary=b/|Text(/|x))",
    );
    check(
        "Content-Type: message/rfc822\n--no field\n",
        "Message(Content-Type: message/rfc822/|Text(|--no field/))",
    );
}

#[test]
fn nested_multiparts_end_with_their_container() {
    let m = M.replace('\n', "/");
    check(
        &format!("{M}--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--b\n\ny\n--b--"),
        &format!(
            "Multipart({m}|Multipart(Content-Type: multipart/mixed; boundary=bb//|Text(/|x)) Text(/|y))"
        ),
    );
    check(
        &format!(
            "{M}--b\nContent-Type: message/rfc822\n\nS: 1\n\n--b\nContent-Type: message/rfc822\n\n--b--"
        ),
        &format!(
            "Multipart({m}|Message(Content-Type: message/rfc822//|Text(S: 1/|)) \
             Message(Content-Type: message/rfc822//|Text(|)))"
        ),
    );
    check(
        &format!("{M}--b\nContent-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n--b--"),
        &format!(
            "Multipart({m}|Message(Content-Type: message/rfc822//|\
             Message(Content-Type: message/rfc822/|Text(|))))"
        ),
    );
    // Never begun: what it holds is text.
    check(
        &format!("{M}--b\nContent-Type: multipart/mixed; boundary=c\n\nx\n--b--"),
        &format!("Multipart({m}|Text(Content-Type: multipart/mixed; boundary=c//|x))"),
    );
}

#[test]
fn what_may_not_be_opened_stays_closed() {
    check(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nA: b\n",
        "Basic(Content-Type: message/rfc822/Content-Transfer-Encoding: base64//|A: b/)",
    );
    check("Content-Type: message/partial\n\nA: b\n", "Basic(Content-Type: message/partial//|A: b/)");
}

#[test]
fn boundaries_have_a_length() {
    let message = |length: usize| {
        let boundary = "b".repeat(length);
        format!("Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n\nx\n--{boundary}--\n")
    };
    assert_eq!(scan(message(BOUNDARY_BYTES_MAX).as_bytes()).parts.root().unwrap().kind, Kind::Multipart);
    assert_eq!(scan(message(BOUNDARY_BYTES_MAX + 1).as_bytes()).parts.root().unwrap().kind, Kind::Text);
}

#[test]
fn a_delimiter_fits_the_head_of_a_line() {
    let count = |length: usize| {
        let padding = " ".repeat(length - "--b\n".len());
        scan(format!("{M}--b\n\nx\n--b{padding}\n\ny\n--b--\n").as_bytes()).parts.0.len()
    };
    assert_eq!(count(LINE_HEAD_BYTES_MAX), 3);
    assert_eq!(count(LINE_HEAD_BYTES_MAX + 1), 2);
}

#[test]
fn depth_is_limited() {
    let message = |depth: usize| {
        let mut out = String::new();
        for level in 1..depth {
            out.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
        }
        out + "\nx\n"
    };
    for (depth, kind) in
        [(DEPTH_MAX, Kind::Text), (DEPTH_MAX + 1, Kind::Basic), (10 * DEPTH_MAX, Kind::Basic)]
    {
        let structure = scan(message(depth).as_bytes());
        assert_eq!(structure.parts.0.len(), DEPTH_MAX);
        assert_eq!(structure.parts.0.last().unwrap().kind, kind, "{depth}");
    }
    let nested = "Content-Type: message/rfc822\n\n";
    for (depth, kind) in [(DEPTH_MAX - 1, Kind::Text), (DEPTH_MAX, Kind::Basic)] {
        let structure = scan((nested.repeat(depth) + "A: b\n\n").as_bytes());
        assert_eq!((structure.parts.0.len(), structure.parts.0.last().unwrap().kind), (DEPTH_MAX, kind));
    }
}

#[test]
fn parts_are_counted() {
    for (given, expected) in [(PARTS_MAX - 1, PARTS_MAX), (PARTS_MAX, PARTS_MAX), (PARTS_MAX + 1, PARTS_MAX)]
    {
        let message = format!("{M}{}--b--\n", "--b\n\nx\n".repeat(given));
        let structure = scan(message.as_bytes());
        assert_eq!(structure.parts.0.len(), expected);
        check_tree("many parts", message.as_bytes(), structure.parts());
    }
    let limits = Limits { parts_max: 2, ..Limits::default() };
    let structure = scan_within(
        format!("{M}--b\nContent-Type: message/rfc822\n\nA: b\n\n--b\n\ny\n--b--\n").as_bytes(),
        limits,
    );
    assert_eq!(structure.parts.0.len(), 2);
    assert_eq!(structure.details[1].reading, Reading::Opaque);
}

#[test]
fn headers_are_kept_to_a_limit() {
    let limits = Limits { header_bytes_max: 100, headers_bytes_max: 150, ..Limits::default() };
    // A header at the limit and one past it; offsets tell all of it in either case.
    for (length, kept) in [(100, 100), (101, 100)] {
        let header = format!("A: {}\n\n", "x".repeat(length - 5));
        let structure = scan_within(format!("{header}body").as_bytes(), limits);
        assert_eq!(structure.header(0).len(), kept);
        assert_eq!(structure.parts.root().unwrap().header.len, length as u64);
        let reading = if kept < length { Reading::Opaque } else { Reading::Claimed };
        assert_eq!(structure.details[0].reading, reading);
    }
    let parts = format!("--b\nA: {}\n\nx\n", "x".repeat(90)).repeat(3);
    let structure = scan_within(format!("{M}{parts}--b--\n").as_bytes(), limits);
    let kept: Vec<_> = (0..4).map(|index| structure.header(index).len()).collect();
    assert_eq!(kept, [43, 95, 12, 0]);
    assert_eq!(structure.details[2].reading, Reading::Opaque);
    assert_eq!(structure.parts.get(3).unwrap().header.len, 95);
    // The real limits.
    for (length, kept) in [(HEADER_BYTES_MAX, HEADER_BYTES_MAX), (HEADER_BYTES_MAX + 1, HEADER_BYTES_MAX)] {
        assert_eq!(scan(format!("A: {}\n\n", "x".repeat(length - 5)).as_bytes()).header(0).len(), kept);
    }
    let huge = format!("--b\nA: {}\n\nx\n", "x".repeat(HEADER_BYTES_MAX - 5)).repeat(3);
    assert_eq!(scan(format!("{M}{huge}--b--\n").as_bytes()).headers.len(), HEADERS_BYTES_MAX);
    // A long line that is no header uses nothing up.
    let structure = scan(format!("A: b\n--{}\n", "x".repeat(3 * HEADERS_BYTES_MAX)).as_bytes());
    assert_eq!((structure.header(0), structure.details[0].reading), (&b"A: b\n"[..], Reading::Claimed));
}
