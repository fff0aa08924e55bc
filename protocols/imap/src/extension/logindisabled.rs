//! LOGINDISABLED (RFC 9051 6.2.3): passwords do not cross where others could listen.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "LOGINDISABLED",
    rfc: "RFC 9051",
    capability: Some("LOGINDISABLED"),
    when: When::MayNotAuthenticate,
    ..Extension::PLAIN
};
