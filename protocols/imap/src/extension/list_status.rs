//! LIST-STATUS (RFC 5819): `RETURN (STATUS (...))`, one STATUS behind every LIST.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "LIST-STATUS",
    rfc: "RFC 5819",
    capability: Some("LIST-STATUS"),
    when: When::LoggedIn,
    needs: &["LIST-EXTENDED"],
    ..Extension::PLAIN
};
