//! SEARCHRES (RFC 5182): `RETURN (SAVE)` and `$`, kept as UID intervals.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "SEARCHRES",
    rfc: "RFC 5182",
    capability: Some("SEARCHRES"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
