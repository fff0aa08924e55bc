//! RCPT (RFC 5321 4.1.1.3): to whom. A recipient that cannot be reached is refused here, not later.

use super::{Command, Outcome, When, go, mail::behind, parameters};
use crate::{
    extension,
    reply::Reply,
    session::Session,
    wire::{Path, parse_path},
};
use delivery::Recipient;
use model::{Address, Error};

pub(super) const RCPT: Command = Command { verb: "RCPT", when: When::KNOWN.and(When::INSIDE), run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        match add(session, rest).await {
            Ok(()) => go(Reply::new(250, "2.1.5", "recipient ok")),
            Err(reply) => go(reply),
        }
    })
}

async fn add(session: &mut Session, rest: &str) -> Result<(), Reply> {
    let transaction = session.transaction.as_ref();
    let transaction = transaction.ok_or_else(|| Reply::new(503, "5.5.1", "say MAIL first"))?;
    let path = behind(rest, "TO:").ok_or_else(|| Reply::new(501, "5.5.4", "say RCPT TO:<address>"))?;
    let (path, rest) =
        parse_path(path).ok_or_else(|| Reply::new(501, "5.1.3", "not a recipient's address"))?;
    if !parameters(rest)?.is_empty() {
        return Err(Reply::new(555, "5.5.4", "unknown parameter"));
    }
    let (address, spelled) = match path {
        Path::Null => return Err(Reply::new(501, "5.1.3", "not a recipient's address")),
        Path::Postmaster => {
            let address = postmaster(session)?;
            let spelled = address.to_string();
            (address, spelled)
        }
        Path::Mailbox(_, spelled) if !spelled.is_ascii() && !transaction.options.smtputf8 => {
            return Err(extension::needs_smtputf8());
        }
        Path::Mailbox(address, spelled) => (address, spelled),
    };
    match session.context.delivery.route(&address).await {
        Ok(route) => match &mut session.transaction {
            Some(transaction) => transaction.add(Recipient { address, spelled, route }),
            None => Ok(()),
        },
        Err(Error::Forbidden(_)) => Err(Reply::new(550, "5.7.1", "this server sends no mail elsewhere")),
        // RFC 3463 3.3: mailing list expansion problem.
        Err(Error::TooLarge(most)) => {
            Err(Reply::new(550, "5.2.4", format!("a group of more than {most} people")))
        }
        Err(error) => Err(Reply::of(&error)),
    }
}

/// RFC 5321 4.5.1: the postmaster of the client's own domain.
fn postmaster(session: &Session) -> Result<Address, Reply> {
    let domain = session.principal.as_ref().map_or("", |principal| principal.address.domain());
    Address::parse(&format!("postmaster@{domain}")).map_err(|_| Reply::of(&Error::NotFound))
}
