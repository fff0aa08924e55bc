//! PIPELINING (RFC 2920). The session answers a group in one write: see `sasl::line::Connection::line`.

use super::Extension;

pub(super) const EXTENSION: Extension =
    Extension { name: "PIPELINING", rfc: "RFC 2920", line: |_| Some("PIPELINING".to_owned()), mail: None };
