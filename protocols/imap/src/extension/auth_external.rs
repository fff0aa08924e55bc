//! AUTH=EXTERNAL (RFC 4422 appendix A): offered to a client that has shown a certificate with a mail address.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH=EXTERNAL",
    rfc: "RFC 4422",
    capability: Some("AUTH=EXTERNAL"),
    when: When::Mechanism("EXTERNAL"),
    ..Extension::PLAIN
};
