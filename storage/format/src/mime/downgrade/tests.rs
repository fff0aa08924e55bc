//! Fields of every kind, in every way a message can be cut into pieces.

use super::*;
use crate::mime::words::decode;

fn downgraded(message: &[u8], piece: usize) -> Vec<u8> {
    let (mut downgrade, mut out) = (Downgrade::default(), Vec::new());
    for piece in message.chunks(piece) {
        downgrade.push(piece, &mut out);
    }
    downgrade.finish(&mut out);
    out
}

#[track_caller]
fn check(message: &str, expected: &str) {
    for piece in 1..=message.len() {
        let found = downgraded(message.as_bytes(), piece);
        assert_eq!(String::from_utf8_lossy(&found), expected, "pieces of {piece}");
    }
}

#[test]
fn what_is_ascii_and_the_body_pass_as_they_are() {
    let message = "Subject:  x \r\n\ty\r\nFrom: a@b\r\n\r\nSubject: été\r\n";
    check(message, message);
    let latin = b"Subject: \xe9t\xe9\r\n\r\nx";
    assert_eq!(downgraded(latin, 3), latin);
    check("no header: é", "no header: =?UTF-8?Q?=C3=A9?=\r\n");
}

#[test]
fn texts_become_encoded_words() {
    check(
        "Subject: Re: l'été à\r\n Paris tout\r\n\r\n",
        "Subject: Re: =?UTF-8?Q?l=27=C3=A9t=C3=A9=20=C3=A0?= Paris tout\r\n\r\n",
    );
    let long = format!("Subject: {}\r\n\r\n", "日本語 ".repeat(40).trim());
    let found = String::from_utf8(downgraded(long.as_bytes(), 7)).unwrap();
    assert!(found.is_ascii() && found.lines().all(|line| line.len() <= 76), "{found}");
    let value = found.trim_end().strip_prefix("Subject:").unwrap();
    assert_eq!(decode(value.as_bytes()).trim(), "日本語 ".repeat(40).trim());
}

#[test]
fn names_are_encoded_and_addresses_that_cannot_be_told_replaced() {
    check(
        "From: Jörg \"Ö, \\\"X\" <joerg@example.org>\r\n\r\n",
        "From: =?UTF-8?Q?J=C3=B6rg=20=C3=96=2C=20=22X?= <joerg@example.org>\r\n\r\n",
    );
    check(
        "To: jörg@example.org, Team: \"A, B\" <a@b>, Élise <é@x>; c@d (né)\r\n\r\n",
        "To: invalid@internationalized-address.invalid, Team: \"A, B\" <a@b>,\r\n =?UTF-8?Q?=C3=89lise?= \
         <invalid@internationalized-address.invalid>; c@d\r\n (=?UTF-8?Q?n=C3=A9?=)\r\n\r\n",
    );
}

#[test]
fn parameters_take_the_extended_form_and_strict_fields_none() {
    check(
        "Content-Type: text/plain; charset=utf-8; name=\"é; \\\"x\\\".txt\"\r\n\r\n",
        "Content-Type: text/plain; charset=utf-8;\r\n name*=UTF-8''%C3%A9%3B%20%22x%22.txt\r\n\r\n",
    );
    check("Message-ID: <é@x>\r\n\r\n", "Message-ID: <??@x>\r\n\r\n".replace("??", "?").as_str());
}

#[test]
fn a_field_at_the_limit_and_one_past_it() {
    let field = |length: usize| {
        let mut field = "Subject: é".to_owned();
        field.push_str(&"x".repeat(length - field.len() - 2));
        field + "\r\n"
    };
    let good = field(DOWNGRADED_FIELD_BYTES_MAX) + "\r\n";
    let found = String::from_utf8(downgraded(good.as_bytes(), 1000)).unwrap();
    assert!(found.starts_with("Subject:\r\n =?UTF-8?Q?=C3=A9x"), "{}", found.get(..60).unwrap());
    let bad = field(DOWNGRADED_FIELD_BYTES_MAX + 1) + " é\r\nTo: é\r\n\r\n";
    let found = String::from_utf8(downgraded(bad.as_bytes(), 1000)).unwrap();
    assert!(found.starts_with("Subject: ??x") && found.ends_with(" ??\r\nTo: =?UTF-8?Q?=C3=A9?=\r\n\r\n"));
}
