//! Which names are whose.

use super::{is_elsewhere, is_stem};

#[test]
fn stems_and_what_lies_below_them() {
    for (name, stem, elsewhere) in [
        ("INBOX", false, false),
        ("Work/Other Users/x", false, false),
        ("Other Users", true, false),
        ("Other Users/bob@example.org", true, true),
        ("Other Users/bob@example.org/INBOX", false, true),
        ("Shared", true, false),
        ("Shared/team@example.org", true, true),
        ("Shared/team@example.org/Plans/2026", false, true),
        ("Sharedness", false, false),
    ] {
        assert_eq!((is_stem(name), is_elsewhere(name)), (stem, elsewhere), "{name}");
    }
}
