//! A client: does what the dice say, one batch at a time, and writes down what each batch must leave behind
//! before it is handed over.

use crate::{
    ACCOUNTS, Shared,
    history::{File, Folder, Mailbox, Message, State, World},
    oracle, owner,
};
use engine::sim::{Dice, SimDisk, SimEnv};
use model::{
    AccountId, CollectionId, Error, Flags, Modseq, Result as Outcome, Rights, SystemFlags, Uid, ZonedTime,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard},
};
use store::{
    Body, Collection, FlagChange, INBOX, MessageRecord, NewCollection, NewMessage, NewObject, Store, Writer,
};

/// The power is gone.
#[derive(Debug)]
pub(crate) struct Stop;

pub(crate) struct Client {
    pub(crate) store: Store,
    disk: SimDisk,
    env: Arc<SimEnv>,
    shared: Shared,
    dice: Dice,
}

type Did = Result<(), Stop>;

pub(crate) fn record(body: Body) -> MessageRecord {
    let none = bytes::Bytes::new();
    MessageRecord {
        copies: 1,
        body,
        envelope: none.clone(),
        structure: none.clone(),
        extended_structure: none.clone(),
        parts: none,
        sent: None,
    }
}

impl Client {
    pub(crate) fn new(store: &Store, disk: &SimDisk, env: &Arc<SimEnv>, shared: &Shared, seed: u64) -> Self {
        Self {
            store: store.clone(),
            disk: disk.clone(),
            env: env.clone(),
            shared: shared.clone(),
            dice: Dice::new(seed),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.lock().unwrap()
    }

    /// Works until the power goes or the work is done.
    pub(crate) async fn work(mut self, count: u64) {
        for _ in 0..count {
            self.env.step(i64::try_from(self.dice.below(2_000)).unwrap());
            if self.one().await.is_err() {
                return;
            }
        }
    }

    async fn one(&mut self) -> Did {
        match self.dice.below(25) {
            0..=5 => self.append().await,
            6 | 7 => self.flags().await,
            8 => self.copy_or_move(false).await,
            9 => self.copy_or_move(true).await,
            10 => self.expunge().await,
            11 => self.create_mailbox().await,
            12 => self.remove_or_rename_mailbox().await,
            13..=15 => self.put_file().await,
            16 => self.remove_file().await,
            17 => self.move_file().await,
            18 => self.folder().await,
            19 => self.properties().await,
            20 => self.look().await,
            21 => self.purge_or_limit().await,
            22 => self.accept().await,
            23 => self.deliver().await,
            _ => self.give_up().await,
        }
    }

    fn account(&mut self) -> AccountId {
        // One account gets most of the work, so that its turns are contested.
        ACCOUNTS[usize::from(self.dice.once_in(4))]
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    fn name(&mut self) -> String {
        ["a", "b", "c", "d", "é"][self.below(5)].to_owned()
    }

    /// The answer, when it must be a good one unless the power is gone.
    pub(crate) fn expect<T>(&self, outcome: Outcome<T>) -> Result<T, Stop> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) if self.disk.is_cut() => {
                assert_eq!(error, Error::Unavailable, "the store hides that the power is gone");
                Err(Stop)
            }
            Err(error) => panic!("refused: {error}"),
        }
    }

    /// The answer, when it must be a refusal if `wrong` says so.
    fn expect_or<T: std::fmt::Debug>(
        &self,
        outcome: Outcome<T>,
        wrong: Option<Error>,
    ) -> Result<Option<T>, Stop> {
        match wrong {
            Some(_) if self.disk.is_cut() => Err(Stop),
            Some(error) => {
                assert_eq!(outcome.unwrap_err(), error);
                Ok(None)
            }
            None => self.expect(outcome).map(Some),
        }
    }

    pub(crate) fn expect_over<T: std::fmt::Debug>(
        &self,
        outcome: Outcome<T>,
        over: bool,
    ) -> Result<Option<T>, Stop> {
        self.expect_or(outcome, over.then_some(Error::OverQuota))
    }

    /// A body of a size that the dice choose: inline, one blob, rarely several.
    pub(crate) async fn body(&mut self) -> Result<(Body, u64), Stop> {
        let size = match self.dice.below(40) {
            0 => 262_144 + self.below(60_000),
            1..=10 => 4_097 + self.below(6_000),
            _ => self.below(1_500),
        };
        // Few contents, so that blobs are shared.
        let octet = self.dice.below(12) as u8;
        let mut upload = self.store.upload(u64::MAX);
        let written = upload.write(&vec![octet; size]).await;
        self.expect(written)?;
        let body = upload.finish().await;
        Ok((self.expect(body)?, size as u64))
    }

    /// Takes the account's turn; also the state that this turn finds.
    pub(crate) async fn begin(&mut self, account: AccountId) -> Result<(Writer, State), Stop> {
        let writer = self.store.write(&owner(account), account).await;
        let writer = self.expect(writer)?;
        let known = self.world().of(account).at(writer.modseq()).cloned();
        if let Some(state) = known {
            return Ok((writer, state));
        }
        let state = oracle::observe(&writer).await;
        let modseq = writer.modseq();
        self.world().of(account).states.insert(modseq, state.clone());
        Ok((writer, state))
    }

    /// Writes down what the batch leaves, hands it over, and takes the answer for a promise.
    pub(crate) async fn commit(&mut self, writer: Writer, state: State) -> Did {
        let (account, modseq) = (writer.account(), writer.modseq());
        self.world().of(account).states.insert(modseq, state);
        let committed = writer.commit(()).await;
        let committed = self.expect(committed)?;
        assert_eq!(committed.modseq(), modseq);
        oracle::promise(&self.shared, account, modseq);
        Ok(())
    }

    fn mailbox(&mut self, state: &State) -> CollectionId {
        let ids: Vec<_> = state.mailboxes.keys().copied().collect();
        *self.pick(&ids).unwrap()
    }

    fn folder_of(&mut self, state: &State) -> CollectionId {
        let ids: Vec<_> = state.folders.keys().copied().collect();
        *self.pick(&ids).unwrap()
    }

    async fn open<K: store::Kind>(&self, writer: &Writer, id: CollectionId) -> Result<Collection<K>, Stop> {
        self.expect(writer.open(id, Rights::LOOKUP).await)
    }

    fn uids(&mut self, mailbox: &Mailbox) -> Vec<Uid> {
        let mut uids: Vec<_> = mailbox.messages.keys().map(|uid| Uid(*uid)).collect();
        uids.retain(|_| self.dice.once_in(2));
        uids.push(Uid(999_999));
        uids
    }

    async fn append(&mut self) -> Did {
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
            let new = NewMessage { record: record(body), flags, received: ZonedTime::default() };
            let appended = writer.append(&mailbox, new).await;
            let over = over(&state, bytes);
            let Some(uid) = self.expect_over(appended, over)? else { return Ok(()) };
            enter(&mut state, id, message, uid, writer.modseq());
        }
        self.commit(writer, state).await
    }

    fn some_flags(&mut self) -> Flags {
        let system = SystemFlags::from_bits_truncate(self.dice.below(32) as u8);
        let keywords = (0..self.dice.below(3)).map(|n| model::Keyword::parse(&format!("k{n}")).unwrap());
        Flags { system, keywords: keywords.collect() }
    }

    async fn flags(&mut self) -> Did {
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

    async fn copy_or_move(&mut self, moves: bool) -> Did {
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

    async fn expunge(&mut self) -> Did {
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

    async fn create_mailbox(&mut self) -> Did {
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
    async fn inbox_as_told(&self, writer: &Writer, state: &mut State) -> Did {
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

    async fn remove_or_rename_mailbox(&mut self) -> Did {
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

    async fn put_file(&mut self) -> Did {
        let account = self.account();
        let (body, bytes) = self.body().await?;
        let hash = body.hash;
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let folder = self.open(&writer, id).await?;
        let new = NewObject { body, content_type: "text/plain".to_owned(), modified: None, mark: 0 };
        let put = writer.put_file(&folder, &name, new).await;
        let old = state.folders[&id].files.get(&name).cloned();
        let before = old.as_ref().map_or(0, |old| old.bytes);
        let over = bytes > before && state.limit.is_some_and(|limit| state.used() - before + bytes > limit);
        let wrong = if state.child_folder(id, &name).is_some() {
            Some(Error::Exists)
        } else {
            over.then_some(Error::OverQuota)
        };
        let Some(row) = self.expect_or(put, wrong)? else { return Ok(()) };
        assert_eq!(row.hash, hash);
        let properties = old.map(|old| old.properties).unwrap_or_default();
        let folder = state.folders.get_mut(&id).unwrap();
        folder.files.insert(name, File { hash, bytes, properties });
        folder.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    async fn remove_file(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let folder = self.open(&writer, id).await?;
        let removed = writer.remove_file(&folder, &name).await;
        let missing = !state.folders[&id].files.contains_key(&name);
        if self.expect_or(removed, missing.then_some(Error::NotFound))?.is_none() {
            return Ok(());
        }
        let folder = state.folders.get_mut(&id).unwrap();
        folder.files.remove(&name);
        folder.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    async fn move_file(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (from, to) = (self.folder_of(&state), self.folder_of(&state));
        let (name, new) = (self.name(), self.name());
        let (source, target) = (self.open(&writer, from).await?, self.open(&writer, to).await?);
        let moved = writer.move_file((&source, &name), (&target, &new)).await;
        let taken = state.folders[&to].files.contains_key(&new) || state.child_folder(to, &new).is_some();
        let missing = !state.folders[&from].files.contains_key(&name);
        let wrong = if taken { Some(Error::Exists) } else { missing.then_some(Error::NotFound) };
        if self.expect_or(moved, wrong)?.is_none() {
            return Ok(());
        }
        let source = state.folders.get_mut(&from).unwrap();
        let file = source.files.remove(&name).unwrap();
        source.modseq = writer.modseq();
        let target = state.folders.get_mut(&to).unwrap();
        target.files.insert(new, file);
        target.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    async fn folder(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let is_root = state.folders[&id].parent == CollectionId::ROOT;
        if is_root || self.dice.once_in(2) {
            let taken =
                state.folders[&id].files.contains_key(&name) || state.child_folder(id, &name).is_some();
            let created = writer.create_folder(id, &name, BTreeMap::new()).await;
            let Some(created) = self.expect_or(created, taken.then_some(Error::Exists))? else {
                return Ok(());
            };
            let modseq = writer.modseq();
            let folder = Folder { parent: id, name, modseq, files: BTreeMap::new() };
            state.folders.insert(created.id(), folder);
            state.folders.get_mut(&id).unwrap().modseq = modseq;
            next_number(&mut state, created.id());
            return self.commit(writer, state).await;
        }
        let folder = self.open(&writer, id).await?;
        let parent = state.folders[&id].parent;
        if self.dice.once_in(2) {
            let removed = writer.remove_tree(&folder).await;
            self.expect(removed)?;
            let inside: Vec<_> =
                state.folders.keys().copied().filter(|inner| state.is_inside(*inner, id)).collect();
            inside.iter().for_each(|inner| drop(state.folders.remove(inner)));
        } else {
            let to = self.folder_of(&state);
            let taken =
                state.folders[&to].files.contains_key(&name) || state.child_folder(to, &name).is_some();
            let moved = writer.move_tree(&folder, to, &name).await;
            let wrong =
                if state.is_inside(to, id) { Some(Error::Conflict) } else { taken.then_some(Error::Exists) };
            if self.expect_or(moved, wrong)?.is_none() {
                return Ok(());
            }
            let folder = state.folders.get_mut(&id).unwrap();
            (folder.parent, folder.name, folder.modseq) = (to, name, writer.modseq());
            state.folders.get_mut(&to).unwrap().modseq = writer.modseq();
        }
        state.folders.get_mut(&parent).unwrap().modseq = writer.modseq();
        self.commit(writer, state).await
    }

    async fn properties(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let folder: Collection<store::Folder> = self.open(&writer, id).await?;
        let properties: BTreeMap<_, _> =
            (0..self.dice.below(3)).map(|n| (n.to_string(), self.dice.below(9).to_string())).collect();
        let set = writer.set_item_properties(&folder, &name, &properties).await;
        let missing = !state.folders[&id].files.contains_key(&name);
        if self.expect_or(set, missing.then_some(Error::NotFound))?.is_none() {
            return Ok(());
        }
        let folder = state.folders.get_mut(&id).unwrap();
        folder.files.get_mut(&name).unwrap().properties = properties;
        folder.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    /// Reads: a snapshot shows exactly one state, and not an older one than was promised.
    async fn look(&mut self) -> Did {
        let account = self.account();
        let promised = self.world().of(account).promised;
        let reader = self.store.read(&owner(account), account).await;
        let reader = self.expect(reader)?;
        assert!(reader.modseq() >= promised, "what was acknowledged is not visible");
        if self.disk.is_cut() {
            return Err(Stop);
        }
        oracle::promise(&self.shared, account, reader.modseq());
        // Nothing between here and the end waits, so the power stays on.
        oracle::compare(&reader, &self.shared).await;
        oracle::delta(&reader, &self.shared, &mut self.dice).await;
        Ok(())
    }

    async fn purge_or_limit(&mut self) -> Did {
        let account = self.account();
        if self.dice.once_in(2) {
            let before = engine::Env::now(self.env.as_ref());
            let purged = self.store.purge(account, before).await;
            self.expect(purged)?;
            return Ok(());
        }
        let (mut writer, mut state) = self.begin(account).await?;
        let limit = if self.dice.once_in(2) { None } else { Some(self.dice.below(60_000)) };
        writer.set_quota(limit);
        state.limit = limit;
        self.commit(writer, state).await
    }

    /// A batch that is begun and dropped leaves nothing.
    async fn give_up(&mut self) -> Did {
        let account = self.account();
        let (body, _) = self.body().await?;
        let (mut writer, state) = self.begin(account).await?;
        let mailbox = self.open(&writer, self_mailbox(&state)).await?;
        let new =
            NewMessage { record: record(body), flags: Flags::default(), received: ZonedTime::default() };
        let _ = writer.append(&mailbox, new).await;
        Ok(())
    }
}

fn self_mailbox(state: &State) -> CollectionId {
    *state.mailboxes.keys().next().unwrap()
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

/// A new collection has the next number.
fn next_number(state: &mut State, id: CollectionId) {
    assert_eq!(id.0, state.next, "a number was left out or given twice");
    state.next += 1;
}
