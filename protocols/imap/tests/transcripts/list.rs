//! LIST, LSUB and STATUS with mailboxes that are there, subscribed, gone and nested.

use crate::harness::play;

#[tokio::test]
async fn a_new_account() {
    play(
        "C: a LIST \"\" *
         S: * LIST (\\HasNoChildren) \"/\" INBOX
         S: * LIST (\\HasNoChildren \\Archive) \"/\" Archive
         S: * LIST (\\HasNoChildren \\Drafts) \"/\" Drafts
         S: * LIST (\\HasNoChildren \\Junk) \"/\" Junk
         S: * LIST (\\HasNoChildren \\Sent) \"/\" Sent
         S: * LIST (\\HasNoChildren \\Trash) \"/\" Trash
         S: a OK LIST completed
         C: b LIST \"\" \"\"
         S: * LIST (\\Noselect) \"/\" \"\"
         S: b OK LIST completed
         C: c LIST \"\" inbox
         S: * LIST (\\HasNoChildren) \"/\" INBOX
         S: c OK LIST completed
         C: c2 LIST \"\" (i% in*X/% InBox/x)
         S: * LIST (\\HasNoChildren) \"/\" INBOX
         S: c2 OK LIST completed
         C: d LSUB \"\" S%
         S: * LSUB (\\Sent) \"/\" Sent
         S: d OK LSUB completed",
    )
    .await;
}

#[tokio::test]
async fn levels_and_wildcards() {
    play(
        "C: a CREATE a/b/c
         S: a OK [MAILBOXID <*>] CREATE completed
         C: b LIST \"\" a*
         S: * LIST (\\HasChildren) \"/\" a
         S: * LIST (\\HasChildren) \"/\" a/b
         S: * LIST (\\HasNoChildren) \"/\" a/b/c
         S: b OK LIST completed
         C: c LIST a/ %
         S: * LIST (\\HasChildren) \"/\" a/b
         S: c OK LIST completed
         C: d LIST \"\" (a% INBOX)
         S: * LIST (\\HasNoChildren) \"/\" INBOX
         S: * LIST (\\HasChildren) \"/\" a
         S: d OK LIST completed",
    )
    .await;
}

#[tokio::test]
async fn subscriptions_outlive_mailboxes() {
    play(
        "C: a CREATE x/y
         S: a OK [MAILBOXID <*>] CREATE completed
         C: b SUBSCRIBE x/y
         S: b OK SUBSCRIBE completed
         # a name is enough
         C: c SUBSCRIBE nowhere
         S: c OK SUBSCRIBE completed
         C: c0 LIST (SUBSCRIBED) \"\" nowhere
         S: * LIST (\\Subscribed \\NonExistent) \"/\" nowhere
         S: c0 OK LIST completed
         C: c UNSUBSCRIBE nowhere
         S: c OK UNSUBSCRIBE completed
         C: c UNSUBSCRIBE nowhere
         S: c OK UNSUBSCRIBE completed
         C: c1 CREATE gone/too
         S: c1 OK [MAILBOXID <*>] CREATE completed
         C: c2 SUBSCRIBE gone/too
         S: c2 OK SUBSCRIBE completed
         C: c3 DELETE gone/too
         S: c3 OK DELETE completed
         C: c4 DELETE gone
         S: c4 OK DELETE completed
         C: d DELETE x/y
         S: d OK DELETE completed
         C: e LSUB \"\" x*
         S: * LSUB () \"/\" x/y
         S: e OK LSUB completed
         C: f LSUB \"\" %
         S: * LSUB () \"/\" INBOX
         S: * LSUB (\\Archive) \"/\" Archive
         S: * LSUB (\\Drafts) \"/\" Drafts
         S: * LSUB (\\Junk) \"/\" Junk
         S: * LSUB (\\Sent) \"/\" Sent
         S: * LSUB (\\Trash) \"/\" Trash
         S: * LSUB (\\Noselect) \"/\" gone
         S: * LSUB (\\Noselect) \"/\" x
         S: f OK LSUB completed
         C: g LIST (SUBSCRIBED) \"\" (x* gone*)
         S: * LIST (\\Subscribed \\NonExistent) \"/\" gone/too
         S: * LIST (\\Subscribed \\NonExistent) \"/\" x/y
         S: g OK LIST completed
         C: h LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (x gone)
         S: * LIST (\\NonExistent) \"/\" gone (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: * LIST (\\HasNoChildren) \"/\" x (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: h OK LIST completed
         C: i CREATE x/y
         S: i OK [MAILBOXID <*>] CREATE completed
         C: j LIST (SUBSCRIBED) \"\" x*
         S: * LIST (\\Subscribed \\HasNoChildren) \"/\" x/y
         S: j OK LIST completed
         C: k UNSUBSCRIBE x/y
         S: k OK UNSUBSCRIBE completed
         C: l UNSUBSCRIBE gone/too
         S: l OK UNSUBSCRIBE completed
         C: m LIST (SUBSCRIBED) \"\" (x* gone*)
         S: m OK LIST completed",
    )
    .await;
}

