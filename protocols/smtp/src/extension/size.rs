//! SIZE (RFC 1870): what is too large is refused before it is sent.

use super::{Extension, Parameter, bad_value};
use crate::reply::Reply;
use model::Error;

pub(super) const EXTENSION: Extension = Extension {
    name: "SIZE",
    rfc: "RFC 1870",
    line: |session| Some(format!("SIZE {}", session.context.config.message_bytes_max)),
    mail: Some(Parameter {
        name: "SIZE",
        take: |session, options, value| {
            // RFC 1870 4: 1 to 20 digits. What does not fit is too large anyway.
            let digits = value.ok_or_else(bad_value)?;
            if digits.len() > 20 || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
                return Err(bad_value());
            }
            let size = digits.parse().unwrap_or(u64::MAX);
            let max = session.context.config.message_bytes_max;
            if size > max {
                return Err(Reply::of(&Error::TooLarge(max)));
            }
            options.size = Some(size);
            Ok(())
        },
    }),
};
