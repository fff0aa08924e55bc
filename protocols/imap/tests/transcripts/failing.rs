//! A read of the store that fails, as while a database fails over, at every point there is: nothing that happened stays
//! untold, and what was done is answered as done.

use crate::harness::{Client, House};
use engine::fail::{Call, FailPlan};

/// Two sessions on a mailbox of three messages.
async fn two(house: &House, parameters: &str) -> (Client, Client) {
    let (mut one, mut other) = (house.alice().await, house.alice().await);
    for _ in 0..3 {
        other.ask("a APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
    }
    for client in [&mut one, &mut other] {
        let opened = client.ask(&format!("b SELECT INBOX{parameters}")).await;
        assert!(opened.last().unwrap().starts_with("b OK"), "{opened:?}");
    }
    (one, other)
}

fn count(lines: &[String], what: &str) -> usize {
    lines.iter().filter(|line| line.contains(what)).count()
}

#[tokio::test]
async fn what_others_did_is_told_once_whichever_read_fails() {
    for (kind, parameters) in
        [(Call::Get, ""), (Call::Scan, ""), (Call::Get, " (CONDSTORE)"), (Call::Scan, " (CONDSTORE)")]
    {
        for nth in 1.. {
            let plan = FailPlan::new();
            let house = House::failing(&plan);
            let (mut one, mut other) = two(&house, parameters).await;
            other.ask("c STORE 1 +FLAGS (\\Flagged word)").await;
            other.ask("d STORE 3 +FLAGS (\\Deleted)").await;
            other.ask("e EXPUNGE").await;
            other.ask("f APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
            let before = plan.count(kind);
            plan.fail(kind, nth);
            let mut told = one.ask("c NOOP").await;
            let struck = plan.count(kind) - before >= nth;
            assert_eq!(
                told.last().unwrap().starts_with("c NO [UNAVAILABLE]"),
                struck,
                "{kind:?} {nth}: {told:?}"
            );
            told.extend(one.ask("d NOOP").await);
            let found =
                (count(&told, "\\Flagged word)"), count(&told, "* 3 EXPUNGE"), count(&told, "* 3 EXISTS"));
            assert_eq!(found, (1, 1, 1), "{kind:?} {nth}: {told:?}");
            if !struck {
                // What the other session has made ready needs no scan.
                assert!(nth > 1 || kind == Call::Scan, "no read at all: nothing is shown");
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_was_done_is_answered_as_done_whichever_read_fails() {
    for kind in [Call::Get, Call::Scan] {
        for nth in 1.. {
            let plan = FailPlan::new();
            let house = House::failing(&plan);
            let (mut one, mut other) = two(&house, " (CONDSTORE)").await;
            other.ask("c STORE 1 +FLAGS (\\Flagged)").await;
            let before = plan.count(kind);
            plan.fail(kind, nth);
            let stored = one.ask("c STORE 2 +FLAGS (\\Answered)").await;
            let struck = plan.count(kind) - before >= nth;
            plan.fail(kind, u64::from(u32::MAX));
            let is_ok = stored.last().unwrap().starts_with("c OK");
            assert!(is_ok || struck, "{kind:?} {nth}: {stored:?}");
            let there = other.ask("d FETCH 2 FLAGS").await;
            assert_eq!(is_ok, count(&there, "\\Answered") > 0, "{kind:?} {nth}: {stored:?} {there:?}");
            let mut told = stored;
            told.extend(one.ask("e NOOP").await);
            assert_eq!(count(&told, "* 1 FETCH (UID 1 FLAGS ("), 1, "{kind:?} {nth}: {told:?}");
            if !struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn kept_searches_and_events_that_cannot_be_read_end_with_a_word() {
    for kind in [Call::Get, Call::Scan] {
        let mut ended = 0;
        for nth in 1.. {
            let plan = FailPlan::new();
            let house = House::failing(&plan);
            let (mut one, mut other) = two(&house, "").await;
            one.ask("c SEARCH RETURN (UPDATE) LARGER 1").await;
            one.ask("d NOTIFY SET (SELECTED (MessageNew (UID RFC822.SIZE) MessageExpunge FlagChange))").await;
            other.ask("c APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
            let before = plan.count(kind);
            plan.fail(kind, nth);
            let mut told = one.ask("e NOOP").await;
            let struck = plan.count(kind) - before >= nth;
            told.extend(one.ask("f NOOP").await);
            let unread = (count(&told, "[NOUPDATE \"c\"]"), count(&told, "[NOTIFICATIONOVERFLOW]"));
            ended += unread.0 + unread.1;
            // RFC 5465 5.8: behind that nothing is told any more.
            if unread.1 == 0 {
                let found = (count(&told, "* 4 EXISTS"), count(&told, "* 4 FETCH (UID 4 RFC822.SIZE 8)"));
                assert_eq!(found, (1, 1), "{kind:?} {nth}: {told:?}");
                assert_eq!(count(&told, "ADDTO (0 4)") + unread.0, 1, "{kind:?} {nth}: {told:?}");
            }
            if !struck {
                assert!(kind == Call::Scan || ended > 0, "no such read: nothing is shown");
                break;
            }
        }
    }
}
