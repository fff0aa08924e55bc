//! calendar-timezone (RFC 4791 5.2.2): the zone of floating times, as one VTIMEZONE in a VCALENDAR.

use crate::timezone::{TIMEZONE, parse};
use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, Set, SetTarget, View};

#[derive(Debug)]
pub(super) struct CalendarTimezone;

impl Property for CalendarTimezone {
    fn name(&self) -> Name {
        super::name("calendar-timezone")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(text) = super::calendar(view).and_then(|_| view.text(TIMEZONE)) {
            out.leaf(&self.name(), text);
        }
        Ok(())
    }

    fn set(&self, target: &SetTarget<'_>) -> Set {
        if !super::on_calendar(target) {
            return Set::Protected;
        }
        let Some(element) = target.value else { return Set::Text(TIMEZONE, None) };
        let text = element.text();
        match parse(&text) {
            Ok(_) => Set::Text(TIMEZONE, Some(text)),
            Err(refusal) => Set::Refuse(refusal),
        }
    }
}
