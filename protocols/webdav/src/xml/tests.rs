//! Trees read under limits, and written back so that they mean the same.

use super::{Element, Name, Writer, escape};
use crate::limits::{
    XML_ATTRIBUTE_COUNT_MAX, XML_BYTES_MAX, XML_DEPTH_MAX, XML_ELEMENT_COUNT_MAX, XML_NAMESPACE_COUNT_MAX,
};
use model::Error;

fn parse(text: &str) -> Result<Element, Error> {
    Element::parse(text.as_bytes())
}

#[test]
fn namespaces_text_and_entities() {
    let root = parse(
        "\u{feff}<?xml version='1.0' encoding='UTF-8'?><!-- c --><a xmlns='DAV:' xmlns:x='urn:x' \
        x:k='1&lt;' k='2'> t&amp;&#65;<![CDATA[<raw>]]><x:b/><c xmlns=''/></a>",
    )
    .unwrap();
    assert!(root.is("DAV:", "a"));
    assert_eq!(root.text(), " t&A<raw>");
    assert_eq!(root.attribute("k"), Some("2"));
    assert!(root.child("urn:x", "b").is_some() && root.child("", "c").is_some());
    let again = parse(&root.standalone()).unwrap();
    assert_eq!(again, root);
}

#[test]
fn refuses_what_is_dangerous_or_broken() {
    for bad in [
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<a>&b;</a>",
        "<a>&#0;</a>",
        "<a>\u{1}</a>",
        "<a><b></a></b>",
        "<a>",
        "<a/><b/>",
        "<a/>text",
        "<x:a/>",
        "<a x:b='1'/>",
        "<a b='1' b='2'/>",
        "<?xml version='1.0' encoding='utf-16'?><a/>",
        "",
        "text",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    assert!(Element::parse(b"<a>\xff</a>").is_err());
}

#[test]
fn limits() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(parse(&deep(XML_DEPTH_MAX)).is_ok());
    assert_eq!(parse(&deep(XML_DEPTH_MAX + 1)), Err(Error::TooLarge(XML_DEPTH_MAX as u64)));

    let attributes = |count: usize| {
        let all: String = (0..count).map(|n| format!(" a{n}='1'")).collect();
        format!("<a{all}/>")
    };
    assert!(parse(&attributes(XML_ATTRIBUTE_COUNT_MAX)).is_ok());
    assert!(parse(&attributes(XML_ATTRIBUTE_COUNT_MAX + 1)).is_err());

    let elements = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert!(parse(&elements(XML_ELEMENT_COUNT_MAX)).is_ok());
    assert!(parse(&elements(XML_ELEMENT_COUNT_MAX + 1)).is_err());

    let around = "<a></a>".len();
    let long = |bytes: u64| format!("<a>{}</a>", "x".repeat(bytes as usize - around));
    assert!(parse(&long(XML_BYTES_MAX)).is_ok());
    assert_eq!(parse(&long(XML_BYTES_MAX + 1)), Err(Error::TooLarge(XML_BYTES_MAX)));

    let spaces = |count: usize| {
        let all: String = (0..count).map(|n| format!(" xmlns:n{n}='u'")).collect();
        format!("<a{all}/>")
    };
    // Two bindings are always there: `xml` and `xmlns`.
    assert!(parse(&spaces(XML_NAMESPACE_COUNT_MAX - 2)).is_ok());
    assert!(parse(&spaces(XML_NAMESPACE_COUNT_MAX + 1)).is_err());
}

#[test]
fn writes_what_can_be_read() {
    let mut out = Writer::new();
    let root = Name::dav("multistatus");
    out.root(&root);
    out.leaf(&Name::owned("urn:x", "y"), "a<b>&\"\r\n\u{1}é");
    out.empty(&Name::owned("", "bare"));
    out.empty_with(&Name::dav("comp"), &[("name", "a\"<b")]);
    out.close(&root);
    let read = parse(out.as_str()).unwrap();
    assert_eq!(read.child("urn:x", "y").unwrap().text(), "a<b>&\"\r\n\u{fffd}é");
    assert_eq!(read.child("DAV:", "comp").unwrap().attribute("name"), Some("a\"<b"));
    let mut text = String::new();
    escape("plain", &mut text);
    assert_eq!(text, "plain");
}
