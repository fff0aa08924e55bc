//! AUTH=SCRAM-SHA-256 and -PLUS (RFC 7677, RFC 9266); the exchange is `sasl`'s.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH=SCRAM-SHA-256",
    rfc: "RFC 7677",
    capability: Some("AUTH=SCRAM-SHA-256"),
    when: When::Mechanism("SCRAM-SHA-256"),
    ..Extension::PLAIN
};

pub(super) const PLUS: Extension = Extension {
    name: "AUTH=SCRAM-SHA-256-PLUS",
    rfc: "RFC 7677",
    capability: Some("AUTH=SCRAM-SHA-256-PLUS"),
    when: When::Mechanism("SCRAM-SHA-256-PLUS"),
    ..Extension::PLAIN
};
