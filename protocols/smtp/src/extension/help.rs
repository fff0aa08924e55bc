//! HELP (RFC 5321 4.1.1.8, in the registry of service extensions since RFC 821's days).

use super::Extension;

pub(super) const EXTENSION: Extension =
    Extension { name: "HELP", rfc: "RFC 5321 4.1.1.8", line: |_| Some("HELP".to_owned()), mail: None };
