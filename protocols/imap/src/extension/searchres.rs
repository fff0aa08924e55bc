//! SEARCHRES (RFC 5182): `RETURN (SAVE)` and `$`, kept as UID intervals.

use super::{Extension, When};
use crate::words::OptionWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "SEARCHRES",
    rfc: "RFC 5182",
    capability: Some("SEARCHRES"),
    when: When::LoggedIn,
    needs: &["ESEARCH"],
    search_returns: &[OptionWord {
        name: "SAVE",
        parse: |_, options| {
            options.save = true;
            Ok(())
        },
    }],
    ..Extension::PLAIN
};
