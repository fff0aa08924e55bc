//! The registry agrees with itself.

use super::{ALL, is_among};
use crate::command;
use crate::limits::MESSAGE_BYTES_MAX;
use std::collections::HashSet;

#[test]
fn names_and_capabilities_are_unique() {
    let mut seen = HashSet::new();
    for extension in ALL {
        assert!(seen.insert(extension.name), "{}", extension.name);
        assert!(extension.rfc.starts_with("RFC "), "{}", extension.name);
    }
}

#[test]
fn commands_are_unique() {
    let mut seen = HashSet::new();
    for verb in command::all() {
        assert!(seen.insert((verb.name, verb.uid)), "{}", verb.name);
    }
}

#[test]
fn the_append_limit_that_is_told_is_the_one_that_holds() {
    let told = ALL.iter().filter_map(|extension| extension.capability);
    let expect = format!("APPENDLIMIT={MESSAGE_BYTES_MAX}");
    assert!(told.into_iter().any(|capability| capability == expect));
}

#[test]
fn what_an_extension_needs_is_a_capability_that_needs_none_of_those_behind_it() {
    for (place, extension) in ALL.iter().enumerate() {
        for needed in extension.needs {
            let found = ALL.iter().position(|other| other.capability == Some(*needed));
            assert!(found.is_some_and(|found| found < place), "{} needs {needed}", extension.name);
        }
    }
}

#[test]
fn what_needs_a_hidden_capability_is_hidden_with_it() {
    let hidden = |names: &[&str]| {
        let list: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let told = ALL.iter().filter_map(|extension| extension.capability);
        told.filter(|capability| is_among(&[&[], &list], capability)).collect::<Vec<_>>()
    };
    assert_eq!(hidden(&[]), [""; 0]);
    assert_eq!(hidden(&["acl"]), ["ACL", "RIGHTS=texk", "LIST-MYRIGHTS"]);
    assert_eq!(hidden(&["QUOTA"]), ["QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE", "QUOTASET"]);
    assert_eq!(hidden(&["CONDSTORE"]), ["CONDSTORE", "QRESYNC"]);
    assert_eq!(hidden(&["SORT"]), ["SORT", "SORT=DISPLAY", "ESORT", "CONTEXT=SORT"]);
    assert_eq!(
        hidden(&["ESEARCH", "METADATA"]),
        ["ESEARCH", "SEARCHRES", "CONTEXT=SEARCH", "METADATA", "LIST-METADATA"]
    );
}
