//! SPECIAL-USE (RFC 6154): uses are told in every LIST, and can be selected by and asked for.

use super::{Extension, When};
use crate::words::OptionWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "SPECIAL-USE",
    rfc: "RFC 6154",
    capability: Some("SPECIAL-USE"),
    when: When::LoggedIn,
    list_selections: &[OptionWord {
        name: "SPECIAL-USE",
        parse: |_, select| {
            select.special_use = true;
            Ok(())
        },
    }],
    ..Extension::PLAIN
};
