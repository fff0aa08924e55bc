//! MAIL (RFC 5321 4.1.1.2): who sends. The address must be one of the principal's own (RFC 6409 6.1).

use super::{Command, Outcome, When, go, parameters};
use crate::{
    extension,
    reply::Reply,
    session::{Hello, MailOptions, Session, Transaction},
    wire::{Path, parse_path},
};

pub(super) const MAIL: Command = Command { verb: "MAIL", when: When::KNOWN.and(When::OUTSIDE), run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        match begin(session, rest).await {
            Ok(transaction) => {
                session.transaction = Some(transaction);
                go(Reply::new(250, "2.1.0", "sender ok"))
            }
            Err(reply) => go(reply),
        }
    })
}

async fn begin(session: &mut Session, rest: &str) -> Result<Transaction, Reply> {
    let path = behind(rest, "FROM:").ok_or_else(|| Reply::new(501, "5.5.4", "say MAIL FROM:<address>"))?;
    let (path, rest) = parse_path(path).ok_or_else(|| Reply::new(501, "5.1.7", "not a sender's address"))?;
    let mut options = MailOptions::default();
    for (name, value) in parameters(rest)? {
        let known = extension::ALL.iter().filter_map(|extension| extension.mail.as_ref());
        let known = known.filter(|_| session.hello == Some(Hello::Extended));
        let mut known = known.filter(|parameter| parameter.name.eq_ignore_ascii_case(name));
        let parameter = known.next().ok_or_else(|| Reply::new(555, "5.5.4", "unknown parameter"))?;
        (parameter.take)(session, &mut options, value)?;
    }
    let principal = session.principal.as_ref().ok_or_else(|| Reply::new(530, "5.7.0", "log in first"))?;
    let identities = session.context.directory.identities(principal.account).await;
    let identities = identities.map_err(|error| Reply::of(&error))?;
    let sender = match path {
        // Allowed: read receipts have no sender (RFC 8098 2.1). Their From must be owned like any other.
        Path::Null => None,
        Path::Postmaster => return Err(Reply::new(501, "5.1.7", "not a sender's address")),
        Path::Mailbox(_, spelled) if !spelled.is_ascii() && !options.smtputf8 => {
            return Err(extension::needs_smtputf8());
        }
        Path::Mailbox(address, _) if identities.contains(&address) => Some(address),
        Path::Mailbox(..) => return Err(Reply::new(553, "5.7.1", "this sender's address is not yours")),
    };
    Ok(Transaction { sender, options, recipients: Vec::new(), identities })
}

/// What stands behind a keyword that is compared without case.
pub(super) fn behind<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then_some(rest)
}
