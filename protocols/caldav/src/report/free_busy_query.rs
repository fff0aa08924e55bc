//! free-busy-query (RFC 4791 7.10): when someone is busy, without saying why.

use super::{calendars_of, is_ours};
use crate::limits::FREE_BUSY_OPEN_SECONDS;
use crate::{filter, timezone};
use async_trait::async_trait;
use bytes::Bytes;
use format::icalendar::freebusy::BusyTime;
use format::icalendar::object::{Kind, Object};
use format::icalendar::recurrence::Range;
use http::{HeaderValue, header};
use http_door::{Body, Response};
use model::{Error, Rights};
use store::Calendar;
use webdav::report::with_bodies;
use webdav::xml::{CALDAV, Name};
use webdav::{Multistatus, Node, Refusal, Reply, Report, ReportCall, Resource};

/// Objects whose octets are held at once.
const PAGE_COUNT: usize = 50;

/// The report.
#[derive(Debug)]
pub(super) struct FreeBusyQuery;

#[async_trait]
impl Report for FreeBusyQuery {
    fn name(&self) -> Name {
        Name::new(CALDAV, "free-busy-query")
    }

    fn applies(&self, resource: &Resource) -> bool {
        is_ours(resource) && resource.is_collection()
    }

    async fn run(&self, call: &ReportCall, _: &mut Multistatus) -> Reply<Option<Response>> {
        let element = call.body.child(CALDAV, "time-range").ok_or_else(Refusal::bad_request)?;
        // RFC 4791 7.10 has no precondition for it.
        let asked = filter::time_range(element).map_err(|_| Refusal::bad_request())?;
        let now = call.context.store().env().now().seconds();
        let range = with_end(asked, now);
        let mut busy = BusyTime::new(range);
        for calendar in calendars_of(&call.context, &call.resource).await? {
            gather(call, &calendar, &range, &mut busy).await?;
        }
        if !busy.is_whole() {
            return Err(Refusal::forbidden(Name::dav("number-of-matches-within-limits")));
        }
        let mut response = Response::new(Body::from_bytes(Bytes::from(busy.write(now))));
        let media = HeaderValue::from_static("text/calendar; charset=utf-8; component=VFREEBUSY");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        Ok(Some(response))
    }
}

/// A range with an end: where the client leaves it open, what recurs for ever needs one all the same, and the answer
/// names it (DTEND).
fn with_end(asked: Range, now: i64) -> Range {
    let open = || asked.start.map_or(now, |start| start.max(now)).saturating_add(FREE_BUSY_OPEN_SECONDS);
    Range { end: Some(asked.end.unwrap_or_else(open)), ..asked }
}

/// Takes a calendar's busy time in.
async fn gather(call: &ReportCall, calendar: &Resource, range: &Range, busy: &mut BusyTime) -> Reply<()> {
    let Node::Collection(node) = &calendar.node else { return Err(Error::NotFound.into()) };
    let context = &call.context;
    let zone = timezone::of_calendar(&node.row);
    let reader = context.reader(node.owner.id).await?;
    let open = reader.open::<Calendar>(node.id, Rights::READ).await?;
    for kind in [Kind::Event, Kind::FreeBusy] {
        let candidates = reader.calendar_candidates(&open, kind, range, &zone).await?;
        for page in candidates.chunks(PAGE_COUNT) {
            let names: Vec<String> = page.iter().map(|candidate| candidate.name.clone()).collect();
            let items = context.items(calendar, &names).await?.into_iter().flatten().collect();
            for entry in with_bodies(context, items).await? {
                if let Some(object) = entry.body.as_ref().and_then(|body| Object::parse(body).ok()) {
                    busy.add(&object, &zone);
                }
            }
        }
    }
    Ok(())
}
