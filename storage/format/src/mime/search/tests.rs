//! Tests of `search`.

use super::*;
use crate::mime::tests::scan;

/// Which needles the body of a message in pieces of `step` octets has.
fn found(message: &[u8], needles: &[&str], step: usize) -> Vec<bool> {
    let needles: Vec<_> = needles.iter().map(|needle| Needle::new(needle)).collect();
    let mut search = BodySearch::new(&needles);
    for (index, part) in scan(message).parts().iter().enumerate() {
        if search.part(index, part, part.header.of(message)) {
            part.body.of(message).chunks(step).for_each(|chunk| search.push(chunk));
        }
    }
    search.finish()
}

#[test]
fn case_and_composition_do_not_matter() {
    for (needle, text, expected) in [
        ("world", "Hello WORLD", true),
        ("", "", true),
        ("x", "", false),
        ("ÜBER", "über uns", true),
        ("strasse", "Straße", true),
        ("straße", "STRASSE", true),
        ("οδυσσευς", "ΟΔΥΣΣΕΥΣ", true),
        ("e\u{301}", "\u{e9}", true),
        ("\u{e9}", "E\u{301}", true),
        ("привет", "ПРИВЕТ мир", true),
        ("ﬁn", "FIN", true),
        ("2ª", "2A", true),
        ("a  b", "a b", false),
        ("muller", "Müller", false),
    ] {
        assert_eq!(fold(text).contains(&fold(needle)), expected, "{needle:?} in {text:?}");
        let message = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}");
        for step in [1, 2, 1000] {
            assert_eq!(
                found(message.as_bytes(), &[needle], step),
                [expected],
                "{needle:?} in {text:?} by {step}"
            );
        }
    }
}

#[test]
fn folding_twice_changes_nothing() {
    for char in '\0'..=char::MAX {
        let once = fold(&char.to_string());
        assert_eq!(fold(&once), once, "{char:?}");
        let upper: String = char.to_uppercase().collect();
        assert_eq!(fold(&upper), once, "{char:?}");
    }
}

const MESSAGE: &str = "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Alice <alice@example.org>\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
    Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    soft line br=\r\neak, M=FCller\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    PHA+VGFnIDxiPmdl\r\nc2U8L2I+aGVuPC9wPg==\r\n--b\r\nContent-Type: application/pdf; name*=utf-8''Pr%C3%BCfung.pdf\r\n\r\n\
    binary text\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ndeep\r\n--b--\r\n";

#[test]
fn bodies_are_searched_in_any_pieces_for_many_needles() {
    let cases = [
        ("GRÜSSE", false),
        ("alice@", false),
        ("Line Break, MÜLLER", true),
        ("tag gesehen", true),
        ("prüfung.pdf", true),
        ("binary text", false),
        ("subject: inner", true),
        ("deep", true),
        ("preamble", false),
        ("müllertag", false),
        ("", true),
    ];
    for step in [1, 3, 1000] {
        let needles = cases.map(|(needle, _)| needle);
        assert_eq!(found(MESSAGE.as_bytes(), &needles, step), cases.map(|(_, expected)| expected), "{step}");
        for (needle, expected) in cases {
            assert_eq!(found(MESSAGE.as_bytes(), &[needle], step), [expected], "{needle:?} alone by {step}");
        }
    }
    assert_eq!(found(MESSAGE.as_bytes(), &[], 1), Vec::<bool>::new());
}
