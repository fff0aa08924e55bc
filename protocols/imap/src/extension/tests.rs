//! The registry agrees with itself.

use super::ALL;
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
