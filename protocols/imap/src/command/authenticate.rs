//! AUTHENTICATE (RFC 9051 6.2.2) with the initial response of SASL-IR (RFC 4959).

use super::login::{may_authenticate, prove, wrong};
use super::{Sequences, States, Verb};
use crate::reply::{Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::wipe;
use sasl::{Exchange, Next, mechanism};

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
    let offered = mechanism::ALL.iter().any(|known| known.in_imap && known.name.eq_ignore_ascii_case(name));
    let exchange = if offered { Exchange::start(name) } else { None };
    let Some(mut exchange) = exchange else {
        return Err(Failure::No(Some("CANNOT"), "Unknown mechanism"));
    };
    if initial.is_some_and(|initial| initial != b"=" && !is_base64(initial)) {
        return Err(Failure::Bad("Not base64"));
    }
    let mut next = exchange.initial(initial);
    loop {
        match next {
            Ok(Next::Credentials(credentials)) => {
                return prove(session, credentials, "AUTHENTICATE completed").await;
            }
            Ok(Next::Challenge(challenge)) => {
                session.connection.out.raw(b"+ ").raw(challenge).crlf();
                let line = session.bare_line().await?;
                // RFC 9051 6.2.2: a lone `*` cancels, and the answer to that is BAD.
                if line == b"*" {
                    return Err(Failure::Bad("Authentication cancelled"));
                }
                if !is_base64(&line) {
                    wipe(line);
                    return Err(Failure::Bad("Not base64"));
                }
                next = exchange.respond(&line);
                wipe(line);
            }
            Err(_) => return Err(wrong(session)),
        }
    }
}

/// Whether the octets could be base64 (RFC 9051 6.2.2: what could not is BAD, not a failed login).
fn is_base64(line: &[u8]) -> bool {
    let body = line.strip_suffix(b"==").or_else(|| line.strip_suffix(b"=")).unwrap_or(line);
    line.len().is_multiple_of(4)
        && body.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}
