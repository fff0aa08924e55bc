//! Import of what an export or a salvage has written: collections with their properties, objects under their own
//! names. What is there under the same name with other octets stays.

use super::{Outcome, Source, folder_at, object, stream};
use crate::admin::Refusal;
use crate::site::Site;
use format::icalendar;
use format::icalendar::object::Kind as Component;
use format::icalendar::span::Span;
use format::vcard;
use model::{CollectionId, CollectionKind, Error, Principal, Result, Rights, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    AddressBook, Body, Calendar, Collection as Opened, Kind, Mailbox, NewCollection, NewObject, ObjectFacts,
    ObjectKind, Properties, SEEN_PROPERTY, Writer, chosen_seen,
};

/// A collection, made when it is not there; its properties are set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collection {
    pub(crate) kind: CollectionKind,
    /// The names that lead to it; a folder's from the root of the files.
    pub(crate) path: Vec<String>,
    /// Whether its owner is subscribed to it (mailboxes).
    pub(crate) subscribed: bool,
    pub(crate) properties: Properties,
}

/// An object. Known again by its name and octets, or by its UID.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    pub(crate) kind: CollectionKind,
    /// The names that lead to its collection, as of [`Collection::path`].
    pub(crate) collection: Vec<String>,
    pub(crate) name: String,
    /// Milliseconds since 1970; now when not known.
    pub(crate) modified: Option<i64>,
    /// As it was served; by its octets or name when not known.
    pub(crate) content_type: Option<String>,
    /// Its dead properties.
    pub(crate) properties: Properties,
}

pub(super) async fn collection(site: &Site, principal: &Principal, wanted: &Collection) -> Result<Outcome> {
    let mut writer = site.store.write(principal, principal.account).await?;
    let outcome = match wanted.kind {
        CollectionKind::Mailbox => {
            let path = wanted.path.join("/");
            let path = writer.spelled(&path).await?;
            let there = writer.mailbox_at(&path).await?;
            match there {
                Some(id) => {
                    let mailbox = writer.open::<Mailbox>(id, Rights::ADMINISTER).await?;
                    adorn(&mut writer, &mailbox, wanted).await?
                }
                None => {
                    writer.create_mailbox(&path, new(wanted)).await?;
                    Outcome::Added
                }
            }
        }
        CollectionKind::Calendar => top::<Calendar>(&mut writer, wanted).await?,
        CollectionKind::AddressBook => top::<AddressBook>(&mut writer, wanted).await?,
        CollectionKind::Folder => {
            let there = folder_at(&mut writer, &wanted.path, false).await?.is_some();
            let folder = folder_at(&mut writer, &wanted.path, true).await?.ok_or(Error::Conflict)?;
            match adorn(&mut writer, &folder, wanted).await? {
                _ if !there => Outcome::Added,
                outcome => outcome,
            }
        }
    };
    if outcome == Outcome::Added {
        let _durable = writer.commit(()).await?;
    }
    Ok(outcome)
}

fn new(wanted: &Collection) -> NewCollection {
    let (subscribed, properties) = (wanted.subscribed, wanted.properties.clone());
    NewCollection { subscribed, properties, ..NewCollection::default() }
}

/// A calendar or address book: they lie side by side.
async fn top<K: Kind>(writer: &mut Writer, wanted: &Collection) -> Result<Outcome> {
    let [name] = wanted.path.as_slice() else { return Err(Error::Invalid("it lies in no other collection")) };
    match writer.child(CollectionId::ROOT, K::KIND, name).await? {
        Some(id) => {
            let opened = writer.open::<K>(id, Rights::ADMINISTER).await?;
            adorn(writer, &opened, wanted).await
        }
        None => {
            writer.create::<K>(CollectionId::ROOT, name, new(wanted)).await?;
            Ok(Outcome::Added)
        }
    }
}

/// Sets the properties, and whether it is subscribed to, of a collection that is there; others than those told stay.
async fn adorn<K: Kind>(writer: &mut Writer, opened: &Opened<K>, wanted: &Collection) -> Result<Outcome> {
    let subscribed =
        if K::KIND == CollectionKind::Mailbox { wanted.subscribed } else { opened.row().subscribed };
    let mut properties = opened.row().properties.clone();
    properties.extend(wanted.properties.clone());
    if let (CollectionKind::Mailbox, Some(choice)) = (K::KIND, wanted.properties.get(SEEN_PROPERTY)) {
        let mailbox = writer.open::<Mailbox>(opened.id(), Rights::ADMINISTER).await?;
        writer.choose_seen(&mailbox, Some(chosen_seen(choice))).await?;
    }
    if properties == opened.row().properties && subscribed == opened.row().subscribed {
        return Ok(Outcome::Present);
    }
    let change = writer.change_collection(opened, |row| {
        row.properties = properties;
        row.subscribed = subscribed;
    });
    change.await?;
    Ok(Outcome::Added)
}

