//! The registry of commands.

use super::{States, all, find};

#[test]
fn verbs_are_found_without_case() {
    for verb in all() {
        assert!(find(&verb.name.to_lowercase(), verb.uid).is_some());
    }
    assert!(find("FETCH", true).is_some());
    assert!(find("NOOP", true).is_none());
    assert!(find("", false).is_none());
}

#[test]
fn nothing_but_the_door_is_open_before_login() {
    let mut open: Vec<_> =
        all().filter(|verb| verb.states.contains(States::NOT_AUTHENTICATED)).map(|verb| verb.name).collect();
    open.sort_unstable();
    assert_eq!(open, ["AUTHENTICATE", "CAPABILITY", "ID", "LANGUAGE", "LOGIN", "LOGOUT", "NOOP", "STARTTLS"]);
}
