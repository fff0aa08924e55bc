//! AUTH=OAUTHBEARER (RFC 7628): offered where an issuer is configured; the exchange is `sasl`'s.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH=OAUTHBEARER",
    rfc: "RFC 7628",
    capability: Some("AUTH=OAUTHBEARER"),
    when: When::Mechanism("OAUTHBEARER"),
    ..Extension::PLAIN
};
