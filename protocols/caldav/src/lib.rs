//! CalDAV (RFC 4791): what calendars add to WebDAV.
//!
//! Storey L5, a plug-in of `webdav`: [`CalDav`] hands over lists of one method, the reports and the properties,
//! one file each, and the [`Tree`](webdav::Tree) of calendars. What iCalendar means is `format::icalendar`'s to
//! say, where objects lie is the store's. Scheduling (RFC 6638) is not part of it and not advertised.

mod calendars;
mod data;
mod filter;
pub mod limits;
mod method;
mod property;
mod refusal;
mod report;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timezone;
mod whole;

use calendars::Calendars;
use std::sync::Arc;
use webdav::{Method, Plugin, Property, Report, Tree};

/// The plug-in that serves calendars.
#[derive(Clone, Copy, Debug, Default)]
pub struct CalDav;

impl Plugin for CalDav {
    fn name(&self) -> &'static str {
        "caldav"
    }

    fn classes(&self) -> &'static [&'static str] {
        &["calendar-access"]
    }

    fn tree(&self) -> Option<Arc<dyn Tree>> {
        Some(Arc::new(Calendars))
    }

    fn methods(&self) -> Vec<Arc<dyn Method>> {
        method::all()
    }

    fn properties(&self) -> Vec<Arc<dyn Property>> {
        property::all()
    }

    fn reports(&self) -> Vec<Arc<dyn Report>> {
        report::all()
    }
}
