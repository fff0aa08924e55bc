//! UIDL (RFC 1939 7): UIDVALIDITY and UID of IMAP, which no other message of the maildrop ever has.

use super::{Command, When, list::tell};

pub(super) const UIDL: Command = Command {
    verb: "UIDL",
    when: When::Transaction,
    run: |session, rest| Box::pin(tell(session, rest, |maildrop, entry| maildrop.unique_id(entry))),
};
