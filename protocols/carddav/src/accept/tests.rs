//! Fields that clients send, and what they mean for a card of each version.

use super::other_version;
use format::vcard::version::Version::{V3, V4};

#[test]
fn only_who_takes_no_other_gets_another() {
    for (accept, old, new) in [
        ("text/vcard; version=3.0", None, Some(V3)),
        ("text/vcard;version=\"4.0\"", Some(V4), None),
        ("TEXT/VCARD;VERSION=4.0;q=0.5", Some(V4), None),
        // what DAVx5 sends: 4.0 rather than another
        ("text/vcard;version=4.0, text/vcard;charset=utf-8;q=0.8, text/vcard;q=0.5", None, None),
        ("text/vcard;version=4.0;q=0, text/vcard", None, Some(V3)),
        ("text/vcard;version=3.0, */*;q=0", None, Some(V3)),
        ("text/vcard;version=3.0, text/*;q=0.1", None, None),
        ("*/*", None, None),
        ("text/vcard", None, None),
        ("text/html", None, None),
        ("text/vcard;version=2.1", None, None),
        ("", None, None),
    ] {
        assert_eq!((other_version(accept, V3), other_version(accept, V4)), (old, new), "{accept}");
    }
}
