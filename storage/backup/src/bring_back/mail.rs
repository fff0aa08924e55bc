//! Mailboxes and messages.

use super::{Sides, goes_to};
use crate::limits::{BRING_BATCH_COUNT, SCAN_COUNT};
use model::{BlobId, CollectionKind, Error, Result, Rights, SystemFlags, Uid};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use store::{
    Collection, INBOX, Mailbox, MailboxEntry, MessageRecord, MessageRow, NewCollection, NewMessage, Reader,
    composed,
};

/// What tells a message from others in a mailbox.
type Mark = (BlobId, i64);

impl Sides<'_> {
    /// Whether any was wanted.
    pub(super) async fn mailboxes(&mut self) -> Result<bool> {
        let mut found = false;
        let wanted = self.wanted_of(&self.from).await?;
        let all = self.from.mailboxes().await?;
        let mut alike: BTreeMap<Cow<'_, str>, u64> = BTreeMap::new();
        for entry in &all {
            *alike.entry(composed(&entry.path)).or_default() += 1;
        }
        for entry in &all {
            let Some(path) = goes_to(&entry.path, &wanted) else { continue };
            found = true;
            // Names are not spelled now as in older backups; two mailboxes are never made one by that.
            let path = match alike.get(&composed(&entry.path)) {
                Some(1) => self.read().await?.spelled(&path).await?.into_owned(),
                _ => path,
            };
            self.mailbox(entry, &path).await?;
        }
        Ok(found)
    }

    async fn mailbox(&mut self, entry: &MailboxEntry, path: &str) -> Result<()> {
        let mut writer = self.write().await?;
        if writer.mailbox_at(path).await?.is_none() {
            let new = NewCollection {
                special_use: entry.row.special_use.filter(|_| self.wanted.into.is_none()),
                subscribed: entry.row.subscribed || path == INBOX,
                properties: entry.row.properties.clone(),
            };
            writer.create_mailbox(path, new).await?;
        }
        let _durable = writer.commit(()).await?;
        let there = self.marks(path).await?;
        let source: Collection<Mailbox> = self.from.open(entry.id, Rights::READ).await?;
        let mut after: Option<Uid> = None;
        loop {
            let page = self.from.entries(&source, after.as_ref(), BRING_BATCH_COUNT).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            let rows = page.into_iter().filter(|(uid, _)| self.wants_item(&uid.0.to_string())).collect();
            self.messages(path, rows, &there).await?;
        }
    }

    async fn messages(
        &mut self,
        path: &str,
        rows: Vec<(Uid, MessageRow)>,
        there: &BTreeSet<Mark>,
    ) -> Result<()> {
        let ids: Vec<_> = rows.iter().map(|(_, row)| row.message).collect();
        let records = self.from.messages(&ids).await?;
        let mut ready = Vec::new();
        for ((uid, row), record) in rows.into_iter().zip(records) {
            if there.contains(&(record.body.hash, row.received.seconds)) {
                self.brought.present_count += 1;
                continue;
            }
            let body = match self.target.adopt(self.source, &record.body).await {
                Ok(body) => body,
                Err(Error::Corrupt) => {
                    self.refuse(path, &uid.0.to_string(), "its octets are damaged in the backup");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut flags = row.flags;
            flags.system.remove(SystemFlags::DELETED);
            ready.push(NewMessage {
                keys: None,
                record: MessageRecord { body, ..record },
                flags,
                received: row.received,
            });
        }
        if ready.is_empty() {
            return Ok(());
        }
        let count = ready.len() as u64;
        let mut writer = self.write().await?;
        let mailbox = writer.open_mailbox(path, Rights::INSERT).await?;
        for new in ready {
            writer.append(&mailbox, new).await?;
        }
        let _durable = writer.commit(()).await?;
        self.brought.restored_count += count;
        Ok(())
    }

    /// What the mailbox holds.
    async fn marks(&self, path: &str) -> Result<BTreeSet<Mark>> {
        let reader: Reader = self.read().await?;
        let mailbox = reader.open_mailbox(path, Rights::READ).await?;
        let mut marks = BTreeSet::new();
        let mut after: Option<Uid> = None;
        debug_assert!(mailbox.row().kind == CollectionKind::Mailbox);
        loop {
            let page = reader.entries(&mailbox, after.as_ref(), SCAN_COUNT).await?;
            let ids: Vec<_> = page.iter().map(|(_, row)| row.message).collect();
            for ((_, row), record) in page.iter().zip(reader.messages(&ids).await?) {
                marks.insert((record.body.hash, row.received.seconds));
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_COUNT => after = Some(*last),
                _ => return Ok(marks),
            }
        }
    }
}
