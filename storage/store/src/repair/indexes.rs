//! The indexes of calendars and address books, made from the objects' octets: UIDs and times, both ways.

use super::{Repair, body};
use crate::{
    calendar::{BY_NAME, name_key, time_key},
    collection::after,
    fsck::uid_in,
    key::{Key, split_long},
    limits::REPAIR_PAGE_COUNT,
    record::{self, ObjectRow},
    uid::BY_ITEM,
    writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use format::icalendar::{
    object::{Kind, Object},
    span::Span,
};
use model::{CollectionId, CollectionKind, ItemId, Result};

impl Repair {
    /// Takes away lines of a collection's indexes that lead nowhere or not back.
    pub(super) async fn indexes(&mut self, id: CollectionId) -> Result<()> {
        for table in [Table::ByUid, Table::Time] {
            let prefix = Key::collection(self.account, id);
            let mut range = prefix.prefix();
            loop {
                let mut writer = self.turn().await?;
                let page = writer.view().scan(table, &range, REPAIR_PAGE_COUNT, false).await?;
                for (key, value) in &page {
                    let rest = key.get(prefix.len()..).unwrap_or_default();
                    let right = match table {
                        Table::ByUid => self.is_uid_right(&writer, id, rest, value).await?,
                        _ => self.is_time_right(&writer, id, (key, rest), value).await?,
                    };
                    if !right {
                        writer.delete_raw(table, key.to_vec());
                    }
                }
                let _committed = writer.commit(()).await?;
                match page.last() {
                    Some((last, _)) if page.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                    _ => break,
                }
            }
        }
        Ok(())
    }

    async fn object_at(&self, writer: &Writer, id: CollectionId, name: &[u8]) -> Result<Option<ObjectRow>> {
        let value =
            writer.view().get(Table::Item, &Key::collection(self.account, id).bytes(name).done()).await?;
        Ok(value.and_then(|value| record::decode(&value).ok()))
    }

    async fn text_at(&self, writer: &Writer, key: &[u8]) -> Result<Option<String>> {
        Ok(writer.view().get(Table::ByUid, key).await?.and_then(|value| record::decode(&value).ok()))
    }

    async fn is_uid_right(
        &self,
        writer: &Writer,
        id: CollectionId,
        rest: &[u8],
        value: &[u8],
    ) -> Result<bool> {
        let Ok(text) = record::decode::<String>(value) else { return Ok(false) };
        let prefix = Key::collection(self.account, id);
        match rest.split_first() {
            Some((&BY_ITEM, item)) => {
                let Some((item, [])) = split_long(item) else { return Ok(false) };
                let Some(name) = self.text_at(writer, &prefix.bytes(text.as_bytes()).done()).await? else {
                    return Ok(false);
                };
                let row = self.object_at(writer, id, name.as_bytes()).await?;
                Ok(row.is_some_and(|row| row.item == ItemId(item)))
            }
            Some(_) => {
                let Some(row) = self.object_at(writer, id, text.as_bytes()).await? else { return Ok(false) };
                let back = self.text_at(writer, &prefix.bytes(&[BY_ITEM]).long(row.item.0).done()).await?;
                Ok(back.is_some_and(|uid| uid.as_bytes() == rest))
            }
            None => Ok(false),
        }
    }

    async fn is_time_right(
        &self,
        writer: &Writer,
        id: CollectionId,
        (key, rest): (&[u8], &[u8]),
        value: &Bytes,
    ) -> Result<bool> {
        let Ok(span) = record::decode::<Span>(value) else { return Ok(false) };
        let by_name = rest.first() == Some(&BY_NAME);
        let name = rest.get(if by_name { 1 } else { 5 }..).and_then(|name| std::str::from_utf8(name).ok());
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(false) };
        if self.object_at(writer, id, name.as_bytes()).await?.is_none() {
            return Ok(false);
        }
        let prefix = Key::collection(self.account, id);
        let in_time = time_key(prefix.clone(), &span, name);
        let other = if by_name { in_time.clone() } else { name_key(prefix, name) };
        let same = writer.view().get(Table::Time, &other).await?.as_ref() == Some(value);
        Ok(same && (by_name || in_time == key))
    }

    /// Puts what is missing of an object in its collection's indexes.
    pub(super) async fn index_item(
        &self,
        writer: &mut Writer,
        (id, kind): (CollectionId, CollectionKind),
        name: &str,
        row: &ObjectRow,
    ) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let by_item = prefix.clone().bytes(&[BY_ITEM]).long(row.item.0).done();
        let (has_uid, has_time) = match kind {
            CollectionKind::Mailbox | CollectionKind::Folder => return Ok(()),
            CollectionKind::AddressBook => (writer.view().get(Table::ByUid, &by_item).await?.is_some(), true),
            CollectionKind::Calendar => (
                writer.view().get(Table::ByUid, &by_item).await?.is_some(),
                writer.view().get(Table::Time, &name_key(prefix.clone(), name)).await?.is_some(),
            ),
        };
        if has_uid && has_time {
            return Ok(());
        }
        let octets = body::octets(writer, row.item).await?;
        if !has_uid && let Some(uid) = octets.as_deref().and_then(|octets| uid_in(kind, octets)) {
            let by_uid = prefix.clone().bytes(uid.as_bytes()).done();
            let holder = self.text_at(writer, &by_uid).await?;
            // Of two objects with one UID the first has it.
            if holder.is_none_or(|holder| holder == name) {
                writer.put_raw(Table::ByUid, by_uid, record::encode(&name.to_owned())?);
                writer.put_raw(Table::ByUid, by_item, record::encode(&uid)?);
            }
        }
        if !has_time {
            let span = octets.as_deref().and_then(span_of).unwrap_or_else(|| unknown(row.mark));
            let value = record::encode(&span)?;
            writer.put_raw(Table::Time, name_key(prefix.clone(), name), value.clone());
            writer.put_raw(Table::Time, time_key(prefix, &span, name), value);
        }
        Ok(())
    }
}

fn span_of(octets: &[u8]) -> Option<Span> {
    Span::of(&Object::parse(octets).ok()?)
}

/// For an object whose octets are lost: it may be at any time, so that no question passes it over.
fn unknown(mark: u32) -> Span {
    let kind = Kind::ALL.into_iter().find(|kind| crate::component_mark(*kind) == mark).unwrap_or(Kind::Event);
    Span { kind, first: i64::MIN, last: i64::MAX, floating: false, exact: false }
}
