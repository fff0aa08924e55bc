//! Tests of `address`.

use super::*;

/// The list as `name<route local@domain>`, groups in brackets.
fn shown(value: &[u8]) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let shown = parse(value).into_iter().map(|item| match item {
        Item::GroupStart(name) => format!("[{}", text(&name)),
        Item::GroupEnd => "]".into(),
        Item::Mailbox { name, route, local, domain } => format!(
            "{}<{}{}@{}>",
            name.map(|name| text(&name)).unwrap_or_default(),
            route.map(|route| text(&route) + ":").unwrap_or_default(),
            text(&local),
            text(&domain)
        ),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn lists_are_read_raw() {
    for (value, expected) in [
        ("a@b", "<a@b>"),
        ("a@b, c@d", "<a@b>, <c@d>"),
        ("John Doe <jd@x.org>", "John Doe<jd@x.org>"),
        ("\"Doe, John\" <jd@x.org>", "Doe, John<jd@x.org>"),
        // RFC 5322 A.1.2, A.1.3, A.5, A.6.1.
        ("\"Joe Q. Public\" <john.q.public@example.com>", "Joe Q. Public<john.q.public@example.com>"),
        ("\"Giant; \\\"Big\\\" Box\" <s@example.net>", "Giant; \"Big\" Box<s@example.net>"),
        (
            "A Group:Ed Jones <joe@where.test>,joe@where.test;",
            "[A Group, Ed Jones<joe@where.test>, <joe@where.test>, ]",
        ),
        ("Undisclosed recipients:;", "[Undisclosed recipients, ]"),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete<pete@silly.test>"),
        (
            "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n joe@example.org;",
            "[A Group, Chris Jones<c@public.example>, <joe@example.org>, ]",
        ),
        (
            "Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example",
            "Mary Smith<@node.test,@b.test:mary@example.net>, <jdoe@test.example>",
        ),
        // Names in comments, as before RFC 2822.
        ("jd@x.org (John Doe)", "John Doe<jd@x.org>"),
        ("<jd@x.org> (John)", "John<jd@x.org>"),
        // Quoted local parts lose their quotes (RFC 9051 7.5.2).
        ("\"john doe\"@x.org", "<john doe@x.org>"),
        ("\"a@b\"@c", "<a@b@c>"),
        ("a@[192.0.2.1]", "<a@[192.0.2.1]>"),
        // Encoded words stay, even with an illegal quote inside.
        ("=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_X?= <j@x>", "=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_X?=<j@x>"),
        ("=?utf-8?Q?a\"b?= <a@x>, \"c\" <c@x>", "=?utf-8?Q?a\"b?=<a@x>, c<c@x>"),
        // Not addresses, but something must be told.
        ("root", "<root@>"),
        ("Someone Else", "Someone Else<@>"),
        ("a@b <a@b>", "a@b<a@b>"),
        ("x@y z <real@addr>", "x@y z<real@addr>"),
        ("<>", "<@>"),
        ("", ""),
        (",,; ,", ""),
        ("a:b@c", "[a, <b@c>, ]"),
        ("a@b:c", "<a@b:c>"),
        ("John <a@b", "John<a@b>"),
        ("Sad :( face <a@b>", "[Sad, ( face<a@b>, ]"),
        ("\"unclosed <a@b>", "\"unclosed<a@b>"),
        ("a@b; c@d", "<a@b>, <c@d>"),
        ("a@b>, c@d", "<a@b>, <c@d>"),
        ("A <a@b, c@d", "A<a@b>, <c@d>"),
        ("\"\"@x", "<@x>"),
    ] {
        assert_eq!(shown(value.as_bytes()), expected, "{value:?}");
    }
}

#[test]
fn lists_are_counted() {
    for given in [ADDRESSES_MAX, ADDRESSES_MAX + 1] {
        assert_eq!(parse(vec!["a@b"; given].join(",").as_bytes()).len(), ADDRESSES_MAX);
        // The end of a group is always told.
        let group = format!("g:{};", vec!["a@b"; given].join(","));
        let items = parse(group.as_bytes());
        assert_eq!((items.len(), items.last()), (ADDRESSES_MAX + 1, Some(&Item::GroupEnd)));
    }
}

#[test]
fn mailboxes_are_decoded_for_people() {
    let found = addresses(b"=?iso-8859-1?Q?J=F6rg?= <j@x.org>, g: \"a b\"@c;, root");
    let expected = [("Jörg", "j", "x.org"), ("", "a b", "c"), ("", "root", "")];
    let expected = expected.map(|(display, local, domain)| Mailbox {
        display: display.into(),
        local: local.into(),
        domain: domain.into(),
    });
    assert_eq!(found, expected);
}
