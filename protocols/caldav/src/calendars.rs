//! The calendars: `/dav/calendars/<account>/<calendar>/`, one object per UID, kept octet for octet.

use crate::refusal::{forbidden, of_judgement};
use crate::whole::Whole;
use async_trait::async_trait;
use format::icalendar::limits::OBJECT_BYTES_MAX;
use format::icalendar::object::Kind;
use format::icalendar::span::Span;
use format::icalendar::validate::{Refusal as Judgement, check};
use http::StatusCode;
use model::{CollectionId, CollectionKind, Error, Rights, Timestamp};
use std::collections::BTreeMap;
use store::{
    Body, Calendar, CalendarFacts, Collection, CollectionRow, NewCollection, NewObject, ObjectRow, Writer,
    component_mark,
};
use webdav::xml::{CALDAV, Name};
use webdav::{Gather, Incoming, Prepared, Refusal, Reply, Tree, uid_held_by};

/// Key of the kinds a calendar takes, in its record: component names with spaces between.
pub(crate) const COMPONENTS: &str = "components";
/// What a calendar takes that was made without saying.
const COMPONENTS_DEFAULT: &str = "VEVENT VTODO VJOURNAL VFREEBUSY";

/// The tree of calendars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendars;

/// The kinds of component that a calendar takes (RFC 4791 5.2.3).
pub(crate) fn supported(row: &CollectionRow) -> Vec<Kind> {
    let names = row.properties.get(COMPONENTS).map_or(COMPONENTS_DEFAULT, String::as_str);
    names.split(' ').filter_map(Kind::named).collect()
}

/// An object on its way in.
struct Arriving {
    facts: CalendarFacts,
    modified: Option<Timestamp>,
}

#[async_trait]
impl Prepared for Arriving {
    async fn put(
        self: Box<Self>,
        writer: &mut Writer,
        collection: CollectionId,
        name: &str,
        body: Body,
    ) -> Reply<ObjectRow> {
        let calendar = writer.open::<Calendar>(collection, Rights::LOOKUP).await?;
        let kind = self.facts.span.kind;
        if !supported(calendar.row()).contains(&kind) {
            return Err(of_judgement(Judgement::Component));
        }
        uid_is_free(writer, &calendar, name, &self.facts.uid).await?;
        let content_type = format!("text/calendar; charset=utf-8; component={}", kind.name());
        let new = NewObject { body, content_type, modified: self.modified, mark: 0 };
        Ok(writer.put_calendar_object(&calendar, name, new, &self.facts).await?)
    }
}

fn uid_conflict() -> Refusal {
    Refusal::condition(StatusCode::CONFLICT, Name::new(CALDAV, "no-uid-conflict"))
}

/// `no-uid-conflict`: the UID is free or this object's own, and the object keeps the UID it has.
async fn uid_is_free(writer: &Writer, calendar: &Collection<Calendar>, name: &str, uid: &str) -> Reply<()> {
    let holder = match writer.name_of_uid(calendar, uid).await? {
        Some(holder) if holder == name => return Ok(()),
        Some(holder) => Some(holder),
        None => writer.entry(calendar, &name.to_owned()).await?.map(|_| name.to_owned()),
    };
    let Some(holder) = holder else { return Ok(()) };
    Err(uid_held_by(&holder, calendar.row(), &Calendars, writer))
}

#[async_trait]
impl Tree for Calendars {
    fn segment(&self) -> &'static str {
        "calendars"
    }

    fn kind(&self) -> CollectionKind {
        CollectionKind::Calendar
    }

    fn resource_type(&self) -> &'static [Name] {
        const TYPE: &[Name] = &[Name::dav("collection"), Name::new(CALDAV, "calendar")];
        TYPE
    }

    fn well_known(&self) -> Option<&'static str> {
        Some("caldav")
    }

    fn body_bytes_max(&self) -> u64 {
        OBJECT_BYTES_MAX as u64
    }

    fn too_large(&self) -> Refusal {
        of_judgement(Judgement::Size(self.body_bytes_max()))
    }

    fn uid_conflict(&self) -> Refusal {
        uid_conflict()
    }

    fn prepare(&self, incoming: &Incoming<'_>) -> Reply<Box<dyn Prepared>> {
        if !incoming.may_be(&["text/calendar"]) {
            return Err(forbidden("supported-calendar-data"));
        }
        let object = check(incoming.octets, &Kind::ALL).map_err(of_judgement)?;
        let (Some(uid), Some(span)) = (object.uid(), Span::of(&object)) else {
            return Err(forbidden("valid-calendar-object-resource"));
        };
        Ok(Box::new(Arriving { facts: CalendarFacts { uid, span }, modified: incoming.modified }))
    }

    fn gather(&self, collection: &CollectionRow, _accept: &str) -> Option<Box<dyn Gather>> {
        let name = collection.properties.get("displayname").unwrap_or(&collection.name);
        Some(Box::new(Whole::new(name)))
    }

    async fn remove(&self, writer: &mut Writer, collection: CollectionId, name: &str) -> Reply<()> {
        let calendar = writer.open::<Calendar>(collection, Rights::DELETE).await?;
        Ok(writer.remove_calendar_object(&calendar, name).await?)
    }

    async fn rename(
        &self,
        writer: &mut Writer,
        from: (CollectionId, &str),
        to: (CollectionId, &str),
    ) -> Reply<()> {
        let source = writer.open::<Calendar>(from.0, Rights::DELETE).await?;
        let target = writer.open::<Calendar>(to.0, Rights::INSERT).await?;
        let row = writer.entry(&source, &from.1.to_owned()).await?.ok_or(Error::NotFound)?;
        if !supported(target.row()).iter().any(|kind| component_mark(*kind) == row.mark) {
            return Err(of_judgement(Judgement::Component));
        }
        if let Some(uid) = writer.uid_of(&source, row.item).await?.filter(|_| from.0 != to.0) {
            uid_is_free(writer, &target, to.1, &uid).await?;
        }
        match writer.move_calendar_object((&source, from.1), (&target, to.1)).await {
            Ok(_) => Ok(()),
            Err(Error::Conflict) => Err(uid_conflict()),
            Err(error) => Err(error.into()),
        }
    }

    async fn create(
        &self,
        writer: &mut Writer,
        parent: CollectionId,
        name: &str,
        mut properties: BTreeMap<String, String>,
    ) -> Reply<CollectionId> {
        // RFC 4791 4.2: no calendar inside a calendar.
        if parent != CollectionId::ROOT {
            return Err(forbidden("calendar-collection-location-ok"));
        }
        properties.entry(COMPONENTS.to_owned()).or_insert_with(|| COMPONENTS_DEFAULT.to_owned());
        let new = NewCollection { properties, ..NewCollection::default() };
        Ok(writer.create::<Calendar>(parent, name, new).await?.id())
    }
}
