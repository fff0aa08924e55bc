//! Octets without an item: a message goes into the mailbox `Recovered`, everything else into the folder of that
//! name, where their owner finds them.

use super::{Note, Repair, body};
use crate::{
    collection::{Collection, NewCollection},
    key::Key,
    kind::{Folder, Mailbox},
    mailbox::INBOX,
    message::MessageRecord,
    provision::FILES_ROOT,
    record::{self, MessageRow, ObjectRow},
    writer::Writer,
};
use engine::Table;
use model::{CollectionId, CollectionKind, Error, Flags, ItemId, Modseq, Result, Rights, ZonedTime};

/// Where they go.
const RECOVERED: &str = "Recovered";

impl Repair {
    /// `by` is what its count of copies is too low by.
    pub(super) async fn recover_message(&mut self, item: ItemId, by: i128) -> Result<()> {
        let mut writer = self.turn().await?;
        let key = Key::item(self.account, item).done();
        let Some(value) = writer.view().get(Table::Message, &key).await? else { return Ok(()) };
        let mut message: MessageRecord = record::decode(&value)?;
        if !self.is_whole(&writer, &message.body).await? {
            return if self.options.drop_damaged {
                drop(writer);
                self.drop_content(item).await
            } else {
                Ok(())
            };
        }
        let mailbox = self.recovered_mailbox(&mut writer).await?;
        let uid = writer.next_uid(&mailbox).await?;
        let now = writer.store().env().now();
        let row = MessageRow {
            message: item,
            size: message.body.size,
            received: message.sent.unwrap_or(ZonedTime { seconds: now.seconds(), offset_minutes: 0 }),
            saved: now,
            flags: Flags::default(),
            modseq: Modseq::default(),
            created_modseq: Modseq::default(),
        };
        self.set_copies(&mut writer, item, &mut message, by + 1).await?;
        writer.past_quota = true;
        writer.put(&mailbox, &uid, row).await?;
        self.notes.push(Note::Recovered(item, format!("{RECOVERED}, UID {uid}")));
        writer.commit(()).await.map(drop)
    }

    pub(super) async fn recover_object(&mut self, item: ItemId) -> Result<()> {
        let mut writer = self.turn().await?;
        let Some(record) = body::record_of(&writer, item).await? else { return Ok(()) };
        if !self.is_whole(&writer, &record).await? {
            return if self.options.drop_damaged {
                drop(writer);
                self.drop_content(item).await
            } else {
                Ok(())
            };
        }
        let octets = body::octets(&writer, item).await?.unwrap_or_default();
        let kind = body::kind_by_content(&octets);
        let suffix = match kind {
            CollectionKind::Calendar => ".ics",
            CollectionKind::AddressBook => ".vcf",
            CollectionKind::Mailbox | CollectionKind::Folder => "",
        };
        let name = format!("item-{item}{suffix}");
        let folder = self.recovered_folder(&mut writer).await?;
        if writer.entry(&folder, &name).await.is_ok_and(|there| there.is_some()) {
            return Ok(());
        }
        let now = writer.store().env().now();
        let row = ObjectRow {
            item,
            size: record.size,
            hash: record.hash,
            content_type: body::content_type(kind, &octets),
            created: now,
            modified: now,
            modseq: Modseq::default(),
            created_modseq: Modseq::default(),
            has_properties: false,
            mark: 0,
        };
        writer.past_quota = true;
        writer.put(&folder, &name, row).await?;
        self.notes.push(Note::Recovered(item, format!("{FILES_ROOT}/{RECOVERED}/{name}")));
        writer.commit(()).await.map(drop)
    }

    pub(super) async fn is_whole(&self, writer: &Writer, body: &crate::Body) -> Result<bool> {
        let mut stream = writer.store().body(body, 0..u64::MAX);
        let mut size = 0_u64;
        loop {
            match stream.next().await {
                Ok(Some(octets)) => size += octets.len() as u64,
                Ok(None) => return Ok(size == body.size),
                Err(Error::Corrupt) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    async fn recovered_mailbox(&self, writer: &mut Writer) -> Result<Collection<Mailbox>> {
        debug_assert!(RECOVERED != INBOX, "a mailbox of its own");
        match writer.open_mailbox(RECOVERED, Rights::INSERT).await {
            Err(Error::NotFound) => {
                let new = NewCollection { subscribed: true, ..NewCollection::default() };
                writer.create_mailbox(RECOVERED, new).await
            }
            other => other,
        }
    }

    async fn recovered_folder(&self, writer: &mut Writer) -> Result<Collection<Folder>> {
        let root = self.folder(writer, CollectionId::ROOT, FILES_ROOT).await?;
        self.folder(writer, root.id(), RECOVERED).await
    }

    async fn folder(
        &self,
        writer: &mut Writer,
        parent: CollectionId,
        name: &str,
    ) -> Result<Collection<Folder>> {
        match writer.child(parent, CollectionKind::Folder, name).await? {
            Some(id) => writer.open(id, Rights::INSERT).await,
            None => writer.create_folder(parent, name, crate::Properties::new()).await,
        }
    }
}
