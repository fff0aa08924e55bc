//! The properties that CalDAV adds: one file each, one line each in [`all`].
//!
//! `calendar-color` and `calendar-order` of Apple's namespace need no code: they are kept as they come, like
//! every property nobody knows.

mod calendar_data;
mod calendar_description;
mod calendar_home_set;
mod calendar_timezone;
mod calendar_user_address_set;
mod max_date_time;
mod max_instances;
mod max_resource_size;
mod min_date_time;
mod supported_calendar_component_set;
mod supported_calendar_data;
mod supported_collation_set;

use std::sync::Arc;
use webdav::xml::{CALDAV, Name};
use webdav::{CollectionNode, Property, View};

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Property>> {
    vec![
        Arc::new(calendar_data::CalendarData),
        Arc::new(calendar_description::CalendarDescription),
        Arc::new(calendar_home_set::CalendarHomeSet),
        Arc::new(calendar_timezone::CalendarTimezone),
        Arc::new(calendar_user_address_set::CalendarUserAddressSet),
        Arc::new(max_date_time::MaxDateTime),
        Arc::new(max_instances::MaxInstances),
        Arc::new(max_resource_size::MaxResourceSize),
        Arc::new(min_date_time::MinDateTime),
        Arc::new(supported_calendar_component_set::SupportedCalendarComponentSet),
        Arc::new(supported_calendar_data::SupportedCalendarData),
        Arc::new(supported_collation_set::SupportedCollationSet),
    ]
}

/// A name of ours.
const fn name(local: &'static str) -> Name {
    Name::new(CALDAV, local)
}

/// The calendar, when the resource is one.
fn calendar<'a>(view: &View<'a>) -> Option<&'a CollectionNode> {
    view.own_collection().filter(|node| node.row.kind == model::CollectionKind::Calendar)
}

/// Whether a property is being set on a calendar.
fn on_calendar(target: &webdav::SetTarget<'_>) -> bool {
    target.is_collection && target.tree.is_some_and(|tree| tree.kind() == model::CollectionKind::Calendar)
}
