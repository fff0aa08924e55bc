//! Known days.

use super::*;

#[test]
fn known_moments() {
    for (seconds, text) in [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (1_795_431_967, "Mon, 23 Nov 2026 11:06:07 +0000"),
        (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 +0000"),
        (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
    ] {
        assert_eq!(rfc5322_date(Timestamp::from_seconds(seconds)), text);
    }
}
