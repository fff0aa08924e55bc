//! SMTPUTF8 (RFC 6531): addresses and headers beyond US-ASCII.

use super::{Extension, Parameter, bad_value};
use crate::reply::Reply;

pub(super) const EXTENSION: Extension = Extension {
    name: "SMTPUTF8",
    rfc: "RFC 6531",
    line: |_| Some("SMTPUTF8".to_owned()),
    mail: Some(Parameter {
        name: "SMTPUTF8",
        take: |_, options, value| {
            options.smtputf8 = true;
            if value.is_none() { Ok(()) } else { Err(bad_value()) }
        },
    }),
};

/// RFC 6531 3.5: for an address beyond US-ASCII in a transaction that did not ask for this extension.
pub(crate) fn needs_smtputf8() -> Reply {
    Reply::new(553, "5.6.7", "an address beyond US-ASCII needs SMTPUTF8")
}
