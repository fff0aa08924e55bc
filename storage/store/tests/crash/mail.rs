//! What a client does to mail.

use crate::{
    client::{Client, Did, next_number, record},
    history::{Mailbox, Message, State},
};
use model::{CollectionId, Error, Flags, Modseq, SystemFlags, Uid, ZonedTime};
use std::collections::BTreeMap;
use store::{Collection, FlagChange, INBOX, NewCollection, NewMessage, Writer};

impl Client {
    pub(crate) async fn append(&mut self) -> Did {
        let account = self.account();
        let mut new = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let (body, bytes) = self.body().await?;
            new.push((body, bytes, self.some_flags()));
        }
        let (mut writer, mut state) = self.begin(account).await?;
        let id = self.mailbox(&state);
        let mailbox = self.open(&writer, id).await?;
        for (body, bytes, flags) in new {
            let message = Message { hash: body.hash, bytes, flags: flags.clone() };
            let new = NewMessage { record: record(body), flags, received: ZonedTime::default(), keys: None };
            let appended = writer.append(&mailbox, new).await;
            let over = over(&state, bytes);
            let Some(uid) = self.expect_over(appended, over)? else { return Ok(()) };
            enter(&mut state, id, message, uid, writer.modseq());
        }
        self.commit(writer, state).await
    }

    pub(crate) fn some_flags(&mut self) -> Flags {
        let system = SystemFlags::from_bits_truncate(self.dice.below(32) as u8);
        let keywords = (0..self.dice.below(3)).map(|n| model::Keyword::parse(&format!("k{n}")).unwrap());
        Flags { system, keywords: keywords.collect() }
    }

    pub(crate) async fn flags(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let id = self.mailbox(&state);
        let uids = self.uids(&state.mailboxes[&id]);
        let flags = self.some_flags();
        let change = match self.dice.below(3) {
            0 => FlagChange::Replace(flags),
            1 => FlagChange::Add(flags),
            _ => FlagChange::Remove(flags),
        };
        let mailbox = self.open(&writer, id).await?;
        let told = writer.change_flags(&mailbox, &uids, &change).await;
        let told = self.expect(told)?;
        let model = state.mailboxes.get_mut(&id).unwrap();
        for (uid, flags) in told {
            let message = model.messages.get_mut(&uid.0).unwrap();
            assert_eq!(change.apply(&message.flags).unwrap(), flags);
            if message.flags != flags {
                model.modseq = writer.modseq();
            }
            message.flags = flags;
        }
        self.commit(writer, state).await
    }

    pub(crate) async fn copy_or_move(&mut self, moves: bool) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (from, to) = (self.mailbox(&state), self.mailbox(&state));
        let uids = self.uids(&state.mailboxes[&from]);
        let (source, target) = (self.open(&writer, from).await?, self.open(&writer, to).await?);
        let start = state.used();
        let pairs = if moves {
            writer.move_messages(&source, &target, &uids).await
        } else {
            writer.copy_messages(&source, &target, &uids).await
        };
        let messages = |state: &State, uid: &Uid| state.mailboxes[&from].messages.get(&uid.0).cloned();
        let present: Vec<_> = uids.iter().filter_map(|uid| Some((*uid, messages(&state, uid)?))).collect();
        let bytes: u64 = present.iter().map(|(_, message)| message.bytes).sum();
        let grows = !moves && bytes > 0;
        let refused = grows && state.limit.is_some_and(|limit| start + bytes > limit);
        let Some(pairs) = self.expect_over(pairs, refused)? else { return Ok(()) };
        assert_eq!(pairs.len(), present.len());
        for ((uid, message), (told, new)) in present.into_iter().zip(pairs) {
            assert_eq!(uid, told);
            if moves {
                let source = state.mailboxes.get_mut(&from).unwrap();
                source.messages.remove(&uid.0);
                source.modseq = writer.modseq();
            }
            enter(&mut state, to, message, new, writer.modseq());
        }
        self.commit(writer, state).await
    }

    pub(crate) async fn expunge(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let id = self.mailbox(&state);
        let mailbox = self.open(&writer, id).await?;
        let gone = writer.expunge_all(&mailbox).await;
        let gone = self.expect(gone)?;
        let model = state.mailboxes.get_mut(&id).unwrap();
        let deleted = |message: &Message| message.flags.system.contains(SystemFlags::DELETED);
        let expected: Vec<_> =
            model.messages.iter().filter(|(_, message)| deleted(message)).map(|(uid, _)| Uid(*uid)).collect();
        assert_eq!(gone, expected);
        model.messages.retain(|_, message| !deleted(message));
        if !gone.is_empty() {
            model.modseq = writer.modseq();
        }
        self.commit(writer, state).await
    }

    pub(crate) async fn create_mailbox(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let parent = if self.dice.once_in(2) { CollectionId::ROOT } else { self.mailbox(&state) };
        let name = self.name();
        let path = if parent == CollectionId::ROOT {
            name.clone()
        } else {
            format!("{}/{name}", state.path(parent))
        };
        let taken = state.mailboxes.values().any(|other| other.parent == parent && other.name == name);
        let created = writer.create_mailbox(&path, NewCollection::default()).await;
        let Some(created) = self.expect_or(created, taken.then_some(Error::Exists))? else { return Ok(()) };
        let modseq = writer.modseq();
        let uid_validity = created.row().uid_validity.0;
        assert!(state.mailboxes.values().all(|other| other.uid_validity < uid_validity));
        let mailbox = Mailbox { parent, name, uid_validity, uid_next: 1, modseq, messages: BTreeMap::new() };
        state.mailboxes.insert(created.id(), mailbox);
        next_number(&mut state, created.id());
        self.inbox_as_told(&writer, &mut state).await?;
        self.commit(writer, state).await
    }

    /// Subscriptions of mailboxes that are gone are kept in INBOX's record, which may so have changed.
    pub(crate) async fn inbox_as_told(&self, writer: &Writer, state: &mut State) -> Did {
        for (id, mailbox) in &mut state.mailboxes {
            if mailbox.name == INBOX && mailbox.parent == CollectionId::ROOT {
                let opened: Collection<store::Mailbox> = self.open(writer, *id).await?;
                let told = opened.row().modseq;
                assert!(told == mailbox.modseq || told == writer.modseq());
                mailbox.modseq = told;
            }
        }
        Ok(())
    }

    pub(crate) async fn remove_or_rename_mailbox(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let id = self.mailbox(&state);
        let path = state.path(id);
        if path == INBOX {
            return Ok(());
        }
        if self.dice.once_in(2) {
            let removed = writer.remove_mailbox(&path).await;
            let inner = state.mailboxes.values().any(|other| other.parent == id);
            if self.expect_or(removed, inner.then_some(Error::Conflict))?.is_none() {
                return Ok(());
            }
            state.mailboxes.remove(&id);
        } else {
            let name = self.name();
            let to = state.mailboxes[&id].parent;
            let target =
                if to == CollectionId::ROOT { name.clone() } else { format!("{}/{name}", state.path(to)) };
            let taken = state.mailboxes.values().any(|other| other.parent == to && other.name == name);
            let renamed = writer.rename_mailbox(&path, &target).await;
            if self.expect_or(renamed, taken.then_some(Error::Exists))?.is_none() {
                return Ok(());
            }
            let mailbox = state.mailboxes.get_mut(&id).unwrap();
            mailbox.name = name;
            mailbox.modseq = writer.modseq();
        }
        self.inbox_as_told(&writer, &mut state).await?;
        self.commit(writer, state).await
    }

    pub(crate) fn uids(&mut self, mailbox: &Mailbox) -> Vec<Uid> {
        let mut uids: Vec<_> = mailbox.messages.keys().map(|uid| Uid(*uid)).collect();
        uids.retain(|_| self.dice.once_in(2));
        uids.push(Uid(999_999));
        uids
    }
}

/// Whether one more item of this size is one too many for the account.
fn over(state: &State, bytes: u64) -> bool {
    bytes > 0 && state.limit.is_some_and(|limit| state.used() + bytes > limit)
}

/// Puts a message into the model's mailbox, under the UID that must be its next.
fn enter(state: &mut State, id: CollectionId, message: Message, uid: Uid, modseq: Modseq) {
    let mailbox = state.mailboxes.get_mut(&id).unwrap();
    assert_eq!(uid.0, mailbox.uid_next, "a UID was left out or given twice");
    mailbox.uid_next += 1;
    mailbox.modseq = modseq;
    mailbox.messages.insert(uid.0, message);
}
