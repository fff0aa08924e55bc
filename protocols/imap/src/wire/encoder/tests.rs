//! The choice between atom, quoted string and literal; numbers; sets.

use super::Output;
use model::{Flags, Keyword, SystemFlags};

fn written(write: impl FnOnce(&mut Output)) -> String {
    let mut out = Output::default();
    write(&mut out);
    String::from_utf8(out.bytes().to_vec()).unwrap()
}

#[test]
fn strings_choose_their_form() {
    let form = |bytes: &[u8]| {
        written(|out| {
            out.string(bytes);
        })
    };
    assert_eq!(form(b"a b"), "\"a b\"");
    assert_eq!(form(b"a\"\\"), "\"a\\\"\\\\\"");
    assert_eq!(form(b"a\r\nb"), "{4}\r\na\r\nb");
    assert_eq!(form("é".as_bytes()), "{2}\r\né");
    assert_eq!(form(&[b'x'; 1_000]).len(), 1_002);
    assert!(form(&[b'x'; 1_001]).starts_with("{1001}"));
    let astring = |text: &str| {
        written(|out| {
            out.astring(text.as_bytes());
        })
    };
    assert_eq!(astring("INBOX"), "INBOX");
    assert_eq!(astring("nil"), "\"nil\"");
    assert_eq!(astring(""), "\"\"");
    assert_eq!(astring("a b"), "\"a b\"");
}

#[test]
fn names_follow_the_session() {
    assert_eq!(
        written(|out| {
            out.mailbox("Entwürfe");
        }),
        "Entw&APw-rfe"
    );
    let utf8 = written(|out| {
        out.utf8 = true;
        out.mailbox("Entwürfe");
    });
    assert_eq!(utf8, "\"Entwürfe\"");
}

#[test]
fn numbers_and_sets() {
    for number in [0, 7, 10, 4_294_967_296, u64::MAX] {
        assert_eq!(
            written(|out| {
                out.number(number);
            }),
            number.to_string()
        );
    }
    assert_eq!(
        written(|out| {
            out.set([1, 2, 3, 5, 7, 8]);
        }),
        "1:3,5,7:8"
    );
}

#[test]
fn flags() {
    let mut flags = Flags { system: SystemFlags::SEEN | SystemFlags::DRAFT, ..Flags::default() };
    assert_eq!(
        written(|out| {
            out.flags(&flags);
        }),
        "(\\Seen \\Draft)"
    );
    flags.keywords.push(Keyword::parse("$Junk").unwrap());
    assert_eq!(
        written(|out| {
            out.flags(&flags);
        }),
        "(\\Seen \\Draft $Junk)"
    );
    assert_eq!(
        written(|out| {
            out.flags(&Flags::default());
        }),
        "()"
    );
}
