//! I18NLEVEL=1 (RFC 5255 4.3): SEARCH, SORT and THREAD compare texts as `i;unicode-casemap` (RFC 5051) does. The folding
//! is `format`'s; the keys that messages are sorted and threaded by were made with it at arrival.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "I18NLEVEL=1",
    rfc: "RFC 5255",
    capability: Some("I18NLEVEL=1"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
