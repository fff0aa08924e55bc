//! End-of-data sequences: the one that ends a message, and those that only look like it.

use super::*;

/// Decodes in one piece and octet by octet; both must agree.
fn decode(input: &[u8]) -> (Vec<u8>, Option<usize>, bool) {
    let (mut dots, mut out) = (Dots::new(), Vec::new());
    let fed = dots.feed(input, &mut out);
    let whole = (out, fed.ended.then_some(fed.taken), dots.bare());
    let (mut dots, mut out, mut end) = (Dots::new(), Vec::new(), None);
    for (index, octet) in input.iter().enumerate() {
        if dots.feed(&[*octet], &mut out).ended {
            end = Some(index + 1);
            break;
        }
    }
    assert_eq!(whole, (out, end, dots.bare()), "{input:?}");
    whole
}

#[test]
fn dots_are_unstuffed_and_the_rest_is_kept() {
    let (out, end, bare) = decode(b"..a\r\n.b\r\nc.\r\n...\r\n.\r\nQUIT\r\n");
    assert_eq!(out, b".a\r\nb\r\nc.\r\n..\r\n");
    assert_eq!(end, Some(21));
    assert!(!bare);
    assert_eq!(decode(b".\r\n"), (vec![], Some(3), false));
    assert_eq!(decode(b"\r\n.\r\n"), (b"\r\n".to_vec(), Some(5), false));
}

/// Between `a\r\n` and `MAIL FROM:<evil>\r\n.\r\n`: none of these ends the message there.
pub(crate) const FALSE_ENDS: &[&[u8]] = &[
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r.\r\n",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\n.\r\n.\n",
    b"\n\n.\n\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n .\r\n",
    b"\r\n. \r\n",
    b"\r\n.\t\r\n",
    b"\r\n..\r\n",
    b"\r\n.\x0b\r\n",
    b"\r\n.\x0c\r\n",
    b"\x0b.\x0b",
    b"\xc2\x85.\xc2\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
    b"\r\x00\n.\r\x00\n",
    b"\r\n.\r\x00\n",
    b"=0D=0A.=0D=0A",
    b"\\r\\n.\\r\\n",
    b"\r\n.=\r\n",
    b"\n\r.\n\r",
    b"\r\n.\n\r\n",
    b"\r\n.\r.\r\n",
    b".\r\n",
];

#[test]
fn nothing_else_ends_a_message() {
    for sequence in FALSE_ENDS {
        let mut input = b"x".to_vec();
        input.extend_from_slice(sequence);
        input.extend_from_slice(b"MAIL FROM:<evil@example.org>\r\n.\r\n");
        let (out, end, bare) = decode(&input);
        assert_eq!(end, Some(input.len()), "{sequence:?}");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains("AIL FROM"), "{sequence:?}: {text:?}");
        let lone = |(index, octet): (usize, &u8)| match octet {
            b'\r' => input.get(index + 1) != Some(&b'\n'),
            b'\n' => index == 0 || input.get(index - 1) != Some(&b'\r'),
            _ => false,
        };
        assert_eq!(bare, input.iter().enumerate().any(lone), "{sequence:?}");
    }
}

#[test]
fn octets_beyond_ascii_are_noticed_anywhere() {
    for text in ["é\r\n.\r\n", ".é\r\n.\r\n", "a é\r\n.\r\n"] {
        let (mut dots, mut out) = (Dots::new(), Vec::new());
        assert!(dots.feed(text.as_bytes(), &mut out).ended);
        assert!(dots.eight_bit());
    }
    let (mut dots, mut out) = (Dots::new(), Vec::new());
    dots.feed(b"plain\r\n.\r\n", &mut out);
    assert!(!dots.eight_bit());
}