#[tokio::test]
async fn special_use_and_status() {
    play(
        "C: a LIST (SPECIAL-USE) \"\" * RETURN (SUBSCRIBED STATUS (MESSAGES SIZE))
         S: * LIST (\\Subscribed \\HasNoChildren \\Archive) \"/\" Archive
         S: * STATUS Archive (MESSAGES 0 SIZE 0)
         S: * LIST (\\Subscribed \\HasNoChildren \\Drafts) \"/\" Drafts
         S: * STATUS Drafts (MESSAGES 0 SIZE 0)
         S: * LIST (\\Subscribed \\HasNoChildren \\Junk) \"/\" Junk
         S: * STATUS Junk (MESSAGES 0 SIZE 0)
         S: * LIST (\\Subscribed \\HasNoChildren \\Sent) \"/\" Sent
         S: * STATUS Sent (MESSAGES 0 SIZE 0)
         S: * LIST (\\Subscribed \\HasNoChildren \\Trash) \"/\" Trash
         S: * STATUS Trash (MESSAGES 0 SIZE 0)
         S: a OK LIST completed
         C: b APPEND Trash (\\Deleted) {5+}
         C: a: b
         C:
         S: b OK <*>
         C: c STATUS Trash (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE RECENT APPENDLIMIT)
         S: * STATUS Trash (MESSAGES 1 UIDNEXT 2 UIDVALIDITY <*> UNSEEN 1 DELETED 1 SIZE 5 RECENT 1 APPENDLIMIT 67108864)
         S: c OK STATUS completed
         C: d STATUS Nowhere (MESSAGES)
         S: d NO [NONEXISTENT] No such mailbox
         C: e STATUS INBOX (FOO)
         S: e BAD Unknown status item",
    )
    .await;
}

#[tokio::test]
async fn parents_are_told_where_what_matched_is_not() {
    play(
        "C: a1 CREATE foo2/bar1
         S: a1 OK <*>
         C: a2 CREATE foo2/bar2
         S: a2 OK <*>
         C: a3 CREATE baz2/bar2
         S: a3 OK <*>
         C: a4 CREATE eps2/mamba
         S: a4 OK <*>
         C: b1 SUBSCRIBE foo2/bar1
         S: b1 OK <*>
         C: b2 SUBSCRIBE foo2/bar2
         S: b2 OK <*>
         C: b3 SUBSCRIBE baz2/bar2
         S: b3 OK <*>
         C: b4 SUBSCRIBE eps2
         S: b4 OK <*>
         C: b5 SUBSCRIBE eps2/mamba
         S: b5 OK <*>
         # RFC 5258 5, example 9
         C: c LIST (RECURSIVEMATCH SUBSCRIBED) \"\" *2
         S: * LIST (\\Subscribed \\HasNoChildren) \"/\" baz2/bar2
         S: * LIST (\\Subscribed \\HasChildren) \"/\" eps2 (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: * LIST (\\HasChildren) \"/\" foo2 (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: * LIST (\\Subscribed \\HasNoChildren) \"/\" foo2/bar2
         S: c OK LIST completed",
    )
    .await;
}
