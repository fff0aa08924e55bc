//! A client: does what the dice say, one batch at a time, and writes down what each batch must leave behind
//! before it is handed over.

use crate::{
    ACCOUNTS, Power, Shared,
    history::{State, World},
    oracle, owner,
};
use engine::sim::{Dice, SimEnv};
use model::{AccountId, CollectionId, Error, Flags, Result as Outcome, Rights, ZonedTime};
use std::sync::{Arc, MutexGuard};
use store::{Body, Collection, MessageRecord, NewMessage, Store, Writer};

/// The power is gone.
#[derive(Debug)]
pub(crate) struct Stop;

pub(crate) struct Client {
    pub(crate) store: Store,
    power: Arc<dyn Power>,
    env: Arc<SimEnv>,
    shared: Shared,
    pub(crate) dice: Dice,
}

pub(crate) type Did = Result<(), Stop>;

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
    pub(crate) fn new(
        store: &Store,
        power: Arc<dyn Power>,
        env: &Arc<SimEnv>,
        shared: &Shared,
        seed: u64,
    ) -> Self {
        Self { store: store.clone(), power, env: env.clone(), shared: shared.clone(), dice: Dice::new(seed) }
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
        match self.dice.below(30) {
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
            24 => self.collect().await,
            25 | 26 => self.put_event().await,
            27 => self.remove_event().await,
            28 => self.move_event().await,
            _ => self.give_up().await,
        }
    }

    pub(crate) fn account(&mut self) -> AccountId {
        // One account gets most of the work, so that its turns are contested.
        ACCOUNTS[usize::from(self.dice.once_in(4))]
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    pub(crate) fn name(&mut self) -> String {
        ["a", "b", "c", "d", "é"][self.below(5)].to_owned()
    }

    /// The answer, when it must be a good one unless the power is gone.
    pub(crate) fn expect<T>(&self, outcome: Outcome<T>) -> Result<T, Stop> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) if self.power.is_cut() => {
                assert_eq!(error, Error::Unavailable, "the store hides that the power is gone");
                Err(Stop)
            }
            Err(error) => panic!("refused: {error}"),
        }
    }

    /// The answer, when it must be a refusal if `wrong` says so.
    pub(crate) fn expect_or<T: std::fmt::Debug>(
        &self,
        outcome: Outcome<T>,
        wrong: Option<Error>,
    ) -> Result<Option<T>, Stop> {
        match wrong {
            Some(_) if self.power.is_cut() => Err(Stop),
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

    pub(crate) fn mailbox(&mut self, state: &State) -> CollectionId {
        let ids: Vec<_> = state.mailboxes.keys().copied().collect();
        *self.pick(&ids).unwrap()
    }

    pub(crate) fn folder_of(&mut self, state: &State) -> CollectionId {
        let ids: Vec<_> = state.folders.keys().copied().collect();
        *self.pick(&ids).unwrap()
    }

    pub(crate) async fn open<K: store::Kind>(
        &self,
        writer: &Writer,
        id: CollectionId,
    ) -> Result<Collection<K>, Stop> {
        self.expect(writer.open(id, Rights::LOOKUP).await)
    }

    /// Reads: a snapshot shows exactly one state, and not an older one than was promised.
    async fn look(&mut self) -> Did {
        let account = self.account();
        let promised = self.world().of(account).promised;
        let reader = self.store.read(&owner(account), account).await;
        let reader = self.expect(reader)?;
        assert!(reader.modseq() >= promised, "what was acknowledged is not visible");
        if self.power.is_cut() {
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
            return if self.dice.once_in(2) { self.purge_deleted(account).await } else { Ok(()) };
        }
        let (mut writer, mut state) = self.begin(account).await?;
        let limit = if self.dice.once_in(2) { None } else { Some(self.dice.below(60_000)) };
        writer.set_quota(limit);
        state.limit = limit;
        self.commit(writer, state).await
    }

    async fn purge_deleted(&mut self, account: AccountId) -> Did {
        let before = engine::Env::now(self.env.as_ref());
        {
            let mut world = self.world();
            let history = world.of(account);
            let handed_over = history.states.keys().next_back().copied().unwrap_or_default();
            history.purged = history.purged.max(handed_over);
        }
        let purged = self.store.purge_deleted(account, before).await;
        self.expect(purged).map(drop)
    }

    /// Collection, one at a time as in the server.
    async fn collect(&mut self) -> Did {
        if std::mem::replace(&mut self.world().collecting, true) {
            return Ok(());
        }
        let collected = self.store.collect().await;
        self.world().collecting = false;
        self.expect(collected).map(drop)
    }

    /// A batch that is begun and dropped leaves nothing.
    async fn give_up(&mut self) -> Did {
        let account = self.account();
        let (body, _) = self.body().await?;
        let (mut writer, state) = self.begin(account).await?;
        let mailbox = self.open(&writer, self_mailbox(&state)).await?;
        let new = NewMessage {
            record: record(body),
            flags: Flags::default(),
            received: ZonedTime::default(),
            keys: None,
        };
        let _ = writer.append(&mailbox, new).await;
        Ok(())
    }
}

fn self_mailbox(state: &State) -> CollectionId {
    *state.mailboxes.keys().next().unwrap()
}

/// A new collection has the next number.
pub(crate) fn next_number(state: &mut State, id: CollectionId) {
    assert_eq!(id.0, state.next, "a number was left out or given twice");
    state.next += 1;
}
