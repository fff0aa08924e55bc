//! Choices of mailboxes: their words, what they cover, and the limit of names.

use super::{Facts, Filter, Named, filter};
use crate::limits::MAILBOX_NAME_COUNT_MAX;
use crate::wire::decoder::cursor::Cursor;

fn parsed(text: &str) -> Option<Filter> {
    filter(&mut Cursor::new(text.as_bytes(), false), &mut 0).ok()
}

#[test]
fn words() {
    assert_eq!(parsed("Selected-Delayed"), Some(Filter::SelectedDelayed));
    assert_eq!(parsed("INBOXES"), Some(Filter::Inboxes));
    assert_eq!(parsed("subtree-one a"), Some(Filter::SubtreeOne(vec![Named::new("a".to_owned())])));
    let two = ["INBOX", "b c"].map(|name| Named::new(name.to_owned())).to_vec();
    assert_eq!(parsed("mailboxes (inbox \"b c\")"), Some(Filter::Mailboxes(two)));
    for bad in ["", "all", "mailboxes", "mailboxes ()", "subtree (a", "selected_delayed"] {
        assert_eq!(parsed(bad), None, "{bad}");
    }
}

#[test]
fn what_is_covered() {
    let names = || vec![Named::new("a/b".to_owned())];
    let own = |path| Facts { path, is_own: true, subscribed: false, is_there: &|_| false };
    for (filter, path, expect) in [
        (Filter::Personal, "x", true),
        (Filter::Inboxes, "INBOX", true),
        (Filter::Inboxes, "INBOX/x", false),
        (Filter::Subscribed, "INBOX", false),
        (Filter::Mailboxes(names()), "a/b", true),
        (Filter::Mailboxes(names()), "a/b/c", false),
        (Filter::SubtreeOne(names()), "a/b/c", true),
        (Filter::SubtreeOne(names()), "a/b/c/d", false),
        (Filter::Subtree(names()), "a/b/c/d", true),
        (Filter::Subtree(names()), "a/bc", false),
        (Filter::Subtree(names()), "a", false),
        (Filter::Selected, "a", false),
    ] {
        assert_eq!(filter.covers(own(path)), expect, "{filter:?} {path}");
    }
    assert!(!Filter::Personal.covers(Facts {
        path: "x",
        is_own: false,
        subscribed: true,
        is_there: &|_| false
    }));
}

#[test]
fn names_at_the_limit_and_one_past_it() {
    let many = |count: usize| format!("mailboxes ({})", vec!["a"; count].join(" "));
    assert!(parsed(&many(MAILBOX_NAME_COUNT_MAX)).is_some());
    assert!(parsed(&many(MAILBOX_NAME_COUNT_MAX + 1)).is_none());
}

#[test]
fn one_name_is_one_mailbox() {
    let named = || vec![Named::new("Cafe\u{301}".to_owned())];
    let (apart, whole) = (|name: &str| name == "Cafe\u{301}", |name: &str| name == "Caf\u{e9}");
    let facts = |path, is_there| Facts { path, is_own: true, subscribed: false, is_there };
    for filter in [Filter::Mailboxes(named()), Filter::Subtree(named()), Filter::SubtreeOne(named())] {
        assert!(filter.covers(facts("Cafe\u{301}", &apart)), "{filter:?}");
        assert!(!filter.covers(facts("Caf\u{e9}", &apart)), "{filter:?}");
        assert!(filter.covers(facts("Caf\u{e9}", &whole)), "{filter:?}");
    }
    assert!(!Filter::Subtree(named()).covers(facts("Caf\u{e9}/x", &apart)));
    assert!(Filter::Subtree(named()).covers(facts("Caf\u{e9}/x", &whole)));
}
