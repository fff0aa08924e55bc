//! CHILDREN (RFC 3348): every LIST says `\\HasChildren` or `\\HasNoChildren`.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "CHILDREN",
    rfc: "RFC 3348",
    capability: Some("CHILDREN"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
