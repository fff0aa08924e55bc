//! EHLO and HELO (RFC 5321 4.1.1.1). What EHLO announces derives from the list of extensions.

use super::{Command, Outcome, When, go};
use crate::{
    extension,
    reply::Reply,
    session::{Hello, Session},
};

pub(super) const EHLO: Command =
    Command { verb: "EHLO", when: When::ANY, run: |s, rest| greet(s, rest, Hello::Extended) };

pub(super) const HELO: Command =
    Command { verb: "HELO", when: When::ANY, run: |s, rest| greet(s, rest, Hello::Basic) };

fn greet<'a>(session: &'a mut Session, name: &'a str, hello: Hello) -> Outcome<'a> {
    Box::pin(async move {
        // The name is not used for anything; many clients send none that means anything.
        if name.is_empty() || name.contains(' ') {
            return go(Reply::new(501, "5.5.4", "a name is missing"));
        }
        session.hello = Some(hello);
        session.transaction = None;
        let mut lines = vec![session.context.delivery.hostname().to_owned()];
        if hello == Hello::Extended {
            lines.extend(extension::ALL.iter().filter_map(|extension| (extension.line)(session)));
        }
        go(Reply::plain(250, lines))
    })
}
