//! URL-PARTIAL (RFC 5550): `;PARTIAL=` in the URLs of CATENATE; `command/append/url.rs` reads it.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "URL-PARTIAL",
    rfc: "RFC 5550",
    capability: Some("URL-PARTIAL"),
    when: When::LoggedIn,
    needs: &["CATENATE"],
    ..Extension::PLAIN
};
