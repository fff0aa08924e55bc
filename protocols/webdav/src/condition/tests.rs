//! The grammar of `If` and of entity-tag lists.

use super::if_header::{If, IfHeader, State};
use super::{Conditions, Tags};
use crate::limits::{IF_CONDITION_COUNT_MAX, IF_HEADER_BYTES_MAX};
use http::{HeaderMap, HeaderValue};

fn token(text: &str) -> If {
    If { not: false, state: State::Token(text.to_owned()) }
}

#[test]
fn untagged_and_tagged() {
    let parsed =
        IfHeader::parse("(<urn:uuid:1> [\"a\"]) (Not <urn:uuid:2> not[W/\"b\"])<http://x/a>(<DAV:no-lock>)")
            .unwrap();
    let [first, second, third] = parsed.lists.as_slice() else { panic!("{parsed:?}") };
    assert_eq!(first.conditions[0], token("urn:uuid:1"));
    assert_eq!(first.conditions[1].state, State::Etag("\"a\"".to_owned()));
    assert!(second.conditions[0].not && second.conditions[1].not);
    assert_eq!(third.tag.as_deref(), Some("http://x/a"));
    assert_eq!(parsed.tokens().len(), 3);
}

#[test]
fn refuses_bad_grammar() {
    for bad in ["", "()", "(", "(<a>", "<a>", "(<a>) <b>", "urn:x", "(a)", "([\"a\")", "(Not)"] {
        assert!(IfHeader::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn limits() {
    let conditions = |count: usize| format!("({})", "<a:b>".repeat(count));
    assert!(IfHeader::parse(&conditions(IF_CONDITION_COUNT_MAX)).is_ok());
    assert!(IfHeader::parse(&conditions(IF_CONDITION_COUNT_MAX + 1)).is_err());
    let long = |bytes: usize| format!("(<{}>)", "a".repeat(bytes - 4));
    assert!(IfHeader::parse(&long(IF_HEADER_BYTES_MAX)).is_ok());
    assert!(IfHeader::parse(&long(IF_HEADER_BYTES_MAX + 1)).is_err());
}

#[test]
fn entity_tags() {
    let parse = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("if-match", HeaderValue::from_static(text));
        Conditions::parse(&headers).map(|conditions| conditions.if_match)
    };
    let these = |tags: &[&str]| Some(Tags::These(tags.iter().map(|tag| (*tag).to_owned()).collect()));
    assert_eq!(parse("*").unwrap(), Some(Tags::Any));
    assert_eq!(parse("\"a\", W/\"b,c\" ,\"d\"").unwrap(), these(&["\"a\"", "W/\"b,c\"", "\"d\""]));
    assert_eq!(parse("abc").unwrap(), these(&["\"abc\""]));
    assert!(parse("\"abc").is_err());
    assert!(Tags::These(vec!["W/\"a\"".to_owned()]).name(Some("\"a\""), true));
    assert!(!Tags::These(vec!["W/\"a\"".to_owned()]).name(Some("\"a\""), false));
}
