//! An account's own record: its counters are above everything that was ever given.

use super::{Note, Repair, items::Covering};
use crate::{
    change::Changed,
    deleted::{AT_ONCE, Deleted, DeletedRow},
    key::{Key, split_long, split_number},
    limits::SCAN_PAGE_COUNT,
    record::{self, AccountRow, CollectionRow},
    view::View,
};
use engine::{Batch, Op, Precondition, Snapshot, Table};
use model::{CollectionId, CollectionKind, Error, ItemId, Modseq, Result, UidValidity};
use std::{collections::BTreeMap, sync::Arc};

/// Counters past this come from damage: nobody counts so far.
const COUNTER_MAX: u64 = 1 << 62;
/// As [`COUNTER_MAX`], for collections.
const COLLECTION_MAX: u32 = 1 << 31;
/// How far a counter that was lost jumps over what was seen: what was given and is gone left no trace.
const COUNTER_GAP: u64 = 1 << 20;
/// As [`COUNTER_GAP`], for collections.
const COLLECTION_GAP: u32 = 1 << 10;

/// The highest numbers that records have.
#[derive(Default)]
struct Seen {
    modseq: u64,
    collection: u32,
    item: u64,
    uid_validity: u32,
    /// What rows of a collection are to be read as.
    kinds: BTreeMap<u32, CollectionKind>,
}

impl Seen {
    fn modseq(&mut self, modseq: Modseq) {
        self.modseq = self.modseq.max(if modseq.0 < COUNTER_MAX { modseq.0 } else { 0 });
    }

    fn collection(&mut self, id: u32) {
        self.collection = self.collection.max(if id < COLLECTION_MAX { id } else { 0 });
    }

    fn item(&mut self, item: u64) {
        self.item = self.item.max(if item < COUNTER_MAX { item } else { 0 });
    }

    fn row(&mut self, table: Table, key: &[u8], value: &[u8]) {
        let Some((_, rest)) = split_number(key) else { return };
        match table {
            Table::Deleted => {
                match split_long(rest) {
                    Some((number, [])) if number & AT_ONCE == 0 => self.item(number),
                    _ => {}
                }
                if let Ok(DeletedRow { what: Deleted::Collection(id, removed), .. }) = record::decode(value) {
                    self.collection(id.0);
                    self.kinds.insert(id.0, removed.row.kind);
                    self.uid_validity = self.uid_validity.max(removed.row.uid_validity.0);
                    self.modseq(removed.row.modseq);
                }
                return;
            }
            Table::Message | Table::Body => {
                if let Some((item, [])) = split_long(rest) {
                    self.item(item);
                }
                return;
            }
            Table::Child => {
                if let Ok(id) = record::decode::<CollectionId>(value) {
                    self.collection(id.0);
                }
                return;
            }
            _ => {}
        }
        let Some((id, rest)) = split_number(rest) else { return };
        self.collection(id);
        match table {
            Table::Collection => {
                if let Ok(row) = record::decode::<CollectionRow>(value) {
                    self.modseq(row.modseq);
                    self.kinds.insert(id, row.kind);
                    self.uid_validity = self.uid_validity.max(row.uid_validity.0);
                }
            }
            Table::Changed => {
                if let Some((modseq, _)) = split_long(rest) {
                    self.modseq(Modseq(modseq));
                }
                if let Ok(slot) = record::decode::<Changed>(value)
                    && !slot.collection
                {
                    self.item(slot.item.0);
                }
            }
            Table::Item => {
                if let Some(Ok(row)) = self.kinds.get(&id).map(|kind| Covering::decode(*kind, value)) {
                    self.modseq(row.modseq());
                    self.item(row.item().0);
                }
            }
            _ => {}
        }
    }
}

impl Repair {
    /// Makes the account's record anew where it is lost, and raises counters that are behind.
    pub(super) async fn account_row(&mut self) -> Result<()> {
        let seen = self.seen().await?;
        let inner = &self.store.inner;
        let state = inner.state(self.account);
        let turn = state.turn.clone().lock_owned().await;
        // First what is in flight: what lands in between is in the snapshot then.
        let flying = state.flying();
        let view = View::new(inner.engine.snapshot().await?, flying);
        let key = Key::account(self.account).done();
        let stored = view.get(Table::Account, &key).await?;
        let old = stored.as_deref().and_then(|value| record::decode::<AccountRow>(value).ok());
        let lost = old.is_none();
        let mut row = old.clone().unwrap_or_else(|| self.store.new_account());
        let (gap, collection_gap) = if lost { (COUNTER_GAP, COLLECTION_GAP) } else { (0, 0) };
        row.modseq = row.modseq.max(Modseq(seen.modseq + gap));
        row.next_item = row.next_item.max(ItemId(seen.item + 1 + gap));
        row.next_collection = row.next_collection.max(CollectionId(seen.collection + 1 + collection_gap));
        row.uid_validity = row.uid_validity.max(UidValidity(seen.uid_validity));
        if lost {
            let seconds = u32::try_from(self.store.env().now().seconds()).unwrap_or(0);
            row.uid_validity = row.uid_validity.max(UidValidity(seconds));
            self.notes.push(Note::AccountRebuilt);
        }
        if old.as_ref() != Some(&row) {
            let expect = vec![match stored {
                Some(stored) => Precondition::Equals(Table::Account, key.clone(), stored),
                None => Precondition::Absent(Table::Account, key.clone()),
            }];
            let ops = vec![Op::Put(Table::Account, key, record::encode(&row)?)];
            // The turn is held until it is durable: nobody builds on a record that is not there yet.
            let committed = inner.engine.commit(Batch { expect, ops }).await;
            let _durable = committed.map_err(|error| match error {
                Error::PreconditionFailed => Error::Conflict,
                other => other,
            })?;
        }
        drop(turn);
        inner.release(self.account, state);
        Ok(())
    }

    async fn seen(&self) -> Result<Seen> {
        let snapshot: Arc<dyn Snapshot> = self.store.inner.engine.snapshot().await?;
        let mut seen = Seen::default();
        for table in [
            Table::Collection,
            Table::Deleted,
            Table::Child,
            Table::Item,
            Table::Changed,
            Table::Message,
            Table::Body,
            Table::Property,
            Table::Lock,
        ] {
            let mut range = self.prefix().prefix();
            loop {
                let page = snapshot.scan(table, &range, SCAN_PAGE_COUNT, false).await?;
                page.iter().for_each(|(key, value)| seen.row(table, key, value));
                match page.last() {
                    Some((last, _)) if page.len() == SCAN_PAGE_COUNT => {
                        range.start = crate::collection::after(last);
                    }
                    _ => break,
                }
            }
        }
        Ok(seen)
    }
}
