//! Requests: what is one, what is not, and the limit of groups.

use super::{Events, Request, parse};
use crate::limits::NOTIFY_GROUP_COUNT_MAX;
use crate::reply::Failure;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::mailboxes::Facts;

fn parsed(text: &str) -> Parsed<Request> {
    parse(&mut Cursor::new(format!(" {text}").as_bytes(), false))
}

#[test]
fn the_examples_of_the_rfc() {
    // RFC 5465 3.1 and 6, with the pair of events that 5 demands.
    let request = parsed(
        "set status (selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)) \
         (subtree Lists (MessageNew MessageExpunge))",
    )
    .unwrap();
    assert!(request.status);
    let selected = request.selected.as_ref().unwrap();
    assert_eq!((selected.events, selected.items.len()), (Events::NEW | Events::EXPUNGE, 2));
    let facts = |path| Facts { path, is_own: true, subscribed: false, is_there: &|_| false };
    assert_eq!(request.events(facts("Lists/Im2000")), Events::NEW | Events::EXPUNGE);
    assert_eq!(request.events(facts("List")), Events::empty());
    let request =
        parsed("SET (mailboxes INBOX (Messagenew messageExpunge)) (personal (SubscriptionChange))").unwrap();
    assert!(request.selected.is_none());
    let both = Events::NEW | Events::EXPUNGE | Events::SUBSCRIPTION;
    assert_eq!(request.events(facts("INBOX")), both);
    assert_eq!(request.all_events(), both);
    assert!(parsed("NONE").unwrap().groups.is_empty());
    assert!(parsed("SET (selected NONE)").unwrap().selected.is_none());
}

#[test]
fn what_is_refused() {
    for bad in [
        "",
        "SET",
        "NONE x",
        "SET ()",
        "SET (personal MessageNew)",
        "SET (personal (MessageNew))",
        "SET (personal (MessageExpunge))",
        "SET (personal (FlagChange))",
        "SET (selected (MailboxName))",
        "SET (selected NONE) (selected-delayed NONE)",
        "SET (personal (MessageNew (UID) MessageExpunge))",
        "SET (everything (MailboxName))",
        "SET (personal (MailboxName)) x",
    ] {
        assert!(matches!(parsed(bad), Err(Failure::Bad(_))), "{bad}");
    }
    for unsupported in ["SET (personal (AnnotationChange))", "SET (selected (MessageNew X-Event))"] {
        let code = match parsed(unsupported) {
            Err(Failure::No(Some(code), _)) => code,
            other => panic!("{unsupported}: {other:?}"),
        };
        assert!(code.starts_with("BADEVENT (MessageNew MessageExpunge FlagChange MailboxName "));
        assert!(code.ends_with(" SubscriptionChange MailboxMetadataChange ServerMetadataChange)"));
    }
}

#[test]
fn groups_at_the_limit_and_one_past_it() {
    let many = |count: usize| format!("SET {}", vec!["(personal (MailboxName))"; count].join(" "));
    assert!(parsed(&many(NOTIFY_GROUP_COUNT_MAX)).is_ok());
    assert!(matches!(parsed(&many(NOTIFY_GROUP_COUNT_MAX + 1)), Err(Failure::No(Some("LIMIT"), _))));
}
