//! CATENATE (RFC 4469): APPEND of a message put together from parts that are here already; `command/append/` does it.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "CATENATE",
    rfc: "RFC 4469",
    capability: Some("CATENATE"),
    when: When::LoggedIn,
    codes: &["BADURL"],
    ..Extension::PLAIN
};
