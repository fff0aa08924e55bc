//! calendar-home-set (RFC 4791 6.2.1): where a principal's calendars are.

use crate::calendars::Calendars;
use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Node, Property, View};

#[derive(Debug)]
pub(super) struct CalendarHomeSet;

impl Property for CalendarHomeSet {
    fn name(&self) -> Name {
        super::name("calendar-home-set")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Node::Principal(account) = &view.resource.node {
            out.open(&self.name());
            out.href(&view.context.home_href(&Calendars, &account.address));
            out.close(&self.name());
        }
        Ok(())
    }
}
