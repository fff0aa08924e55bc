//! Export: what an account has, read page by page; what is damaged is told and passed over.
//!
//! A page and the octets of its items are of one state; the next page is of a newer one when that has grown old, for
//! whatever is written while a state is held stays in memory. What was removed meanwhile is not told any more.

use super::{ImportMemory, Refusal, account::find};
use crate::{limits::EXPORT_STATE_AGE_MAX, site::Site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use directory::{AccountKind, Directory};
use model::{CollectionId, CollectionKind, Error, Flags, ItemId, SystemFlags};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Instant};
use store::{AddressBook, Body, Calendar, Folder, Kind, Mailbox, ObjectRow, Reader};

/// Items told at once.
const PAGE_COUNT: usize = 200;
/// Octets told at once.
const OCTETS_MAX: u64 = 1 << 20;

/// What a session of exports remembers.
pub(super) struct Export {
    reader: Reader,
    /// When its state was taken.
    since: Instant,
    kinds: BTreeMap<CollectionId, CollectionKind>,
}

/// The flags of a message by their IMAP names.
fn flag_names(flags: &Flags) -> Vec<String> {
    let system = [
        (SystemFlags::SEEN, "\\Seen"),
        (SystemFlags::ANSWERED, "\\Answered"),
        (SystemFlags::FLAGGED, "\\Flagged"),
        (SystemFlags::DELETED, "\\Deleted"),
        (SystemFlags::DRAFT, "\\Draft"),
    ];
    let set =
        system.iter().filter(|(flag, _)| flags.system.contains(*flag)).map(|(_, name)| (*name).to_owned());
    set.chain(flags.keywords.iter().map(|keyword| keyword.as_str().to_owned())).collect()
}

/// Begins with an account; its collections.
pub(super) async fn begin(site: &Site, memory: &mut ImportMemory, address: &str) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, address);
    let account = find(site, address, Some(AccountKind::Person)).await?;
    let principal = site.directory.principal(account.id).await.map_err(of)?;
    let reader = site.store.read(&principal, account.id).await.map_err(of)?;
    let (collections, damaged) = reader.survey_collections().await.map_err(of)?;
    let told: Vec<Value> = collections
        .iter()
        .map(|one| {
            json!({
                "id": one.id.0,
                "kind": kind_name(one.row.kind),
                "path": one.path,
                "count": one.row.count,
                "subscribed": one.row.subscribed,
                "properties": one.row.properties,
            })
        })
        .collect();
    let kinds = collections.iter().map(|one| (one.id, one.row.kind)).collect();
    memory.export = Some(Export { reader, since: Instant::now(), kinds });
    Ok(json!({"collections": told, "damaged_count": damaged}))
}

fn kind_name(kind: CollectionKind) -> &'static str {
    match kind {
        CollectionKind::Mailbox => "mailbox",
        CollectionKind::Calendar => "calendar",
        CollectionKind::AddressBook => "addressbook",
        CollectionKind::Folder => "folder",
    }
}

const NOT_BEGUN: Error = Error::Invalid("an export begins with its account");

/// A page of a collection's items, behind a key in hexadecimal digits.
pub(super) async fn page(
    site: &Site,
    memory: &mut ImportMemory,
    collection: u32,
    behind: Option<String>,
) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, "export");
    let export = memory.export.as_mut().ok_or_else(|| of(NOT_BEGUN))?;
    let behind = behind.map(|digits| digits_of(&digits)).transpose().map_err(of)?;
    let id = CollectionId(collection);
    let kind = *export.kinds.get(&id).ok_or_else(|| of(Error::NotFound))?;
    if export.since.elapsed() >= EXPORT_STATE_AGE_MAX {
        let (who, account) = (export.reader.principal().clone(), export.reader.account());
        export.reader = site.store.read(&who, account).await.map_err(of)?;
        export.since = Instant::now();
    }
    let reader = &export.reader;
    let told = match kind {
        CollectionKind::Mailbox => messages(reader, id, behind.as_deref()).await,
        CollectionKind::Calendar => objects::<Calendar>(reader, id, behind.as_deref()).await,
        CollectionKind::AddressBook => objects::<AddressBook>(reader, id, behind.as_deref()).await,
        CollectionKind::Folder => objects::<Folder>(reader, id, behind.as_deref()).await,
    };
    let told = match told {
        // Removed since the export began.
        Err(Error::NotFound) => Vec::new(),
        told => told.map_err(of)?,
    };
    Ok(json!({"more": told.len() == PAGE_COUNT, "items": told}))
}

/// Lets go of what [`begin`] took.
pub(super) fn end(memory: &mut ImportMemory) -> Value {
    memory.export = None;
    json!({})
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn digits_of(digits: &str) -> model::Result<Vec<u8>> {
    let invalid = Error::Invalid("not a key");
    (0..digits.len())
        .step_by(2)
        .map(|at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(invalid))
        .collect()
}

fn damaged(key: &[u8]) -> Value {
    let name = <[u8; 4]>::try_from(key).map(|uid| u32::from_be_bytes(uid).to_string());
    json!({"key": hex(key), "name": name.unwrap_or_else(|_| String::from_utf8_lossy(key).into_owned()), "damaged": true})
}

async fn messages(reader: &Reader, id: CollectionId, behind: Option<&[u8]>) -> model::Result<Vec<Value>> {
    let page = reader.survey::<Mailbox>(id, behind, PAGE_COUNT).await?;
    let told = page.iter().map(|(key, item)| match item {
        None => damaged(key),
        Some((uid, row)) => json!({
            "key": hex(key),
            "name": uid.to_string(),
            "item": row.message.0,
            "size": row.size,
            "flags": flag_names(&row.flags),
            "received": (row.received.seconds, row.received.offset_minutes),
        }),
    });
    Ok(told.collect())
}

async fn objects<K: Kind<Key = String, Row = ObjectRow>>(
    reader: &Reader,
    id: CollectionId,
    behind: Option<&[u8]>,
) -> model::Result<Vec<Value>> {
    let collection = reader.open::<K>(id, model::Rights::READ).await?;
    let mut told = Vec::new();
    for (key, item) in reader.survey::<K>(id, behind, PAGE_COUNT).await? {
        let Some((name, row)) = item else {
            told.push(damaged(&key));
            continue;
        };
        let properties = if row.has_properties {
            reader.item_properties(&collection, &[row.item]).await.ok().and_then(|mut all| all.pop())
        } else {
            None
        };
        told.push(json!({
            "key": hex(&key),
            "name": name,
            "item": row.item.0,
            "size": row.size,
            "content_type": row.content_type,
            "modified": row.modified.0,
            "properties": properties.unwrap_or_default(),
        }));
    }
    Ok(told)
}

/// Some octets of an item.
pub(super) async fn octets(
    site: &Site,
    memory: &ImportMemory,
    item: u64,
    message: bool,
    offset: u64,
) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, "item");
    let reader = &memory.export.as_ref().ok_or_else(|| of(NOT_BEGUN))?.reader;
    let item = ItemId(item);
    let body: Body = if message {
        reader.message(item).await.map_err(of)?.body
    } else {
        reader.object_body(item).await.map_err(of)?
    };
    let until = offset.saturating_add(OCTETS_MAX).min(body.size);
    let octets = site.store.body(&body, offset..until).collect().await.map_err(of)?;
    if octets.len() as u64 != until.saturating_sub(offset) {
        return Err(of(Error::Corrupt));
    }
    Ok(json!({"octets": STANDARD.encode(&octets), "end": until == body.size}))
}
