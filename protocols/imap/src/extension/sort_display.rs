//! SORT=DISPLAY (RFC 5957): the sort keys DISPLAYFROM and DISPLAYTO; SORT knows them.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "SORT=DISPLAY",
    rfc: "RFC 5957",
    capability: Some("SORT=DISPLAY"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
