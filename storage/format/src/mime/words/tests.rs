//! Tests of `words`.

use super::*;
use crate::mime::content::ContentType;

fn check(value: &[u8], expected: &str) {
    assert_eq!(decode(value), expected, "{}", String::from_utf8_lossy(value));
}

#[test]
fn examples_of_the_standard() {
    // RFC 2047 8.
    check(b"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>");
    check(b"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>");
    check(
        b"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
        "If you can read this you understand the example.",
    );
    check(b"(=?ISO-8859-1?Q?a?=)", "(a)");
    check(b"(=?ISO-8859-1?Q?a?= b)", "(a b)");
    check(b"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)");
    check(b"(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)");
    check(b"(=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=)", "(ab)");
    check(b"(=?ISO-8859-1?Q?a_b?=)", "(a b)");
    check(b"=?UTF-8?Q?a_?= =?UTF-8?Q?b?=", "a b");
    check(b"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)");
    // RFC 2231 5.
    check(b"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore");
}

#[test]
fn what_programs_write() {
    check(b"plain", "plain");
    check("raw ü".as_bytes(), "raw ü");
    check(b"raw \xfc", "raw ü");
    check(b"=?utf-8?B?w?= =?utf-8?B?6Q=?=", "é"); // a character over two words
    check(b"=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é");
    check(b"=?utf-8?Q?a b?=", "a b");
    check(b"=?utf-8?q?caf=c3=a9?=x", "caféx");
    check(b"=?koi8-r?B?8NLJ18XU?=", "Привет");
    check(b"=?gb2312?B?xOO6ww==?=", "你好");
    check(b"=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本");
    check(b"=?windows-1252?Q?=80?=", "€");
    check(b"=?x-unknown?Q?a=E9?=", "aé");
    check(b"=?us-ascii?Q?=C3=A9?=", "é");
}

#[test]
fn what_is_no_encoded_word_stays() {
    for value in [
        "=?",
        "=?utf-8",
        "=?utf-8?Q?",
        "=?utf-8?Q?abc",
        "=?utf-8?X?abc?=",
        "=??Q?abc?=",
        "a =? b ?= c",
        "=?=?=?",
    ] {
        check(value.as_bytes(), value);
    }
    let long = |text: usize| format!("=?utf-8?Q?{}?=", "a".repeat(text));
    let most = ENCODED_WORD_BYTES_MAX - 12;
    check(long(most).as_bytes(), &"a".repeat(most));
    check(long(most + 1).as_bytes(), &long(most + 1));
}

#[test]
fn parameters_are_decoded() {
    let get = |value: &str| param(&ContentType::parse(value.as_bytes()).unwrap().params, "name");
    assert_eq!(get("a/b; name=x").as_deref(), Some("x"));
    assert_eq!(get("a/b; name*=iso-8859-1'de'M%FCller.txt").as_deref(), Some("Müller.txt"));
    assert_eq!(get("a/b; name*0*=utf-8''%C3; name*1*=%A9; name*2=.txt").as_deref(), Some("é.txt"));
    assert_eq!(get("a/b; name=\"=?utf-8?Q?=C3=A9?=.txt\"").as_deref(), Some("é.txt"));
    assert_eq!(get("a/b"), None);
}
