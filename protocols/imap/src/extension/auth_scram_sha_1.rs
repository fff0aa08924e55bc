//! AUTH=SCRAM-SHA-1 and -PLUS (RFC 5802); the exchange is `sasl`'s.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH=SCRAM-SHA-1",
    rfc: "RFC 5802",
    capability: Some("AUTH=SCRAM-SHA-1"),
    when: When::Mechanism("SCRAM-SHA-1"),
    ..Extension::PLAIN
};

pub(super) const PLUS: Extension = Extension {
    name: "AUTH=SCRAM-SHA-1-PLUS",
    rfc: "RFC 5802",
    capability: Some("AUTH=SCRAM-SHA-1-PLUS"),
    when: When::Mechanism("SCRAM-SHA-1-PLUS"),
    ..Extension::PLAIN
};
