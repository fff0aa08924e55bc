//! Paths, good and hostile.

use super::*;

fn check(text: &str, expect: Option<&str>) {
    let found = parse_path(text).map(|(path, behind)| match path {
        Path::Null => format!("<>|{behind}"),
        Path::Postmaster => format!("postmaster|{behind}"),
        Path::Mailbox(address, spelled) => {
            assert_eq!(Address::parse(&spelled), Ok(address.clone()));
            format!("{address}|{behind}")
        }
    });
    assert_eq!(found.as_deref(), expect, "{text:?}");
}

#[test]
fn paths_of_the_grammar() {
    check("<a@b.org>", Some("a@b.org|"));
    check(" <A@B.org> SIZE=1", Some("a@b.org| SIZE=1"));
    check("<>", Some("<>|"));
    check("<> BODY=7BIT", Some("<>| BODY=7BIT"));
    check("<Postmaster>", Some("postmaster|"));
    check("<@x.org,@y.org:a@b.org>", Some("a@b.org|"));
    check("<\"a b\"@b.org>", Some("\"a b\"@b.org|"));
    check("<\"a\\\">b\"@b.org>", Some("\"a\\\">b\"@b.org|"));
    check("<a@[192.0.2.1]>", Some("a@[192.0.2.1]|"));
    check("<a@[IPv6:2001:db8::1]>", Some("a@[ipv6:2001:db8::1]|"));
    check("<a+tag/x=y@b-c.org>", Some("a+tag/x=y@b-c.org|"));
    check("<jörg@exämple.org>", Some("jörg@exämple.org|"));
}

#[test]
fn nothing_else() {
    for text in [
        "",
        "<",
        ">",
        "a@b.org",
        "<a@b.org",
        "a@b.org>",
        "<a>",
        "<@b.org>",
        "<a@>",
        "<a@b.org>x",
        "<a b@c.org>",
        "<a@b c.org>",
        "<a@@b.org>",
        "<.a@b.org>",
        "<a.@b.org>",
        "<a..b@c.org>",
        "<\"\"@x>",
        "<\"a@b.org>",
        "<a\"b@c.org>",
        "<a@-b.org>",
        "<a@b-.org>",
        "<a@b..org>",
        "<a@.org>",
        "<a@[300.1.1.1]>",
        "<a@[x]>",
        "<a@b.org;id>",
        "<`id`@b.org >",
        "<a@b_c.org>",
        "<a\0@b.org>",
        "<a@b\0.org>",
        "<@x:a>",
        "<@:a@b.org>",
        "<a@b.org,c@d.org>",
        "<<a@b.org>>",
        "<(c)a@b.org>",
        "<a\u{85}@b.org>",
        "<a\u{2028}b@c.org>",
        "<\"\\\"@b.org>",
    ] {
        check(text, None);
    }
    check(&format!("<{}@b.org>", "a".repeat(LOCAL_BYTES_MAX)), Some(&format!("{}@b.org|", "a".repeat(64))));
    check(&format!("<{}@b.org>", "a".repeat(LOCAL_BYTES_MAX + 1)), None);
    check(&format!("<a@{}.org>", "b".repeat(64)), None);
}
