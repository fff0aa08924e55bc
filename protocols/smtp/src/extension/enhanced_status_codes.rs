//! ENHANCEDSTATUSCODES (RFC 2034). Every reply carries one but greeting, EHLO, 334 and 354.

use super::Extension;

pub(super) const EXTENSION: Extension = Extension {
    name: "ENHANCEDSTATUSCODES",
    rfc: "RFC 2034",
    line: |_| Some("ENHANCEDSTATUSCODES".to_owned()),
    mail: None,
};
