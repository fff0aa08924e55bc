//! Names on disk.

use super::*;

#[test]
fn no_name_is_a_path() {
    for (name, spelled) in [
        ("plain.txt", "plain.txt"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("new\nline", "new%0Aline"),
        ("Ünïcode", "Ünïcode"),
        ("", "%"),
    ] {
        assert_eq!(file_name(name), spelled);
    }
    let long = format!("{}.ics", "ü".repeat(250));
    let (one, other) = (file_name(&long), file_name(&format!("x{long}")));
    assert!(one.len() <= 255 && one.ends_with(".ics") && one != other, "{one}");
}

#[test]
fn mailboxes_are_maildir_folders() {
    assert_eq!(maildir_name("INBOX"), "");
    assert_eq!(maildir_name("Work/2026"), ".Work.2026");
    assert_eq!(maildir_name("a.b"), ".a&AC4-b");
    assert_eq!(maildir_name("Entwürfe & mehr"), ".Entw&APw-rfe &- mehr");
    assert_eq!(maildir_name("日本語"), ".&ZeVnLIqe-");
}

#[test]
fn flags_are_letters() {
    let mut keywords = Vec::new();
    let flags = ["\\Seen", "$Work", "\\Flagged"].map(str::to_owned);
    assert_eq!(maildir_flags(&flags, &mut keywords), "FSa");
    assert_eq!(maildir_flags(&["$work".to_owned(), "b".to_owned()], &mut keywords), "ab");
    assert_eq!(keywords, ["$Work", "b"]);
}