pub(super) async fn object(
    site: &Site,
    principal: &Principal,
    object: &Object,
    source: Source<'_>,
) -> std::result::Result<Outcome, Refusal> {
    let of = |error| match error {
        Error::Exists | Error::Conflict => Refusal {
            kind: "exists".to_owned(),
            message: "another object of that name is there and stays".to_owned(),
        },
        error => Refusal::of(error, &object.name),
    };
    let (body, facts) = match object.kind {
        CollectionKind::Mailbox => return Err(of(Error::Invalid("a message is no object"))),
        CollectionKind::Folder => (stream(site, source).await.map_err(of)?, ObjectFacts::default()),
        kind => {
            let octets = object::read(source).await.map_err(of)?;
            let facts = facts(kind, &octets)?;
            let mut upload = site.store.upload(octets.len() as u64);
            upload.write(&octets).await.map_err(of)?;
            (upload.finish().await.map_err(of)?, facts)
        }
    };
    put(site, principal, object, body, &facts).await.map_err(of)
}

/// What the indexes want to know, judged as the doors judge it.
fn facts(kind: CollectionKind, octets: &[u8]) -> std::result::Result<ObjectFacts, Refusal> {
    if kind == CollectionKind::AddressBook {
        let card = vcard::validate::check(octets).map_err(object::card_refusal)?;
        return Ok(ObjectFacts { uid: card.uid(), span: None });
    }
    let found = icalendar::validate::check(octets, &Component::ALL).map_err(object::calendar_refusal)?;
    let (Some(uid), Some(span)) = (found.uid(), Span::of(&found)) else {
        return Err(object::refused("no component with a UID and times"));
    };
    Ok(ObjectFacts { uid: Some(uid), span: Some(span) })
}

async fn put(
    site: &Site,
    principal: &Principal,
    object: &Object,
    body: Body,
    facts: &ObjectFacts,
) -> Result<Outcome> {
    let content_type = object.content_type.clone().unwrap_or_else(|| match object.kind {
        CollectionKind::Calendar => "text/calendar; charset=utf-8".to_owned(),
        CollectionKind::AddressBook => "text/vcard; charset=utf-8".to_owned(),
        _ => webdav::content_type(&object.name, None),
    });
    let new = NewObject { body, content_type, modified: object.modified.map(Timestamp), mark: 0 };
    let mut writer = site.store.write(principal, principal.account).await?;
    let outcome = match object.kind {
        CollectionKind::Calendar => {
            let calendar = top_of::<Calendar>(&writer, object).await?;
            put_in(&mut writer, &calendar, object, (new, facts)).await?
        }
        CollectionKind::AddressBook => {
            let book = top_of::<AddressBook>(&writer, object).await?;
            put_in(&mut writer, &book, object, (new, facts)).await?
        }
        _ => {
            let folder = folder_at(&mut writer, &object.collection, true).await?.ok_or(Error::Conflict)?;
            put_in(&mut writer, &folder, object, (new, facts)).await?
        }
    };
    if outcome == Outcome::Added {
        let _durable = writer.commit(()).await?;
    }
    Ok(outcome)
}

async fn top_of<K: Kind>(writer: &Writer, object: &Object) -> Result<Opened<K>> {
    let [name] = object.collection.as_slice() else { return Err(Error::NotFound) };
    let id = writer.child(CollectionId::ROOT, K::KIND, name).await?.ok_or(Error::NotFound)?;
    writer.open(id, Rights::INSERT).await
}

async fn put_in<K: ObjectKind>(
    writer: &mut Writer,
    collection: &Opened<K>,
    object: &Object,
    (new, facts): (NewObject, &ObjectFacts),
) -> Result<Outcome> {
    if let Some(old) = writer.entry(collection, &object.name).await? {
        return if old.hash == new.body.hash { Ok(Outcome::Present) } else { Err(Error::Exists) };
    }
    if let Some(uid) = &facts.uid
        && writer.name_of_uid(collection, uid).await?.is_some()
    {
        return Ok(Outcome::Present);
    }
    writer.put_with_facts(collection, &object.name, new, facts).await?;
    if !object.properties.is_empty() {
        writer.set_item_properties(collection, &object.name, &object.properties).await?;
    }
    Ok(Outcome::Added)
}
