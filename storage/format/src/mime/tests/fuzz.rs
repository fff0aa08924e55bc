//! Fuzz targets of MIME: whole messages, and the two replies that are made of headers.

use super::hostile::{READER_DEPTH_MAX, depth, everything, mutated};
use super::*;

#[path = "../../../../../conformance/fuzz/harness.rs"]
mod harness;

use harness::{Dice, fuzz};

#[test]
#[ignore = "a fuzz target: conformance/run fuzz"]
fn fuzz_mime() {
    let corpus = corpus();
    fuzz("mime", |seed| {
        let mut dice = super::hostile::Dice::new(seed);
        let message = mutated(&corpus, &mut dice);
        let digest = everything(&message);
        assert_eq!(digest.parts.size(), message.len() as u64);
        check_tree("", &message, &digest.parts);
        assert_eq!(scan_by(&message, 1 + dice.below(60)).digest(), digest, "in pieces");
        super::slices::check_sections("", &message, &digest.parts);
        if depth(&digest.parts) <= READER_DEPTH_MAX {
            read_back(&digest).unwrap();
        }
    });
}

/// What values of header fields are made of.
const PIECES: &[&[u8]] = &[
    b"a@b",
    b"<a@b>",
    b"Name <a@b>",
    b"\"q\\\"\" <a@b>",
    b"group: a@b, c@d;",
    b"g:;",
    b",",
    b";",
    b":",
    b"<",
    b">",
    b"@",
    b"(",
    b")",
    b"(c \\( d)",
    b"\"",
    b"\\",
    b"\\\"",
    b"=?utf-8?Q?=C3=A9?=",
    b"=?utf-8?B?w6k=?=",
    b"=?x?Q?",
    b"?=",
    b"\r\n ",
    b"\r\n\t",
    b"\n ",
    b"\r",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b" ",
    b"text/plain",
    b"multipart/mixed",
    b"message/rfc822",
    b"; charset=utf-8",
    b"; boundary=\"x y\"",
    b"; name*0*=utf-8'en'%C3; name*1*=%A9; name*2=\"z\"",
    b"; name*=''",
    b"; *=",
    b"=",
    b"/",
    b"{3}",
    b"NIL",
    b"%00",
    b"<@x,@y:a@b>",
    b"Mon, 5 Jan 2026 10:00:00 +0000",
    b"base64",
    b"attachment",
    b"en, fr",
    b"<id@host>",
    b"[1.2.3.4]",
    b"'",
    b"*",
    b"~{5}",
];
const FIELDS: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Date",
    "Subject",
    "In-Reply-To",
    "Message-ID",
    "Content-Type",
    "Content-ID",
    "Content-Description",
    "Content-Transfer-Encoding",
    "Content-MD5",
    "Content-Disposition",
    "Content-Language",
    "Content-Location",
];

/// A header of the fields that ENVELOPE and BODYSTRUCTURE are made of, with whatever in them.
fn header(dice: &mut Dice) -> Vec<u8> {
    let mut header = Vec::new();
    for _ in 0..1 + dice.below(10) {
        header.extend_from_slice(dice.pick(FIELDS).as_bytes());
        header.extend_from_slice(b": ");
        for _ in 0..dice.below(7) {
            header.extend_from_slice(dice.pick(PIECES));
        }
        header.extend_from_slice(b"\r\n");
    }
    dice.mutate(&mut header, PIECES);
    header
}

#[test]
#[ignore = "a fuzz target: conformance/run fuzz"]
fn fuzz_envelope_bodystructure() {
    fuzz("envelope_bodystructure", |seed| {
        let mut dice = Dice::new(seed);
        let mut message = header(&mut dice);
        for _ in 0..dice.below(4) {
            let glue: &[&[u8]] =
                &[b"\r\n", b"\r\n--x y\r\n", b"\r\n\r\n--x y\r\n", b"\r\n--x y--\r\n", b"\r\n\r\nbody"];
            message.extend_from_slice(dice.pick(glue));
            message.extend_from_slice(&header(&mut dice));
        }
        let digest = scan(&message).digest();
        check_tree("", &message, &digest.parts);
        for told in [&digest.envelope, &digest.body, &digest.body_structure] {
            let size = told.iter().filter(|&&byte| byte == 0).count();
            assert_eq!(size, 0, "NUL: {}", String::from_utf8_lossy(told));
        }
        if depth(&digest.parts) <= READER_DEPTH_MAX {
            read_back(&digest).unwrap();
        }
    });
}
