//! ESEARCH (RFC 4731): `SEARCH RETURN (MIN MAX ALL COUNT)`.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "ESEARCH",
    rfc: "RFC 4731",
    capability: Some("ESEARCH"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
