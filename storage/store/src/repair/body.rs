//! The octets of an item, and what can be told from them.

use crate::{body::Body, calendar::component_mark, key::Key, record, writer::Writer};
use bytes::Bytes;
use engine::Table;
use format::{
    icalendar::{limits::OBJECT_BYTES_MAX, object::Object},
    vcard::{card::Card, limits::CARD_BYTES_MAX},
};
use model::{CollectionKind, Error, ItemId, Result};

/// The record of an object's octets, when it can be read.
pub(super) async fn record_of(writer: &Writer, item: ItemId) -> Result<Option<Body>> {
    let value = writer.view().get(Table::Body, &Key::item(writer.account(), item).done()).await?;
    Ok(value.and_then(|value| record::decode(&value).ok()))
}

/// The octets of an object that may be a calendar object or a card, when they can be read.
pub(super) async fn octets(writer: &Writer, item: ItemId) -> Result<Option<Bytes>> {
    let Some(body) = record_of(writer, item).await? else { return Ok(None) };
    if body.size > OBJECT_BYTES_MAX.max(CARD_BYTES_MAX) as u64 {
        return Ok(None);
    }
    match writer.store().body(&body, 0..u64::MAX).collect().await {
        Ok(octets) => Ok(Some(octets)),
        Err(Error::Corrupt) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What kind of collection such octets lie in.
pub(crate) fn kind_by_content(octets: &[u8]) -> CollectionKind {
    let begins = |name: &str| {
        let octets = octets.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(octets);
        octets.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    if begins("BEGIN:VCALENDAR") {
        CollectionKind::Calendar
    } else if begins("BEGIN:VCARD") {
        CollectionKind::AddressBook
    } else {
        CollectionKind::Folder
    }
}

/// The media type that such octets are served as; files have none of their own.
pub(super) fn content_type(kind: CollectionKind, octets: &[u8]) -> String {
    match kind {
        CollectionKind::Calendar => match Object::parse(octets).ok().and_then(|object| object.kind()) {
            Some(component) => format!("text/calendar; charset=utf-8; component={}", component.name()),
            None => "text/calendar; charset=utf-8".to_owned(),
        },
        CollectionKind::AddressBook => {
            match Card::parse(octets).ok().and_then(|card| card.version().map(str::to_owned)) {
                Some(version) if version == "3.0" || version == "4.0" => {
                    format!("text/vcard; charset=utf-8; version={version}")
                }
                _ => "text/vcard; charset=utf-8".to_owned(),
            }
        }
        CollectionKind::Mailbox | CollectionKind::Folder => "application/octet-stream".to_owned(),
    }
}

/// The mark of an object's row.
pub(super) fn mark(kind: CollectionKind, octets: &[u8]) -> u32 {
    let component = || Object::parse(octets).ok()?.kind();
    if kind == CollectionKind::Calendar { component().map_or(0, component_mark) } else { 0 }
}
