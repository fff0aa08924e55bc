//! Names that can be hidden, and names that come near.

use super::{distance, known, names};

#[test]
fn every_capability_can_be_hidden_by_its_name_and_by_what_stands_before_its_figure() {
    for (name, _) in names() {
        assert_eq!(known(name), Ok(()), "{name}");
        assert_eq!(known(&name.to_ascii_lowercase()), Ok(()), "{name}");
    }
    for name in
        ["COMPRESS", "compress=deflate", "THREAD", "THREAD=REFS", "thread=references", "MESSAGELIMIT", "AUTH"]
    {
        assert_eq!(known(name), Ok(()), "{name}");
    }
    assert_eq!(known("MESSAGELIMIT=1000"), Ok(()));
    assert_eq!(known("savelimit=5"), Ok(()));
}

#[test]
fn what_is_no_capability_is_refused_with_what_comes_near() {
    for (name, near) in [
        ("COMPRES", "did you mean COMPRESS?"),
        ("UID-ONLY", "did you mean UIDONLY?"),
        ("idel", "did you mean ID or IDLE?"),
        ("CONDSTOR", "did you mean CONDSTORE?"),
        ("COMPRESS=DEFLAT", "did you mean COMPRESS=DEFLATE?"),
        ("QRSYNC", "did you mean QRESYNC"),
        ("X-GM-EXT-1", "`collegium support` lists them"),
        ("", "`collegium support` lists them"),
    ] {
        let told = known(name).unwrap_err().to_string();
        let expect = format!("{name}: no capability of this server; {near}");
        assert!(told.starts_with(&expect), "{told}");
    }
    for name in ["MESSAGELIMIT=", "MESSAGELIMIT=x", "MESSAGELIMIT1", "IDLE=1", "THREAD=", "é"] {
        assert_eq!(known(name).is_ok(), name == "MESSAGELIMIT=", "{name}");
    }
}

#[test]
fn letters_between_two_names() {
    for (from, to, steps) in
        [("", "", 0), ("a", "", 1), ("", "ab", 2), ("idle", "idle", 0), ("kitten", "sitting", 3)]
    {
        assert_eq!(distance(from.as_bytes(), to.as_bytes()), steps);
    }
}
