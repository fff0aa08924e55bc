//! AUTH (RFC 4954): the mechanisms of `sasl`, offered where a password may cross. MAIL takes AUTH= and, as
//! RFC 4954 5 allows, believes nothing of it.

use super::{Extension, Parameter, bad_value};
use sasl::{Mechanism, mechanism};

pub(super) const EXTENSION: Extension = Extension {
    name: "AUTH EXTERNAL SCRAM-SHA-256 SCRAM-SHA-1 OAUTHBEARER XOAUTH2 PLAIN LOGIN",
    rfc: "RFC 4954",
    line: |session| {
        let peer = session.client.peer.unbound();
        let usable = |known: &&Mechanism| known.is_usable(&peer, session.context.directory.as_ref());
        let names = mechanism::ALL.iter().filter(usable).map(|mechanism| format!(" {}", mechanism.name));
        session.client.peer.may_authenticate().then(|| format!("AUTH{}", names.collect::<String>()))
    },
    mail: Some(Parameter { name: "AUTH", take: |_, _, value| value.map(|_| ()).ok_or_else(bad_value) }),
};
