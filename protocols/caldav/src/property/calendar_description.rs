//! calendar-description (RFC 4791 5.2.1): for people to read, in their language.

use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, Set, SetTarget, View};

#[derive(Debug)]
pub(super) struct CalendarDescription;

impl Property for CalendarDescription {
    fn name(&self) -> Name {
        super::name("calendar-description")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(xml) = view.stored(&self.name()) {
            out.raw(xml);
        }
        Ok(())
    }

    fn set(&self, target: &SetTarget<'_>) -> Set {
        if super::on_calendar(target) { Set::Keep } else { Set::Protected }
    }
}
