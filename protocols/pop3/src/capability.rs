//! What CAPA tells (RFC 2449), each with its source. `None` means: not to be had now.

use crate::session::Session;
use sasl::mechanism;

/// A capability as the list knows it.
pub(crate) struct Capability {
    pub(crate) name: &'static str,
    /// Where it is described.
    pub(crate) rfc: &'static str,
    /// Its line now.
    pub(crate) line: fn(&Session) -> Option<String>,
}

/// Every capability, in the order CAPA tells them.
pub(crate) const ALL: &[Capability] = &[
    Capability { name: "TOP", rfc: "RFC 1939 7", line: |_| Some("TOP".to_owned()) },
    Capability { name: "UIDL", rfc: "RFC 1939 7", line: |_| Some("UIDL".to_owned()) },
    Capability { name: "RESP-CODES", rfc: "RFC 2449 6.4", line: |_| Some("RESP-CODES".to_owned()) },
    Capability { name: "AUTH-RESP-CODE", rfc: "RFC 3206", line: |_| Some("AUTH-RESP-CODE".to_owned()) },
    Capability { name: "PIPELINING", rfc: "RFC 2449 6.6", line: |_| Some("PIPELINING".to_owned()) },
    Capability { name: "EXPIRE NEVER", rfc: "RFC 2449 6.7", line: |_| Some("EXPIRE NEVER".to_owned()) },
    Capability { name: "UTF8 USER", rfc: "RFC 6856", line: |_| Some("UTF8 USER".to_owned()) },
    Capability {
        name: "USER",
        rfc: "RFC 2449 6.2",
        line: |session| may_log_in(session).then(|| "USER".to_owned()),
    },
    Capability { name: "SASL", rfc: "RFC 5034", line: |session| may_log_in(session).then(|| sasl(session)) },
    Capability {
        name: "STLS",
        rfc: "RFC 2595 4",
        line: |session| session.client.peer.offers_starttls().then(|| "STLS".to_owned()),
    },
    Capability {
        name: "IMPLEMENTATION",
        rfc: "RFC 2449 6.9",
        line: |_| Some("IMPLEMENTATION Collegium".to_owned()),
    },
];

/// Passwords cross only where nobody can listen, and once.
fn may_log_in(session: &Session) -> bool {
    session.client.peer.may_authenticate()
}

fn sasl(session: &Session) -> String {
    mechanisms(session).fold("SASL".to_owned(), |line, name| format!("{line} {name}"))
}

/// The names of the mechanisms that can be used with this peer.
pub(crate) fn mechanisms(session: &Session) -> impl Iterator<Item = &'static str> {
    let directory = session.context.directory.as_ref();
    mechanism::ALL
        .iter()
        .filter(|known| known.is_usable(&session.client.peer, directory))
        .map(|known| known.name)
}
