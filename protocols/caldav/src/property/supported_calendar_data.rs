//! supported-calendar-data (RFC 4791 5.2.4): the media types of objects.

use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct SupportedCalendarData;

impl Property for SupportedCalendarData {
    fn name(&self) -> Name {
        super::name("supported-calendar-data")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::calendar(view).is_some() {
            out.open(&self.name());
            let attributes = [("content-type", "text/calendar"), ("version", "2.0")];
            out.empty_with(&super::name("calendar-data"), &attributes);
            out.close(&self.name());
        }
        Ok(())
    }
}
