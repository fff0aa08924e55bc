//! MULTIAPPEND (RFC 3502): several messages in one APPEND, all of them or none; `command/append.rs` takes them.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "MULTIAPPEND",
    rfc: "RFC 3502",
    capability: Some("MULTIAPPEND"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
