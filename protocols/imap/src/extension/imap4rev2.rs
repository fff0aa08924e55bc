//! IMAP4rev2 (RFC 9051): enabled by the client, it changes how names are spelled and what SELECT and SEARCH say.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "IMAP4rev2",
    rfc: "RFC 9051",
    capability: Some("IMAP4rev2"),
    when: When::Always,
    enable: Some(|session| {
        session.rev2 = true;
        session.connection.out.utf8 = true;
        if let Some(selected) = &mut session.selected {
            selected.recent.0.clear();
        }
    }),
    codes: &["CLOSED", "HASCHILDREN", "UNKNOWN-CTE"],
    ..Extension::PLAIN
};
