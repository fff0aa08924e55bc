//! UTF8=ACCEPT (RFC 9755, which obsoletes RFC 6855): mailbox names and quoted strings are UTF-8 as they are, in both
//! directions. APPEND with UTF8 is understood in any session.
//!
//! A message whose header is UTF-8 is told as it is stored, to a session that has not enabled this too: sections are
//! octets, and ENVELOPE and BODYSTRUCTURE give what is beyond US-ASCII as literals, which the grammar of RFC 3501
//! allows. So sizes, partial fetches and signatures agree for every session.

use super::{Extension, When};
use crate::session::enabled::Enabled;

pub(super) const EXTENSION: Extension = Extension {
    name: "UTF8=ACCEPT",
    rfc: "RFC 9755",
    capability: Some("UTF8=ACCEPT"),
    when: When::LoggedIn,
    needs: &["ENABLE"],
    enable: Some(|session| {
        session.enabled |= Enabled::UTF8;
        session.connection.out.utf8 = true;
    }),
    ..Extension::PLAIN
};
