//! Service extensions (RFC 5321 2.2), one file each; EHLO and the parameters of MAIL derive from this list.

mod auth;
mod eight_bit_mime;
mod enhanced_status_codes;
mod help;
mod pipelining;
mod size;
mod smtputf8;
mod starttls;

use crate::{
    reply::Reply,
    session::{MailOptions, Session},
};

pub(crate) use smtputf8::needs_smtputf8;

/// A parameter of MAIL.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// Takes its value.
    pub(crate) take: fn(&Session, &mut MailOptions, Option<&str>) -> Result<(), Reply>,
}

/// An extension as the list knows it.
pub(crate) struct Extension {
    pub(crate) name: &'static str,
    /// Where it is described.
    pub(crate) rfc: &'static str,
    /// What EHLO says of it now; `None` when it is not to be had now.
    pub(crate) line: fn(&Session) -> Option<String>,
    /// What it adds to MAIL.
    pub(crate) mail: Option<Parameter>,
}

/// Every extension, in the order EHLO tells them.
pub(crate) const ALL: &[Extension] = &[
    enhanced_status_codes::EXTENSION,
    pipelining::EXTENSION,
    size::EXTENSION,
    starttls::EXTENSION,
    auth::EXTENSION,
    smtputf8::EXTENSION,
    eight_bit_mime::EXTENSION,
    help::EXTENSION,
];

/// Name and source of every extension, for documents.
pub(crate) fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.iter().map(|extension| (extension.name, extension.rfc))
}

fn bad_value() -> Reply {
    Reply::new(501, "5.5.4", "not a value of this parameter")
}
