//! max-date-time (RFC 4791 5.2.7): the last instant that calendar data can tell.

use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct MaxDateTime;

impl Property for MaxDateTime {
    fn name(&self) -> Name {
        super::name("max-date-time")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::calendar(view).is_some() {
            out.leaf(&self.name(), "99991231T235959Z");
        }
        Ok(())
    }
}
