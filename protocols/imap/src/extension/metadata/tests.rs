//! Names of entries.

use super::*;

#[test]
fn names_of_entries() {
    for (text, expect) in [
        ("/shared/comment", Some((Audience::Shared, "/comment"))),
        ("/PRIVATE/Comment", Some((Audience::Private, "/comment"))),
        ("/private/vendor/x/y", Some((Audience::Private, "/vendor/x/y"))),
        ("/shared", Some((Audience::Shared, ""))),
        ("/sharedness", None),
        ("/other/comment", None),
        ("shared/comment", None),
        ("/shared/", None),
        ("/shared//x", None),
        ("/shared/*", None),
        ("/shared/%", None),
        ("/shared/\u{e9}", None),
        ("/shared/a\tb", None),
        ("", None),
    ] {
        let entry = Entry::parse(text).ok();
        assert_eq!(entry.as_ref().map(|entry| (entry.audience, entry.name.as_str())), expect, "{text}");
    }
}

#[test]
fn depths() {
    let entry = Entry::parse("/shared/a").unwrap();
    for (name, itself, children, all) in [
        ("/a", true, true, true),
        ("/a/b", false, true, true),
        ("/a/b/c", false, false, true),
        ("/ab", false, false, false),
        ("/b", false, false, false),
    ] {
        let covers = [Depth::Itself, Depth::Children, Depth::All].map(|depth| entry.covers(name, depth));
        assert_eq!(covers, [itself, children, all], "{name}");
    }
}
