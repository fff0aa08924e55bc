//! Decoding once, refusing what could climb, and hrefs that come back as they went.

use super::{Destination, Path};
use crate::limits::TARGET_BYTES_MAX;
use model::Error;

#[test]
fn decodes_once() {
    let path = Path::parse("/dav/files/a%40b/%2541 b%C3%A9?x#y").unwrap();
    assert_eq!(path.names(), ["dav", "files", "a@b", "%41 bé"]);
    assert_eq!(path.href(), "/dav/files/a@b/%2541%20b%C3%A9");
    assert_eq!(Path::parse(&path.href()).unwrap(), path);
    let lines = Path::parse("/a%0Ab").unwrap();
    assert_eq!((lines.names(), lines.href().as_str()), (["a\nb".to_owned()].as_slice(), "/a%0Ab"));
}

#[test]
fn refuses_what_climbs_or_hides() {
    for bad in [
        "/a/../b",
        "/%2e%2e/b",
        "/a/./b",
        "/a%2fb",
        "/..%2f",
        "/%c0%af",
        "/a%00",
        "/a%0d",
        "/%",
        "/%4",
        "/%zz",
        "a",
        "",
    ] {
        assert!(Path::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(Path::parse("//a///b//").unwrap().href(), "/a/b/");
    assert_eq!(Path::parse("/a;b/..;/c").unwrap().names(), ["a;b", "..;", "c"]);
}

#[test]
fn target_limit() {
    let most = format!("/{}", "a".repeat(TARGET_BYTES_MAX - 1));
    assert!(Path::parse(&most).is_ok());
    assert_eq!(Path::parse(&format!("{most}a")), Err(Error::TooLarge(TARGET_BYTES_MAX as u64)));
}

#[test]
fn destinations() {
    let here = |value: &str| Destination::parse(value, Some("Mail.example.org:8443"));
    let path = Destination::Here(Path::parse("/a/b").unwrap());
    assert_eq!(here("/a/b").unwrap(), path);
    assert_eq!(here("https://mail.example.org/a/b").unwrap(), path);
    assert_eq!(here("http://mail.example.org:80/a/%62").unwrap(), path);
    assert_eq!(here("http://other.example.org/a/b").unwrap(), Destination::Elsewhere);
    assert_eq!(here("//other/a/b").unwrap(), Destination::Elsewhere);
    assert!(here("https://mail.example.org/../b").is_err());
    assert!(here("b").is_err());
}

#[test]
fn containing() {
    let tree = Path::parse("/a/b/").unwrap();
    assert!(tree.contains(&Path::parse("/a/b").unwrap()));
    assert!(tree.contains(&Path::parse("/a/b/c").unwrap()));
    assert!(!tree.contains(&Path::parse("/a/bc").unwrap()));
    assert_eq!(tree.parent().href(), "/a/");
    assert_eq!(Path::parse("/").unwrap().href(), "/");
}
