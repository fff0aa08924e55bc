//! Runs every house rule on this tree, and every rule on a small example that breaks it.

use tidy::tree::{self, File};
use tidy::{hygiene, proof, shape, storeys};

fn content(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn storeys_hold() {
    content(&storeys::check(&tree::root()));
}

#[test]
fn rust_has_its_shape() {
    content(&tree::rust(&tree::root()).iter().flat_map(shape::rust).collect::<Vec<_>>());
}

#[test]
fn python_has_its_shape() {
    let files = tree::files(&tree::root(), |name| name.ends_with(".py"));
    content(&files.iter().flat_map(shape::python).collect::<Vec<_>>());
}

#[test]
fn every_feature_has_a_conformance_file() {
    assert!(proof::feature_count(&tree::root()) > 0, "the check sees no feature at all");
    content(&proof::check(&tree::root()));
}

#[test]
fn every_limit_has_a_test() {
    content(&proof::limits(&tree::root()));
}

#[test]
fn every_file_is_compiled() {
    content(&proof::dead_files(&tree::rust(&tree::root())));
}

#[test]
fn tree_is_clean() {
    content(&hygiene::check(&tree::root()));
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

#[test]
fn rules_bite() {
    let long = format!("//! x\n/// x\npub fn f() {{\n{}}}\n", "    g();\n".repeat(99));
    let cases = [
        ("fn f() {}\n", "open with"),
        ("//! x\npub fn f() {}\n", "not documented"),
        ("//! x\npub struct S;\n", "not documented"),
        ("//! x\nfn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}\n", "6 parameters"),
        (long.as_str(), "101 lines"),
    ];
    for (text, expected) in cases {
        let found = shape::rust(&file("a/src/x.rs", text));
        assert!(found.iter().any(|complaint| complaint.contains(expected)), "{expected}: {found:?}");
    }
    assert!(shape::rust(&file("a/src/x.rs", &long.replacen("    g();\n", "", 1))).is_empty(), "at the limit");
}

#[test]
fn file_limit_and_table_mark() {
    let lines = |count: usize| format!("//! x\n{}", "// y\n".repeat(count - 1));
    assert!(shape::rust(&file("a/src/x.rs", &lines(shape::FILE_LINES_MAX))).is_empty());
    assert_eq!(shape::rust(&file("a/src/x.rs", &lines(shape::FILE_LINES_MAX + 1))).len(), 1);
    let table = format!("{}of codes\n{}", shape::TABLE_MARK, "// y\n".repeat(1000));
    assert!(shape::rust(&file("a/src/x.rs", &table)).is_empty());
}

#[test]
fn edges() {
    for (from, to, expected) in [
        ("imap", "store", true),
        ("imap", "smtp", false),
        ("store", "imap", false),
        ("store", "directory", false),
        ("caldav", "webdav", true),
        ("webdav", "caldav", false),
        ("collegium", "imap", true),
        ("load", "model", false),
        ("smtp", "delivery", true),
        ("imap", "delivery", false),
    ] {
        assert_eq!(storeys::allowed(from, to, false), expected, "{from} -> {to}");
    }
}

#[test]
fn words_are_found() {
    let promise = format!("// {}: later\n", ["TO", "DO"].concat());
    assert_eq!(hygiene::words(&file("a.rs", &promise)).len(), 1);
    assert!(hygiene::words(&file("a.rs", "BEGIN:VTODO\nstruct VTODOS;\n")).is_empty());
    assert_eq!(hygiene::words(&file("a.md", &format!("see {}/main/x", "/work"))).len(), 1);
}
