//! The tree of every corpus message against what CPython's `email` package makes of it.
//!
//! `oracle.txt` has one line per message: its name and its tree as `type/subtype[decoded octets](children)`;
//! it was written by CPython 3.11's parser, and the lines that differ on purpose say why in `ON_PURPOSE`.

use super::*;
use crate::mime::content::ContentType;
use crate::mime::decode::whole;
use crate::mime::header::first;
use std::collections::HashMap;

/// The tree of the part at `index` in the oracle's form.
fn tree(structure: &Structure, message: &[u8], index: usize) -> String {
    let part = structure.parts().get(index).unwrap();
    let header = part.header.of(message);
    let claimed = first(header, "Content-Type").and_then(ContentType::parse);
    let name = match (part.kind, claimed) {
        (_, Some(content)) => format!(
            "{}/{}",
            String::from_utf8_lossy(&content.kind),
            String::from_utf8_lossy(&content.subtype)
        )
        .to_lowercase(),
        (Kind::Message, None) => "message/rfc822".into(),
        (_, None) => "text/plain".into(),
    };
    let children: Vec<_> =
        structure.parts().children(index).map(|child| tree(structure, message, child)).collect();
    if children.is_empty() && name.starts_with("message/") && name != "message/rfc822" {
        format!("{name}[?]")
    } else if children.is_empty() {
        format!("{name}[{}]", whole(part.encoding, part.body.of(message)).len())
    } else {
        format!("{name}({})", children.join(" "))
    }
}

/// Messages where we differ, and why.
const ON_PURPOSE: [(&str, &str); 21] = [
    ("legacy-017.eml", UUENCODE),
    ("legacy-026.eml", UUENCODE),
    ("legacy-048.eml", UUENCODE),
    ("malformed-000.eml", "two delimiters in a row have an empty part between them, as Dovecot says"),
    ("malformed-001.eml", LAST_LINE),
    ("malformed-003.eml", INNERMOST),
    ("malformed-005.eml", INNERMOST),
    ("malformed-006.eml", LAST_LINE),
    ("malformed-008.eml", LAST_LINE),
    ("malformed-009.eml", LAST_LINE),
    ("malformed-011.eml", LAST_LINE),
    ("malformed-012.eml", LAST_LINE),
    ("malformed-013.eml", INNERMOST),
    ("malformed-016.eml", LAST_LINE),
    ("malformed-017.eml", "the first semicolon of Content-Type is missing: its boundary counts nevertheless"),
    ("malformed-019.eml", "`Fro :` is a field: white space before the colon is obsolete, not wrong"),
    ("rfc-008.eml", "message/rfc822 in base64 is not opened (RFC 2046 5.2.1)"),
    ("thirdparty-003.eml", "a CR behind the encoding's name does not make it unknown"),
    ("thirdparty-005.eml", LAST_LINE),
    ("thirdparty-015.eml", "header lines that lost their indentation do not end the header, as in Dovecot"),
    ("thirdparty-012.eml", "a folded boundary counts"),
];
const UUENCODE: &str = "x-uuencode is not undone: it is no encoding of MIME";
const LAST_LINE: &str = "a part that nothing closes keeps the end of its last line";
const INNERMOST: &str = "a delimiter is of the innermost multipart that it fits, as in Dovecot";

#[test]
fn trees_are_those_of_python() {
    let expected: HashMap<_, _> =
        include_str!("oracle.txt").lines().filter_map(|line| line.split_once('\t')).collect();
    let purpose: HashMap<_, _> = ON_PURPOSE.into_iter().collect();
    let mut differing = Vec::new();
    for (name, message) in corpus() {
        let found = tree(&scan(&message), &message, 0);
        let same = expected.get(name.as_str()).is_some_and(|expected| *expected == found);
        if same == purpose.contains_key(name.as_str()) {
            differing.push(format!("{name}\n  python {:?}\n  ours   {found:?}", expected.get(name.as_str())));
        }
    }
    assert!(differing.is_empty(), "{}:\n{}", differing.len(), differing.join("\n"));
}
