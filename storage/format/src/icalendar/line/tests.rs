//! Content lines: what is read, and that what is not understood is kept.

use super::*;

fn lines(octets: &[u8]) -> Vec<Line<'_>> {
    Lines::new(octets).collect::<Result<_>>().unwrap()
}

#[test]
fn folds_are_undone_even_inside_a_character() {
    let octets = "SUMMARY:Gr\u{fc}\u{df}e".as_bytes();
    let mut folded = octets[..11].to_vec();
    folded.extend_from_slice(b"\r\n ");
    folded.extend_from_slice(&octets[11..]);
    folded.extend_from_slice(b"\r\nX:1\r\n");
    let all = lines(&folded);
    assert_eq!(all[0].value(), "Gr\u{fc}\u{df}e");
    assert_eq!(all[0].raw(), &folded[..folded.len() - 5]);
    assert_eq!(all[1].raw(), b"X:1\r\n");
}

#[test]
fn bare_line_feeds_blank_lines_and_a_mark_are_tolerated() {
    let all = lines(b"\xef\xbb\xbfA:1\nB:2\n\t3\n\n\n");
    assert_eq!(all.iter().map(Line::text).collect::<Vec<_>>(), ["A:1", "B:23"]);
    let all = lines(b"A:1\n\r\nC:4");
    assert_eq!(all.iter().map(Line::text).collect::<Vec<_>>(), ["A:1", "C:4"]);
}

#[test]
fn parameters_keep_quotes_commas_and_colons_apart() {
    let line = Line::from_text(
        "ATTENDEE;CN=\"Doe; Jane: x\";DELEGATED-TO=\"mailto:a@b\",\"mailto:c@d\";RSVP=TRUE:mailto:j@d",
    );
    assert_eq!(line.name(), "ATTENDEE");
    assert_eq!(line.param("cn").unwrap(), "Doe; Jane: x");
    let to: Vec<_> = line.params().nth(1).unwrap().values().collect();
    assert_eq!(to, ["mailto:a@b", "mailto:c@d"]);
    assert_eq!(line.value(), "mailto:j@d");
    assert_eq!(line.head(), line.text().strip_suffix("mailto:j@d").unwrap());
}

/// RFC 6868 3.2: its own example.
#[test]
fn carets_are_undone() {
    let line = Line::from_text("ATTENDEE;CN=George Herman ^'Babe^' Ruth;X=a^nb^^c^d:mailto:babe@example.com");
    assert_eq!(line.param("CN").unwrap(), "George Herman \"Babe\" Ruth");
    assert_eq!(line.param("X").unwrap(), "a\nb^c^d");
}

#[test]
fn groups_and_bare_parameters_of_cards() {
    let line = Line::from_text("item1.TEL;HOME;VOICE:+1");
    assert_eq!((line.group(), line.name()), (Some("item1"), "TEL"));
    assert_eq!(line.params().map(|param| param.value).collect::<Vec<_>>(), ["HOME", "VOICE"]);
}

#[test]
fn a_quote_that_never_closes_does_not_hide_the_value() {
    let line = Line::from_text("X;A=\"b:c");
    assert_eq!((line.name(), line.value()), ("X", "c"));
    assert_eq!(Line::from_text("no colon at all").name(), "");
}

#[test]
fn text_is_unescaped() {
    assert_eq!(unescape(r"a\, b\; c\\ d\n e\N f\x"), "a, b; c\\ d\n e\n f\\x");
    assert_eq!(split_escaped(r"a\,b,c\\,d", b',').collect::<Vec<_>>(), [r"a\,b", r"c\\", "d"]);
}

#[test]
fn quoted_printable_lines_of_old_cards_are_joined() {
    let octets = b"NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0A=\r\nb=\r\nc\r\nEND:VCARD\r\n";
    let all: Vec<_> = Lines::vcard(octets).collect::<Result<_>>().unwrap();
    assert_eq!(all[0].value(), "a=0D=0Abc");
    assert_eq!(all[1].text(), "END:VCARD");
}

#[test]
fn lines_end_at_their_limit() {
    let fits = format!("X:{}\r\n", "a".repeat(LINE_BYTES_MAX - 2));
    assert!(Lines::new(fits.as_bytes()).next().unwrap().is_ok());
    let over = format!("X:{}\r\n", "a".repeat(LINE_BYTES_MAX - 1));
    assert_eq!(
        Lines::new(over.as_bytes()).next().unwrap().unwrap_err(),
        Error::TooLarge(LINE_BYTES_MAX as u64)
    );
}

#[test]
fn our_own_lines_are_folded_at_75_octets() {
    let mut out = Vec::new();
    write_line(&mut out, &format!("SUMMARY:{}", "\u{fc}".repeat(100)));
    assert!(out.split(|&byte| byte == b'\n').all(|line| line.len() <= 76));
    assert_eq!(lines(&out)[0].value(), "\u{fc}".repeat(100));
}
