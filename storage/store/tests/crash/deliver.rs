//! Mail in flight: taken once, delivered once to each recipient, whatever happens between (I9).

use crate::{
    ACCOUNTS, Shared,
    client::{Client, Stop},
    history::{Accepted, Message},
    owner,
};
use model::{Address, Flags, Modseq, Rights, Timestamp, ZonedTime};
use store::{Entry, INBOX, NewMessage, QueueRecipient, Queued, Store, Target};

impl Client {
    /// Hands a message for both accounts to the queue.
    pub(crate) async fn accept(&mut self) -> Result<(), Stop> {
        let (body, _) = self.body().await?;
        let hash = body.hash;
        let entry = Entry {
            sender: None,
            created: Timestamp(0),
            expires: Timestamp(i64::MAX),
            message: crate::client::record(body),
            local_prefix_bytes: 0,
            header_bytes: 0,
            eight_bit: false,
            smtputf8: false,
        };
        let recipients: Vec<_> = ACCOUNTS
            .map(|account| QueueRecipient {
                address: Address::parse("r@example.org").unwrap(),
                spelled: "R@example.org".to_owned(),
                target: Target::Account(account),
                attempts: 0,
                last_reply: String::new(),
            })
            .into();
        let accepted = self.store.queue().accept(entry, recipients, Timestamp(0)).await;
        // One that is not answered has no number that anybody knows: it is found again by its presence.
        let id = *self.expect(accepted)?;
        // Another client may have seen and delivered it before this answer came.
        let accepted = || Accepted { hash, recipients: 2, delivered: Vec::new() };
        self.world().queue.entry(id).or_insert_with(accepted);
        Ok(())
    }

    /// Delivers one recipient of one entry, in one batch with its removal from the queue.
    pub(crate) async fn deliver(&mut self) -> Result<(), Stop> {
        let listed = self.store.queue().list(None, 20).await;
        let listed = self.expect(listed)?;
        let Some(queued) = self.pick(&listed).cloned() else { return Ok(()) };
        if !self.world().busy.insert(queued.id) {
            return Ok(());
        }
        let delivered = self.deliver_one(&queued).await;
        self.world().busy.remove(&queued.id);
        delivered
    }

    async fn deliver_one(&mut self, queued: &Queued) -> Result<(), Stop> {
        let Some((number, recipient)) = self.pick(&queued.recipients).cloned() else { return Ok(()) };
        let Target::Account(account) = recipient.target else { return Ok(()) };
        let last = queued.recipients.len() == 1;
        let (mut writer, base) = self.begin(account).await?;
        // A look at the queue in this turn: another runner may have been here.
        let now = self.store.queue().load(queued.id).await;
        if self.expect(now)?.as_ref() != Some(queued) {
            return Ok(());
        }
        let inbox = writer.open_mailbox(INBOX, Rights::INSERT).await;
        let inbox = self.expect(inbox)?;
        let new = NewMessage {
            record: queued.entry.message.clone(),
            flags: Flags::default(),
            received: ZonedTime::default(),
            keys: None,
        };
        let bytes = queued.entry.message.body.size;
        let over = base.limit.is_some_and(|limit| base.used() + bytes > limit);
        let uid = writer.append(&inbox, new).await;
        let Some(uid) = self.expect_over(uid, over)? else { return Ok(()) };
        writer.settle(queued, number, last);
        let modseq = writer.modseq();
        let mut state = base;
        let mailbox = state.mailboxes.get_mut(&inbox.id()).unwrap();
        assert_eq!(uid.0, mailbox.uid_next);
        let message = Message { hash: queued.entry.message.body.hash, bytes, flags: Flags::default() };
        mailbox.messages.insert(uid.0, message);
        mailbox.uid_next += 1;
        mailbox.modseq = modseq;
        self.tried(queued, number, account, modseq);
        self.commit(writer, state).await
    }

    fn tried(&self, queued: &Queued, number: u32, account: model::AccountId, modseq: Modseq) {
        let mut world = self.world();
        let accepted = world.queue.entry(queued.id).or_insert(Accepted {
            hash: queued.entry.message.body.hash,
            recipients: 2,
            delivered: Vec::new(),
        });
        accepted.delivered.push((number, account, modseq));
    }
}

/// After a cut: each message that was taken waits with exactly those recipients that were not delivered.
pub(crate) async fn check(store: &Store, world: &Shared) {
    let mut there = std::collections::BTreeMap::new();
    for queued in store.queue().list(None, 1_000).await.unwrap() {
        there.insert(queued.id, queued);
    }
    let mut reached = std::collections::BTreeMap::new();
    for account in store.accounts(None, 10).await.unwrap() {
        reached.insert(account, store.read(&owner(account), account).await.unwrap().modseq());
    }
    let mut world = world.lock().unwrap();
    for queued in there.values() {
        // Whole: an entry without a promise is there with all it had.
        world.queue.entry(queued.id).or_insert_with(|| {
            assert_eq!(queued.recipients.len(), 2);
            let hash = queued.entry.message.body.hash;
            Accepted { hash, recipients: 2, delivered: Vec::new() }
        });
    }
    for (id, accepted) in &mut world.queue {
        accepted.delivered.retain(|(_, account, modseq)| reached.get(account) >= Some(modseq));
        let mut waiting: Vec<u32> = (0..accepted.recipients).collect();
        waiting.retain(|number| accepted.delivered.iter().all(|(delivered, ..)| delivered != number));
        let found = there.get(id);
        let found_waiting: Vec<u32> =
            found.iter().flat_map(|queued| &queued.recipients).map(|(number, _)| *number).collect();
        assert_eq!(found_waiting, waiting, "recipients of {id}");
        assert!(found.is_none_or(|queued| queued.entry.message.body.hash == accepted.hash));
    }
}
