//! calendar-query (RFC 4791 7.8): the objects that match a filter.
//!
//! The index of times answers for kind and range; octets are read only of objects it cannot decide.

use super::{calendars_of, is_ours};
use crate::{data, filter, timezone};
use async_trait::async_trait;
use format::icalendar::filter::{CompFilter, Outline};
use format::icalendar::object::{Kind, Object};
use format::icalendar::recurrence::Range;
use format::icalendar::zone::Zone;
use http_door::Response;
use model::{Error, Rights};
use store::{Calendar, component_mark};
use webdav::report::{Walk, judge_bodies};
use webdav::xml::{CALDAV, Element, Name, Node as Xml};
use webdav::{
    CollectionNode, Depth, Multistatus, Node, Plan, Reply, Report, ReportCall, Resource, Selection,
};

/// Objects that are looked up at once.
const PAGE_COUNT: usize = 500;

/// The report.
#[derive(Debug)]
pub(super) struct CalendarQuery;

#[async_trait]
impl Report for CalendarQuery {
    fn name(&self) -> Name {
        Name::new(CALDAV, "calendar-query")
    }

    fn applies(&self, resource: &Resource) -> bool {
        is_ours(resource)
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        data::check(&call.body)?;
        let filter = filter::parse(&call.body)?;
        let zone = timezone::asked(&call.body)?;
        let plan = Plan::new(&call.context, &selection(&call.body)?);
        let query = Query { call, filter, plan, zone };
        out.begin();
        if let Node::Item(item) = &call.resource.node {
            query.objects(vec![call.resource.clone()], &query.zone_of(&item.collection), out).await?;
            return Ok(None);
        }
        // RFC 4791 7.8: with Depth 0 a collection is asked for itself, which is no object. Clients that send no
        // Depth mean the objects.
        if call.depth == Some(Depth::Zero) {
            return Ok(None);
        }
        for calendar in calendars_of(&call.context, &call.resource).await? {
            query.calendar(&calendar, out).await?;
        }
        Ok(None)
    }
}

/// What is asked, with the time zone put where the property that makes the data can see it.
fn selection(body: &Element) -> Reply<Selection> {
    let mut selection = Selection::parse(Some(body))?;
    let zone = body.child(CALDAV, "timezone").or_else(|| body.child(CALDAV, "timezone-id"));
    if let (Some(zone), Selection::Named(names)) = (zone, &mut selection) {
        for data in names.iter_mut().filter(|name| name.is(CALDAV, "calendar-data")) {
            data.children.push(Xml::Element(zone.clone()));
        }
    }
    Ok(selection)
}

struct Query<'c> {
    call: &'c ReportCall,
    filter: CompFilter,
    plan: Plan,
    zone: Option<Zone>,
}

impl Query<'_> {
    fn zone_of(&self, node: &CollectionNode) -> Zone {
        self.zone.clone().unwrap_or_else(|| timezone::of_calendar(&node.row))
    }

    async fn calendar(&self, calendar: &Resource, out: &mut Multistatus) -> Reply<()> {
        let Node::Collection(node) = &calendar.node else { return Err(Error::NotFound.into()) };
        let zone = self.zone_of(node);
        let outline = self.filter.outline();
        let kind = outline.as_ref().and_then(|outline| Kind::named(&outline.component));
        match (&outline, kind) {
            (Some(Outline { range: Some(range), whole, .. }), Some(kind)) => {
                self.range(calendar, (kind, range, *whole), &zone, out).await
            }
            (Some(Outline { range: None, whole, .. }), Some(kind)) => {
                self.all(calendar, (Some(kind), *whole), &zone, out).await
            }
            _ => self.all(calendar, (None, false), &zone, out).await,
        }
    }

    /// Objects of a kind that touch a range, by the index.
    async fn range(
        &self,
        calendar: &Resource,
        (kind, range, whole): (Kind, &Range, bool),
        zone: &Zone,
        out: &mut Multistatus,
    ) -> Reply<()> {
        let Node::Collection(node) = &calendar.node else { return Err(Error::NotFound.into()) };
        let context = &self.call.context;
        let reader = context.reader(node.owner.id).await?;
        let open = reader.open::<Calendar>(node.id, Rights::READ).await?;
        let candidates = reader.calendar_candidates(&open, kind, range, zone).await?;
        for page in candidates.chunks(PAGE_COUNT) {
            let names: Vec<String> = page.iter().map(|candidate| candidate.name.clone()).collect();
            let items = context.items(calendar, &names).await?;
            let found = page.iter().zip(items).filter_map(|(candidate, item)| Some((candidate.sure, item?)));
            let (sure, unsure): (Vec<_>, Vec<_>) = found.partition(|(sure, _)| *sure && whole);
            let told = sure.into_iter().map(|(_, item)| item.into()).collect();
            out.entries(context, &self.plan, told).await?;
            self.objects(unsure.into_iter().map(|(_, item)| item).collect(), zone, out).await?;
        }
        Ok(())
    }

    /// Every object, or every one of a kind.
    async fn all(
        &self,
        calendar: &Resource,
        (kind, whole): (Option<Kind>, bool),
        zone: &Zone,
        out: &mut Multistatus,
    ) -> Reply<()> {
        let context = &self.call.context;
        let mark = kind.map(component_mark);
        let mut walk = Walk::of(context, calendar).await?;
        loop {
            let page = walk.next(context, |row| mark.is_none_or(|mark| row.mark == mark)).await?;
            if page.is_empty() {
                return Ok(());
            }
            if whole {
                out.entries(context, &self.plan, page.into_iter().map(Into::into).collect()).await?;
            } else {
                self.objects(page, zone, out).await?;
            }
        }
    }

    /// Those of some objects that match by their octets.
    async fn objects(&self, objects: Vec<Resource>, zone: &Zone, out: &mut Multistatus) -> Reply<()> {
        let judge =
            |octets: &[u8]| Object::parse(octets).is_ok_and(|object| self.filter.matches(&object, zone));
        judge_bodies(&self.call.context, &self.plan, out, objects, &judge).await?;
        Ok(())
    }
}
