//! STARTTLS (RFC 9051 6.2.1): offered while there is a certificate and no TLS; the command is of the base protocol.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "STARTTLS",
    rfc: "RFC 9051",
    capability: Some("STARTTLS"),
    when: When::MayStartTls,
    ..Extension::PLAIN
};
