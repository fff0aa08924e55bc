//! LOGIN (RFC 9051 6.2.3), and what every way to log in shares.

use super::{Sequences, States, Verb};
use crate::extension;
use crate::limits::FAILED_LOGINS_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use directory::{Admitted, Proof};
use model::Error;
use sasl::sessions::Known;
use sasl::{Credentials, mechanism};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "LOGIN",
    uid: false,
    states: States::NOT_AUTHENTICATED,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let login = cursor.astring()?;
    cursor.space()?;
    let secret = cursor.astring()?;
    cursor.end()?;
    may_authenticate(session)?;
    match mechanism::credentials(&login, &secret) {
        Ok(credentials) => prove(session, credentials, "LOGIN completed").await,
        Err(_) => Err(wrong(session)),
    }
}

/// Passwords cross only where nobody can listen (RFC 9051 11.1).
pub(super) fn may_authenticate(session: &Session) -> Result<(), Failure> {
    if session.peer.may_authenticate() {
        return Ok(());
    }
    Err(Failure::No(Some("PRIVACYREQUIRED"), "Use TLS first"))
}

/// Asks the directory, and opens the account.
async fn prove(session: &mut Session, credentials: Credentials, text: &'static str) -> Outcome {
    let directory = session.context.directory.clone();
    let ip = session.peer.addr.ip();
    let proof = Proof::Password { login: &credentials.login, secret: &credentials.secret };
    match session.before_login_ends(directory.admit(proof, ip)).await? {
        Ok(admitted) => Ok(admit(session, admitted, text)),
        Err(Error::Unavailable) => Err(Failure::No(Some("UNAVAILABLE"), "Try again later")),
        // Nobody can say that the password is wrong when what it is compared with cannot be read.
        Err(Error::Corrupt) => Err(Failure::Store(Error::Corrupt)),
        Err(_) => Err(wrong(session)),
    }
}

/// Opens the account.
pub(super) fn admit(session: &mut Session, admitted: Admitted, text: &'static str) -> Done {
    session.present = Some(session.context.sessions.enter(Known {
        account: admitted.principal.account,
        app_password: admitted.app_password,
        door: "imap",
        from: session.peer.addr,
        since: session.context.store.env().now(),
        client: session.client.clone(),
    }));
    session.principal = Some(admitted.principal);
    session.hidden = admitted.hidden.into_boxed_slice();
    Done::told(text).with_code(format!("CAPABILITY {}", extension::capabilities(session)))
}

/// The one answer to every wrong login.
pub(super) fn wrong(session: &mut Session) -> Failure {
    session.failed_logins += 1;
    if session.failed_logins >= FAILED_LOGINS_MAX {
        session.connection.out.raw(b"* BYE ").say("Too many failed logins").crlf();
        session.leaving = true;
    }
    Failure::No(Some("AUTHENTICATIONFAILED"), "Authentication failed")
}
