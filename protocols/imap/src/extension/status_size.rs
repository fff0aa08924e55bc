//! STATUS=SIZE (RFC 8438): the sum of RFC822.SIZE, kept by the store, octet for octet.

use super::{Extension, When};
use crate::words::StatusWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "STATUS=SIZE",
    rfc: "RFC 8438",
    capability: Some("STATUS=SIZE"),
    when: When::LoggedIn,
    status: &[StatusWord {
        name: "SIZE",
        asked: None,
        value: |out, _, row| {
            out.number(row.bytes);
        },
    }],
    ..Extension::PLAIN
};
