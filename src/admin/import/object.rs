//! Import of calendar objects and cards: judged as the doors judge them, then put by their UID.

use super::{Outcome, Source};
use crate::admin::Refusal;
use crate::site::Site;
use format::icalendar::object::Kind;
use format::icalendar::span::Span;
use format::{icalendar, vcard};
use model::{CollectionId, CollectionKind, Error, Principal, Result, Rights};
use serde_json::Value;
use store::{AddressBook, Calendar, CalendarFacts, Collection, DEFAULT_ADDRESS_BOOK, NewObject, Writer};
use tokio::io::AsyncReadExt;

/// The largest object read: the format's own limit and one more, so that it is the one that refuses.
const READ_BYTES_MAX: u64 = icalendar::limits::OBJECT_BYTES_MAX as u64 + 1;

pub(super) fn refused(why: impl Into<String>) -> Refusal {
    Refusal { kind: "invalid".to_owned(), message: why.into() }
}

pub(super) fn calendar_refusal(why: icalendar::validate::Refusal) -> Refusal {
    use icalendar::validate::Refusal as Why;
    match why {
        Why::Data(why) | Why::Object(why) => refused(why),
        Why::Component => refused("no event, task, journal or free-busy component"),
        Why::Size(limit) => refused(format!("larger than {limit} bytes")),
        Why::Instances => refused("recurs too often"),
        Why::Scale => refused("recurs by a calendar that is not Gregorian"),
    }
}

pub(super) fn card_refusal(why: vcard::validate::Refusal) -> Refusal {
    use vcard::validate::Refusal as Why;
    match why {
        Why::Data(why) => refused(why),
        Why::Version => refused("neither vCard 3.0 nor 4.0"),
        Why::Size(limit) => refused(format!("larger than {limit} bytes")),
    }
}

pub(super) async fn read((body, bytes): Source<'_>) -> Result<Vec<u8>> {
    let mut octets = Vec::new();
    body.take(READ_BYTES_MAX).read_to_end(&mut octets).await.map_err(|_| Error::Unavailable)?;
    if octets.len() as u64 == bytes || bytes >= READ_BYTES_MAX {
        Ok(octets)
    } else {
        Err(Error::Invalid("the object ended too soon"))
    }
}

/// A name that every client takes, the same for the same UID.
fn name_of(uid: &str, suffix: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !uid.is_empty() && uid.len() <= 64 && uid.chars().all(plain) {
        return format!("{uid}{suffix}");
    }
    let hash = blake3::hash(uid.as_bytes()).to_hex();
    format!("{}{suffix}", hash.get(..32).unwrap_or(&hash))
}

async fn upload(site: &Site, octets: &[u8], content_type: &str) -> Result<NewObject> {
    let mut upload = site.store.upload(octets.len() as u64);
    upload.write(octets).await?;
    let body = upload.finish().await?;
    Ok(NewObject { body, content_type: content_type.to_owned(), modified: None, mark: 0 })
}

async fn calendar(writer: &Writer, name: &str) -> Result<Collection<Calendar>> {
    let id = writer.child(CollectionId::ROOT, CollectionKind::Calendar, name).await?;
    writer.open(id.ok_or(Error::NotFound)?, Rights::INSERT).await
}

async fn book(writer: &Writer, name: &str) -> Result<Collection<AddressBook>> {
    let id = writer.child(CollectionId::ROOT, CollectionKind::AddressBook, name).await?;
    writer.open(id.ok_or(Error::NotFound)?, Rights::INSERT).await
}

/// A calendar object into the calendar of that name.
pub(super) async fn event(
    site: &Site,
    principal: &Principal,
    into: Option<&str>,
    source: Source<'_>,
) -> std::result::Result<Value, Refusal> {
    let of = |error| Refusal::of(error, "object");
    let octets = read(source).await.map_err(of)?;
    let object = icalendar::validate::check(&octets, &Kind::ALL).map_err(calendar_refusal)?;
    let (Some(kind), Some(uid), Some(span)) = (object.kind(), object.uid(), Span::of(&object)) else {
        return Err(of(Error::Invalid("no component with a UID and times")));
    };
    let name = into.unwrap_or(match kind {
        Kind::Todo => store::DEFAULT_TASK_LIST,
        _ => store::DEFAULT_CALENDAR,
    });
    drop(object);
    let facts = CalendarFacts { uid, span };
    put_event(site, principal, name, &octets, &facts).await.map(Outcome::told).map_err(|error| match error {
        Error::NotFound => Refusal::of(error, name),
        _ => of(error),
    })
}

async fn put_event(
    site: &Site,
    principal: &Principal,
    into: &str,
    octets: &[u8],
    facts: &CalendarFacts,
) -> Result<Outcome> {
    let new = upload(site, octets, "text/calendar; charset=utf-8").await?;
    let mut writer = site.store.write(principal, principal.account).await?;
    let calendar = calendar(&writer, into).await?;
    if writer.name_of_uid(&calendar, &facts.uid).await?.is_some() {
        return Ok(Outcome::Present);
    }
    writer.put_calendar_object(&calendar, &name_of(&facts.uid, ".ics"), new, facts).await?;
    let _durable = writer.commit(()).await?;
    Ok(Outcome::Added)
}

/// A card into the address book of that name.
pub(super) async fn card(
    site: &Site,
    principal: &Principal,
    into: Option<&str>,
    source: Source<'_>,
) -> std::result::Result<Value, Refusal> {
    let of = |error| Refusal::of(error, "card");
    let octets = read(source).await.map_err(of)?;
    let card = vcard::validate::check(&octets).map_err(card_refusal)?;
    let uid = card.uid().ok_or_else(|| of(Error::Invalid("no UID")))?;
    drop(card);
    let name = into.unwrap_or(DEFAULT_ADDRESS_BOOK);
    put_card(site, principal, name, &octets, &uid).await.map(Outcome::told).map_err(|error| match error {
        Error::NotFound => Refusal::of(error, name),
        _ => of(error),
    })
}

async fn put_card(
    site: &Site,
    principal: &Principal,
    into: &str,
    octets: &[u8],
    uid: &str,
) -> Result<Outcome> {
    let new = upload(site, octets, "text/vcard; charset=utf-8").await?;
    let mut writer = site.store.write(principal, principal.account).await?;
    let book = book(&writer, into).await?;
    if writer.name_of_uid(&book, uid).await?.is_some() {
        return Ok(Outcome::Present);
    }
    writer.put_card(&book, &name_of(uid, ".vcf"), new, Some(uid)).await?;
    let _durable = writer.commit(()).await?;
    Ok(Outcome::Added)
}
