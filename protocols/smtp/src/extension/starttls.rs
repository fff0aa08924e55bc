//! STARTTLS (RFC 3207), offered outside of TLS where the listener has a certificate.

use super::Extension;

pub(super) const EXTENSION: Extension =
    Extension { line: |session| session.peer.offers_starttls().then(|| "STARTTLS".to_owned()), mail: None };
