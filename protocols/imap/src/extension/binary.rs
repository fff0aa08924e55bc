//! BINARY (RFC 3516): parts without their transfer encoding, told by FETCH; literal8, taken by APPEND. IMAP4rev2
//! has it, so that the items are in `wire/decoder/fetch.rs` and `command/fetch/body.rs`.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "BINARY",
    rfc: "RFC 3516",
    capability: Some("BINARY"),
    when: When::LoggedIn,
    codes: &["UNKNOWN-CTE"],
    ..Extension::PLAIN
};
