//! Pairs of words, from the same to strangers.

use super::{Word, distance};
use crate::mime::search::fold;

fn alike(word: &str, term: &str) -> u8 {
    Word::new(&fold(word)).likeness(&fold(term))
}

#[test]
fn the_more_alike_the_more() {
    for (word, term, least, most) in [
        ("helo", "Helo", 100, 100),
        ("cafe", "Café", 95, 95),
        ("Müller", "muller", 95, 95),
        ("break", "breaking", 70, 90),
        ("broke", "broken", 80, 90),
        ("helo", "hello", 70, 70),
        ("helo", "help", 70, 70),
        ("recieve", "receive", 70, 70),
        ("accomodaton", "accommodation", 45, 45),
        ("net", "internet", 40, 40),
        ("cat", "car", 0, 0),
        ("helo", "world", 0, 0),
        ("ab", "abc", 0, 0),
        ("已經", "明末時已經有香港地方的概念", 90, 90),
        ("月額", "月額円", 90, 90),
        ("月", "月額円", 90, 90),
        ("แดง", "เสื้อสีแดงสวย", 90, 90),
        ("經已", "明末時已經有", 0, 0),
        ("ab", "已經ab", 0, 0),
        ("\u{301}", "x", 0, 0),
    ] {
        let found = alike(word, term);
        assert!((least..=most).contains(&found), "{word} {term}: {found}");
    }
}

#[test]
fn words_of_a_text() {
    let words =
        |text: &str| Word::all(&fold(text)).iter().map(|it| it.folded().to_owned()).collect::<Vec<_>>();
    assert_eq!(words("IMAP break, user@example.org"), ["IMAP", "BREAK", "USER", "EXAMPLE", "ORG"]);
    assert!(words(" ,. ").is_empty());
    // A long run of a script without spaces is looked for in pieces; a long word of another is one.
    assert_eq!(words("明末時已經有香港地方的概念"), ["明末時已經有香港", "地方的概念"]);
    assert_eq!(words("申込み!月額円").len(), 2);
    assert_eq!(words("accommodation"), ["ACCOMMODATION"]);
}

#[test]
fn distances() {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    for (one, other, most, expect) in [
        ("abcd", "abcd", 1, Some(0)),
        ("abcd", "abdc", 1, Some(1)),
        ("abcd", "bcd", 1, Some(1)),
        ("abcd", "badc", 1, None),
        ("abcd", "badc", 2, Some(2)),
        ("abcd", "", 2, None),
        ("abcd", "abcd", 0, None),
    ] {
        assert_eq!(distance(&chars(one), &chars(other), most), expect, "{one} {other}");
    }
}
