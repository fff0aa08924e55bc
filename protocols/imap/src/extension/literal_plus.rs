//! LITERAL+ (RFC 7888): literals of any size without waiting; too large ones are swallowed, then refused by their tag.
//! Where it is hidden LITERAL- stands in its place.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "LITERAL+",
    rfc: "RFC 7888",
    capability: Some("LITERAL+"),
    when: When::Always,
    ..Extension::PLAIN
};
