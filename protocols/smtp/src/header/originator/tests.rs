//! From and Sender fields, as clients write them and as attackers do.

use super::*;

fn check(field: &str, expect: Option<&str>) {
    let found = addresses(field.as_bytes());
    let found = found.map(|list| list.iter().map(Address::as_str).collect::<Vec<_>>().join(" "));
    assert_eq!(found.as_deref(), expect, "{field:?}");
}

#[test]
fn what_clients_write() {
    check(" alice@example.org", Some("alice@example.org"));
    check(" Alice <alice@example.org>", Some("alice@example.org"));
    check(" \"Doe, Alice\" <Alice@Example.org> (work)", Some("alice@example.org"));
    check(" =?utf-8?Q?J=C3=B6rg?= <j@example.org>", Some("j@example.org"));
    check(" J. R. Doe <j@example.org>", Some("j@example.org"));
    check(" Jörg <jörg@example.org>", Some("jörg@example.org"));
    check(" a@x.org, B <b@x.org>", Some("a@x.org b@x.org"));
    check(" team: a@x.org, b@x.org;", Some("a@x.org b@x.org"));
    check(" team: a@x.org;, c@x.org", Some("a@x.org c@x.org"));
    check(" \"a b\"@x.org", Some("\"a b\"@x.org"));
    check(" <a@[192.0.2.1]>", Some("a@[192.0.2.1]"));
    check(" \"victim@example.org\" <a@x.org>", Some("a@x.org"));
    check(" a(c)@(d (e\\)))x.org", Some("a@x.org"));
    check(" a @ x.org", Some("a@x.org"));
}

#[test]
fn what_is_refused() {
    for field in [
        "",
        " ",
        " ,",
        " alice",
        " <>",
        " a@",
        " @x.org",
        " <a@x.org",
        " a@x.org>",
        " <a@x.org> b",
        " <a@x.org> <b@x.org>",
        " a@x.org <b@x.org>",
        " a@x.org b@x.org",
        " <a@x.org>b@x.org",
        " <@r.org:a@x.org>",
        " team:;",
        " team: a@x.org",
        " a@x.org;",
        " x: y: a@x.org;;",
        " (a@x.org",
        " \"a@x.org",
        " a\\@x.org",
        " <a@x.org\0>",
        " a@b@x.org",
        " <a@x.org,b@x.org>",
        " ..a@x.org",
        " \"x\" \"y\"@x.org",
        " [a]@x.org",
        " a@\"x.org\"",
        " : a@x.org;",
        " <<a@x.org>>",
    ] {
        check(field, None);
    }
    assert!(addresses(b" \xff@x.org").is_none());
}

#[test]
fn limits_of_count_and_depth() {
    let list = |count: usize| vec!["a@x.org"; count].join(",");
    assert_eq!(addresses(list(ORIGINATOR_COUNT_MAX).as_bytes()).unwrap().len(), ORIGINATOR_COUNT_MAX);
    assert!(addresses(list(ORIGINATOR_COUNT_MAX + 1).as_bytes()).is_none());
    let nested = |depth: usize| format!("{}{} a@x.org", "(".repeat(depth), ")".repeat(depth));
    assert!(addresses(nested(COMMENT_DEPTH_MAX).as_bytes()).is_some());
    assert!(addresses(nested(COMMENT_DEPTH_MAX + 1).as_bytes()).is_none());
    assert!(addresses("(".repeat(1_000_000).as_bytes()).is_none());
}
