//! 8BITMIME (RFC 6152). Octets pass as they are either way; whether a message needs an 8-bit path on is seen
//! from the message itself, since clients forget to say so.

use super::{Extension, Parameter, bad_value};

pub(super) const EXTENSION: Extension = Extension {
    name: "8BITMIME",
    rfc: "RFC 6152",
    line: |_| Some("8BITMIME".to_owned()),
    mail: Some(Parameter {
        name: "BODY",
        take: |_, options, value| match value {
            Some(value) if value.eq_ignore_ascii_case("7BIT") => Ok(()),
            Some(value) if value.eq_ignore_ascii_case("8BITMIME") => {
                options.eight_bit = true;
                Ok(())
            }
            _ => Err(bad_value()),
        },
    }),
};
