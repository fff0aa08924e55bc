//! The reports that CalDAV adds: one file each, one line each in [`all`].

mod calendar_query;
mod free_busy_query;

use crate::data;
use model::CollectionKind;
use std::sync::Arc;
use webdav::report::Multiget;
use webdav::xml::{CALDAV, Name};
use webdav::{Context, Node, Reply, Report, Resource};

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Report>> {
    vec![
        Arc::new(calendar_query::CalendarQuery),
        // RFC 4791 7.9
        Arc::new(Multiget {
            name: Name::new(CALDAV, "calendar-multiget"),
            kind: CollectionKind::Calendar,
            check: data::check,
        }),
        Arc::new(free_busy_query::FreeBusyQuery),
    ]
}

/// Whether it is a calendar, something in one, or a home of them.
fn is_ours(resource: &Resource) -> bool {
    let ours = resource.tree().is_some_and(|tree| tree.kind() == CollectionKind::Calendar);
    ours && !matches!(resource.node, Node::Homes(_))
}

/// The calendars that a report on this resource is about: itself, or all of a home.
async fn calendars_of(context: &Context, resource: &Resource) -> Reply<Vec<Resource>> {
    let Node::Home(_, owner) = &resource.node else { return Ok(vec![resource.clone()]) };
    let reader = context.reader(owner.id).await?;
    let children = reader.children(model::CollectionId::ROOT, CollectionKind::Calendar).await?;
    let mut found = Vec::with_capacity(children.len());
    for (_, row) in children {
        found.push(context.resolve(&resource.path.join(&row.name, true)).await?);
    }
    Ok(found)
}
