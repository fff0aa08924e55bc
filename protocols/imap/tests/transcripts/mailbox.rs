//! CREATE, DELETE, RENAME, and names in modified UTF-7.

use crate::harness::{House, play};

#[tokio::test]
async fn create_delete_rename() {
    play(
        "C: a CREATE one/
         S: a OK [MAILBOXID <*>] CREATE completed
         C: b CREATE one
         S: b NO [ALREADYEXISTS] <*>
         C: c CREATE inbox
         S: c NO [ALREADYEXISTS] <*>
         C: d CREATE one/two/three
         S: d OK [MAILBOXID <*>] CREATE completed
         C: e DELETE one
         S: e NO [HASCHILDREN] <*>
         C: f DELETE INBOX
         S: f NO [CANNOT] INBOX cannot be deleted
         C: g RENAME one/two other/place
         S: g OK RENAME completed
         C: h LIST \"\" o*
         S: * LIST (\\HasNoChildren) \"/\" one
         S: * LIST (\\HasChildren) \"/\" other
         S: * LIST (\\HasChildren) \"/\" other/place
         S: * LIST (\\HasNoChildren) \"/\" other/place/three
         S: h OK LIST completed
         C: i RENAME other other/place/deeper
         S: i NO [CANNOT] <*>
         C: j RENAME one other
         S: j NO [ALREADYEXISTS] <*>
         C: k RENAME nowhere x
         S: k NO [NONEXISTENT] <*>
         C: l DELETE nowhere
         S: l NO [NONEXISTENT] <*>
         C: m CREATE \"a//b\"
         S: m NO [CANNOT] <*>
         C: n CREATE \"..\"
         S: n NO [CANNOT] <*>
         C: o CREATE \"\"
         S: o NO [CANNOT] <*>",
    )
    .await;
}

#[tokio::test]
async fn renaming_inbox_moves_its_messages() {
    play(
        "C: a APPEND INBOX (\\Seen) {5+}
         C: a: b
         C:
         S: a OK <*>
         C: b RENAME INBOX old
         S: b OK RENAME completed
         C: c STATUS INBOX (MESSAGES UIDNEXT)
         S: * STATUS INBOX (MESSAGES 0 UIDNEXT 2)
         S: c OK STATUS completed
         C: d STATUS old (MESSAGES UNSEEN)
         S: * STATUS old (MESSAGES 1 UNSEEN 0)
         S: d OK STATUS completed",
    )
    .await;
}

#[tokio::test]
async fn names_beyond_ascii() {
    play(
        "C: a CREATE Entw&APw-rfe
         S: a OK [MAILBOXID <*>] CREATE completed
         C: b CREATE \"A&B\"
         S: b BAD Mailbox name is not valid
         C: c CREATE \"A&-B\"
         S: c OK [MAILBOXID <*>] CREATE completed
         C: d LIST \"\" (A* E*)
         S: * LIST (\\HasNoChildren) \"/\" A&-B
         S: * LIST (\\HasNoChildren \\Archive) \"/\" Archive
         S: * LIST (\\HasNoChildren) \"/\" Entw&APw-rfe
         S: d OK LIST completed
         C: e ENABLE IMAP4rev2 FOO
         S: * ENABLED IMAP4rev2
         S: e OK ENABLE completed
         C: f LIST \"\" (A* E*)
         S: * LIST (\\HasNoChildren) \"/\" A&B
         S: * LIST (\\HasNoChildren \\Archive) \"/\" Archive
         S: * LIST (\\HasNoChildren) \"/\" \"Entw\u{fc}rfe\"
         S: f OK LIST completed
         C: g DELETE \"Entw\u{fc}rfe\"
         S: g OK DELETE completed",
    )
    .await;
}

#[tokio::test]
async fn a_recreated_mailbox_has_a_larger_uidvalidity() {
    let house = House::new();
    let mut client = house.alice().await;
    let mut last = 0;
    for _ in 0..3 {
        client.ask("a CREATE again").await;
        let line = client.ask("b STATUS again (UIDVALIDITY)").await.remove(0);
        let validity: u32 = line.rsplit(' ').next().unwrap().trim_end_matches(')').parse().unwrap();
        assert!(validity > last, "{line}");
        last = validity;
        client.ask("c DELETE again").await;
    }
}
