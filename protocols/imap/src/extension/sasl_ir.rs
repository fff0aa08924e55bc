//! SASL-IR (RFC 4959): AUTHENTICATE may carry the first response.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "SASL-IR",
    rfc: "RFC 4959",
    capability: Some("SASL-IR"),
    when: When::BeforeLogin,
    ..Extension::PLAIN
};
