//! AUTHENTICATE (RFC 9051 6.2.2) with the initial response of SASL-IR (RFC 4959).

use super::login::{admit, may_authenticate, wrong};
use super::{Sequences, States, Verb};
use crate::reply::{Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::{Error, wipe};
use sasl::mechanism::is_base64;
use sasl::{Dialogue, Mechanism, log_in};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "AUTHENTICATE",
    uid: false,
    states: States::NOT_AUTHENTICATED,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.atom()?;
    let initial = if cursor.at_end() {
        None
    } else {
        cursor.space()?;
        Some(cursor.take_while(|byte| byte > b' ' && byte < 0x7f).as_bytes())
    };
    cursor.end()?;
    may_authenticate(session)?;
    let directory = session.context.directory.clone();
    let peer = session.peer.clone();
    let mechanism = Mechanism::find(name, &peer, directory.as_ref()).filter(|found| found.in_imap);
    let Some(mechanism) = mechanism else {
        return Err(Failure::No(Some("CANNOT"), "Unknown mechanism"));
    };
    // RFC 9051 6.2.2: what cannot be decoded is BAD, not a failed login.
    if initial.is_some_and(|initial| initial != b"=" && !is_base64(initial)) {
        return Err(Failure::Bad("Not base64"));
    }
    match log_in(session, mechanism, initial, &peer, directory.as_ref()).await? {
        Ok(admitted) => Ok(admit(session, admitted, "AUTHENTICATE completed")),
        Err(Error::Unavailable) => Err(Failure::No(Some("UNAVAILABLE"), "Try again later")),
        // Nobody can say that the password is wrong.
        Err(Error::Corrupt) => Err(Failure::Store(Error::Corrupt)),
        Err(_) => Err(wrong(session)),
    }
}

impl Dialogue for Session {
    type End = Failure;

    async fn ask(&mut self, challenge: &str) -> Result<Vec<u8>, Failure> {
        self.connection.out.raw(b"+ ").raw(challenge).crlf();
        let line = self.bare_line().await?;
        // RFC 9051 6.2.2: a lone `*` cancels, and the answer to that is BAD.
        if line == b"*" {
            return Err(Failure::Bad("Authentication cancelled"));
        }
        if !is_base64(&line) {
            wipe(line);
            return Err(Failure::Bad("Not base64"));
        }
        Ok(line)
    }

    async fn within<T: Send>(&mut self, work: impl Future<Output = T> + Send) -> Result<T, Failure> {
        self.before_login_ends(work).await
    }
}
