//! LIST-METADATA (RFC 9590): METADATA behind each LIST reply.

use super::metadata::{listed_entries, tell_listed};
use super::{Extension, When};
use crate::words::ListWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "LIST-METADATA",
    rfc: "RFC 9590",
    capability: Some("LIST-METADATA"),
    when: When::LoggedIn,
    needs: &["METADATA", "LIST-EXTENDED"],
    list_returns: &[ListWord {
        name: "METADATA",
        parse: listed_entries,
        tell: |session, listed| Box::pin(tell_listed(session, listed)),
    }],
    ..Extension::PLAIN
};
