//! LIST-MYRIGHTS (RFC 8440): MYRIGHTS behind each LIST reply, so that a client need not ask mailbox by mailbox.

use super::acl::tell_mine;
use super::{Extension, When};
use crate::words::ListWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "LIST-MYRIGHTS",
    rfc: "RFC 8440",
    capability: Some("LIST-MYRIGHTS"),
    when: When::LoggedIn,
    needs: &["ACL", "LIST-EXTENDED"],
    list_returns: &[ListWord {
        name: "MYRIGHTS",
        parse: |_| Ok(Vec::new()),
        tell: |session, listed| {
            let rights = listed.reader.rights_on(listed.row);
            tell_mine(&mut session.connection.out, listed.path, rights);
            Box::pin(std::future::ready(Ok(())))
        },
    }],
    ..Extension::PLAIN
};
