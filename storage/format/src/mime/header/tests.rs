//! Tests of `header`.

use super::*;

fn listed(block: &[u8]) -> Vec<(String, String)> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    fields(block).map(|field| (text(field.name), text(field.value))).collect()
}

fn check(block: &str, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|&(name, value)| (name.into(), value.into())).collect();
    assert_eq!(listed(block.as_bytes()), expected, "{block:?}");
}

#[test]
fn fields_are_found_whatever_ends_their_lines() {
    check("A: 1\r\nB:2\r\n\r\nC: body\r\n", &[("A", " 1"), ("B", "2")]);
    check("A: 1\nB:2\n\nC: body\n", &[("A", " 1"), ("B", "2")]);
    check("A: 1", &[("A", " 1")]);
    check("", &[]);
    check("\r\nA: 1", &[]);
    check("A:\r\n b\r\n\tc\r\nD :e\r\n", &[("A", "\r\n b\r\n\tc"), ("D", "e")]);
    check("From alice@example.org Mon\r\nA: 1\r\n", &[("", "From alice@example.org Mon"), ("A", " 1")]);
    check("From: a\r\nnot a field\r\n more\r\nB: 1\r\n", &[("From", " a"), ("B", " 1")]);
    check(" lost\r\nA: 1\r\n", &[("A", " 1")]);
    check(":\r\nA:\r\n", &[("", ""), ("A", "")]);
}

#[test]
fn raw_fields_make_the_block() {
    let block = b"A: 1\r\n 2\r\nB: 3\n\tx\r\n";
    let raw: Vec<u8> = fields(block).flat_map(|field| field.raw.to_vec()).collect();
    assert_eq!(raw, block);
}

#[test]
fn unfolding_takes_line_ends_and_nothing_else() {
    assert_eq!(unfold(b" a\r\n b\n\tc\r\n"), b"a b\tc");
    assert_eq!(unfold(b"a\rb"), b"a\rb");
    assert_eq!(unfold(b" \r\n "), b"");
    assert_eq!(unfold(b"a\0b"), b"a\0b");
}

#[test]
fn filters_send_fields_as_written_and_the_blank_line() {
    let block = b"Subject: a\r\n b\r\nFrom: x\r\nSUBJECT : c\r\nTo: y\r\n\r\n";
    let some = FieldFilter::new(["subject", "TO"], false);
    assert_eq!(some.apply(block), b"Subject: a\r\n b\r\nSUBJECT : c\r\nTo: y\r\n\r\n");
    let others = FieldFilter::new(["subject", "TO"], true);
    assert_eq!(others.apply(block), b"From: x\r\n\r\n");
    assert_eq!(FieldFilter::new(["date"], false).apply(block), b"\r\n");
    // White space before any field belongs to none of the named.
    assert_eq!(others.apply(b" lost\r\nTo: y\r\n\r\n"), b" lost\r\n\r\n");
    // A message that has no body and no blank line.
    assert_eq!(some.apply(b"Subject: a"), b"Subject: a");
    assert_eq!(some.apply(b"Subject: a\n\n"), b"Subject: a\n\n");
    assert_eq!(some.apply(b""), b"");
}

#[test]
fn filters_do_not_care_about_pieces() {
    let long = "x".repeat(LINE_HEAD_BYTES_MAX + 10);
    let block = format!("From who\r\nSubject: {long}\r\n {long}\r\n{long}: 1\r\nTo: z\n\tq\r\n\r\n");
    for not in [false, true] {
        let filter = FieldFilter::new(["subject", "q"], not);
        let whole = filter.apply(block.as_bytes());
        for step in [1, 2, 5, 1000] {
            let mut out = Vec::new();
            let mut stream = filter.stream();
            block.as_bytes().chunks(step).for_each(|chunk| stream.push(chunk, &mut out));
            stream.finish(&mut out);
            assert_eq!(out, whole, "{step} {not}");
        }
    }
}

#[test]
fn a_name_may_be_as_long_as_the_head_of_a_line() {
    let name = "n".repeat(LINE_HEAD_BYTES_MAX - 1);
    assert_eq!(classify(format!("{name}: x").as_bytes()), Line::Field(name.len()));
    assert_eq!(classify(format!("n{name}: x").as_bytes()), Line::Junk);
}
