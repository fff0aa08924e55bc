//! DATA (RFC 5321 4.1.1.4): the message itself.

use super::{Command, Outcome, When, go};
use crate::{receive, reply::Reply, session::Session};
use sasl::talk::Then;

pub(super) const DATA: Command =
    Command { verb: "DATA", when: When::KNOWN.and(When::INSIDE).and(When::BEFORE_DATA), run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        let refusal = match &session.transaction {
            _ if !rest.is_empty() => Some(Reply::new(501, "5.5.4", "no parameters are allowed")),
            // RFC 5321 3.3: 554 when every recipient was refused.
            Some(transaction) if transaction.recipients.is_empty() => {
                Some(Reply::new(554, "5.5.1", "no recipient was taken"))
            }
            _ => still_sends(session).await,
        };
        if let Some(reply) = refusal {
            return Ok((reply, behind_refused_data(session)));
        }
        let Some(transaction) = session.transaction.take() else {
            return go(Reply::new(503, "5.5.1", "say MAIL first"));
        };
        session.client.say(&Reply::plain(354, vec!["end with a line that is a dot".to_owned()]));
        receive::message(session, transaction).await
    })
}

/// An account that was disabled since MAIL sends nothing more.
async fn still_sends(session: &mut Session) -> Option<Reply> {
    let account = session.principal.as_ref()?.account;
    match session.context.directory.identities(account).await {
        Ok(none) if none.is_empty() => Some(Reply::new(550, "5.7.1", "this account may not send")),
        Ok(identities) => {
            session.transaction.as_mut()?.identities = identities;
            None
        }
        Err(error) => Some(Reply::of(&error)),
    }
}

/// A client that did not wait for the answer goes on with its message: its lines are not to be read as commands.
pub(crate) fn behind_refused_data(session: &Session) -> Then {
    if session.client.connection.buffered().is_empty() { Then::Go } else { Then::Close }
}
