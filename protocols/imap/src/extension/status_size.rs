//! STATUS=SIZE (RFC 8438): the sum of RFC822.SIZE, kept by the store, octet for octet.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "STATUS=SIZE",
    rfc: "RFC 8438",
    capability: Some("STATUS=SIZE"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
