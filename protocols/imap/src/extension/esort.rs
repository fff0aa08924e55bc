//! ESORT (RFC 5267 3): `SORT RETURN (MIN MAX ALL COUNT)`, answered by ESEARCH in the order of the sort.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "ESORT",
    rfc: "RFC 5267",
    capability: Some("ESORT"),
    when: When::LoggedIn,
    needs: &["SORT"],
    ..Extension::PLAIN
};
