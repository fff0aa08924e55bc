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
    // Quotes that are not needed, RFC 5321 4.1.2.
    check("<\"a.b\"@b.org>", Some("a.b@b.org|"));
    check("<\"\\a\\b\"@b.org>", Some("ab@b.org|"));
    check("<\".a\"@b.org>", Some("\".a\"@b.org|"));
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

/// Whatever is thrown at it, it answers, and what it takes holds nothing that could break a line, a list or a
/// shell's quoting further on.
#[test]
fn fifty_thousand_random_paths() {
    const PIECES: &[&str] = &[
        "<",
        ">",
        "@",
        ".",
        "..",
        "a",
        "B",
        "é",
        "\"",
        "\\",
        " ",
        "\t",
        "\0",
        "\r",
        "\n",
        "[",
        "]",
        "127.0.0.1",
        "IPv6:::1",
        ",",
        ":",
        ";",
        "(",
        ")",
        "-",
        "x.org",
        "@x.org",
        "%",
        "$(id)",
        "`",
        "|",
        "\u{202e}",
        "\u{85}",
        "postmaster",
        "<a@b.org>",
        "=",
        "+",
        "xn--",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    let mut seed = 10_u64;
    let mut taken = 0;
    for _ in 0..50_000 {
        let mut text = String::from("<");
        for _ in 0..(seed >> 40) % 9 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PIECES[usize::try_from(seed >> 33).unwrap() % PIECES.len()]);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push('>');
        let Some((Path::Mailbox(address, spelled), _)) = parse_path(&text) else { continue };
        taken += 1;
        assert!(!spelled.chars().any(char::is_control), "{text:?}");
        let (local, domain) = spelled.rsplit_once('@').unwrap();
        let quoted = local.starts_with('"') && local.ends_with('"');
        assert!(
            quoted || !local.contains(['<', '>', ' ', '"', '(', ')', ',', ';', ':', '@', '[']),
            "{text:?}"
        );
        assert!(!domain.contains(['<', '>', ' ', '"', '(', ')', ',', ';', '@', '$', '`', '|']), "{text:?}");
        assert_eq!(Address::parse(&spelled), Ok(address), "{text:?}");
    }
    assert!(taken > 100, "{taken}");
}
