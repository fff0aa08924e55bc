//! AUTH=XOAUTH2 (no RFC; what came before RFC 7628): a bearer token (RFC 6750) as most clients still send it.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH=XOAUTH2",
    rfc: "RFC 6750",
    capability: Some("AUTH=XOAUTH2"),
    when: When::Mechanism("XOAUTH2"),
    ..Extension::PLAIN
};
