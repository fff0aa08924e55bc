//! AUTH=PLAIN (RFC 4616), inside TLS or on a loopback listener that says so; the mechanism itself is shared by all doors.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH=PLAIN",
    rfc: "RFC 4616",
    capability: Some("AUTH=PLAIN"),
    when: When::MayAuthenticate,
    ..Extension::PLAIN
};
