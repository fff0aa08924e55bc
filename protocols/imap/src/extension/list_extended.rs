//! LIST-EXTENDED (RFC 5258): selection and return options, several patterns; the grammar is in `wire/decoder/list.rs`.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "LIST-EXTENDED",
    rfc: "RFC 5258",
    capability: Some("LIST-EXTENDED"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
