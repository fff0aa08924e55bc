//! min-date-time (RFC 4791 5.2.6): the first instant that calendar data can tell.

use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct MinDateTime;

impl Property for MinDateTime {
    fn name(&self) -> Name {
        super::name("min-date-time")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::calendar(view).is_some() {
            out.leaf(&self.name(), "00010101T000000Z");
        }
        Ok(())
    }
}
