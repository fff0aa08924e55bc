//! IMAP4rev1 (RFC 3501): what every session begins with.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "IMAP4rev1",
    rfc: "RFC 3501",
    capability: Some("IMAP4rev1"),
    when: When::Always,
    ..Extension::PLAIN
};
