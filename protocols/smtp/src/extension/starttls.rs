//! STARTTLS (RFC 3207), offered outside of TLS where the listener has a certificate.

use super::Extension;

pub(super) const EXTENSION: Extension = Extension {
    name: "STARTTLS",
    rfc: "RFC 3207",
    line: |session| session.client.peer.offers_starttls().then(|| "STARTTLS".to_owned()),
    mail: None,
};
